import { createCipheriv } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { shownIndexKeys } from "../../protocol/index-keys.ts";
import { indexKey } from "../../protocol/index-tree.ts";
import { describeEnrolment, runEnrol } from "../../scripts/enrol.ts";
import { EnrolError } from "../../scripts/enrol/error.ts";
import { storedTag } from "../../server/index/enrolment.ts";
import { javascriptVrf } from "../../server/index/vrf.ts";
import { indexTags } from "../../server/receive/index-tags.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { testRecorder } from "../server/receive/recorder.ts";
import { bundle, EMPTY, groupAfter, type MadeSubmission, madeSubmission } from "../server/store/groups.ts";

const hex = (byte: number): string => Buffer.alloc(32, byte).toString("hex");
/** The test recorder's ledger has the pepper 5. */
const ENV = { VRF_KEY: hex(3), PEPPER: hex(5) };
const tagOf = indexTags(new Uint8Array(32).fill(5));
const vrf = javascriptVrf(new Uint8Array(32).fill(3));

describe("npm run enrol", () => {
  let folder: string;
  let register: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-enrol-"));
    register = path.join(folder, "register.csv");
    await (await openLevelStore({ path: path.join(folder, "records") })).close();
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const run = async (env: Record<string, string> = ENV) =>
    await runEnrol([register, "--data", folder], env, process.stderr);

  async function rows() {
    const store = await openLevelStore({ path: path.join(folder, "records") });
    const found = await store.indexKeys({ from: 0, limit: 100 });
    await store.close();
    return found.map(({ tag, key }) => ({ tag: Buffer.from(tag), key: new Uint8Array(key) }));
  }

  function rowOf(id: string) {
    const tag = storedTag({ kind: "person", id }, tagOf);
    return { tag, key: indexKey("person", vrf.output(id)) };
  }

  it("gives each person of a list the key that the index would compute, once", async () => {
    await writeFile(
      register,
      "vn-cccd:079200000001\n\nvn-passport: b 1234567\nvn-cccd:079200000001\npassport:LAO:AB12345\n",
    );
    expect(await run()).to.deep.include({ enrolled: 3, known: 1, failed: 0, faults: [] });
    expect(await rows()).to.deep.equal(
      ["vn-cccd:079200000001", "vn-passport:B1234567", "passport:LAO:AB12345"].map(rowOf),
    );
    expect(await run()).to.deep.include({ enrolled: 0, known: 4, failed: 0, faults: [] });
  });

  it("reads a CSV with a header, goes on where it was interrupted, and tells bad lines without their ids", async () => {
    await writeFile(register, '"scheme","id","name"\r\n"vn-cccd","079 200 000 001","An"\r\n');
    expect((await run()).enrolled).to.equal(1);
    await writeFile(
      register,
      "scheme,id\nvn-cccd,079200000001\nvn-cccd,07920000000\nvn-cmnd;012345678\nss-number,1\nnothing\n",
    );
    const summary = await run();
    expect(summary).to.deep.include({ enrolled: 1, known: 1, failed: 3 });
    const text = describeEnrolment(summary);
    expect(text).to.contain("line 3: this is no vn-cccd number");
    expect(text).to.contain("line 5: the scheme must be one of vn-cccd");
    expect(text).to.contain("line 6: expected scheme:id");
    expect(text).not.to.contain("07920000000");
    expect(await rows()).to.deep.equal(["vn-cccd:079200000001", "vn-cmnd:012345678"].map(rowOf));
  });

  it("says that the ledger must be stopped while it holds the records", async () => {
    await writeFile(register, "vn-cccd:079200000001\n");
    const store = await openLevelStore({ path: path.join(folder, "records") });
    await expectRefusal(run(), "Stop the ledger");
    await store.close();
  });

  it("refuses what it cannot use: no file, no ledger, no sense", async () => {
    await expectRefusal(run(), "cannot be read");
    await writeFile(register, "");
    await rm(path.join(folder, "records"), { recursive: true });
    await expectRefusal(run(), "holds no ledger");
    await expectRefusal(runEnrol([], ENV, process.stderr), "Usage");
    await expectRefusal(runEnrol(["a", "b"], ENV, process.stderr), "Usage");
    await expectRefusal(runEnrol(["a", "--force"], ENV, process.stderr), "Usage");
  });

  it("refuses secrets that are not those of the log", async () => {
    const store = await openLevelStore({ path: path.join(folder, "records") });
    await store.commit(groupAfter(EMPTY, [recorded(testRecorder("qn-police/r1").event(1))]), 0);
    await store.addIndexKeys([rowOf("vn-cccd:000000000001")]);
    await store.close();

    await writeFile(register, "vn-cccd:079200000001\n");
    await expectRefusal(run({ VRF_KEY: ENV.VRF_KEY }), "PEPPER is not set");
    await expectRefusal(run({ ...ENV, PEPPER: hex(6) }), "PEPPER is not the one");
    await expectRefusal(run({ ...ENV, VRF_KEY: hex(4) }), "VRF_KEY is not the one");
    expect((await run()).enrolled).to.equal(1);
  });

  it("refuses other secrets than a log without events was enrolled with, and makes no other keys", async () => {
    await writeFile(register, "vn-cccd:079200000001\n");
    const summary = await run();
    expect(describeEnrolment(summary)).to.contain("VRF_KEY was not compared with the chain's");
    await writeFile(register, "vn-cccd:079200000002\n");
    await expectRefusal(run({ ...ENV, VRF_KEY: hex(4) }), "VRF_KEY is not the one");
    await expectRefusal(run({ ...ENV, PEPPER: hex(6) }), "PEPPER is not the one");
    expect(await rows()).to.deep.equal([rowOf("vn-cccd:079200000001")]);
    expect(existsSync(path.join(folder, "keys"))).to.equal(false);
  });
});

/** A submission of this one event, with the tags of the persons and officials in it. */
function recorded(text: string): MadeSubmission {
  const event = parseEvent(text);
  const { payloadText } = event;
  const ids = shownIndexKeys(event.payload.src, openFacets(event));
  const tags = ids.map((id) => storedTag(id, tagOf));
  const key = Buffer.alloc(32, 8);
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const sealed = Buffer.concat([
    cipher.update(text.slice(payloadText.length + 1), "latin1"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const made = madeSubmission("qn-police/r1", 1, 1, 0);
  return {
    ...made,
    payloads: bundle([Buffer.from(payloadText)]),
    keys: bundle([Buffer.concat([key, ...tags])]),
    sealed: bundle([sealed]),
    texts: { ...made.texts, payloads: [payloadText] },
  };
}

async function expectRefusal(running: Promise<unknown>, words: string): Promise<void> {
  const error = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(EnrolError);
  expect(error).to.have.property("message").that.contains(words);
}
