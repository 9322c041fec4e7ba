import { equal } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { appendAll, emptyFrontier, type Frontier, frontierRoot } from "../../protocol/frontier.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import type { Source } from "../../protocol/source.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { bundleEntries } from "./bundle.ts";
import { eventKeyOf } from "./rows.ts";
import type { StoredAnchor } from "./store.ts";
import { TransferError } from "./transfer-error.ts";
import { type MovedSubmission, nameOfPart, type Part, type RecordsHead } from "./transfer-parts.ts";

/** What was counted on the way. */
export interface RecordsCount {
  submissions: number;
  events: number;
  /** Events without a key: their contents are gone, or lie elsewhere. */
  eventsWithoutKey: number;
  attachments: number;
  anchors: number;
  indexKeys: number;
  bindings: number;
}

export function nothingCounted(): RecordsCount {
  return {
    ...{ submissions: 0, events: 0, eventsWithoutKey: 0 },
    ...{ attachments: 0, anchors: 0, indexKeys: 0, bindings: 0 },
  };
}

/**
 * Passes the parts on and checks them against each other: indexes and sources' numbers without a gap, the signed root of each submission, what
 * its receipt says, the root at each anchor, and at the end the size and the root of the log. Everything is computed from the payloads. Signatures
 * are for who knows the chain's keys.
 * @throws TransferError `inconsistent`
 */
export async function* checkedParts(
  parts: AsyncIterable<Part>,
  head: RecordsHead,
  count: RecordsCount,
): AsyncGenerator<Part> {
  /** The log before the last submission, and after it. */
  let [before, after]: Frontier[] = [emptyFrontier(), emptyFrontier()] as const;
  let leaves: Uint8Array[] = [];
  const next = new Map<Source, number>();
  for await (const part of parts) {
    switch (part.kind) {
      case "submission": {
        leaves = checkedLeaves(part.submission, { size: after.size, next, count });
        [before, after] = [after, appendAll(after, leaves)];
        break;
      }
      case "anchor":
        checkAnchor(part.anchor, before, leaves);
        count.anchors++;
        break;
      case "binding":
        count.bindings++;
        break;
      case "index-key":
        count.indexKeys++;
        break;
      case "anchor-intent":
    }
    yield part;
  }
  if (after.size !== head.size) throw wrong(`the log has ${after.size} events, and should have ${head.size}`);
  if (!equal(frontierRoot(after), head.root)) throw wrong("the log's root does not follow from its payloads");
}

function checkedLeaves(
  submission: MovedSubmission,
  around: { readonly size: number; readonly next: Map<Source, number>; readonly count: RecordsCount },
): Uint8Array[] {
  const { source, first, index, count } = submission;
  const { size, next } = around;
  const what = nameOfPart({ kind: "submission", submission });
  const require = (isSo: boolean, fault: string): void => {
    if (!isSo) throw wrong(`${what} ${fault}`);
  };
  require(index === size, `does not begin where the one before ends, at ${size}`);
  require(first === (next.get(source) ?? FIRST_SEQ), "does not continue its source's numbers");
  const leaves = bundleEntries(submission.payloads, 0, Infinity).map(leafHash);
  require(leaves.length === count, `has ${leaves.length} payloads instead of ${count}`);
  const root = rootHash(leaves);
  const { signed, receipt } = promisesIn(submission, what);
  const [isSigned, isReceipted] = [signed, receipt].map(
    (said) => said.src === source && said.first === first && said.count === count && equal(said.root, root),
  );
  require(isSigned === true, "is not what its source signed");
  require(isReceipted === true && receipt.index === index, "is not what its receipt says");
  require(receipt.time === submission.time, "was received at another time than its receipt says");
  checkSealed(submission, around.count, require);
  next.set(source, first + count);
  around.count.submissions++;
  around.count.events += count;
  return leaves;
}

function promisesIn({ jws, receipt }: MovedSubmission, what: string) {
  try {
    const signed = parseSubmissionPayload(parseCompactJws(jws, "submission+jws").payload);
    return { signed, receipt: parseReceipt(receipt).receipt };
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TransferError("inconsistent", `${what} holds no submission or receipt any more.`, { cause });
  }
}

function checkSealed(
  { sealed, keys, count, keptAttachment }: MovedSubmission,
  counts: RecordsCount,
  require: (isSo: boolean, fault: string) => void,
): void {
  const secrets = bundleEntries(keys, 0, Infinity);
  require(secrets.length === count, `has ${secrets.length} rows of tags instead of ${count}`);
  require(bundleEntries(sealed, 0, Infinity).length === count, `has not ${count} sealed disclosures`);
  counts.eventsWithoutKey += secrets.filter((entry) => eventKeyOf(entry) === undefined).length;
  if (keptAttachment !== undefined) counts.attachments++;
}

/** The anchor comes behind the first submission that reaches its size. */
function checkAnchor(anchor: StoredAnchor, before: Frontier, leaves: readonly Uint8Array[]): void {
  const within = anchor.size - before.size;
  const what = nameOfPart({ kind: "anchor", anchor });
  if (within < 0 || within > leaves.length) throw wrong(`${what} is not of a size that the log had there`);
  const root = frontierRoot(appendAll(before, leaves.slice(0, within)));
  if (!equal(root, anchor.root)) throw wrong(`${what} has another root than the log had at that size`);
}

function wrong(fault: string): TransferError {
  return new TransferError(
    "inconsistent",
    `The records are damaged: ${fault}. Take another copy; \`npm run audit\` says more.`,
  );
}
