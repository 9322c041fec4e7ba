import type { TrustProfile } from "../../verifier/trust-profile.ts";
import type { Clock } from "../clock.ts";
import type { Environment } from "../config-values.ts";
import { LedgerError } from "../errors.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { Answer, Route } from "../route.ts";
import type { Cookie } from "./cookies.ts";
import { PAGE_HEADER } from "./own-page.ts";
import type { Session } from "./sessions.ts";
import type { FindVisit } from "./visitors.ts";

export interface SessionRoutesOptions {
  readonly visitOf: FindVisit;
  readonly endSession: (id: string) => Promise<void>;
  readonly sessionCookie: Pick<Cookie, "forget">;
  /** Whether people can sign on here. */
  readonly canSignOn: () => boolean;
  /** Where the sign-on ends at the sign-on service too, if it has such a page. */
  readonly endAddress: () => Promise<string | undefined>;
  /** The trust profile, with this server as the chain node. */
  readonly trust: () => TrustProfile & { readonly type: string; readonly version: number };
  readonly hasInbox: boolean;
  /** See `PortalConfig.contact`. */
  readonly contact: string | undefined;
  readonly environment: Environment;
  readonly idleMs: number;
  readonly clock: Clock;
}

/** What the pages' texts are written in, the first one first. */
const LANGUAGES = ["vi", "en"] as const;

/** Who is signed on, signing off, and what the pages trust. */
export function sessionRoutes(options: SessionRoutesOptions): Route[] {
  return [
    {
      name: "getPortalSession",
      method: "get",
      path: "/portal/session",
      handle: async ({ header }): Promise<Answer> => {
        const visit = await options.visitOf(header);
        return {
          json: {
            signOn: options.canSignOn(),
            signedOn: visit === undefined ? null : shown(visit.session, options.idleMs),
            inbox: options.hasInbox,
            contact: options.contact ?? null,
            languages: LANGUAGES,
            environment: options.environment,
            time: timestamp(options.clock.now()),
          },
        };
      },
    },
    {
      name: "postSignOff",
      method: "post",
      path: "/portal/sign-off",
      handle: async ({ header }): Promise<Answer> => {
        const visit = await options.visitOf(header);
        if (visit === undefined && header(PAGE_HEADER) === undefined)
          throw new LedgerError("forbidden", `Only the portal's pages sign off: send ${PAGE_HEADER}: 1.`);
        if (visit !== undefined) await options.endSession(visit.id);
        return {
          json: { signedOn: null, next: visit === undefined ? null : ((await options.endAddress()) ?? null) },
          headers: { "set-cookie": options.sessionCookie.forget() },
        };
      },
    },
    {
      name: "getPortalTrust",
      method: "get",
      path: "/portal/trust",
      handle: () => ({ json: options.trust() }),
    },
  ];
}

/** The person's own view of their session: nothing of the token. */
function shown({ caller, since, ends, idleEnds }: Session, idleMs: number) {
  return {
    ...{ role: caller.role, name: caller.name, ...idsOf(caller) },
    ...{ since: timestamp(since), expires: timestamp(ends) },
    ...{ idleExpires: timestamp(idleEnds), idleSeconds: Math.floor(idleMs / 1000) },
  };
}

function idsOf(caller: SignedOn) {
  switch (caller.role) {
    case "citizen":
      return { person: caller.subject };
    case "agency":
    case "officer":
      return { agency: caller.agency };
    case "inspector":
      return { authority: caller.authority };
    case "operator":
    case "registrar":
      return {};
  }
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
