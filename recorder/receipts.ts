import { equal } from "../protocol/bytes.ts";
import { payloadLeafHash, payloadOf } from "../protocol/event.ts";
import { parseCompactJws, verifyJws, type PublicKey } from "../protocol/jws.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { rootHash } from "../protocol/merkle.ts";
import { deadlineFault, parseReceipt, type Receipt } from "../protocol/receipt.ts";
import { parseSubmissionPayload } from "../protocol/submission.ts";
import type { Spool } from "./spool.ts";
import type { PendingSubmission, StoredReceipt } from "./spool-rows.ts";

/**
 * The log's receipt key with this `kid`, or undefined when the log has no such key. Rejects when that cannot be found
 * out now (the chain is away).
 */
export type ReceiptKeys = (kid: string) => Promise<PublicKey | undefined>;

/** What came of the receipts in an answer. */
export type ReceiptVerdict =
  /** They continue what the spool has receipts for; `bytes` is the event text they newly cover. */
  | { kind: "good"; receipts: StoredReceipt[]; bytes: number }
  /** They can't be relied on (or not now); nothing may be taken from them. */
  | { kind: "bad"; detail: string }
  /** The log signed for events under our numbers that this spool does not hold: the spool was restored from a backup. */
  | { kind: "restored"; detail: string };

/**
 * Checks receipts against the spool: the log's signature; log and source; a gapless continuation of what is receipted;
 * each root that of the spooled events; indexes that only grow. `submission` is the JWS just sent, kept with the
 * receipt that answers exactly it.
 */
export async function checkReceipts(
  texts: readonly string[],
  spool: Spool,
  keys: ReceiptKeys,
  submission: PendingSubmission,
): Promise<ReceiptVerdict> {
  const good: StoredReceipt[] = [];
  let { receiptedThrough: through, nextIndex } = spool.state;
  let bytes = 0;
  for (const text of texts) {
    const receipt = await readReceipt(text, spool, keys);
    if (typeof receipt === "string") return { kind: "bad", detail: receipt };
    const end = receipt.first + receipt.count - 1;
    if (end <= through) continue;
    if (receipt.first > through + 1) return { kind: "bad", detail: "the receipts leave a gap" };
    if (end >= spool.state.nextSeq) {
      return { kind: "restored", detail: `the log holds event ${end}, this spool ends before it` };
    }
    if (receipt.first === through + 1 && receipt.index < nextIndex) {
      return { kind: "bad", detail: "a receipt's index lies below that of earlier events" };
    }
    const answersUs = receipt.first === submission.first && receipt.count === submission.count;
    const covered = answersUs ? signedEvents(submission) : await spooledEvents(spool, receipt, through);
    if (covered === undefined || !equal(covered.root, receipt.root)) {
      return {
        kind: "restored",
        detail: `the log holds other events at ${receipt.first} to ${end} than this spool`,
      };
    }
    bytes += covered.bytes;
    good.push({
      first: receipt.first,
      count: receipt.count,
      index: receipt.index,
      time: receipt.time,
      anchorBy: receipt.anchorBy,
      receipt: text,
      submission: answersUs ? submission.jws : null,
    });
    through = end;
    nextIndex = receipt.index + receipt.count;
  }
  return good.length === 0
    ? { kind: "bad", detail: "no receipt covers what was sent" }
    : { kind: "good", receipts: good, bytes };
}

/** The receipt when it is the log's and about our source, else what is wrong with it. */
async function readReceipt(text: string, spool: Spool, keys: ReceiptKeys): Promise<Receipt | string> {
  try {
    const { jws, receipt } = parseReceipt(text);
    const key = await keys(jws.header.kid);
    if (key === undefined) return "a receipt is signed by a key that is not the log's on the chain";
    if (!verifyJws(jws, key)) return "a receipt's signature is wrong";
    if (formatLogId(receipt.log) !== spool.meta.log) return "a receipt is another log's";
    if (receipt.src !== spool.meta.source) return "a receipt is for another source";
    const fault = deadlineFault(receipt);
    return fault === undefined ? receipt : `a receipt promises nothing: ${fault}`;
  } catch (error) {
    return error instanceof Error ? error.message : "a receipt could not be read";
  }
}

/** Root of the events a receipt covers, and the bytes of those that had no receipt before. */
interface Covered {
  root: Uint8Array;
  bytes: number;
}

/** Root and size were computed from the spooled events when the submission was signed. */
function signedEvents(submission: PendingSubmission): Covered {
  const { payload } = parseCompactJws(submission.jws, "submission+jws");
  return { root: parseSubmissionPayload(payload).root, bytes: submission.bytes };
}

/** For receipts of another batching. Undefined when the spool no longer has the events: they were receipted and pruned long ago. */
async function spooledEvents(spool: Spool, receipt: Receipt, through: number): Promise<Covered | undefined> {
  if (receipt.first <= spool.state.prunedThrough) return undefined;
  const events = await spool.events(receipt.first, receipt.count);
  const added = events.slice(Math.max(0, through + 1 - receipt.first));
  return {
    root: rootHash(events.map((event) => payloadLeafHash(payloadOf(event)))),
    bytes: added.reduce((sum, event) => sum + event.length, 0),
  };
}
