import { toBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isSeq } from "./payload.ts";
import { type JwsAlgorithm, parseCompactJws, type ParsedJws, signJws, type SignBytes } from "./jws.ts";
import { isJsonObject } from "./json.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { isSize } from "./merkle.ts";
import { parseSource, type Source } from "./source.ts";
import { isCount, isUnixSeconds, parseRoot } from "./submission.ts";

/** The log's signed promise: these events are durable and have the indexes `index .. index + count - 1`. */
export interface Receipt {
  readonly log: LogId;
  readonly src: Source;
  readonly first: number;
  readonly count: number;
  /** The root of the submission: 32 bytes. */
  readonly root: Uint8Array;
  readonly index: number;
  /** When the log received them, Unix seconds. */
  readonly time: number;
  /** By when an anchor covers them, Unix seconds. */
  readonly anchorBy: number;
  /** By when the index tree lists them, Unix seconds; 0 while the log promises no index. */
  readonly indexBy: number;
}

export interface ParsedReceipt {
  readonly jws: ParsedJws;
  readonly receipt: Receipt;
}

const MEMBERS = 9;

/** Parses a receipt; its signature is for `verifyJws` with the log's receipt key. Throws FormatError. */
export function parseReceipt(text: string): ParsedReceipt {
  const jws = parseCompactJws(text, "receipt+jws");
  return { jws, receipt: parseReceiptPayload(jws.payload) };
}

/** Parses the signed payload of a receipt. Throws FormatError `receipt`, `source` or `log-id`. */
export function parseReceiptPayload(value: unknown): Receipt {
  if (!isJsonObject(value) || Object.keys(value).length !== MEMBERS) throw badReceipt();
  const { log, src, first, count, root, index, time, anchorBy, indexBy } = value;
  if (typeof log !== "string" || typeof src !== "string" || typeof root !== "string") throw badReceipt();
  if (!isSeq(first) || !isCount(count) || !isSeq(first + count - 1)) throw badReceipt();
  if (!isSize(index) || !isSize(index + count)) throw badReceipt();
  if (!isUnixSeconds(time) || !isUnixSeconds(anchorBy) || !isUnixSeconds(indexBy)) throw badReceipt();
  const [logId, source] = [parseLogId(log), parseSource(src)];
  return { log: logId, src: source, first, count, root: parseRoot(root), index, time, anchorBy, indexBy };
}

/** Latest a deadline may lie after the receipt's time: what is promised for the next century binds nobody. */
export const MAX_PROMISE_SECONDS = 31 * 24 * 60 * 60;

/** Why the deadlines of a receipt promise nothing that matters, or undefined when they do. */
export function deadlineFault({
  time,
  anchorBy,
  indexBy,
}: Pick<Receipt, "time" | "anchorBy" | "indexBy">): string | undefined {
  const deadlines = indexBy === 0 ? [anchorBy] : [anchorBy, indexBy];
  if (deadlines.some((deadline) => deadline < time)) return "a deadline lies before the time of receipt";
  if (deadlines.some((deadline) => deadline > time + MAX_PROMISE_SECONDS))
    return `a deadline lies more than ${MAX_PROMISE_SECONDS / 86_400} days after the time of receipt`;
  return undefined;
}

/** Signs a receipt with the log's receipt key. */
export function makeReceipt(
  receipt: Receipt,
  key: { alg: JwsAlgorithm; kid: string; sign: SignBytes },
): string {
  const payload = {
    log: formatLogId(receipt.log),
    src: receipt.src,
    first: receipt.first,
    count: receipt.count,
    root: toBase64url(receipt.root),
    index: receipt.index,
    time: receipt.time,
    anchorBy: receipt.anchorBy,
    indexBy: receipt.indexBy,
  };
  parseReceiptPayload(payload);
  return signJws({ alg: key.alg, kid: key.kid, typ: "receipt+jws" }, payload, key.sign);
}

function badReceipt(): FormatError {
  return new FormatError(
    "receipt",
    "a receipt signs exactly {log, src, first, count, root, index, time, anchorBy, indexBy}",
  );
}
