import { createCipheriv, randomBytes } from "node:crypto";
import { emptyFrontier, appendAll } from "../../../protocol/frontier.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { Group, Head, NewSubmission } from "../../../server/store/store.ts";

export const EMPTY: Head = { size: 0, commits: 0, frontier: emptyFrontier() };

/** A bundle of these entries. */
export function bundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => [Buffer.from([entry.length >> 8, entry.length & 255]), entry]),
  );
}

/** What the events of a made-up submission hold, to compare with what a store returns. */
export interface MadeSubmission extends NewSubmission {
  readonly texts: { readonly payloads: readonly string[]; readonly disclosures: readonly string[] };
  readonly secrets: readonly Uint8Array[];
}

/** A submission of made-up events at `index`: real sealing and keys, no real signatures. */
export function madeSubmission(source: string, first: number, count: number, index: number): MadeSubmission {
  const numbers = Array.from({ length: count }, (_, at) => first + at);
  const payloads = numbers.map((seq) => `payload-${source}-${seq}-${"x".repeat(seq % 50)}`);
  const disclosures = numbers.map((seq) => `disclosure-${seq}~decoy-${seq}~`);
  const secrets = numbers.map(() => new Uint8Array(randomBytes(32)));
  return {
    source: parseSource(source),
    first,
    count,
    index,
    time: 1_700_000_000 + first,
    jws: `jws.of.${source}.${first}`,
    receipt: `receipt.of.${source}.${first}`,
    payloads: bundle(payloads.map((text) => Buffer.from(text))),
    sealed: bundle(disclosures.map((text, at) => seal(secrets[at] ?? new Uint8Array(32), text))),
    keys: bundle(secrets.map((key, at) => Buffer.concat([key, ...tagsOf(first + at)]))),
    texts: { payloads, disclosures },
    secrets,
  };
}

/** As many index key tags as the number's remainder by 3. */
export function tagsOf(seq: number): Buffer[] {
  return Array.from({ length: seq % 3 }, (_, kind) =>
    Buffer.concat([Buffer.of(kind + 1), Buffer.alloc(32, seq % 256)]),
  );
}

function seal(key: Uint8Array, text: string): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  return Buffer.concat([cipher.update(text, "latin1"), cipher.final(), cipher.getAuthTag()]);
}

/** The group that appends these submissions to `head`. */
export function groupAfter(head: Head, submissions: readonly MadeSubmission[]): Group {
  const leaves = submissions.flatMap(({ texts }) =>
    texts.payloads.map((text) => leafHash(Buffer.from(text))),
  );
  const frontier = appendAll(head.frontier, leaves);
  return { head: { size: frontier.size, frontier, commits: head.commits + 1 }, submissions };
}
