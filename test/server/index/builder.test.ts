import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { entryCommitment, verifyIndexProof } from "../../../protocol/index-tree.ts";
import { rootHash } from "../../../protocol/merkle.ts";
import { IndexDamaged, loadIndex, type IndexBuilder } from "../../../server/index/builder.ts";
import { type IndexBatch, type IndexDatabase, openIndexDatabase } from "../../../server/index/database.ts";
import { Blindings } from "../../../server/index/entries.ts";
import { Slots } from "../../../server/index/slots.ts";
import { type Turns, turnsOf } from "../../../server/index/turns.ts";
import {
  batchOf,
  blindingOf,
  commitmentOf,
  type MadeEvent,
  madeEvent,
  type MadeKey,
  madeKey,
  naiveRoot,
  postingsOf,
  SECRET,
  similarKeys,
} from "./naive-index.ts";

const IDENTITY = "31337:0xabab:1 00";
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

describe("server/index/builder", () => {
  let folder: string;
  let db: IndexDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-index-"));
    db = await openIndexDatabase(path.join(folder, "index"), IDENTITY);
  });

  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  async function reopen(identity = IDENTITY): Promise<void> {
    await db.close();
    db = await openIndexDatabase(path.join(folder, "index"), identity);
  }

  /** A builder that knows these keys, on what the database holds. */
  async function load(
    keys: readonly MadeKey[],
    {
      limit = NO_LIMIT,
      turns = turnsOf(2),
      on = db,
    }: { limit?: number; turns?: Turns; on?: IndexDatabase } = {},
  ): Promise<IndexBuilder> {
    const slots = new Slots();
    for (const { tag, key } of keys) slots.add(tag, key);
    return await loadIndex({ db: on, slots, blindings: new Blindings(SECRET), turns }, limit);
  }

  /** Everything that can be asked about a version, compared with the definition. */
  function expectVersion(
    builder: IndexBuilder,
    events: readonly MadeEvent[],
    size: number,
    keys: readonly MadeKey[],
  ) {
    const root = naiveRoot(events, size);
    for (const made of keys) {
      const answer = builder.tree.prove(made.key, size);
      if (answer === undefined) throw new Error(`the version of ${size} is not held`);
      const postings = postingsOf(events, size, made);
      const shown = verifyIndexProof(root, made.key, answer.proof);
      if (postings.length === 0) {
        expect(shown).to.deep.equal({ present: false });
        expect(answer.count).to.equal(undefined);
        continue;
      }
      const commitment = entryCommitment({
        count: answer.count ?? 0,
        treeRoot: rootHash(postings.map(({ leafHash }) => leafHash)),
        blinding: blindingOf(made.key, answer.count ?? 0),
      });
      expect(answer.count).to.equal(postings.length);
      expect(shown).to.deep.equal({ present: true, commitment });
    }
  }

  it("proves every key of random histories under the root of the definition, in every version kept", async () => {
    const histories = fc.record({
      events: fc.array(fc.array(fc.nat(24), { maxLength: 5 }), { minLength: 1, maxLength: 60 }),
      cuts: fc.array(fc.nat(60), { maxLength: 8 }),
      kept: fc.array(fc.nat(8), { maxLength: 3 }),
    });
    const people = Array.from({ length: 12 }, (_, n) => madeKey(n));
    const all = [...people, ...similarKeys(13, 240)];
    await fc.assert(
      fc.asyncProperty(histories, async ({ events: lists, cuts, kept }) => {
        await db.clear();
        const builder = await load(all);
        const events = lists.map((list, n) =>
          madeEvent(
            n,
            list.flatMap((at) => all[at] ?? []),
          ),
        );
        const sizes = [...new Set([...cuts.map((cut) => cut % events.length), events.length])]
          .filter((size) => size > 0)
          .sort((a, b) => a - b);
        let from = 0;
        const held = new Set<number>();
        for (const [version, size] of sizes.entries()) {
          await builder.extend(batchOf(events, from, size));
          expect(builder.progress).to.deep.equal({ size, root: naiveRoot(events, size) });
          from = size;
          if (kept.includes(version)) held.add(size);
          builder.tree.keep(held);
          for (const each of new Set([...held, size])) expectVersion(builder, events, each, all);
        }
        for (const made of all) {
          const slot = builder.tree.slotOf(made.key);
          const postings = postingsOf(events, events.length, made);
          expect(slot === undefined).to.equal(postings.length === 0);
          if (slot === undefined) continue;
          expect(await db.postings(slot, 0, NO_LIMIT)).to.deep.equal(postings);
          expect(await db.postings(slot, 1, 3)).to.deep.equal(postings.slice(1, 3));
        }
        // Nothing but the newest version is left: a node that was not freed, or freed too early, shows.
        builder.tree.keep(new Set());
        expect(builder.tree.nodesUsed).to.equal(Math.max(0, 2 * builder.keys - 1));
        expectVersion(builder, events, events.length, all);
        const again = await load(all);
        expect(again.progress).to.deep.equal(builder.progress);
        expect(again.keys).to.equal(builder.keys);
        expectVersion(again, events, events.length, all);
      }),
      { numRuns: 40 },
    );
  });

  it("answers from kept versions whatever is being built", async () => {
    const keys = Array.from({ length: 60 }, (_, n) => madeKey(n));
    const events = Array.from({ length: 400 }, (_, n) =>
      madeEvent(
        n,
        [n * 7, n * 13, n].flatMap((at) => keys[at % keys.length] ?? []),
      ),
    );
    let checks = 0;
    let size = 0;
    const builders: IndexBuilder[] = [];
    // Every piece of building is over at once, and between two pieces everything is asked.
    const turns = {
      isOver: () => true,
      next: () => {
        const [builder] = builders;
        if (builder !== undefined && checks++ % 20 === 0) {
          expectVersion(builder, events, size, keys.slice(checks % 50, (checks % 50) + 3));
        }
        return Promise.resolve();
      },
    };
    const builder = await load(keys, { turns });
    builders.push(builder);
    for (let to = 100; to <= 400; to += 100) {
      await builder.extend(batchOf(events, size, to));
      size = to;
      builder.tree.keep(new Set([to - 100]));
      expect(builder.tree.sizes).to.deep.equal([to - 100, to]);
    }
    expect(checks).to.be.greaterThan(100);
  });

  it("keeps hundreds of postings of one key, and reads any part of them", async () => {
    const [key, other] = [madeKey(1), madeKey(2, 3)];
    const events = Array.from({ length: 700 }, (_, n) =>
      madeEvent(n, n % 3 === 0 ? [other, key, key] : [key]),
    );
    const builder = await load([key, other]);
    for (const [from, to] of [
      [0, 1],
      [1, 300],
      [300, 700],
    ] as const) {
      await builder.extend(batchOf(events, from, to));
    }
    for (const made of [key, other]) {
      const slot = builder.tree.slotOf(made.key) ?? -1;
      const all = postingsOf(events, 700, made);
      for (const [from, to] of [
        [0, 700],
        [0, 1],
        [1, 2],
        [128, 130],
        [200, 231],
        [230, 9999],
        [699, 700],
        [700, 800],
        [5, 5],
      ] as const) {
        expect(await db.postings(slot, from, to), `${from}..${to}`).to.deep.equal(all.slice(from, to));
      }
    }
  });

  it("names the tags that have no key, each once with its first event", async () => {
    const [known, one, two] = [madeKey(1), madeKey(2), madeKey(3)];
    const events = [[known], [known, one, one], [], [two, one]].map((keys, n) => madeEvent(n, keys));
    const builder = await load([known]);
    await builder.extend(batchOf(events, 0, 1));
    const unknown = builder.unknownTags(batchOf(events, 1, 4));
    expect(unknown.map(({ tag, index }) => [Buffer.from(tag), index])).to.deep.equal([
      [Buffer.from(one.tag), 1],
      [Buffer.from(two.tag), 3],
    ]);
  });

  it("takes the first of two keys that the store has for a tag", async () => {
    const [one, two] = [madeKey(1), madeKey(2)];
    const events = [madeEvent(0, [one, two])];
    const builder = await load([one, { tag: one.tag, key: madeKey(9).key }, two]);
    await builder.extend(batchOf(events, 0, 1));
    expect(builder.progress.root).to.deep.equal(naiveRoot(events, 1));
  });

  it("stops before a second tag's list replaces that of the same key", async () => {
    const one = madeKey(1);
    const second = { tag: madeKey(2).tag, key: one.key };
    const events = [madeEvent(0, [one]), madeEvent(1, [second])];
    const builder = await load([one, second]);
    await builder.extend(batchOf(events, 0, 1));
    const outcome = await builder.extend(batchOf(events, 1, 2)).catch((error: unknown) => error);
    expect(outcome).to.have.property("message").that.contains("restore the first PEPPER");
    expectVersion(builder, events, 1, [one]);
    expect((await load([one, second])).progress.size).to.equal(1);
  });

  const KEYS = Array.from({ length: 9 }, (_, n) => madeKey(n));
  const EVENTS = Array.from({ length: 30 }, (_, n) =>
    madeEvent(
      n,
      [n, n * n].flatMap((at) => KEYS[at % KEYS.length] ?? []),
    ),
  );

  /** Builds version after version, with a new builder whenever one fails, as the stage does. */
  async function buildAll(on: IndexDatabase): Promise<IndexBuilder> {
    let builder = await load(KEYS, { on });
    for (let failures = 0; builder.progress.size < EVENTS.length;) {
      const { size } = builder.progress;
      try {
        await builder.extend(batchOf(EVENTS, size, size + 5));
        expect(builder.progress.root).to.deep.equal(naiveRoot(EVENTS, size + 5));
      } catch (error) {
        if (++failures > 10) throw error;
        builder = await load(KEYS, { on });
      }
    }
    return builder;
  }

  for (const outcome of ["kept", "lost"] as const) {
    it(`makes the same roots when any one of its writes fails, ${outcome} or not`, async () => {
      for (let failing = 0; failing < EVENTS.length / 5; failing++) {
        await db.clear();
        const builder = await buildAll(failingDatabase(db, failing, outcome));
        expectVersion(builder, EVENTS, EVENTS.length, KEYS);
        const slot = builder.tree.slotOf(KEYS[0]?.key ?? new Uint8Array(32)) ?? -1;
        expect(await db.postings(slot, 0, 99)).to.deep.equal(postingsOf(EVENTS, 30, KEYS[0] ?? madeKey(0)));
      }
    });
  }

  it("goes on after a restart, and builds everything again when the database is ahead of the records", async () => {
    await buildAll(db);
    await reopen();
    expect((await load(KEYS, { limit: 30 })).progress).to.deep.equal({
      size: 30,
      root: naiveRoot(EVENTS, 30),
    });
    expect((await load(KEYS, { limit: 29 })).progress.size).to.equal(0);
    expect((await load(KEYS, { limit: 30 })).progress.size).to.equal(0);
    expect((await buildAll(db)).progress.root).to.deep.equal(naiveRoot(EVENTS, 30));
  });

  it("builds everything again when the database is another log's, of another VRF key, or damaged", async () => {
    await buildAll(db);
    await reopen("31337:0xabab:2 00");
    expect(await db.progress()).to.equal(undefined);
    await reopen();
    await buildAll(db);
    await db.close();
    const files = await readdir(path.join(folder, "index"));
    for (const file of files.filter((name) => /^(MANIFEST|.*\.ldb)/.test(name))) {
      await writeFile(path.join(folder, "index", file), "not what it was");
    }
    db = await openIndexDatabase(path.join(folder, "index"), IDENTITY);
    expect((await buildAll(db)).progress.root).to.deep.equal(naiveRoot(EVENTS, 30));
  });

  it("builds everything again when an entry is not what the root says", async () => {
    await buildAll(db);
    const damage = db.batch();
    damage.putEntry(3, 1, commitmentOf(madeKey(3), []), new Uint8Array(32));
    await damage.write({ size: 30, root: naiveRoot(EVENTS, 30) });
    expect((await load(KEYS)).progress.size).to.equal(0);
    expect((await buildAll(db)).progress.root).to.deep.equal(naiveRoot(EVENTS, 30));
  });

  it("refuses to go on from an entry that changed under it", async () => {
    const builder = await load(KEYS);
    await builder.extend(batchOf(EVENTS, 0, 10));
    const damage = db.batch();
    for (let slot = 0; slot < KEYS.length; slot++)
      damage.putEntry(slot, 77, new Uint8Array(32), new Uint8Array(32));
    await damage.write(builder.progress);
    const failed = await builder.extend(batchOf(EVENTS, 10, 20)).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(IndexDamaged);
  });

  it("starts from a copy of the database taken at any time", async () => {
    const builder = await load(KEYS);
    await builder.extend(batchOf(EVENTS, 0, 10));
    await db.close();
    await cp(path.join(folder, "index"), path.join(folder, "copy"), { recursive: true });
    db = await openIndexDatabase(path.join(folder, "copy"), IDENTITY);
    expect((await load(KEYS)).progress).to.deep.equal({ size: 10, root: naiveRoot(EVENTS, 10) });
  });
});

/** The database, but the write of this number (from 0) reports failure, having reached the disk or not. */
function failingDatabase(db: IndexDatabase, failing: number, outcome: "kept" | "lost"): IndexDatabase {
  let writes = 0;
  return {
    ...db,
    batch: (): IndexBatch => {
      const batch = db.batch();
      return {
        ...batch,
        write: async (progress) => {
          const fails = writes++ === failing;
          if (!fails || outcome === "kept") await batch.write(progress);
          if (fails) throw new Error("fails on purpose");
        },
      };
    },
  };
}
