import type { Bytes } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { bundleOf, bundleEntries } from "./bundle.ts";
import { damaged, type Frame, joined, partsIn } from "./backup-frames.ts";
import {
  anchorOf,
  anchorRow,
  eventKeyOf,
  indexKeyOf,
  indexKeyRow,
  indexTagsOf,
  submissionOf,
  submissionRow,
} from "./rows.ts";
import type { MovedSubmission, Part } from "./transfer-parts.ts";

/** Letters of the frames that hold records. A change of what they hold is a new format version (see backup-head.ts). */
const KINDS = {
  binding: "b",
  submission: "s",
  anchor: "a",
  "index-key": "i",
  "anchor-intent": "n",
} as const satisfies Record<Part["kind"], string>;

const TAGGED_KEY_BYTES = 65;

/** A part as the body of a frame. */
export function frameOfPart(part: Part): { readonly kind: string; readonly body: readonly Bytes[] } {
  const kind = KINDS[part.kind];
  switch (part.kind) {
    case "binding":
      return { kind, body: joined(Buffer.from(part.name, "latin1"), part.value) };
    case "submission": {
      const { payloads, sealed, keys, keptAttachment: kept } = part.submission;
      const attachment = kept === undefined ? [] : [kept.name, kept.sealed];
      return { kind, body: joined(submissionRow(part.submission), payloads, sealed, keys, ...attachment) };
    }
    case "anchor":
      return { kind, body: [anchorRow(part.anchor)] };
    case "index-key":
      return { kind, body: [indexKeyRow(part.row)] };
    case "anchor-intent":
      return { kind, body: [part.intent] };
  }
}

/** The bytes of a part, by which two are compared. */
export function bytesOfPart(part: Part): Buffer {
  const { kind, body } = frameOfPart(part);
  return Buffer.concat([Buffer.from(kind), ...body]);
}

/** @throws TransferError `damaged` */
export function partOfFrame({ kind, body }: Frame): Part {
  try {
    switch (kind) {
      case KINDS.binding: {
        const [name, value, ...more] = partsIn(body);
        if (name === undefined || value === undefined || more.length > 0) break;
        return { kind: "binding", name: name.toString("latin1"), value };
      }
      case KINDS.submission:
        return { kind: "submission", submission: submissionIn(partsIn(body)) };
      case KINDS.anchor:
        return { kind: "anchor", anchor: anchorOf(body) };
      case KINDS["index-key"]:
        if (body.length !== TAGGED_KEY_BYTES) break;
        return { kind: "index-key", row: indexKeyOf(body) };
      case KINDS["anchor-intent"]:
        return { kind: "anchor-intent", intent: body };
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw damaged("a frame holds no record");
}

function submissionIn([row, payloads, sealed, keys, name, body]: readonly Buffer[]): MovedSubmission {
  if (row === undefined || payloads === undefined || sealed === undefined || keys === undefined)
    throw damaged("a frame holds no submission");
  const attachment = name && body && { keptAttachment: { name, sealed: body } };
  return { ...submissionOf(row), payloads, sealed, keys, ...attachment };
}

/** Zeros where an event has no key. */
const NO_KEY = new Uint8Array(32);

/** A submission without its events' keys, and the keys, 32 bytes each. */
export function keysApart(submission: MovedSubmission): {
  readonly submission: MovedSubmission;
  readonly keys: Buffer;
} {
  const entries = bundleEntries(submission.keys, 0, Infinity);
  return {
    submission: { ...submission, keys: bundleOf(entries.map(indexTagsOf)) },
    keys: Buffer.concat(entries.map((entry) => eventKeyOf(entry)?.key ?? NO_KEY)),
  };
}

/** The key of the n-th of these, unless it was destroyed. */
export function keyAt(keys: Buffer, n: number): Bytes | undefined {
  const key = keys.subarray(n * 32, (n + 1) * 32);
  return key.equals(NO_KEY) ? undefined : key;
}
