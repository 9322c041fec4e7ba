import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { isSource, type Source } from "../../protocol/source.ts";
import type { StoredAnchor, StoredSubmission } from "../store/store.ts";

/** `open`: somebody has to act. `settled`: the promise was kept late; the breach remains on record. */
export type FindingState = "open" | "settled";

interface FindingBase {
  /** Stays the same however often the finding is derived. */
  readonly id: string;
  readonly state: FindingState;
  /** Since when it holds, Unix seconds. */
  readonly since: number;
}

/** What a finding is about: the source that is answerable, or the index key of a person. */
type About = { readonly source: Source } | { readonly subjectKey: string };

/** A source signed two events under one number. */
export type EquivocationFinding = FindingBase & {
  readonly kind: "equivocation";
  readonly source: Source;
  /** Indexes of the event that took the number, and of the ledger's own event that holds the signed proof. */
  readonly evidence: { readonly seq: number; readonly storedIndex: number; readonly recordedIndex: number };
};

/** The ledger did not anchor in the time it promised. The receipt proves it to anybody. */
export type MissedAnchorFinding = FindingBase & {
  readonly kind: "missed-anchor";
  readonly source: Source;
  /** The oldest receipt concerned, and the anchor that came late (its number) if one came. */
  readonly evidence: { readonly receipt: string; readonly anchorBy: number; readonly anchor?: number };
};

/** A derived breach: recomputed from the records at any time, never entered by hand. */
export type Finding = (EquivocationFinding | MissedAnchorFinding) & About;

/** The finding in an `equivocation` event of the ledger's own source. `time` is when it was recorded, Unix seconds. */
export function equivocationIn(
  event: ParsedEvent,
  index: number,
  time: number,
): EquivocationFinding | undefined {
  const facet = openFacets(event).equivocation;
  if (!isJsonObject(facet)) return undefined;
  const { source, seq, storedIndex } = facet;
  if (!isSource(source) || typeof seq !== "number" || typeof storedIndex !== "number") return undefined;
  return {
    id: `equivocation:${index}`,
    kind: "equivocation",
    source,
    evidence: { seq, storedIndex, recordedIndex: index },
    state: "open",
    since: time,
  };
}

/**
 * The finding that the first submission an anchor newly covers was not anchored in time: it is the oldest of them, so the others
 * were in time if it was. Without an anchor, whether its time is over at `asOf` (Unix seconds). `operator` answers for it.
 */
export function missedAnchor(
  first: Pick<StoredSubmission, "index" | "receipt">,
  anchor: Pick<StoredAnchor, "number" | "time"> | undefined,
  { asOf, operator }: { readonly asOf: number; readonly operator: Source },
): MissedAnchorFinding | undefined {
  const { anchorBy } = parseReceipt(first.receipt).receipt;
  if ((anchor?.time ?? asOf) <= anchorBy) return undefined;
  return {
    id: `missed-anchor:${first.index}`,
    kind: "missed-anchor",
    source: operator,
    evidence: { receipt: first.receipt, anchorBy, ...(anchor && { anchor: anchor.number }) },
    state: anchor === undefined ? "open" : "settled",
    since: anchorBy,
  };
}
