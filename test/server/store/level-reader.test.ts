import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Level } from "level";
import { parseSource } from "../../../protocol/source.ts";
import { levelReader, type Database } from "../../../server/store/level-reader.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { StoreReader } from "../../../server/store/store.ts";
import { EMPTY, groupAfter, madeSubmission } from "./groups.ts";

describe("store: LevelDB's reader", () => {
  const first = groupAfter(EMPTY, [madeSubmission("qn-police/r1", 1, 70, 0)]);
  const second = groupAfter(first.head, [
    madeSubmission("qn-police/r1", 71, 3, 70),
    madeSubmission("qn-tax/r1", 1, 1, 73),
  ]);
  let folder: string;
  let databases: { log: Database; register: Database };
  let reader: StoreReader;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-store-"));
    const store = await openLevelStore({ path: folder });
    await store.commit(first, 0);
    await store.commit(second, first.head.size);
    await store.close();
    const open = (name: string): Database =>
      new Level<Buffer, Buffer>(path.join(folder, name), { keyEncoding: "buffer", valueEncoding: "buffer" });
    databases = { log: open("log"), register: open("register") };
    await Promise.all([databases.log.open(), databases.register.open()]);
    reader = levelReader({
      databases: async () => await Promise.resolve(databases),
      ...{ head: () => first.head, checkpoint: () => undefined },
    });
  });

  afterEach(async () => {
    await Promise.all([databases.log.close(), databases.register.close()]);
    await rm(folder, { recursive: true });
  });

  it("shows nothing of a group beyond its head, though the disk has it already", async () => {
    expect(await reader.payloads(0, 100)).to.have.length(70);
    expect(await reader.payloads(70, 74)).to.deep.equal([]);
    expect((await reader.submissionOfIndex(69))?.first).to.equal(1);
    expect(await reader.submissionOfIndex(70)).to.equal(undefined);
    expect(await reader.submissionHolding(parseSource("qn-police/r1"), 71)).to.equal(undefined);
    expect(await reader.disclosures(69)).to.be.a("string");
    expect(await reader.disclosures(70)).to.equal(undefined);
    expect(await reader.eventKey(73)).to.equal(undefined);
  });
});
