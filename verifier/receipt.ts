import { equal } from "../protocol/bytes.ts";
import { keyId, type ParsedJws, verifyJws } from "../protocol/jws.ts";
import { formatLogId, type LogId } from "../protocol/log-id.ts";
import { deadlineFault, parseReceipt, type Receipt } from "../protocol/receipt.ts";
import type { Source } from "../protocol/source.ts";
import { type Check, CheckList, established, failed, hasFailed, passed } from "./checks.ts";

/** The submission a receipt has to be about. */
export interface ExpectedReceipt {
  readonly log: LogId;
  readonly source: Source;
  readonly first: number;
  readonly count: number;
  /** Root of the submission: 32 bytes. */
  readonly root: Uint8Array;
}

export interface ReceiptReport {
  readonly verdict: "valid" | "invalid";
  readonly checks: readonly Check[];
  /** The promise, or null when a check failed. */
  readonly receipt: Receipt | null;
}

/** Every check of a receipt, in order: its stable id, and what it asserts. */
export const RECEIPT_CHECKS = {
  format: "The receipt can be read",
  signature: "The log's receipt key signed it",
  submission: "It is about the submission that was sent",
  promise: "Its deadlines lie after the time of receipt",
} as const;

/**
 * Whether `jws` is the log's signed promise about just this submission. `receiptKey` is the log's Ed25519 receipt key as the chain
 * holds it (32 bytes). Whether the promise was kept is another question. Never throws on a hostile receipt.
 */
export function verifyReceipt(jws: string, expected: ExpectedReceipt, receiptKey: Uint8Array): ReceiptReport {
  const list = new CheckList(RECEIPT_CHECKS);
  const parsed = list.check("format", {}, () => {
    const found = parseReceipt(jws);
    return established(`a receipt of ${found.receipt.count} events`, found);
  });
  list.check("signature", { parsed }, (given) =>
    isSignedBy(given.parsed.jws, receiptKey)
      ? passed(`signed by the key ${given.parsed.jws.header.kid}`)
      : failed("the signature is not of the log's receipt key; ask the ledger's operator which key it used"),
  );
  list.check("submission", { parsed }, ({ parsed: { receipt } }) => {
    const other = differingMember(receipt, expected);
    return other === undefined
      ? passed(`${receipt.src} ${receipt.first}, ${receipt.count} events, from index ${receipt.index}`)
      : failed(`its ${other} is another than the submission's`);
  });
  list.check("promise", { parsed }, ({ parsed: { receipt } }) => {
    const fault = deadlineFault(receipt);
    return fault === undefined ? passed("whether they are kept can be judged") : failed(fault);
  });
  const isInvalid = parsed === undefined || hasFailed(list.checks);
  return {
    verdict: isInvalid ? "invalid" : "valid",
    checks: list.checks,
    receipt: isInvalid ? null : parsed.receipt,
  };
}

function isSignedBy(jws: ParsedJws, receiptKey: Uint8Array): boolean {
  const key = { alg: "EdDSA", key: receiptKey } as const;
  return jws.header.kid === keyId(key.alg, key.key) && verifyJws(jws, key);
}

/** The first member that differs from what was sent. */
export function differingMember(receipt: Receipt, expected: ExpectedReceipt): string | undefined {
  if (formatLogId(receipt.log) !== formatLogId(expected.log)) return "log";
  if (receipt.src !== expected.source) return "src";
  if (receipt.first !== expected.first) return "first";
  if (receipt.count !== expected.count) return "count";
  return equal(receipt.root, expected.root) ? undefined : "root";
}
