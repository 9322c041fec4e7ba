import { createCipheriv, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { appendAll } from "../../../protocol/frontier.ts";
import { makeEvent, payloadLeafHash, payloadOf } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { keyId } from "../../../protocol/jws.ts";
import { readRoot } from "../../../protocol/proof-nodes.ts";
import { makeReceipt } from "../../../protocol/receipt.ts";
import { parseSource } from "../../../protocol/source.ts";
import { makeSubmission, parseSubmission } from "../../../protocol/submission.ts";
import { ed25519Signer } from "../../../server/signers.ts";
import { checkpointSigner } from "../../../server/integrate/checkpoint-signer.ts";
import { type DerivedDatabase, openDerived } from "../../../server/integrate/derived.ts";
import { makeIntegrator } from "../../../server/integrate/integrator.ts";
import { levelTileStore } from "../../../server/integrate/tile-store.ts";
import type { Tree } from "../../../server/integrate/tree.ts";
import { eventTags, type Tag } from "../../../server/receive/event-tags.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store, StoredAnchor } from "../../../server/store/store.ts";
import { bundle } from "../store/groups.ts";

export const LOG = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const SEED = new Uint8Array(32).fill(9);
const signer = {
  alg: "EdDSA",
  kid: keyId("EdDSA", ed25519.getPublicKey(SEED)),
  sign: (data: Uint8Array) => ed25519.sign(data, SEED),
} as const;
const signCheckpoint = checkpointSigner(LOG, ed25519Signer(SEED));
const NO_KEY = new Uint8Array(32);
const NOTHING = new Uint8Array();
/** What the tags are keyed with. */
export const PEPPER = new Uint8Array(32).fill(5);
const tagsOf = eventTags(PEPPER);

/** All anchors stand on the chain. */
export const WHOLE = () => ({ missingAnchors: 0, finalSize: 0 });

/** Seconds after its receipt by which an event is promised an anchor. */
export const PROMISE_SECONDS = 600;

/** Records and tiles of a log with real events, without a network and without a chain. */
export interface RecordedLog {
  readonly store: Store;
  readonly derived: DerivedDatabase;
  readonly tree: () => Tree;
  /** Commits one submission of these events, sequenced at `time` (Unix seconds), and integrates it. Returns the first index. */
  append: (
    source: string,
    events: readonly Facets[],
    options?: { time?: number; erased?: boolean; indexBy?: number },
  ) => Promise<number>;
  /** Records an anchor of the log's first `size` events. */
  anchor: (size: number, changes?: Partial<StoredAnchor>) => Promise<StoredAnchor>;
  close: () => Promise<void>;
}

export async function recordedLog(): Promise<RecordedLog> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-log-"));
  const store = await openLevelStore({ path: path.join(folder, "records"), minFreeBytes: 0 });
  const derived = await openDerived(path.join(folder, "derived"), "test");
  const integrator = makeIntegrator({
    store,
    tiles: levelTileStore(derived),
    signCheckpoint,
    intervalMs: 0,
    clock: { now: () => 0 },
    onError: (error) => {
      throw error;
    },
  });
  await integrator.start();
  let anchors = 0;

  async function append(
    name: string,
    events: readonly Facets[],
    { time = 1000, erased = false, indexBy = 0 } = {},
  ): Promise<number> {
    const source = parseSource(name);
    const head = await store.head();
    const first = (await store.source(source))?.next ?? 1;
    const texts = events.map((facets, at) => makeEvent({ source, seq: first + at, facets, random }));
    const body = makeSubmission({ log: LOG, source, first, events: texts, issuedAt: time, ...signer });
    const { root } = parseSubmission(JSON.stringify(body)).payload;
    const [index, count, src] = [head.size, texts.length, source];
    const anchorBy = time + PROMISE_SECONDS;
    const receipt = makeReceipt(
      { log: LOG, src, first, count, root, index, time, anchorBy, indexBy },
      signer,
    );
    const frontier = appendAll(
      head.frontier,
      texts.map((text) => payloadLeafHash(payloadOf(text))),
    );
    const keys = texts.map(() => random(32));
    const tags = events.map((facets) => Buffer.concat(tagsOf(source, facets).map(storedTag)));
    const submission = {
      ...{ source, first, count, index, time, jws: body.jws, receipt },
      payloads: bundle(texts.map((text) => Buffer.from(payloadOf(text)))),
      sealed: bundle(texts.map((text, at) => seal(keys[at] ?? NO_KEY, text.slice(text.indexOf("~") + 1)))),
      // An erased key leaves its tags.
      keys: bundle(keys.map((key, at) => Buffer.concat([erased ? NOTHING : key, tags[at] ?? NOTHING]))),
    };
    const published = new Promise<void>((resolve) => {
      const end = integrator.onCheckpoint(({ size }) => {
        if (size < frontier.size) return;
        end();
        resolve();
      });
    });
    const newHead = { size: frontier.size, frontier, commits: head.commits + 1 };
    await store.commit({ head: newHead, submissions: [submission] }, head.size);
    await published;
    return index;
  }

  async function anchor(size: number, changes: Partial<StoredAnchor> = {}): Promise<StoredAnchor> {
    const root = await readRoot(size, integrator.tree().readNodes);
    const number = anchors++;
    const made = {
      ...{ number, size, root, indexSize: 0, indexRoot: new Uint8Array(32), block: 100 + number, time: 1000 },
      checkpoint: await signCheckpoint(size, root),
      blockHash: `0x${number.toString(16).padStart(64, "0")}`,
      transaction: `0x${"cd".repeat(32)}`,
      ...changes,
    };
    await store.recordAnchor(made);
    return made;
  }

  return {
    store,
    derived,
    tree: integrator.tree,
    append,
    anchor,
    close: async () => {
      await integrator.close();
      await store.close();
      await derived.close();
      await rm(folder, { recursive: true });
    },
  };
}

function storedTag({ kind, bytes }: Tag): Buffer {
  return Buffer.concat([Buffer.of(kind), Buffer.from(bytes, "latin1")]);
}

function random(bytes: number): Uint8Array {
  return new Uint8Array(randomBytes(bytes));
}

function seal(key: Uint8Array, text: string): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  return Buffer.concat([cipher.update(text, "latin1"), cipher.final(), cipher.getAuthTag()]);
}

/** A look of the police into a person's data at the department of justice. */
export function access(messageId: string): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "999199000001" },
    exchange: { messageId, client: "qn-police", service: "qn-justice/births" },
    data: { action: "R", personalData: ["name"] },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}
