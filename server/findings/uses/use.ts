import { agencyOfSide, exchangeHalf, type ExchangeSide } from "../../../protocol/exchange.ts";
import type { Decision } from "../../../protocol/decision-jws.ts";
import type { ClaimedTime, DataUse, Facets, OpenedFacets, Subject } from "../../../protocol/facet-values.ts";
import { SUBJECT_FACETS } from "../../../protocol/facets.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { momentMs } from "../../../protocol/moment.ts";
import { type Source, splitSource } from "../../../protocol/source.ts";

/** A person as an event names them. */
export type Person = Pick<Subject, "scheme" | "id">;

/** An access or an action, as far as the rule looks at it. It names people: it is made when it is needed and kept nowhere. */
export interface RecordedUse {
  readonly type: "access" | "action";
  /** By whose source it was recorded. */
  readonly source: Source;
  /** Which half of an exchange between two agencies it is; undefined where there is no other half. */
  readonly side?: ExchangeSide;
  /** Whose data it was, each person once. */
  readonly people: readonly Person[];
  /** The agency whose official used the data: the one that asked, or where nobody asked the one that recorded. */
  readonly agency?: string;
  /** The agency whose data it was: the one that answered; undefined where an agency acted on what it had. */
  readonly provider?: string;
  /** Whether it names two sides, agencies or not. */
  readonly hasSides: boolean;
  readonly procedure?: string;
  readonly action?: DataUse["action"];
  readonly personalData?: readonly string[];
  readonly hasCase: boolean;
  readonly emergency: boolean;
  /** Taken over from the log of a gateway or of another system, which may know nothing of purposes. */
  readonly imported: boolean;
  /** Whether it came to anything: what was refused or failed released nothing. */
  readonly released: boolean;
  /** On whom a machine acted by a rule, each person once: not those who only speak for somebody. Undefined where an official did, or data was only read. */
  readonly actedOn?: readonly Person[];
  /** When, as the record claims, Unix seconds; undefined where it is no time. */
  readonly occurred?: number;
  /** The decision of this ledger that it cites, if the signature is ours. */
  readonly decision?: Decision;
}

/** How a cited decision is opened: undefined when it is none of this log's. */
export type OpenDecision = (jws: string) => Decision | undefined;

/** The access or action in an event; undefined when it is another one. Its facets have passed their schema when it was received. */
export function useIn(source: Source, facets: OpenedFacets, open: OpenDecision): RecordedUse | undefined {
  return isUse(facets) ? recordedUse(source, facets, open) : undefined;
}

function recordedUse(source: Source, facets: UseFacets, open: OpenDecision): RecordedUse {
  const { type, exchange, data, purpose, handling, outcome, time } = facets;
  const own = splitSource(source).agency;
  const side = exchangeHalf(source, facets)?.side;
  const agency = exchange === undefined ? own : agencyOfSide(exchange.client);
  const provider = exchange === undefined ? undefined : agencyOfSide(exchange.service);
  const occurred = Math.floor(momentMs(time.occurred) / 1000);
  const decision = facets.decision === undefined ? undefined : open(facets.decision);
  return {
    ...{ type, source, people: peopleIn(facets), hasSides: exchange !== undefined },
    ...(type === "action" && facets.rule !== undefined && { actedOn: peopleIn(facets, SPEAKERS) }),
    ...{ hasCase: facets.case !== undefined, emergency: handling?.emergency === true },
    ...{ imported: handling?.origin !== undefined, released: (outcome?.code ?? "success") === "success" },
    ...(side !== undefined && { side }),
    ...(agency !== undefined && { agency }),
    ...(provider !== undefined && { provider }),
    ...(purpose !== undefined && { procedure: purpose.procedure }),
    ...(data !== undefined && { action: data.action, personalData: data.personalData }),
    ...(!Number.isNaN(occurred) && { occurred }),
    ...(decision !== undefined && { decision }),
  };
}

/** They are told, or say yes or no, for whom it is about. */
const SPEAKERS: readonly (Subject["role"] | undefined)[] = ["guardian", "representative"];

function peopleIn(facets: UseFacets, without: readonly (Subject["role"] | undefined)[] = []): Person[] {
  const people = new Map<string, Person>();
  for (const name of SUBJECT_FACETS) {
    const subject = facets[name];
    if (subject === undefined || without.includes(subject.role)) continue;
    const { scheme, id } = subject;
    people.set(`${scheme}:${id}`, { scheme, id });
  }
  return [...people.values()];
}

type UseFacets = Facets & { readonly type: "access" | "action"; readonly time: ClaimedTime };

/** The ledger took no event whose facets break the schema of its type. */
function isUse(facets: OpenedFacets): facets is UseFacets {
  const { type, time } = facets;
  return (type === "access" || type === "action") && isJsonObject(time);
}
