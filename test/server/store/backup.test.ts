import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { frameWriter } from "../../../server/store/backup-frames.ts";
import { backupOf } from "../../../server/store/backup.ts";
import { backupOrigin, checkBackup, type OpenFile } from "../../../server/store/backup-reading.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { originOf } from "../../../server/store/transfer-parts.ts";
import { transferRecords } from "../../../server/store/transfer.ts";
import { rejection } from "./conformance.ts";
import {
  addEvents,
  ATTACHMENT_TEXT,
  FACET_VALUES,
  fillRichly,
  LOG_NAME,
  type MadeKeys,
} from "./rich-records.ts";

const TIME = 1_795_000_000;

describe("server/store/backup", function () {
  this.timeout(600_000);
  let folder: string;
  let store: Store;
  let keysOf: MadeKeys;
  let size: number;
  let places = 0;
  const opened: Store[] = [];

  async function newStore(): Promise<Store> {
    const made = await openLevelStore({ path: path.join(folder, `${++places}`), minFreeBytes: 0 });
    opened.push(made);
    return made;
  }

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-backup-"));
    store = await newStore();
    keysOf = await fillRichly(store);
    ({ size } = await store.head());
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await rm(folder, { recursive: true });
  });

  /** Both files of a backup of the store as it is now. */
  async function taken(from = store): Promise<{ backup: Buffer; keys: Buffer }> {
    const snapshot = await from.snapshot();
    const parts: Record<"backup" | "keys", Buffer[]> = { backup: [], keys: [] };
    const about = { log: LOG_NAME, time: TIME, withKeys: true };
    for await (const { file, bytes } of backupOf(await originOf(snapshot), about)) parts[file].push(bytes);
    await snapshot.close();
    return { backup: Buffer.concat(parts.backup), keys: Buffer.concat(parts.keys) };
  }

  async function restored(backup: Buffer, keys?: Buffer): Promise<Store> {
    const target = await newStore();
    await transferRecords(await backupOrigin(file(backup), keys && file(keys)), target);
    return target;
  }

  it("gives back everything with its keys, and says what it is of", async () => {
    const { backup, keys } = await taken();
    const { head, count } = await checkBackup(file(backup), file(keys));
    expect(head).to.include({ log: LOG_NAME, time: TIME, size });
    expect(count).to.deep.include({ events: size, submissions: 7, anchors: 3, attachments: 2, indexKeys: 5 });
    const copy = await restored(backup, keys);
    const indexes = Array.from({ length: size }, (_, index) => index);
    expect(await copy.events(indexes)).to.deep.equal(await store.events(indexes));
    expect(await copy.attachment(59)).to.deep.equal(await store.attachment(59));
    expect(await copy.head()).to.deep.equal(await store.head());
  });

  it("holds nothing that opens an event, and nothing that stands in one", async () => {
    const { backup, keys } = await taken();
    const [inBackup, inKeys] = [backup, keys].map((bytes) => bytes.toString("latin1"));
    expect(keysOf.size).to.equal(size - 4);
    for (const [index, key] of keysOf) {
      const text = Buffer.from(key);
      expect(inBackup?.includes(text.toString("latin1")), `key of ${index}`).to.equal(false);
      expect(inBackup?.includes(text.toString("hex")), `key of ${index}`).to.equal(false);
      expect(inBackup?.includes(text.toString("base64url")), `key of ${index}`).to.equal(false);
      expect(inKeys?.includes(text.toString("latin1")), `key of ${index}`).to.equal(true);
    }
    for (const value of [...FACET_VALUES, ATTACHMENT_TEXT]) {
      const plain = Buffer.from(value);
      for (const spelling of [value, plain.toString("hex"), ...base64Inside(plain)].filter(isTelling))
        expect(inBackup?.includes(spelling), value).to.equal(false);
    }
    const disclosures = (await store.disclosures(0)) ?? "";
    expect(disclosures).to.have.length.greaterThan(100);
    for (const disclosure of disclosures.split("~").slice(0, -1))
      expect(inBackup?.includes(disclosure)).to.equal(false);
  });

  it("without keys opens nothing, and proves what it proved", async () => {
    const { backup } = await taken();
    const copy = await restored(backup);
    expect(await copy.payloads(0, size)).to.deep.equal(await store.payloads(0, size));
    expect(await copy.submissionOfIndex(50)).to.deep.equal(await store.submissionOfIndex(50));
    for (const event of await copy.events([0, 5, 59])) expect(event?.disclosures).to.equal(undefined);
    expect(await copy.eventKey(0)).to.equal(undefined);
    expect(await copy.indexTags(0, size)).to.deep.equal(await store.indexTags(0, size));
  });

  it("keeps erased what was erased when the backup was taken, or the keys", async () => {
    const before = await taken();
    await store.eraseKeys([0, 59]);
    const after = await taken();
    for (const [backup, keys] of [
      [after.backup, before.keys],
      [before.backup, after.keys],
      [after.backup, after.keys],
    ] as const) {
      const copy = await restored(backup, keys);
      expect(await copy.disclosures(0)).to.equal(undefined);
      expect(await copy.eventKey(0)).to.equal(undefined);
      expect((await copy.sealedEvents(0, 1)).sealed).to.have.length(0);
      expect((await copy.keptAttachment(59))?.sealed).to.have.length(0);
      expect(await copy.attachmentIndex(new Uint8Array(32).fill(2))).to.equal(59);
      expect(await copy.disclosures(2)).to.be.a("string");
    }
    expect(await (await restored(before.backup, before.keys)).disclosures(0)).to.be.a("string");
  });

  it("takes the keys of a later day, and none that end before it does", async () => {
    const before = await taken();
    await addEvents(store, [{ source: "qn-police/r1", count: 2 }]);
    const after = await taken();
    expect(await (await restored(before.backup, after.keys)).disclosures(2)).to.be.a("string");
    const error = await rejection(checkBackup(file(after.backup), file(before.keys)));
    expect(error).to.include({ code: "wrong-keys" });
  });

  it("takes no keys of other records", async () => {
    const { backup } = await taken();
    const other = await newStore();
    await fillRichly(other);
    const { keys } = await taken(other);
    expect(await rejection(checkBackup(file(backup), file(keys)))).to.include({ code: "wrong-keys" });
  });

  it("refuses files that are cut off anywhere or altered anywhere", async () => {
    const { backup, keys } = await taken();
    const refused = async (bytes: Buffer, of: "backup" | "keys", what: string): Promise<void> => {
      const files = of === "backup" ? [file(bytes)] : [file(backup), file(bytes)];
      const [first, second] = files;
      if (first === undefined) throw new Error("no file");
      const error = await rejection(checkBackup(first, second));
      expect(error, what).to.have.property("code").which.is.oneOf(REFUSALS);
    };
    for (const [of, bytes] of [
      ["backup", backup],
      ["keys", keys],
    ] as const) {
      const step = Math.ceil(bytes.length / 60);
      for (let at = 0; at < bytes.length; at += step) {
        await refused(bytes.subarray(0, at), of, `${of} cut at ${at}`);
        const altered = Buffer.from(bytes);
        altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
        await refused(altered, of, `${of} altered at ${at}`);
      }
      await refused(bytes.subarray(0, -1), of, `${of} without its last byte`);
      await refused(Buffer.concat([bytes, Buffer.of(0)]), of, `${of} with a byte more`);
    }
  });

  it("refuses a newer format, and what is no backup", async () => {
    const { backup, keys } = await taken();
    const newer = Buffer.from(backup.toString("latin1").replace('"version":1', '"version":2'), "latin1");
    expect(await rejection(checkBackup(file(newer)))).to.include({ code: "newer-format" });
    expect(await rejection(checkBackup(file(keys)))).to.include({ code: "damaged" });
    expect(await rejection(checkBackup(file(Buffer.alloc(0))))).to.include({ code: "damaged" });
  });

  it("refuses records that contradict each other, though the file is whole", async () => {
    const origin = await originOf(store);
    const writer = frameWriter("minhbach-backup");
    const root = Buffer.alloc(32, 1).toString("base64url");
    const { size: events, commits } = origin.head;
    const head = { type: "minhbach-backup", version: 1, log: LOG_NAME, size: events, root, commits, time: 1 };
    const made = await taken();
    const at = made.backup.indexOf("b", made.backup.indexOf("}"));
    const headless = made.backup.subarray(at, made.backup.length - 37);
    const frames: Buffer[] = [writer.begin(head)];
    for (let from = 0; from < headless.length;) {
      const length = headless.readUInt32BE(from + 1);
      const kind = headless.toString("latin1", from, from + 1);
      const body = headless.subarray(from + 5, from + 5 + length);
      frames.push(
        kind === "E" ? writer.end(JSON.parse(body.toString()) as object) : writer.frame(kind, body),
      );
      from += 5 + length;
    }
    expect(await rejection(checkBackup(file(Buffer.concat(frames))))).to.include({ code: "inconsistent" });
  });

  it("is not made of damaged records", async () => {
    const { head, parts } = await originOf(store);
    const wrong = { head: { ...head, root: new Uint8Array(32) }, parts };
    const chunks = backupOf(wrong, { log: LOG_NAME, time: TIME, withKeys: false });
    const all = async (): Promise<void> => {
      for await (const { bytes } of chunks) expect(bytes).to.have.length.greaterThan(0);
    };
    expect(await rejection(all())).to.include({ code: "inconsistent" });
  });
});

const REFUSALS = ["damaged", "newer-format", "wrong-keys", "inconsistent"];

/** The bytes in pieces that are no frames. */
function file(bytes: Buffer): OpenFile {
  return async function* () {
    for (let at = 0; at < bytes.length; at += 7001)
      yield await Promise.resolve(bytes.subarray(at, at + 7001));
  };
}

/** What base64url of a text shows of it, wherever it begins in the whole. */
function base64Inside(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64url")
      .slice(shift === 0 ? 0 : 4, -4),
  );
}

/** Fewer characters stand in any noise. */
function isTelling(text: string): boolean {
  return text.length >= 6;
}
