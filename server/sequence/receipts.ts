import type { JwsAlgorithm, PublicKey } from "../../protocol/jws.ts";
import { verifyJws } from "../../protocol/jws.ts";
import { formatLogId, type LogId } from "../../protocol/log-id.ts";
import { makeReceipt, parseReceipt } from "../../protocol/receipt.ts";
import { signLater, type SignBytesLater } from "../../protocol/sign-later.ts";
import { LedgerError } from "../errors.ts";
import type { StoreReader } from "../store/store.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** A key that signs: receipts, or the events of the ledger's own source. */
export interface Signer {
  readonly alg: JwsAlgorithm;
  readonly kid: string;
  /** Rejects with LedgerError `signer-unavailable` while the key cannot be used. */
  readonly sign: SignBytesLater;
}

/** What our receipts promise. */
export interface ReceiptTerms {
  readonly log: LogId;
  readonly signer: Signer;
  /** An anchor covers the events within this time. */
  readonly anchorPromiseSeconds: number;
  /** The index lists the events within this time. */
  readonly indexPromiseSeconds: number;
  /** Whether the index goes on as far as is known; while it does not, receipts promise none (`indexBy` 0). */
  readonly isIndexing: () => boolean;
}

/** The receipt for a submission that gets this index at this time (Unix seconds). @throws LedgerError `signer-unavailable` */
export async function receiptFor(
  terms: ReceiptTerms,
  submission: VerifiedSubmission,
  index: number,
  time: number,
): Promise<string> {
  const { source: src, first, count, root } = submission;
  const anchorBy = time + terms.anchorPromiseSeconds;
  const indexBy = terms.isIndexing() ? time + terms.indexPromiseSeconds : 0;
  const receipt = { log: terms.log, src, first, count, root, index, time, anchorBy, indexBy };
  const { signer } = terms;
  return await signLater((sign) => makeReceipt(receipt, { ...signer, sign }), signer.sign);
}

/**
 * Whether the store holds what a receipt promises. False means that the store is older than its promises: the receipt is
 * truly ours and its events are not there.
 * @throws LedgerError `wrong-receipt` or FormatError when the receipt is none of ours.
 */
export async function isHonoured(
  store: StoreReader,
  log: LogId,
  receiptKeys: readonly PublicKey[],
  text: string,
): Promise<boolean> {
  const { jws, receipt } = parseReceipt(text);
  const stored = await store.submissionHolding(receipt.src, receipt.first);
  if (stored?.receipt === text) return true;
  if (formatLogId(receipt.log) !== formatLogId(log)) {
    throw new LedgerError("wrong-receipt", "The receipt is another log's. Show it to that log.");
  }
  if (!receiptKeys.some((key) => verifyJws(jws, key))) {
    throw new LedgerError("wrong-receipt", "The receipt is not signed with a receipt key of this log.");
  }
  return false;
}

/** Whether the newest receipt in the store names this log; false of a store without events. */
export async function isOfLog(
  store: Pick<StoreReader, "head" | "submissionOfIndex">,
  log: LogId,
): Promise<boolean> {
  const last = await store.submissionOfIndex((await store.head()).size - 1);
  return last !== undefined && formatLogId(parseReceipt(last.receipt).receipt.log) === formatLogId(log);
}
