import type { Bytes } from "../../protocol/bytes.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import { type BundleRow, bundlesOf } from "./bundle.ts";
import { eventKeyOf, indexTagsOf } from "./rows.ts";
import { openDisclosures } from "./sealing.ts";
import type { KeptSubmission, SealedEvents, StoredSubmission } from "./store.ts";

const EVENT_KEY_BYTES = 32;
const NOTHING = new Uint8Array();

/** Undefined without a key, and where nothing is sealed: it was erased between the reads of the two. */
export function disclosuresIn(secrets: Bytes | undefined, sealed: Bytes | undefined): string | undefined {
  const secret = eventKeyOf(secrets);
  return secret === undefined || sealed === undefined || sealed.length === 0
    ? undefined
    : openDisclosures(secret.key, sealed);
}

/** Copies the entries of events together, without what was erased. */
export function packSealed(
  from: number,
  {
    submissions,
    secrets,
    sealed,
  }: { submissions: readonly StoredSubmission[]; secrets: readonly Bytes[]; sealed: readonly Bytes[] },
): SealedEvents {
  const count = secrets.length;
  const keys = new Uint8Array(count * EVENT_KEY_BYTES);
  const kept: Bytes[] = [];
  const sealedLengths = new Uint32Array(count);
  const tags = secrets.map(indexTagsOf);
  const tagCounts = Uint16Array.from(tags, (list) => list.length / TAG_BYTES);
  for (const [at, entry] of secrets.entries()) {
    const text = sealed[at];
    if (text === undefined || entry.length === tags[at]?.length) continue;
    keys.set(entry.subarray(0, EVENT_KEY_BYTES), at * EVENT_KEY_BYTES);
    kept.push(text);
    sealedLengths[at] = text.length;
  }
  const places = submissions.map(({ source, index, count: events, time }) => ({
    ...{ source, index, time },
    count: events,
  }));
  return {
    ...{ from, count, submissions: places, keys, sealedLengths, tagCounts },
    sealed: joined(kept),
    tags: joined(tags),
  };
}

/** The submissions with the bundles that their rows hold; rows and submissions are in the order of the log. */
export function keptOf(
  submissions: readonly StoredSubmission[],
  rows: Readonly<Record<"payloads" | "sealed" | "keys", readonly BundleRow[]>> & {
    /** By index: what is kept beside the event is called so. */
    readonly names: ReadonlyMap<number, Bytes>;
  },
): KeptSubmission[] {
  const [payloads, sealed, keys] = [rows.payloads, rows.sealed, rows.keys].map((each) =>
    bundlesOf(each, submissions),
  );
  return submissions.map((submission, at) => {
    const name = rows.names.get(submission.index);
    return {
      ...submission,
      payloads: payloads?.[at] ?? NOTHING,
      sealed: sealed?.[at] ?? NOTHING,
      keys: keys?.[at] ?? NOTHING,
      ...(name && { attachmentName: name }),
    };
  });
}

/** In memory of their own, as small buffers' often is not. */
function joined(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
