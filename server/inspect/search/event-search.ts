import { toHex } from "../../../protocol/bytes.ts";
import { openFacets, parseShownEvent, type ShownEvent } from "../../../protocol/event.ts";
import type { SeenEvent, Showing } from "../../disclose/showing.ts";
import type { FindingsBoard, ShownFinding } from "../../findings/board.ts";
import type { Finding, FindingKind, FindingState } from "../../findings/finding.ts";
import type { Caller } from "../../identity/caller.ts";
import type { StoreReader } from "../../store/store.ts";
import { bad } from "../asked.ts";
import { answeredBy } from "../statistics.ts";
import { fits, type SearchFilter, storedTerms, type TermStorage } from "./filter.ts";
import type { SearchIndex } from "./search-index.ts";

export interface EventSearchParts {
  readonly search: Pick<SearchIndex, "caughtUp" | "find">;
  readonly terms: TermStorage;
  readonly store: Pick<StoreReader, "events" | "submissionOfIndex">;
  readonly showing: Pick<Showing, "viewerOf" | "show">;
  readonly findings: Pick<FindingsBoard, "list" | "about">;
}

/** What is searched for, and which page. */
export interface EventQuery {
  readonly filter: SearchFilter;
  /** Only events that there is a finding of this kind and in this state about. */
  readonly finding?:
    { readonly kind?: FindingKind | undefined; readonly state?: FindingState | undefined } | undefined;
  readonly newestFirst: boolean;
  /** Log index to go on from. */
  readonly start?: number | undefined;
  readonly limit: number;
}

/** An event that was found, as the caller sees it. */
export interface FoundEvent {
  readonly index: number;
  readonly seen: SeenEvent;
  readonly shown: ShownEvent;
  /** When it was received, Unix seconds. */
  readonly time: number;
  readonly findings: readonly ShownFinding[];
}

export interface FoundPage {
  readonly events: readonly FoundEvent[];
  /** Where to go on; there may be more although this page has fewer than asked for, or none. */
  readonly next: number | undefined;
  /** How many events of the log were searched. */
  readonly size: number;
}

/** Finds events as a caller sees them; that they see them is recorded by then. */
export type SearchEvents = (query: EventQuery, caller: Caller) => Promise<FoundPage>;

/** Events looked at for one page at most, where not all that are found are the caller's to see. */
const MAX_LOOKED_AT = 500;
/** Findings gone through to find the events that they are about. */
const MAX_FINDINGS = 10_000;
const FINDINGS_AT_ONCE = 1000;

export function eventSearch({ search, terms, store, showing, findings }: EventSearchParts): SearchEvents {
  return async (query, caller) => {
    const filter = scopedTo(caller, query.filter);
    await search.caughtUp();
    const among = query.finding && (await eventsWithFinding(query.finding, caller, findings));
    const viewer = await showing.viewerOf(caller, "search");
    const stored = filter.flatMap((each) => storedTerms(each, terms));
    const { from: receivedFrom, to: receivedBefore } = query.filter;
    const found: Omit<FoundEvent, "findings">[] = [];
    let { start } = query;
    let size: number;
    for (let lookedAt = 0; ;) {
      const page = await search.find({
        ...{ terms: [...new Set(stored)], among, receivedFrom, receivedBefore },
        ...{ start, newestFirst: query.newestFirst, limit: query.limit - found.length },
      });
      for (const event of await seenOf(page.indexes)) {
        const isAll = caller.role === "inspector";
        const { shown } = event;
        if (isAll || filter.every((each) => fits(each, shown.payload.src, openFacets(shown))))
          found.push(event);
      }
      start = page.next;
      ({ size } = page);
      lookedAt += page.indexes.length;
      const isTired = page.indexes.length === 0 || lookedAt >= MAX_LOOKED_AT;
      if (start === undefined || found.length >= query.limit || isTired) break;
    }
    const about = await findings.about(found);
    return {
      events: found.map((event) => ({
        ...event,
        findings: about.filter((finding) => isAbout(finding, event.index) && mayBeShown(finding, caller)),
      })),
      next: start,
      size,
    };

    async function seenOf(indexes: readonly number[]): Promise<Omit<FoundEvent, "findings">[]> {
      const events = await store.events(indexes);
      const toShow = events.flatMap((event, at) => {
        const index = indexes[at];
        return event === undefined || index === undefined ? [] : [{ ...event, index }];
      });
      const seen = await showing.show(viewer, toShow);
      return await Promise.all(
        seen.map(async (each, at) => {
          const index = toShow[at]?.index ?? 0;
          const time = (await store.submissionOfIndex(index))?.time ?? 0;
          return { index, seen: each, shown: parseShownEvent(each.text), time };
        }),
      );
    }
  };
}

/** What is found, on the wire. */
export function foundDocument({ index, seen, shown, time, findings }: FoundEvent): object {
  return {
    ...{ index, time, source: shown.payload.src, seq: shown.payload.seq, leaf: toHex(seen.leafHash) },
    ...{ event: seen.text, facets: openFacets(shown), erased: seen.erased, closure: seen.closure ?? null },
    findings,
  };
}

/** The filters that must all fit: whoever is an agency's officer finds that agency's events alone. */
function scopedTo(caller: Caller, filter: SearchFilter): SearchFilter[] {
  return caller.role === "officer" ? [filter, { agency: caller.agency }] : [filter];
}

/** The log indexes of the events that there are such findings about, ascending; for an officer those that their own agency answers for. */
async function eventsWithFinding(
  { kind, state }: NonNullable<EventQuery["finding"]>,
  caller: Caller,
  findings: Pick<FindingsBoard, "list">,
): Promise<number[]> {
  const indexes = new Set<number>();
  let after: string | undefined;
  for (let listed = 0; listed < MAX_FINDINGS; listed += FINDINGS_AT_ONCE) {
    const page = await findings.list({
      limit: FINDINGS_AT_ONCE,
      ...(kind !== undefined && { kind }),
      ...(state !== undefined && { state }),
      ...(caller.role === "officer" && { agency: caller.agency }),
      ...(after !== undefined && { after }),
    });
    for (const finding of page.findings) for (const index of indexesOf(finding)) indexes.add(index);
    after = page.next;
    if (after === undefined) return [...indexes].sort((a, b) => a - b);
  }
  throw bad(
    `There are more than ${MAX_FINDINGS} such findings: ask for another kind or state, or look through /v1/findings.`,
  );
}

/** The events that a finding is about; none where it is about a promise or a silence. */
export function indexesOf({ evidence }: Finding): number[] {
  const named = [
    "index" in evidence ? evidence.index : undefined,
    "otherIndex" in evidence ? evidence.otherIndex : undefined,
    "storedIndex" in evidence ? evidence.storedIndex : undefined,
    "recordedIndex" in evidence ? evidence.recordedIndex : undefined,
  ];
  return named.filter((index) => index !== undefined);
}

function isAbout(finding: Finding, index: number): boolean {
  return indexesOf(finding).includes(index);
}

/** An officer learns of the findings that their own agency answers for. */
function mayBeShown(finding: ShownFinding, caller: Caller): boolean {
  return caller.role !== "officer" || answeredBy(finding) === caller.agency;
}
