import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import pino from "pino";
import { utf8 } from "../../../protocol/bytes.ts";
import { parseEvent } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import type { IndexKind } from "../../../protocol/index-keys.ts";
import { entryCommitment, indexKey, verifyIndexProof } from "../../../protocol/index-tree.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { verifyVrf } from "../../../protocol/vrf.ts";
import { checkpointsOf } from "../../../server/anchor/checkpoints.ts";
import { openIndexDatabase } from "../../../server/index/database.ts";
import { storedTag } from "../../../server/index/enrolment.ts";
import { blindingSecret } from "../../../server/index/entries.ts";
import { createLogIndex, type LogIndex } from "../../../server/index/log-index.ts";
import { javascriptVrf } from "../../../server/index/vrf.ts";
import type { VrfPool } from "../../../server/index/vrf-pool.ts";
import type { Checkpoint } from "../../../server/integrate/integrator.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import type { IndexKeyRow, StoredEvent } from "../../../server/store/store.ts";
import { accessFacets, testRecorder } from "../receive/recorder.ts";

const SEED = new Uint8Array(32).fill(3);
const recorder = testRecorder("qn-police/r1");
const tagOf = indexTags(new Uint8Array(32).fill(5));
const vrf = javascriptVrf(SEED);

/** The records of a small log, in memory, that a test extends, erases and breaks. */
class Records {
  readonly payloads: Uint8Array[] = [];
  readonly rows: IndexKeyRow[] = [];
  /** Set: the next read of events fails so. */
  failure: Error | undefined;
  #events: StoredEvent[] = [];
  #published: Checkpoint | undefined;
  #listeners = new Set<(checkpoint: Checkpoint) => void>();

