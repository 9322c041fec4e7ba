import { Ajv, type JSONSchemaType, type SchemaObject, type ValidateFunction } from "ajv";
import { RecorderError } from "./errors.ts";

/** Version of the layout below. A spool of another version is refused, never guessed at. */
export const SPOOL_FORMAT = 1;

/**
 * The tables of the spool, one letter each. Numbers in keys are decimal and padded to 16 digits, so that byte order is
 * number order.
 *
 *   meta          SpoolMeta, written once
 *   stop          StopRecord, while the recorder must not go on
 *   mark/NAME     a counter (decimal): `appended`, `settled` (bytes), `evidence`, `pruned` (sequence numbers)
 *   pending       PendingSubmission: the signed bytes, stored before they are sent
 *   e/SEQ         the event, `payload~disclosure~...~`
 *   r/FIRST       StoredReceipt
 *   v/SEQ         the evidence of an event, JSON text as it is handed out
 *   p/SEQ         PoisonRecord: an event the ledger refused, kept for the operator
 *   o/HASH        `first+count`: the numbers of what was recorded under an idempotency key
 *   x/SEQ         the leaf hash (base64url) of an event that was erased
 *   erasures      FollowedErasures
 *   k/KID         a receipt key of the log once read from the chain, base64url
 */
export const key = {
  meta: "meta",
  stop: "stop",
  pending: "pending",
  erasures: "erasures",
  mark: (name: Mark) => `mark/${name}`,
  event: (seq: number) => `e/${padded(seq)}`,
  receipt: (first: number) => `r/${padded(first)}`,
  evidence: (seq: number) => `v/${padded(seq)}`,
  poison: (seq: number) => `p/${padded(seq)}`,
  erased: (seq: number) => `x/${padded(seq)}`,
  once: (hash: string) => `o/${hash}`,
  receiptKey: (kid: string) => `k/${kid}`,
};

export type Mark = "appended" | "settled" | "evidence" | "pruned";

function padded(number: number): string {
  return String(number).padStart(16, "0");
}

/** The number at the end of a numbered key. */
export function numberOfKey(text: string): number {
  return Number(text.slice(text.indexOf("/") + 1));
}

/** Whose spool this is. `spoolId` is random: a copy restored from a backup has the same, a new spool another one. */
export interface SpoolMeta {
  format: number;
  spoolId: string;
  source: string;
  log: string;
  created: number;
}

/** A signed submission over the events `first .. first+count-1` that the ledger has not yet answered for good. */
export interface PendingSubmission {
  first: number;
  count: number;
  /** Length of the events' texts together. */
  bytes: number;
  jws: string;
}

/** A verified receipt, with the submission it answers when that was ours as stored (null when batched anew). */
export interface StoredReceipt {
  first: number;
  count: number;
  /** Index of the first event in the log; the others follow. */
  index: number;
  /** Unix seconds, from the receipt. */
  time: number;
  anchorBy: number;
  receipt: string;
  submission: string | null;
}

/** Why the recorder stopped sending until the operator acts. Times are milliseconds since 1970. */
export interface StopRecord {
  /**
   * `restored`, `equivocation`: this spool was restored from a backup; the source must not be continued.
   * `too-many-refusals`: the ledger refused one event after the other; something is wrong that tombstones would hide.
   * `refused-but-held`: the ledger refused an event at a number it already holds.
   */
  reason: StopReason;
  detail: string;
  since: number;
}

export const STOP_REASONS = ["restored", "equivocation", "too-many-refusals", "refused-but-held"] as const;
export type StopReason = (typeof STOP_REASONS)[number];

/** An event the ledger refused on its own, as it was, and what the ledger said. Holds personal data like the event. */
export interface PoisonRecord {
  event: string;
  code: string;
  detail: string;
  since: number;
}

/** How far the ledger's list of this source's erased events was followed: `after` counts in the list of this name. */
export interface FollowedErasures {
  list: string;
  after: number;
}

const ajv = new Ajv({ allErrors: false });
const natural = { type: "integer", minimum: 0 } as const;
const text = { type: "string" } as const;

const metaSchema: JSONSchemaType<SpoolMeta> = {
  type: "object",
  required: ["format", "spoolId", "source", "log", "created"],
  properties: { format: natural, spoolId: text, source: text, log: text, created: natural },
};
const pendingSchema: JSONSchemaType<PendingSubmission> = {
  type: "object",
  required: ["first", "count", "bytes", "jws"],
  properties: { first: natural, count: natural, bytes: natural, jws: text },
};
const receiptSchema: SchemaObject = {
  type: "object",
  required: ["first", "count", "index", "time", "anchorBy", "receipt", "submission"],
  properties: {
    first: natural,
    count: natural,
    index: natural,
    time: natural,
    anchorBy: natural,
    receipt: text,
    submission: { type: ["string", "null"] },
  },
};
const stopSchema: JSONSchemaType<StopRecord> = {
  type: "object",
  required: ["reason", "detail", "since"],
  properties: {
    reason: { type: "string", enum: STOP_REASONS },
    detail: text,
    since: natural,
  },
};
const erasuresSchema: JSONSchemaType<FollowedErasures> = {
  type: "object",
  required: ["list", "after"],
  properties: { list: text, after: natural },
};
const poisonSchema: JSONSchemaType<PoisonRecord> = {
  type: "object",
  required: ["event", "code", "detail", "since"],
  properties: { event: text, code: text, detail: text, since: natural },
};

/** Parsers of the JSON rows; each throws `wrong-spool` for a row that this version did not write. */
export const parse = {
  meta: parser("meta", ajv.compile(metaSchema)),
  pending: parser("pending", ajv.compile(pendingSchema)),
  receipt: parser("receipt", ajv.compile<StoredReceipt>(receiptSchema)),
  stop: parser("stop", ajv.compile(stopSchema)),
  erasures: parser("erasures", ajv.compile(erasuresSchema)),
  poison: parser("poison", ajv.compile(poisonSchema)),
};

function parser<T>(row: string, isRow: ValidateFunction<T>): (stored: string) => T {
  return (stored) => {
    let value: unknown;
    try {
      value = JSON.parse(stored);
    } catch {
      value = undefined;
    }
    if (!isRow(value)) {
      throw new RecorderError(
        "wrong-spool",
        `The spool's row "${row}" is not readable by this version; the spool may be damaged.`,
      );
    }
    return value;
  };
}
