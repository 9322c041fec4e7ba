import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { Level } from "level";
import { FormatError } from "../../../protocol/errors.ts";
import { parseSource } from "../../../protocol/source.ts";
import { StoreConflict } from "../../../server/errors.ts";
import { bundleEntries } from "../../../server/store/bundle.ts";
import { type Migration, MIGRATIONS } from "../../../server/store/level-format.ts";
import { logKey } from "../../../server/store/level-keys.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { anchor, durableHead, rejection, storeConformance } from "./conformance.ts";
import { bundle, EMPTY, groupAfter, madeSubmission, type MadeSubmission } from "./groups.ts";

storeConformance("LevelDB", async () => {
  const folder = await newFolder();
  return {
    open: async () => await openLevelStore({ path: folder, onListenerError: () => undefined }),
    destroy: async () => await rm(folder, { recursive: true }),
  };
});

describe("store: LevelDB's own", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await newFolder();
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("refuses to commit on a disk that is nearly full, and goes on reading", async () => {
    const store = await openLevelStore({ path: folder, minFreeBytes: Number.MAX_SAFE_INTEGER });
    const group = groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 1, 0)]);
    expect(await rejection(store.commit(group, 0))).to.have.property("code", "disk-full");
    expect(await durableHead(store)).to.deep.equal(EMPTY);
    await store.close();
  });

  it("goes on after LevelDB failed in the middle of a write", async () => {
    // 1 MiB a file: about every seventh commit tears LevelDB's log.
    const script = fileURLToPath(new URL("fill-disk.ts", import.meta.url));
    const command = 'ulimit -f 2048; exec "$0" "$1" "$2"';
    const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, folder]);
    const { codes, size } = JSON.parse(stdout) as { codes: string[]; size: number };
    // Without opening it again, every write after the first failure fails too.
    expect(codes).to.have.length.within(1, 3);
    expect(new Set(codes)).to.deep.equal(new Set(["disk-full"]));
    expect(size).to.equal((12 - codes.length) * 1000);
    const store = await openLevelStore({ path: folder });
    expect((await store.head()).size).to.equal(size);
    expect(await store.payloads(0, size + 1)).to.have.length(size);
    await store.close();
  });

  it("refuses a stale group although the write that made it stale was reported as failed", async () => {
    const store = await openLevelStore({ path: folder });
    const commit = async (source: string): Promise<unknown> =>
      await store.commit(groupAfter(EMPTY, [madeSubmission(source, 1, 1, 0)]), 0);
    await keptButFailing(async () => {
      expect(await rejection(commit("qn-police/r1"))).to.have.property("code", "store-unavailable");
    });
    expect(await rejection(commit("qn-tax/r1"))).to.be.instanceOf(StoreConflict);
    expect((await store.submissionOfIndex(0))?.source).to.equal("qn-police/r1");
    await store.close();
  });

  it("reads again from the log what a crash took from the register", async () => {
    const name = new Uint8Array(32).fill(7);
    const early = madeSubmission("qn-police/r1", 1, 2, 0);
    const later = [madeSubmission("qn-police/r1", 3, 130, 2), madeSubmission("qn-tax/r1", 1, 1, 132)];
    const withAttachment = {
      ...madeSubmission("minhbach/ledger", 1, 1, 133),
      attachment: { name, body: name },
    };
    const store = await openLevelStore({ path: folder });
    await store.commit(groupAfter(EMPTY, [early]), 0);
    await store.close();
    await cp(path.join(folder, "register"), path.join(folder, "old"), { recursive: true });
    const again = await openLevelStore({ path: folder });
    await again.commit(groupAfter(await again.head(), [...later, withAttachment]), 2);
    const states = await again.sources({ limit: 10 });
    await again.close();

    await replaceFolder(path.join(folder, "register"), path.join(folder, "old"));
    const recovered = await openLevelStore({ path: folder });
    expect(await recovered.sources({ limit: 10 })).to.deep.equal(states);
    expect((await recovered.submissionHolding(early.source, 132))?.index).to.equal(2);
    expect((await recovered.submissionHolding(early.source, 2))?.index).to.equal(0);
    expect(await recovered.attachmentIndex(name)).to.equal(133);
    expect((await (await recovered.snapshot()).head()).size).to.equal(134);
    await recovered.close();
  });

  it("refuses a log that is older than its register", async () => {
    const store = await openLevelStore({ path: folder });
    await store.commit(groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 2, 0)]), 0);
    await store.close();
    await rm(path.join(folder, "log"), { recursive: true });
    const refused = await rejection(openLevelStore({ path: folder }));
    expect(refused).to.have.property("code", "store-unavailable");
    expect(refused).to.have.property("message").that.contains("different times");
  });

  it("takes a damaged row for damage, not for a mistake of whoever asks", async () => {
    const store = await openLevelStore({ path: folder });
    await store.commit(groupAfter(EMPTY, [madeSubmission(parseSource("a/r"), 1, 1, 0)]), 0);
    await store.close();
    const log = new Level<Buffer, Buffer>(path.join(folder, "log"), {
      keyEncoding: "buffer",
      valueEncoding: "buffer",
    });
    await log.put(logKey(0, "submission"), Buffer.from("NO SOURCE\n1\n1\n0\n1\njws\nreceipt"));
    await log.close();
    const damaged = await openLevelStore({ path: folder });
    const failure = await rejection(damaged.submissionOfIndex(0));
    expect(failure).to.be.instanceOf(Error).and.not.instanceOf(FormatError);
    expect(failure).to.have.property("message").that.contains("damaged");
    await damaged.close();
  });

  it("leaves not a byte of an erased event in any file, wherever LevelDB had it", async () => {
    const filler = (store: Store) => async (): Promise<void> => {
      const { size } = await store.head();
      const next = (await store.source(parseSource("qn-tax/r1")))?.next ?? 1;
      await store.commit(groupAfter(await store.head(), [bulky("qn-tax/r1", next, size)]), size);
    };
    const made = madeSubmission("qn-police/r1", 1, 40, 0);
    const later = madeSubmission("qn-police/r1", 41, 3, 40);
    // Where the events lie when they are erased: in memory; in memory of an earlier run; in a table; below other tables.
    const ways: ((store: Store, again: () => Promise<Store>) => Promise<Store>)[] = [
      async (store) => await Promise.resolve(store),
      async (_store, again) => await again(),
      async (store, again) => {
        for (let n = 0; n < 5; n++) await filler(store)();
        return await again();
      },
      async (store, again) => {
        let open = store;
        for (let n = 0; n < 12; n++) {
          await filler(open)();
          if (n % 3 === 0) open = await again();
        }
        return open;
      },
    ];
    for (const [way, prepare] of ways.entries()) {
      const place = path.join(folder, String(way));
      let store = await openLevelStore({ path: place });
      await store.commit(groupAfter(EMPTY, [made, later]), 0);
      store = await prepare(store, async () => {
        await store.close();
        return (store = await openLevelStore({ path: place }));
      });
      const secrets = [5, 17, 41].map((index) => secretsOf([made, later], index));
      for (const needle of secrets.flat()) expect(await isIn(place, needle), `${way} before`).to.equal(true);
      const snapshot = await store.snapshot();
      expect(await snapshot.disclosures(5)).to.be.a("string");
      const erasing = store.eraseKeys([5, 17, 41]);
      expect(await store.disclosures(6)).to.be.a("string");
      await snapshot.close();
      await erasing;
      for (const needle of secrets.flat()) expect(await isIn(place, needle), `${way}`).to.equal(false);
      for (const needle of secretsOf([made, later], 6)) expect(await isIn(place, needle)).to.equal(true);
      await filler(store)();
      await store.close();
      for (const needle of secrets.flat()) expect(await isIn(place, needle), `${way} later`).to.equal(false);
    }
  });

  it("waits for the snapshots that show what is erased", async () => {
    const store = await openLevelStore({ path: folder });
    await store.commit(groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 2, 0)]), 0);
    const snapshot = await store.snapshot();
    let isErased = false;
    const erasing = store.eraseKeys([0]).then(() => (isErased = true));
    while ((await store.disclosures(0)) !== undefined) await new Promise(setImmediate);
    expect(await snapshot.disclosures(0)).to.be.a("string");
    expect(isErased).to.equal(false);
    await snapshot.close();
    await erasing;
    await store.close();
  });

  it("destroys what a killed process only ordered to be destroyed, when it is asked again", async () => {
    const made = madeSubmission("qn-police/r1", 1, 40, 0);
    const needles = secretsOf([made], 7);
    let store = await openLevelStore({ path: folder });
    await store.commit(groupAfter(EMPTY, [made]), 0);
    // The snapshot holds the erasure up after its rows are written: the copy is what a kill would leave.
    const snapshot = await store.snapshot();
    const erasing = store.eraseKeys([7]);
    while ((await store.disclosures(7)) !== undefined) await new Promise(setImmediate);
    const copy = path.join(folder, "copy");
    await mkdir(copy);
    for (const name of ["log", "register"])
      await cp(path.join(folder, name), path.join(copy, name), { recursive: true });
    await snapshot.close();
    await erasing;
    await store.close();
    await rm(path.join(copy, "log", "LOCK"));
    for (const needle of needles) expect(await isIn(copy, needle)).to.equal(true);
    store = await openLevelStore({ path: copy });
    expect(await store.disclosures(7)).to.equal(undefined);
    await store.eraseKeys([7]);
    for (const needle of needles) expect(await isIn(copy, needle)).to.equal(false);
    await store.close();
  });

  it("is held by one process at a time", async () => {
    const store = await openLevelStore({ path: folder });
    expect(await rejection(openLevelStore({ path: folder }))).to.have.property("code", "store-unavailable");
    await store.close();
  });

  it("migrates an older format step by step, once, and refuses a newer one", async () => {
    const ran: number[] = [];
    const steps = Array.from(
      { length: MIGRATIONS.length + 1 },
      (_, step): Migration =>
        async () =>
          void ran.push(step),
    );
    await (await openLevelStore({ path: folder, migrations: [] })).close();
    await (await openLevelStore({ path: folder, migrations: steps.slice(0, 1) })).close();
    await (await openLevelStore({ path: folder, migrations: steps })).close();
    await (await openLevelStore({ path: folder, migrations: steps })).close();
    expect(ran).to.deep.equal([...steps.keys()]);
    const refused = await rejection(openLevelStore({ path: folder }));
    expect(refused).to.have.property("code", "store-unavailable");
    expect(refused).to.have.property("message").that.contains("newer version");
  });

  it("finds the anchors of a store of format 1 by their numbers", async () => {
    const store = await openLevelStore({ path: folder, migrations: [] });
    const anchors = [anchor(0, 5, 0), anchor(1, 5, 5), anchor(2, 9, 5)];
    for (const each of anchors) await store.recordAnchor(each);
    await store.close();
    // What format 1 did not have.
    const register = new Level<Buffer, Buffer>(path.join(folder, "register"), { keyEncoding: "buffer" });
    await register.clear({ gte: Buffer.from("e"), lt: Buffer.from("f") });
    await register.close();
    const migrated = await openLevelStore({ path: folder });
    expect(await migrated.anchorsFrom({ from: 1, limit: 9 })).to.deep.equal(anchors.slice(1));
    await migrated.close();
  });
});

