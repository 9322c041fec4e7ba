import type { Source } from "../../protocol/source.ts";
import type { StoreReader } from "../store/store.ts";
import type { Finding } from "./finding.ts";
import { afterAnchor, nextAnchor, type Progress, progressRow } from "./progress.ts";
import { type KeptBy, missedAnchor, missedIndex } from "./promises.ts";
import type { FindingTable } from "./table.ts";

export interface AnchorReading {
  readonly store: StoreReader;
  readonly table: FindingTable;
  /** Who answers for missed promises: the ledger's own source. */
  readonly operator: Source;
}

type Rule = typeof missedAnchor | typeof missedIndex;

/** Derives what the next anchor has to say, and returns the progress after it: the same when there was none. */
export async function readAnchor(
  { store, table, operator }: AnchorReading,
  progress: Progress,
): Promise<Progress> {
  const anchor = await nextAnchor(store, progress);
  if (anchor === undefined) return progress;
  const after = afterAnchor(progress, anchor);
  const judge = async (rule: Rule, from: number, to: number): Promise<Finding | undefined> =>
    await firstMissed({ store, operator }, rule, { from, to, anchor });
  const found = [
    await judge(missedAnchor, progress.anchoredSize, after.anchoredSize),
    await judge(missedIndex, progress.indexedSize, after.indexedSize),
  ].filter((finding) => finding !== undefined);
  await table.write({ found, rows: [progressRow(after)] });
  return after;
}

/** The finding of the first submission, of those an anchor newly covers, that waited for it beyond its promise. */
async function firstMissed(
  { store, operator }: Pick<AnchorReading, "store" | "operator">,
  rule: Rule,
  { from, to, anchor }: { from: number; to: number; anchor: KeptBy },
): Promise<Finding | undefined> {
  for (let at = from; at < to;) {
    const submission = await store.submissionOfIndex(at);
    if (submission === undefined) return undefined;
    const finding = rule(submission, anchor, { asOf: anchor.time, operator });
    if (finding !== undefined) return finding;
    at = submission.index + submission.count;
  }
  return undefined;
}
