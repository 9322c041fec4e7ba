import type { GrantedMandate } from "../disclose/mandates.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId } from "../identity/caller.ts";
import type { Route } from "../route.ts";

export interface MandateRoutesOptions {
  readonly representation: Pick<Representation, "mandatesOf">;
  /** When a mandate ends by itself, in Unix milliseconds; Infinity when it does not. */
  readonly endOf: (mandate: GrantedMandate) => number;
}

/** As many as one person's page shows; nobody has more but by mistake or mischief. */
const MAX_SHOWN = 200;

/** `GET /v1/mandates`: for whom a citizen may act, who may act for them, and until when. Recorded, and ended before that, by the agencies entitled to it. */
export function mandateRoutes({ representation, endOf }: MandateRoutesOptions): Route[] {
  const mandateDocument = (mandate: GrantedMandate, other: PersonId): object => {
    const end = endOf(mandate);
    const { id, agency, basis, limited, validFrom, index } = mandate;
    return {
      ...{ id, agency, basis, person: other, index },
      // One for some procedures only lets nobody into a list.
      everything: !limited,
      ...(validFrom !== undefined && { from: validFrom }),
      ...(Number.isFinite(end) && { until: new Date(end).toISOString() }),
    };
  };
  return [
    {
      name: "getMandates",
      method: "get",
      path: "/v1/mandates",
      handle: async (_request, caller) => {
        if (caller.role !== "citizen") throw new LedgerError("forbidden", "Mandates are shown to citizens.");
        const { held, given } = await representation.mandatesOf(caller.subject);
        return {
          json: {
            iRepresent: held.slice(0, MAX_SHOWN).map((each) => mandateDocument(each, each.subject)),
            representMe: given.slice(0, MAX_SHOWN).map((each) => mandateDocument(each, each.holder)),
          },
        };
      },
    },
  ];
}
