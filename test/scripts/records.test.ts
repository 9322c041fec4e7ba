import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { openLevelStore } from "../../server/store/level-store.ts";
import { fillRichly } from "../server/store/rich-records.ts";

const SCRIPTS = path.resolve(import.meta.dirname, "../../scripts");

/** Runs one of the commands; resolves with its exit code and everything it said. */
async function run(script: string, ...args: readonly string[]): Promise<{ code: number; said: string }> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [path.join(SCRIPTS, script), ...args], (_, out, error) => {
      resolve({ code: child.exitCode ?? -1, said: out + error });
    });
  });
}

describe("scripts/copy, scripts/backup, scripts/restore, scripts/behind", function () {
  this.timeout(600_000);
  let folder: string;
  const at = (...names: string[]): string => path.join(folder, ...names);

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-records-"));
    const store = await openLevelStore({ path: at("ledger", "records"), minFreeBytes: 0 });
    await fillRichly(store);
    await store.close();
  });
  after(async () => await rm(folder, { recursive: true }));

  it("move the records of a ledger that is stopped, by a copy and by a backup", async () => {
    const copied = await run("copy.ts", "--from", at("ledger"), "--to", at("copy"));
    expect(copied, copied.said).to.include({ code: 0 });
    expect(copied.said).to.contain("holds the same as").and.contain("60 events (4 without a key)");
    const files = ["--out", at("backup"), "--with-keys", at("keys")];
    const taken = await run("backup.ts", "--from", at("copy"), ...files);
    expect(taken, taken.said).to.include({ code: 0 });
    for (const name of ["backup", "keys"]) expect((await stat(at(name))).mode & 0o777).to.equal(0o600);
    const from = ["--backup", at("backup")];
    const restored = await run("restore.ts", ...from, "--keys", at("keys"), "--to", at("restored"));
    expect(restored, restored.said).to.include({ code: 0 });
    expect(restored.said).to.contain("60 events (4 without a key)");
    const again = await run("backup.ts", "--from", at("ledger"), "--out", at("backup"));
    expect(again).to.include({ code: 2 });
    expect(again.said).to.contain("is there already");
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).to.deep.equal([]);
  });

  it("move nothing out of records that a ledger has open", async () => {
    const store = await openLevelStore({ path: at("ledger", "records"), minFreeBytes: 0 });
    const { code, said } = await run("copy.ts", "--from", at("ledger"), "--to", at("taken")).finally(
      store.close,
    );
    expect(said).to.contain("another process may hold them");
    expect(code, said).to.equal(1);
    expect(await readdir(folder)).to.not.include("taken");
  });

  it("show the mark of records that are behind, copy none such, and take it away when they are told to", async () => {
    const of = ["--of", at("ledger")];
    expect((await run("behind.ts", ...of)).code).to.equal(0);
    const store = await openLevelStore({ path: at("ledger", "records"), minFreeBytes: 0 });
    await store.setBehind("a receipt was shown").finally(store.close);
    const shown = await run("behind.ts", ...of);
    expect(shown, shown.said).to.include({ code: 1 });
    expect(shown.said).to.contain("holds 60 events, root ").and.contain("a receipt was shown");
    const copied = await run("copy.ts", "--from", at("ledger"), "--to", at("unmarked"));
    expect(copied, copied.said).to.include({ code: 1 });
    expect(copied.said).to.contain("a receipt was shown").and.contain("npm run behind");
    const saved = await run("backup.ts", "--from", at("ledger"), "--out", at("saved"));
    expect(saved, saved.said).to.include({ code: 0 });
    const removed = await run("behind.ts", ...of, "--remove");
    expect(removed, removed.said).to.include({ code: 0 });
    expect(removed.said).to.contain("Taken away: a receipt was shown");
    expect((await run("behind.ts", ...of)).code).to.equal(0);
  });

  it("say what is missing, and touch nothing", async () => {
    await mkdir(at("used", "index"), { recursive: true });
    const backup = ["--backup", at("backup")];
    for (const [code, said, script, ...args] of [
      [2, "There are no records", "copy.ts", "--from", at("nothing"), "--to", at("new")],
      [2, "remove index there", "copy.ts", "--from", at("ledger"), "--to", at("used")],
      [2, "not a running ledger", "copy.ts", "--from", "http://127.0.0.1:1", "--to", at("new")],
      [2, "--without-keys", "restore.ts", ...backup, "--to", at("new")],
      [2, "no such file", "backup.ts", "--check", at("no-backup")],
      [1, "is damaged", "backup.ts", "--check", at("keys")],
      [1, "There are records in the target already", "copy.ts", "--from", at("copy"), "--to", at("ledger")],
    ] as const) {
      const ended = await run(script, ...args);
      expect(ended.said, script).to.contain(said);
      expect(ended.code, ended.said).to.equal(code);
    }
    expect(await readdir(folder)).to.not.include("new");
  });
});
