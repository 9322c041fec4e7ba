import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { parseCheckpoint } from "../../../protocol/checkpoint.ts";
import { frontierRoot } from "../../../protocol/frontier.ts";
import { EMPTY_ROOT, leafHash } from "../../../protocol/merkle.ts";
import { verifierKey, verifyNote } from "../../../protocol/note.ts";
import { readRoot } from "../../../protocol/proof-nodes.ts";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed25519Signer } from "../../../server/signers.ts";
import { checkpointSigner } from "../../../server/integrate/checkpoint-signer.ts";
import { type DerivedDatabase, openDerived } from "../../../server/integrate/derived.ts";
import { EMPTY_EDGE, extend } from "../../../server/integrate/edge.ts";
import { type Checkpoint, type Integrator, makeIntegrator } from "../../../server/integrate/integrator.ts";
import { levelTileStore, type TileStore } from "../../../server/integrate/tile-store.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { groupAfter, madeSubmission } from "../store/groups.ts";

const LOG = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const SEED = new Uint8Array(32).fill(7);
const sign = checkpointSigner(LOG, ed25519Signer(SEED));

describe("server/integrate/integrator", () => {
  let folder: string;
  let store: Store;
  let db: DerivedDatabase;
  let tiles: TileStore;
  let integrator: Integrator;
  let now: number;
  let errors: unknown[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-integrator-"));
    store = await openLevelStore({ path: path.join(folder, "records"), minFreeBytes: 0 });
    db = await openDerived(path.join(folder, "derived"), "test");
    tiles = levelTileStore(db);
    now = 1_000_000;
    errors = [];
    integrator = make();
  });
  afterEach(async () => {
    await integrator.close();
    await store.close();
    await db.close();
    await rm(folder, { recursive: true });
  });

  function make(intervalMs = 0, tileStore = tiles): Integrator {
    return makeIntegrator({
      store,
      tiles: tileStore,
      signCheckpoint: sign,
      intervalMs,
      clock: { now: () => now },
      onError: (error) => errors.push(error),
      retryMs: 1,
    });
  }

  async function commit(count: number): Promise<void> {
    const head = await store.head();
    const first = ((await store.source(madeSubmission("qn-police/r1", 1, 1, 0).source))?.next ?? 0) || 1;
    await store.commit(
      groupAfter(head, [madeSubmission("qn-police/r1", first, count, head.size)]),
      head.size,
    );
  }

  /** The first checkpoint of at least this size. */
  function reached(size: number): Promise<Checkpoint> {
    const published = integrator.checkpoint();
    if (published !== undefined && published.size >= size) return Promise.resolve(published);
    return new Promise((resolve) => {
      const end = integrator.onCheckpoint((checkpoint) => {
        if (checkpoint.size < size) return;
        end();
        resolve(checkpoint);
      });
    });
  }

  async function expectPublished(size: number): Promise<void> {
    const checkpoint = await reached(size);
    const head = await store.head();
    expect(checkpoint.size).to.equal(size);
    expect(checkpoint.root).to.deep.equal(frontierRoot(head.frontier));
    expect(await readRoot(size, integrator.tree().readNodes)).to.deep.equal(checkpoint.root);
    const note = parseCheckpoint(checkpoint.note);
    expect(note).to.deep.include({ size, root: checkpoint.root });
    expect(verifyNote(note.note, verifierKey(note.origin, ed25519.getPublicKey(SEED)))).to.equal(true);
  }

  it("publishes the empty log", async () => {
    await integrator.start();
    expect(integrator.checkpoint()).to.deep.include({ size: 0, root: EMPTY_ROOT });
  });

  it("follows every commit", async () => {
    await integrator.start();
    for (const [count, size] of [
      [1, 1],
      [300, 301],
      [1000, 1301],
    ] as const) {
      await commit(count);
      await expectPublished(size);
    }
  });

  it("catches up at the start, and then has nothing to do again", async () => {
    await commit(1000);
    await commit(1000);
    await integrator.start();
    await expectPublished(2000);
    await integrator.close();
    let saves = 0;
    integrator = make(0, { ...tiles, save: (...saved) => (saves++, tiles.save(...saved)) });
    await integrator.start();
    await expectPublished(2000);
    expect(saves).to.equal(0);
  });

  it("keeps the interval between two checkpoints", async () => {
    await integrator.close();
    integrator = make(3_600_000);
    await integrator.start();
    await commit(10);
    // More than a chunk is taken in at once, but not published before it is time.
    await commit(1000);
    await commit(1000);
    while (integrator.tree().edge.size < 2010) await new Promise(setImmediate);
    expect(integrator.checkpoint()?.size).to.equal(0);
    now += 3_600_000;
    await commit(1);
    await expectPublished(2011);
  });

  it("publishes when the clock was set back, and keeps the interval from then on", async () => {
    await integrator.close();
    integrator = make(3_600_000);
    await integrator.start();
    now -= 10 * 3_600_000;
    await commit(10);
    await expectPublished(10);
    await commit(1000);
    await commit(1000);
    while (integrator.tree().edge.size < 2010) await new Promise(setImmediate);
    expect(integrator.checkpoint()?.size).to.equal(10);
  });

  for (const [what, spoil] of Object.entries({
    "is ahead of the records": async () => {
      const leaves = new Uint8Array(32 * 5000);
      await tiles.save(extend(EMPTY_EDGE, leaves), leaves);
    },
    "has other leaves": async () => {
      const leaves = new Uint8Array(32 * 512).fill(1);
      await tiles.save(extend(EMPTY_EDGE, leaves), leaves);
    },
    "lost a tile": async () => {
      const leaves = new Uint8Array(32 * 513).fill(1);
      await tiles.save({ ...extend(EMPTY_EDGE, leaves), tiles: [] }, leaves);
    },
  })) {
    it(`fills a derived database anew that ${what}`, async () => {
      await commit(900);
      await spoil();
      await integrator.start();
      await expectPublished(900);
      expect(await tiles.size()).to.equal(900);
    });
  }

  it("reads no tile of a tree that was thrown away, however late its last reader is", async () => {
    await commit(900);
    const leaves = new Uint8Array(32 * 512).fill(1);
    await tiles.save(extend(EMPTY_EDGE, leaves), leaves);
    const [isRead, late] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let holds = false;
    let reading: Promise<Uint8Array[]> | undefined;
    const rebuilt: Integrator = make(0, {
      ...tiles,
      tile: async (place) => {
        const tile = await tiles.tile(place);
        if (holds) {
          holds = false;
          isRead.resolve(undefined);
          await late.promise;
        }
        return tile;
      },
      // A reader has the tile from the disk before it goes, and puts it into the cache after.
      clear: async () => {
        holds = true;
        reading = rebuilt.tree().leafHashes(0, 1);
        await isRead.promise;
        await tiles.clear();
      },
    });
    await rebuilt.start();
    late.resolve(undefined);
    expect(await reading).to.deep.equal([leaves.slice(0, 32)]);
    const [payload] = await store.payloads(0, 1);
    expect(await rebuilt.tree().leafHashes(0, 1)).to.deep.equal([leafHash(payload ?? new Uint8Array())]);
    await rebuilt.close();
  });

  it("says so when the records themselves contradict their head", async () => {
    await commit(10);
    const lying = {
      ...store,
      payloads: async (from: number, to: number) =>
        (await store.payloads(from, to)).map(() => Buffer.from("forged")),
    };
    const deceived = makeIntegrator({
      store: lying,
      tiles,
      signCheckpoint: sign,
      intervalMs: 0,
      clock: { now: () => now },
      onError: () => undefined,
    });
    let failure: unknown;
    await deceived.start().catch((error: unknown) => (failure = error));
    expect(failure).to.be.instanceOf(Error).with.property("message").that.contains("root");
    expect(deceived.checkpoint()).to.equal(undefined);
    await deceived.close();
  });

  it("goes on by itself after a failed write, whether that was kept or lost", async () => {
    for (const isKept of [true, false]) {
      await integrator.close();
      let failures = 1;
      integrator = make(0, {
        ...tiles,
        save: async (...saved) => {
          const fails = failures-- > 0;
          if (isKept || !fails) await tiles.save(...saved);
          if (fails) throw new Error("the disk failed");
        },
      });
      await integrator.start();
      const { size } = await store.head();
      await commit(700);
      await expectPublished(size + 700);
      expect(errors.map(String)).to.deep.equal(["Error: the disk failed"]);
      errors = [];
    }
  });
});

describe("server/integrate/derived", () => {
  it("forgets what belongs to another log", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "minhbach-derived-"));
    const key = Buffer.from("x");
    const first = await openDerived(folder, "1:0x00:1");
    await first.write([{ key, value: Buffer.from("of the first") }]);
    await first.close();
    const again = await openDerived(folder, "1:0x00:1");
    expect((await again.get(key))?.toString()).to.equal("of the first");
    await again.close();
    const other = await openDerived(folder, "1:0x00:2");
    expect(await other.get(key)).to.equal(undefined);
    await other.close();
    await rm(folder, { recursive: true });
  });
});
