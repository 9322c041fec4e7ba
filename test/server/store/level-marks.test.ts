import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Level } from "level";
import { TAG_BYTES, TAG_KINDS } from "../../../protocol/tag-kinds.ts";
import { MIGRATIONS } from "../../../server/store/level-format.ts";
import { registerKey } from "../../../server/store/level-keys.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import { u64 } from "../../../server/store/rows.ts";
import type { Store } from "../../../server/store/store.ts";

/** Every row of a store as a ledger of format 2 wrote it: hexadecimal key, base64 value. */
type Dump = Readonly<Record<"log" | "register", readonly (readonly [string, string])[]>>;

const DUMP = new URL("dumps/format-2.json", import.meta.url);

/** What the events of the dump are marked with, by their indexes. */
const MARKS: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [TAG_KINDS.mandateAct]],
  [2, [TAG_KINDS.consentAct]],
  [3, [TAG_KINDS.complaintAct]],
  [4, [TAG_KINDS.inspectionAct]],
  [5, [TAG_KINDS.sealAct]],
  [6, [TAG_KINDS.sealAct]],
  [7, [TAG_KINDS.erasureAct]],
  [8, [TAG_KINDS.emergency]],
  [10, [TAG_KINDS.catalogueAct]],
  // Erased: a revoked mandate, a withdrawn consent, an access to two people's data that may have been a mandate.
  [12, [TAG_KINDS.mandateAct]],
  [13, [TAG_KINDS.consentAct]],
  [14, [TAG_KINDS.mandateAct]],
  [18, [TAG_KINDS.mandateAct]],
]);
const EVENTS = 20;

describe("server/store/level-marks", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-marks-"));
    const dump = JSON.parse(await readFile(DUMP, "utf8")) as Dump;
    for (const name of ["log", "register"] as const) {
      await inDatabase(name, async (db) => {
        const rows = dump[name].map(([key, value]) => ({
          type: "put" as const,
          key: Buffer.from(key, "hex"),
          value: Buffer.from(value, "base64"),
        }));
        await db.batch(rows);
      });
    }
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function inDatabase(
    name: "log" | "register",
    act: (db: Level<Buffer, Buffer>) => Promise<void>,
  ): Promise<void> {
    const options = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;
    const db = new Level<Buffer, Buffer>(path.join(folder, name), options);
    await db.open();
    await act(db);
    await db.close();
  }

  async function reading<T>(act: (store: Store) => Promise<T>, migrations = MIGRATIONS): Promise<T> {
    const store = await openLevelStore({ path: folder, minFreeBytes: 0, migrations });
    try {
      return await act(store);
    } finally {
      await store.close();
    }
  }

  const everything = async (store: Store): Promise<unknown> => ({
    tags: (await store.indexTags(0, EVENTS)).map((tags) => Buffer.from(tags).toString("hex")),
    events: (await store.events(Array.from({ length: EVENTS }, (_, index) => index))).map(
      (event) => event?.disclosures,
    ),
  });

  it("marks the events of a store of format 2, also the erased ones that may have been a mandate or a consent", async () => {
    const before = await reading(
      async (store) => await store.events(Array.from({ length: EVENTS }, (_, index) => index)),
      MIGRATIONS.slice(0, 1),
    );
    const after = await reading(
      async (store) => await store.events(Array.from({ length: EVENTS }, (_, index) => index)),
    );
    expect(after).to.have.length(EVENTS);
    for (const [index, event] of after.entries()) {
      const [old, now] = [before[index]?.tags ?? new Uint8Array(), event?.tags ?? new Uint8Array()];
      expect(Buffer.from(now.subarray(0, old.length))).to.deep.equal(Buffer.from(old));
      const added = (MARKS.get(index) ?? []).map((kind) => Buffer.concat([Buffer.of(kind)], TAG_BYTES));
      expect(Buffer.from(now.subarray(old.length)), `event ${index}`).to.deep.equal(Buffer.concat(added));
      expect({ ...event, tags: null }).to.deep.equal({ ...before[index], tags: null });
      expect(event?.disclosures === undefined).to.equal(index >= 12 && index <= 15);
    }
  });

  it("goes on where it was cut off, and marks nothing twice", async () => {
    const whole = await reading(everything);
    for (const from of [0, 5]) {
      await inDatabase("register", async (db) => {
        await db.put(registerKey("format"), Buffer.from("2"));
        await db.put(registerKey("migrated"), u64(from));
      });
      expect(await reading(everything)).to.deep.equal(whole);
    }
    await inDatabase("register", async (db) => {
      expect(await db.get(registerKey("migrated"))).to.equal(undefined);
      expect(String(await db.get(registerKey("format")))).to.equal("3");
    });
  });

  it("opens nothing that it went through before", async () => {
    await inDatabase("register", async (db) => {
      await db.put(registerKey("migrated"), u64(16));
    });
    const kinds = (await reading(async (store) => await store.indexTags(0, EVENTS))).map((tags) =>
      Array.from({ length: tags.length / TAG_BYTES }, (_, n) => tags[n * TAG_BYTES]),
    );
    expect(kinds[1]).to.not.include(TAG_KINDS.mandateAct);
    expect(kinds[18]).to.include(TAG_KINDS.mandateAct);
  });

  it("opens records with a damaged event all the same", async () => {
    await inDatabase("log", async (db) => {
      const [key] = (await db.keys().all()).filter((each) => each.toString("latin1").endsWith("d"));
      const row = key && (await db.get(key));
      if (key === undefined || row === undefined) throw new Error("no row");
      row.writeUInt8(row.readUInt8(40) ^ 1, 40);
      await db.put(key, row);
    });
    const tags = await reading(async (store) => await store.indexTags(0, EVENTS));
    expect(tags[1]?.at(-TAG_BYTES)).to.equal(TAG_KINDS.mandateAct);
  });
});
