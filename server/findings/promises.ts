import { parseReceipt } from "../../protocol/receipt.ts";
import type { Source } from "../../protocol/source.ts";
import type { StoredAnchor, StoredSubmission } from "../store/store.ts";
import type { MissedAnchorFinding, MissedIndexFinding } from "./finding.ts";

/** A submission that was promised something. */
export type Promised = Pick<StoredSubmission, "index" | "receipt">;

/** The anchor that kept a promise: for `missedAnchor` the first whose size, for `missedIndex` the first whose index size covers the submission. */
export type KeptBy = Pick<StoredAnchor, "number" | "time">;

export interface PromiseTerms {
  /** Unix seconds; counts as long as no anchor came. */
  readonly asOf: number;
  /** Who answers for it. */
  readonly operator: Source;
}

/*
 * One finding for each anchor: of the submissions it newly covers the first, in log order, whose promise was over. And one for what
 * no anchor covers yet: the first whose promise is over at `asOf`.
 */

/** The finding that a submission was not anchored in time, if that is so. */
export function missedAnchor(
  submission: Promised,
  anchor: KeptBy | undefined,
  { asOf, operator }: PromiseTerms,
): MissedAnchorFinding | undefined {
  const { anchorBy } = parseReceipt(submission.receipt).receipt;
  if ((anchor?.time ?? asOf) <= anchorBy) return undefined;
  return {
    id: `missed-anchor:${submission.index}`,
    kind: "missed-anchor",
    source: operator,
    evidence: { receipt: submission.receipt, anchorBy, ...(anchor && { anchor: anchor.number }) },
    state: anchor === undefined ? "open" : "settled",
    since: anchorBy,
  };
}

/** The finding that a submission was not in the anchored index in time. A receipt whose `indexBy` is 0 promises none. */
export function missedIndex(
  submission: Promised,
  anchor: KeptBy | undefined,
  { asOf, operator }: PromiseTerms,
): MissedIndexFinding | undefined {
  const { indexBy } = parseReceipt(submission.receipt).receipt;
  if (indexBy === 0 || (anchor?.time ?? asOf) <= indexBy) return undefined;
  return {
    id: `missed-index:${submission.index}`,
    kind: "missed-index",
    source: operator,
    evidence: { receipt: submission.receipt, indexBy, ...(anchor && { anchor: anchor.number }) },
    state: anchor === undefined ? "open" : "settled",
    since: indexBy,
  };
}