/** While `act` runs, every batch reaches the disk and reports failure all the same. */
async function keptButFailing(act: () => Promise<void>): Promise<void> {
  const probe = new Level(await newFolder());
  await probe.open();
  const batch: unknown = Object.getPrototypeOf(Object.getPrototypeOf(probe.batch()));
  await probe.close();
  await rm(probe.location, { recursive: true });
  if (typeof batch !== "object" || batch === null) throw new TypeError("no batch to spoil");
  const write: unknown = Reflect.get(batch, "write");
  if (typeof write !== "function") throw new TypeError("no write to spoil");
  const failing = async function (this: unknown, ...options: unknown[]): Promise<void> {
    await Reflect.apply(write, this, options);
    throw new Error("fails on purpose");
  };
  Reflect.set(batch, "write", failing);
  try {
    await act();
  } finally {
    Reflect.set(batch, "write", write);
  }
}

/** A megabyte of events. */
function bulky(source: string, first: number, index: number): MadeSubmission {
  const made = madeSubmission(source, first, 100, index);
  return { ...made, sealed: bundle(Array.from({ length: 100 }, () => randomBytes(10_000))) };
}

/** The event's key, and a piece of its sealed disclosures. */
function secretsOf(made: readonly MadeSubmission[], index: number): Buffer[] {
  const submission = made.find((each) => index >= each.index && index < each.index + each.count);
  if (submission === undefined) throw new RangeError(`no event ${index}`);
  const at = index - submission.index;
  const [sealed] = bundleEntries(submission.sealed, at, at + 1);
  return [Buffer.from(submission.secrets[at] ?? []), Buffer.from(sealed ?? []).subarray(0, 20)];
}

async function isIn(place: string, needle: Buffer): Promise<boolean> {
  const files = await readdir(place, { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (file.isFile() && (await readFile(path.join(file.parentPath, file.name))).includes(needle))
      return true;
  }
  return false;
}

async function replaceFolder(folder: string, by: string): Promise<void> {
  await rm(folder, { recursive: true });
  await rename(by, folder);
}

async function newFolder(): Promise<string> {
  return await mkdtemp(path.join(tmpdir(), "minhbach-store-"));
}
