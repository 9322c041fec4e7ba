import { EVENT_TYPES, type EventType } from "../../../protocol/facets.ts";
import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import { requireIndexId, shownIndexKeys } from "../../../protocol/index-keys.ts";
import type { Source } from "../../../protocol/source.ts";
import { type AskedMembers, bad, WHOLE_NUMBERS } from "../asked.ts";
import { COUNTED_OUTCOMES } from "./counts.ts";
import { EMERGENCY, type StoredTerm, type Term, termsOf } from "./terms.ts";

/** Which events somebody looks for. All of it must hold. */
export interface SearchFilter {
  /** Who recorded it, asked or answered. */
  readonly agency?: string | undefined;
  /** An official's id in the index (`agent:agency/id`). */
  readonly official?: string | undefined;
  readonly procedure?: string | undefined;
  readonly case?: string | undefined;
  readonly type?: EventType | undefined;
  readonly outcome?: string | undefined;
  readonly emergency?: true | undefined;
  /** Receive time in Unix seconds: from the first on, before the second. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const OUTCOMES = COUNTED_OUTCOMES.filter((outcome) => outcome !== "none");
/** As long as the schemas of the facets allow. */
const MAX_PROCEDURE = 64;
const MAX_CASE = 128;
const MAX_OFFICIAL = 4096;

/** The filter among the members of a body. @throws LedgerError `bad-request`; FormatError `index-id` */
export function filterIn(asked: AskedMembers): SearchFilter {
  const official = asked.text("official", MAX_OFFICIAL);
  const emergency = asked.value("emergency");
  if (emergency !== undefined && emergency !== true) throw bad("emergency is true, or left out.");
  return {
    agency: asked.agency("agency"),
    official: official === undefined ? undefined : requireIndexId("official", official),
    procedure: asked.text("procedure", MAX_PROCEDURE),
    case: asked.text("case", MAX_CASE),
    type: asked.oneOf("type", EVENT_TYPES),
    outcome: asked.oneOf("outcome", OUTCOMES),
    emergency,
    from: asked.number("from", WHOLE_NUMBERS),
    to: asked.number("to", WHOLE_NUMBERS),
  };
}

/** How terms are stored. */
export interface TermStorage {
  readonly hashOf: (term: Term) => StoredTerm;
  /** The term of an official's id in the index. */
  readonly officialOf: (id: string) => StoredTerm;
}

/** The stored terms that an event of this filter has. */
export function storedTerms(filter: SearchFilter, { hashOf, officialOf }: TermStorage): StoredTerm[] {
  const terms = termsAsked(filter).map(hashOf);
  return filter.official === undefined ? terms : [...terms, officialOf(filter.official)];
}

/**
 * Whether what is shown of an event fits the filter but for the time. Whoever does not see everything finds an event only by what they see of
 * it: else a search would tell them what is closed to them.
 */
export function fits(filter: SearchFilter, source: Source, shown: OpenedFacets): boolean {
  const has = new Set(termsOf(source, shown).map(nameOf));
  if (!termsAsked(filter).every((term) => has.has(nameOf(term)))) return false;
  const { official } = filter;
  return (
    official === undefined ||
    shownIndexKeys(source, shown, true).some(({ kind, id }) => kind === "official" && id === official)
  );
}

function termsAsked({ agency, procedure, case: caseOf, type, outcome, emergency }: SearchFilter): Term[] {
  const texts = { agency, procedure, case: caseOf, type, outcome };
  const terms = Object.entries(texts).flatMap(([kind, text]): Term[] =>
    text === undefined || !isTextKind(kind) ? [] : [{ kind, text }],
  );
  return emergency === true ? [...terms, EMERGENCY] : terms;
}

const TEXT_KINDS = ["agency", "procedure", "case", "type", "outcome"] as const;

function isTextKind(kind: string): kind is (typeof TEXT_KINDS)[number] {
  return TEXT_KINDS.some((each) => each === kind);
}

function nameOf({ kind, text }: Term): string {
  return `${kind} ${text}`;
}
