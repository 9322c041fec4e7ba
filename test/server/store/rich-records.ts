import { createCipheriv, randomBytes } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { makeEvent, payloadOf } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { appendAll, frontierRoot } from "../../../protocol/frontier.ts";
import { keyId } from "../../../protocol/jws.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { makeReceipt } from "../../../protocol/receipt.ts";
import { parseSource } from "../../../protocol/source.ts";
import { makeSubmission } from "../../../protocol/submission.ts";
import type { Attachment, IndexKeyRow, NewSubmission, Store } from "../../../server/store/store.ts";
import { bundle, tagsOf } from "./groups.ts";

const LOG = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
export const LOG_NAME = `31337:0x${"ab".repeat(20)}:1`;

/** What stands inside the events, and must be in no backup. */
export const FACET_VALUES = ["999199000001", "officer-17", "VN/GOV/qn-police/registry", "1.004222", "Phuong"];
/** What is kept whole beside an event. */
export const ATTACHMENT_TEXT = "the whole conflicting submission about 999199000001";

const ACCESS: Facets = {
  type: "access",
  subject: { scheme: "vn-cccd", id: "999199000001" },
  exchange: { messageId: "m-1", client: "VN/GOV/qn-police/registry", service: "VN/GOV/qn-justice/births" },
  "agent.id": "officer-17",
  "agent.role": "registry officer",
  data: { action: "R", personalData: ["name", "date of birth"] },
  purpose: { procedure: "1.004222", description: "Phuong" },
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};
const TOMBSTONE: Facets = { type: "tombstone", tombstone: { reason: "schema-violation", type: "access" } };

const seed = new Uint8Array(32).fill(7);
const signer = {
  alg: "EdDSA" as const,
  kid: keyId("EdDSA", ed25519.getPublicKey(seed)),
  sign: (data: Uint8Array) => ed25519.sign(data, seed),
};

/** The keys of the events that were made, by index. */
export type MadeKeys = Map<number, Uint8Array>;

/** Appends submissions of real events, really signed and sealed, in one group each; resolves with the events' keys. */
export async function addEvents(
  store: Store,
  submissions: readonly {
    readonly source: string;
    readonly count: number;
    readonly facets?: Facets;
    readonly attachment?: Attachment;
  }[],
): Promise<MadeKeys> {
  const made: MadeKeys = new Map();
  for (const each of submissions) {
    const source = parseSource(each.source);
    const first = (await store.source(source))?.next ?? 1;
    const head = await store.head();
    const submission = madeOf(each, { first, index: head.size });
    for (const [n, key] of submission.secrets.entries()) made.set(head.size + n, key);
    const frontier = appendAll(head.frontier, submission.leaves);
    const group = {
      head: { size: frontier.size, frontier, commits: head.commits + 1 },
      submissions: [submission.submission],
    };
    await store.commit(group, head.size);
  }
  return made;
}

function madeOf(
  given: { source: string; count: number; facets?: Facets; attachment?: Attachment },
  { first, index }: { first: number; index: number },
) {
  const source = parseSource(given.source);
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const facets = given.facets ?? ACCESS;
  const events = Array.from({ length: given.count }, (_, n) =>
    makeEvent({ source, seq: first + n, facets, random }),
  );
  const payloads = events.map((event) => Buffer.from(payloadOf(event), "latin1"));
  const leaves = payloads.map((payload) => leafHash(payload));
  const time = 1_790_000_000 + index;
  const { jws } = makeSubmission({ log: LOG, source, first, events, issuedAt: time, ...signer });
  const promise = { log: LOG, src: source, first, count: given.count, root: rootHash(leaves), index, time };
  const secrets = events.map(() => random(32));
  const submission: NewSubmission = {
    ...{ source, first, count: given.count, index, time, jws },
    receipt: makeReceipt({ ...promise, anchorBy: time + 600, indexBy: 0 }, signer),
    payloads: bundle(payloads),
    sealed: bundle(
      events.map((event, n) => seal(secrets[n] ?? random(32), event.slice(event.indexOf("~") + 1))),
    ),
    keys: bundle(secrets.map((key, n) => Buffer.concat([key, ...tagsOf(first + n)]))),
    ...(given.attachment && { attachment: given.attachment }),
  };
  return { submission, secrets, leaves };
}

function seal(key: Uint8Array, text: string): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  return Buffer.concat([cipher.update(text, "latin1"), cipher.final(), cipher.getAuthTag()]);
}

/** Records an anchor of the log as it is now. */
export async function addAnchor(store: Store, number: number, indexSize: number): Promise<void> {
  const { size, frontier } = await store.head();
  await store.recordAnchor({
    ...{ number, size, root: frontierRoot(frontier), indexSize, indexRoot: new Uint8Array(32).fill(number) },
    ...{ checkpoint: `a note\n${size}\n\n— of it\n`, block: 100 + number, time: 1_790_000_000 + number },
    blockHash: `0x${"0b".repeat(32)}`,
    transaction: `0x${"0c".repeat(32)}`,
  });
}

export function indexKey(n: number): IndexKeyRow {
  return { tag: new Uint8Array(33).fill(n), key: new Uint8Array(32).fill(255 - n) };
}

/** Of everything that records can hold something: submissions of all sizes, tombstones, what is kept beside events, erased events, anchors, marks and keys. */
export async function fillRichly(store: Store): Promise<MadeKeys> {
  await store.campaign();
  await store.bind("pepper", Buffer.from("fingerprint of the pepper"));
  await store.bind("vrf", Uint8Array.of());
  const beside = (n: number): Attachment => ({
    name: new Uint8Array(32).fill(n),
    body: Buffer.from(`${ATTACHMENT_TEXT} ${n} ${"x".repeat(5_000)}`),
  });
  const keys = await addEvents(store, [
    { source: "qn-police/r1", count: 3 },
    { source: "qn-health/r1", count: 1, facets: TOMBSTONE },
    { source: "minhbach/ledger", count: 1, attachment: beside(1) },
    { source: "qn-police/r1", count: 37 },
  ]);
  await addAnchor(store, 0, 0);
  await addAnchor(store, 1, 40);
  for (const [index, key] of await addEvents(store, [
    { source: "qn-police/r10", count: 1 },
    { source: "qn-police/r1", count: 16 },
    { source: "minhbach/ledger", count: 1, attachment: beside(2) },
  ]))
    keys.set(index, key);
  await store.addIndexKeys([indexKey(1), indexKey(2), indexKey(3)]);
  // As a ledger does that was killed before it knew that they were stored.
  await store.addIndexKeys([indexKey(2), indexKey(4)]);
  await addAnchor(store, 2, 42);
  await store.eraseKeys([1, 4, 20, 41]);
  await store.setAnchorIntent(Buffer.from("what is about to be sent"));
  for (const index of [1, 4, 20, 41]) keys.delete(index);
  return keys;
}