  add(facets: Facets, tags?: Uint8Array): void {
    const text = recorder.event(this.#events.length + 1, facets);
    const parsed = parseEvent(text);
    const payload = utf8(parsed.payloadText);
    this.payloads.push(payload);
    this.#events.push({
      payload,
      disclosures: text.slice(parsed.payloadText.length + 1),
      tags: tags ?? Buffer.concat(keysIn(facets).map((key) => storedTag(key, tagOf))),
    });
  }

  erase(index: number): void {
    const event = this.#events[index];
    if (event !== undefined) this.#events[index] = { ...event, disclosures: undefined };
  }

  publish(): void {
    const size = this.#events.length;
    this.#published = { size, root: rootHash(this.payloads.map((payload) => leafHash(payload))), note: "" };
    for (const listener of this.#listeners) listener(this.#published);
  }

  leads = true;

  store() {
    return {
      events: async (indexes: readonly number[]) => {
        const { failure } = this;
        this.failure = undefined;
        if (failure !== undefined) throw failure;
        return await Promise.resolve(indexes.map((index) => this.#events[index]));
      },
      indexTags: (from: number, to: number) =>
        Promise.resolve(this.#events.slice(from, to).map(({ tags }) => tags)),
      indexKeys: ({ from, limit }: { from: number; limit: number }) =>
        Promise.resolve(this.rows.slice(from, from + limit)),
      leads: () => this.leads,
      addIndexKeys: (rows: readonly IndexKeyRow[]) => {
        this.rows.push(...rows);
        return Promise.resolve();
      },
    };
  }

  integrator() {
    return {
      checkpoint: () => this.#published,
      tree: () => ({
        edge: { size: 0, tiles: [] },
        readNodes: () => Promise.reject(new Error("not asked for")),
        tileHashes: () => Promise.reject(new Error("not asked for")),
        leafIndex: () => Promise.resolve(undefined),
        leafHashes: (from: number, to: number) =>
          Promise.resolve(this.payloads.slice(from, to).map((payload) => leafHash(payload))),
      }),
      onCheckpoint: (listener: (checkpoint: Checkpoint) => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }
}

const person = (n: number): string => `vn-cccd:${String(n).padStart(12, "0")}`;
const OFFICIAL = "agent:VN%2FGOV%2Fqn-justice%2Fcivil/official-7";
const CONSENT = "consent:c-12";

function keysIn(facets: Facets): { kind: IndexKind; id: string }[] {
  const subject = facets.subject;
  return [
    ...(subject === undefined ? [] : [{ kind: "person", id: `${subject.scheme}:${subject.id}` } as const]),
    { kind: "official", id: OFFICIAL },
    { kind: "consent", id: CONSENT },
  ];
}

/** What a key of the tree is, computed by the definition. */
function keyOf(kind: IndexKind, id: string): Uint8Array {
  return indexKey(kind, kind === "consent" ? utf8(id) : vrf.output(id));
}

describe("server/index/log-index", () => {
  let folder: string;
  let records: Records;
  const indexes: LogIndex[] = [];
  let logged: Record<string, unknown>[];
  let now: number;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-log-index-"));
    records = new Records();
    logged = [];
    now = 1_000_000;
  });

  afterEach(async () => {
    for (const index of indexes.splice(0)) await index.close();
    await rm(folder, { recursive: true });
  });

  function start(changes: { vrf?: Partial<VrfPool>; sizesInUse?: () => readonly number[] } = {}): LogIndex {
    const index = createLogIndex({
      store: records.store(),
      integrator: records.integrator(),
      thread: { path: path.join(folder, "index"), identity: "log", blindingSecret: blindingSecret(SEED) },
      vrf: {
        output: (id) => Promise.resolve(vrf.output(id)),
        proof: (id) => Promise.resolve({ output: vrf.output(id), proof: vrf.proof(id) }),
        computed: () => 0,
        close: () => Promise.resolve(),
        ...changes.vrf,
      },
      tagOf,
      sizesInUse: () => Promise.resolve(changes.sizesInUse?.() ?? []),
      clock: { now: () => now },
      log: pino(
        { level: "info" },
        { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
      ),
    });
    indexes.push(index);
    index.start();
    return index;
  }

  function publishOne(n: number): void {
    records.add(accessFacets(n));
    records.publish();
  }

  async function expectEntry(
    index: LogIndex,
    kind: IndexKind,
    id: string,
    events: readonly number[],
  ): Promise<void> {
    const { size, root } = index.newest() ?? { size: -1, root: new Uint8Array() };
    const { key } = await index.keyOf(kind, id);
    expect(key).to.deep.equal(keyOf(kind, id));
    const answer = await index.prove(key, size);
    if (answer === undefined) throw new Error("the newest version is not held");
    const shown = verifyIndexProof(root, key, answer.proof);
    if (events.length === 0) {
      expect([shown, answer.entry]).to.deep.equal([{ present: false }, undefined]);
      return;
    }
    const leafHashes = events.map((event) => leafHash(records.payloads[event] ?? new Uint8Array()));
    const entry = { count: events.length, blinding: new Uint8Array(32), ...answer.entry };
    const commitment = entryCommitment({ ...entry, treeRoot: rootHash(leafHashes) });
    expect(shown).to.deep.equal({ present: true, commitment });
    expect(entry.count).to.equal(events.length);
    expect(await index.postings(key, 0, 99)).to.deep.equal(
      events.map((event, at) => ({ index: event, leafHash: leafHashes[at] })),
    );
  }

  it("finds new persons, officials and consents in their events, and enrols them for ever", async () => {
    for (const n of [1, 2, 1]) records.add(accessFacets(n));
    records.publish();
    const index = start();
    await sized(index, 3);
    await expectEntry(index, "person", person(1), [0, 2]);
    await expectEntry(index, "person", person(2), [1]);
    await expectEntry(index, "person", person(3), []);
    await expectEntry(index, "official", OFFICIAL, [0, 1, 2]);
    await expectEntry(index, "consent", CONSENT, [0, 1, 2]);
    expect(records.rows).to.have.length(4);
    expect(index.status()).to.deep.include({ isLoaded: true, size: 3, lagEvents: 0, lagSeconds: 0, keys: 4 });

    records.add(accessFacets(7));
    records.publish();
    await sized(index, 4);
    await expectEntry(index, "person", person(7), [3]);
    await expectEntry(index, "official", OFFICIAL, [0, 1, 2, 3]);
    expect(records.rows).to.have.length(5);
  });

  it("proves the key of an id with the VRF, and needs none for a consent", async () => {
    records.publish();
    const index = start();
    await sized(index, 0);
    const { key, vrf: proof } = await index.keyOf("person", person(5));
    const output = verifyVrf(ed25519.getPublicKey(SEED), utf8(person(5)), proof ?? new Uint8Array());
    expect(indexKey("person", output ?? new Uint8Array())).to.deep.equal(key);
    expect((await index.keyOf("person", person(5))).vrf).to.equal(proof);
    expect((await index.keyOf("consent", CONSENT)).vrf).to.equal(undefined);
    await expectEntry(index, "person", person(5), []);
  });

  it("does not index what relates events to each other", async () => {
    const related = Buffer.concat([Buffer.of(16), Buffer.alloc(32, 1), Buffer.of(20), Buffer.alloc(32, 2)]);
    records.add(accessFacets(1), related);
    records.publish();
    const index = start();
    await sized(index, 1);
    await expectEntry(index, "person", person(1), []);
    expect(records.rows).to.deep.equal([]);
  });

  it("indexes erased events of persons it knows, and waits loudly for one it cannot know", async () => {
    records.add(accessFacets(1));
    records.publish();
    const index = start();
    await sized(index, 1);
    records.add(accessFacets(1));
    records.erase(1);
    records.publish();
    await sized(index, 2);
    await expectEntry(index, "person", person(1), [0, 1]);

    records.add(accessFacets(8));
    records.erase(2);
    records.publish();
    await until(() => logged.length > 0);
    expect(JSON.stringify(logged[0])).to.contain("The event has the index 2");
    now += 12_000;
    expect(index.status().failingSeconds).to.equal(12);
    expect(index.newest()?.size).to.equal(2);
    await expectEntry(index, "person", person(1), [0, 1]);
  });

  it("takes the keys that another server added meanwhile, also of events erased since", async () => {
    records.add(accessFacets(1));
    records.publish();
    const index = start();
    await sized(index, 1);
    const tag = storedTag({ kind: "person", id: person(8) }, tagOf);
    records.rows.push({ tag, key: keyOf("person", person(8)) });
    records.add(accessFacets(8));
    records.erase(1);
    records.publish();
    await sized(index, 2);
    await expectEntry(index, "person", person(8), [1]);
    expect(records.rows).to.have.length(4);
  });

  it("lets anchoring go on without it while the VRF takes its time", async () => {
    const slow = Promise.withResolvers<Uint8Array>();
    const output = async (id: string) => (id === person(9) ? await slow.promise : vrf.output(id));
    let now = 0;
    records.add(accessFacets(1));
    records.publish();
    const index = start({ vrf: { output } });
    const { latest } = checkpointsOf({
      integrator: records.integrator(),
      index,
      sign: () => "",
      clock: { now: () => now },
      indexPatienceMs: 10_000,
    });
    await sized(index, 1);
    const first = index.newest()?.root;
    expect(latest()).to.deep.include({ size: 1, indexSize: 1, indexRoot: first });
    records.add(accessFacets(9));
    records.publish();
    now = 9_999;
    expect(latest()).to.deep.include({ size: 1, indexSize: 1 });
    now = 10_000;
    expect(latest()).to.deep.include({ size: 2, indexSize: 1, indexRoot: first });
    expect(index.status()).to.deep.include({ size: 1, lagEvents: 1 });
    await expectEntry(index, "person", person(1), [0]);

    slow.resolve(vrf.output(person(9)));
    await sized(index, 2);
    expect(latest()).to.deep.include({ size: 2, indexSize: 2, indexRoot: index.newest()?.root });
    await expectEntry(index, "person", person(9), [1]);
  });

  it("holds the versions that stand in anchors, and lets go of the others", async () => {
    const inUse = [0];
    const index = start({ sizesInUse: () => inUse });
    for (let size = 0; size <= 5; size++) {
      if (size > 0) records.add(accessFacets(size));
      records.publish();
      await sized(index, size);
      if (size === 2) index.keep(2);
    }
    const { key } = await index.keyOf("person", person(1));
    const held = await Promise.all([0, 1, 2, 3, 4, 5].map(async (size) => await index.prove(key, size)));
    expect(held.map((answer) => answer !== undefined)).to.deep.equal([true, false, true, false, false, true]);
    expect(held[0]?.entry).to.equal(undefined);
    expect(held[2]?.entry?.count).to.equal(1);
  });

  it("of a server that does not lead holds what the leader may anchor, though it learns of it later", async () => {
    records.leads = false;
    let isHeldUp = true;
    const index = start({
      // Published while the index was held up: none of them is passed over.
      sizesInUse: () => {
        if (isHeldUp) for (const n of [2, 3, 4]) publishOne(n);
        isHeldUp = false;
        return [];
      },
    });
    publishOne(1);
    await sized(index, 4);
    const { key } = await index.keyOf("person", person(1));
    const held = await Promise.all([1, 2, 3, 4].map(async (size) => await index.prove(key, size)));
    expect(held).to.not.include(undefined);
    // Only so many.
    for (let size = 5; size <= 14; size++) {
      publishOne(size);
      await sized(index, size);
    }
    expect(await index.prove(key, 4)).to.equal(undefined);
    expect(await index.prove(key, 8)).to.not.equal(undefined);
    expect(index.status().versions).to.be.lessThan(12);
  });

  it("passes through the sizes that stand in anchors when it is built again, and holds them", async () => {
    for (const n of [1, 2, 3, 1]) records.add(accessFacets(n));
    records.publish();
    const index = start({ sizesInUse: () => [2, 9] });
    await sized(index, 4);
    const { key } = await index.keyOf("person", person(1));
    expect((await index.prove(key, 2))?.entry?.count).to.equal(1);
    expect(await index.prove(key, 3)).to.equal(undefined);
  });

  it("serves proofs again after a restart, with the same root, and from nothing when its database is gone", async () => {
    for (const n of [1, 2, 3, 1]) records.add(accessFacets(n));
    records.publish();
    const first = start();
    await sized(first, 4);
    const root = first.newest()?.root;
    await first.close();

    const again = start({ vrf: { output: () => Promise.reject(new Error("nobody is new")) } });
    await sized(again, 4);
    expect(again.newest()?.root).to.deep.equal(root);
    await expectEntry(again, "person", person(1), [0, 3]);
    await again.close();

    // The keys are truth: the database is built again without opening one event.
    await rm(path.join(folder, "index"), { recursive: true });
    for (let index = 0; index < 4; index++) records.erase(index);
    const rebuilt = start({ vrf: { output: () => Promise.reject(new Error("nobody is new")) } });
    await sized(rebuilt, 4);
    expect(rebuilt.newest()?.root).to.deep.equal(root);
    await expectEntry(rebuilt, "person", person(1), [0, 3]);
  });

  it("goes on by itself after the records could not be read", async () => {
    records.publish();
    const index = start();
    await sized(index, 0);
    records.failure = new Error("the disk fails");
    records.add(accessFacets(1));
    records.publish();
    await sized(index, 1);
    expect(logged).to.have.length(1);
    expect(index.status().failingSeconds).to.equal(0);
    await expectEntry(index, "person", person(1), [0]);
  });

  it("throws away a database that was damaged, and builds it again", async () => {
    for (const n of [1, 2, 1]) records.add(accessFacets(n));
    records.publish();
    const first = start();
    await sized(first, 3);
    await first.close();
    const db = await openIndexDatabase(path.join(folder, "index"), "log");
    const slots = [0, 1, 2, 3];
    const damage = db.batch();
    for (const [slot, entry] of (await db.entries(slots)).entries()) {
      // Its root stays: only who goes on from the frontier notices.
      if (entry !== undefined) damage.putEntry(slot, entry.count, entry.commitment, entry.frontier.fill(1));
    }
    await damage.write((await db.progress()) ?? { size: 0, root: new Uint8Array(32) });
    await db.close();

    const again = start();
    await sized(again, 3);
    records.add(accessFacets(1));
    records.publish();
    await sized(again, 4);
    expect(JSON.stringify(logged)).to.contain("a frontier is not the one that was written");
    await expectEntry(again, "person", person(1), [0, 2, 3]);
    await expectEntry(again, "person", person(2), [1]);
  });

  it("answers that it is starting until it is loaded", async () => {
    const index = start();
    expect(index.newest()).to.equal(undefined);
    const refused = await index.prove(new Uint8Array(32), 0).catch((error: unknown) => error);
    expect(refused).to.have.property("code", "starting");
  });
});

/** Resolves when the newest version has this size. */
async function sized(index: LogIndex, size: number): Promise<void> {
  if (index.newest()?.size === size) return;
  await new Promise<void>((resolve) => {
    const leave = index.onVersion((version) => {
      if (version.size !== size) return;
      leave();
      // After what follows a version: letting go of others.
      setImmediate(resolve);
    });
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
