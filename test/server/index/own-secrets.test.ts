import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import { requireOwnSecrets } from "../../../server/index/own-secrets.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";

const ROW = { tag: new Uint8Array(33).fill(1), key: new Uint8Array(32).fill(2) };

/** Secrets made of these bytes; no event is there to be compared with. */
function secrets(vrfKey: number, pepper: number) {
  const seed = new Uint8Array(32).fill(pepper);
  return {
    vrfKey: new Uint8Array(32).fill(vrfKey),
    pepper: seed,
    vrf: { output: () => Promise.reject(new Error("not asked for")) },
    tagOf: indexTags(seed),
  };
}

describe("server/index/own-secrets", () => {
  let folder: string;
  let store: Store;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-own-secrets-"));
    store = await openLevelStore({ path: folder });
  });

  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const require = async (vrfKey: number, pepper: number, mayBindAnew = true): Promise<void> =>
    await requireOwnSecrets(store, secrets(vrfKey, pepper), { mayBindAnew });

  it("refuses another PEPPER or VRF_KEY than the records', by its name, also after a restart", async () => {
    await require(1, 1);
    await store.addIndexKeys([ROW]);
    await store.close();
    store = await openLevelStore({ path: folder });
    await require(1, 1);
    await expectWrong(require(1, 2), "PEPPER is not the one");
    await expectWrong(require(2, 1), "VRF_KEY is not the one");
    await require(1, 1);
  });

  it("does not keep the pepper itself", async () => {
    await require(1, 7);
    const kept = await store.bound("pepper");
    expect(kept).to.have.length(32);
    expect(Buffer.from(kept ?? []).equals(Buffer.alloc(32, 7))).to.equal(false);
  });

  it("binds records of before, and empty ones anew only where that is asked for", async () => {
    await require(1, 1);
    await expectWrong(require(2, 1, false), "VRF_KEY is not the one");
    // Started with a wrong key that the chain refused: nothing was recorded.
    await require(2, 1);
    await store.addIndexKeys([ROW]);
    await expectWrong(require(1, 1), "VRF_KEY is not the one");
  });

  it("binds records that have keys and were never bound", async () => {
    await store.addIndexKeys([ROW]);
    await require(1, 1);
    await expectWrong(require(1, 2), "PEPPER is not the one");
  });
});

async function expectWrong(running: Promise<void>, words: string): Promise<void> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(LedgerError);
  expect(error).to.include({ code: "wrong-keys" });
  expect(error).to.have.property("message").that.contains(words);
}
