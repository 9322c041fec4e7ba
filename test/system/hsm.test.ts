import path from "node:path";
import { expect } from "chai";
import { openPkcs11Key } from "../../keys/pkcs11-key.ts";
import { verifyJws } from "../../protocol/jws.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { openSigningKey, type Recorder } from "../../recorder/index.ts";
import { runKeysCommand } from "../../scripts/keys/command.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { openKeys } from "../../server/secrets.ts";
import { makeSoftToken, type SoftToken, whyNoSoftHsm } from "../keys/softhsm.ts";
import { skipBecause } from "../skip-because.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  POLICE,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";

const SOURCE = "qn-police/hsm";
const BEAT = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-11-22T08:00:00Z" },
} as const;

/** A ledger and a recorder whose signing keys are in a token (SoftHSM), on a real chain. */
describe("keys in an HSM", function () {
  this.timeout(600_000);
  let token: SoftToken;
  let system: Deployed;
  let ledger: App;
  let recorder: Recorder;
  const closing: (() => Promise<void>)[] = [];
  after(async () => {
    for (const end of closing.reverse()) await end();
  });

  before(async function () {
    const why = whyNoSoftHsm();
    if (why !== undefined) skipBecause(this, why);
    token = makeSoftToken();
    closing.push(() => Promise.resolve(token.destroy()));
    for (const name of ["checkpoint", "receipt"]) token.makeKey(name, "EC:edwards25519");
    token.makeKey("anchorer", "EC:secp256k1");
    token.makeKey("recorder", "EC:prime256v1");
    system = await deployed();
    closing.push(system.destroy);
    const keysFolder = path.join(system.dataDir, "keys");
    const env = {
      ...{ DATA_DIR: system.dataDir, RPC_URL: system.chain.url, OPERATOR },
      ADMIN_KEY_FILE: path.join(keysFolder, "account-admin"),
      ACCOUNT_KEY_FILE: path.join(keysFolder, "account-qn-police"),
    };
    const run = async (...args: string[]): Promise<void> => await runKeysCommand(args, env, () => undefined);
    await run("rotate", "--checkpoint", token.uri("checkpoint"), "--receipt", token.uri("receipt"));
    await run("anchorer", token.uri("anchorer"));
    await run("add", SOURCE, token.uri("recorder"), "--from", "1");

    const secrets = await openKeys(
      { dataDir: system.dataDir, environment: "embedded" },
      {
        CHECKPOINT_KEY: token.uri("checkpoint"),
        RECEIPT_KEY: token.uriWithoutPin("receipt"),
        RECEIPT_KEY_PIN: token.pin,
        ANCHORER_KEY: token.uri("anchorer"),
      },
    );
    ledger = await startLedger({ ...system, secrets });
    closing.push(ledger.close);
    const key = await openSigningKey(token.uri("recorder"));
    expect(key.alg).to.equal("ES256");
    recorder = await openDemoRecorder(system, ledger.url, { source: SOURCE, key });
    closing.push(recorder.close);
    await fetchUntil(`${ledger.url}/ready`);
  });

  it("records, receipts, publishes and anchors", async () => {
    await recorder.record(ACCESS);
    await recorder.flush(AbortSignal.timeout(120_000));
    const stored = await recorder.receiptOf(1);
    const { jws, receipt } = parseReceipt(stored?.receipt ?? "");
    expect(receipt.index).to.equal(0);
    const { publicKey } = await openPkcs11Key(token.uri("receipt"));
    expect(verifyJws(jws, { alg: "EdDSA", key: publicKey })).to.equal(true);
    // The evidence is served once the anchor by the token's account is final.
    const evidence = await fetchUntil(`${ledger.url}/v1/events/0/evidence`, 200, 120_000);
    expect(evidence.status).to.equal(200);
  });

  it("sequences nothing while the token is out, and everything once it is back", async () => {
    const body = await signedSubmission(system, { source: POLICE, first: 1, facets: [BEAT, BEAT] });
    token.takeOut();
    try {
      // The recorder's key is out as well: what it is given waits in its spool.
      for (let n = 0; n < 3; n++) await recorder.record(ACCESS);
      const refused = await submit(ledger.url, body);
      expect(refused.status).to.equal(503);
      expect(await refused.json()).to.include({ code: "signer-unavailable" });
      expect(refused.headers.get("retry-after")).to.equal("2");
      const unknown = await fetch(`${ledger.url}/v1/sources/${POLICE}`);
      expect(unknown.status, "nothing of it was stored").to.equal(404);
    } finally {
      token.putBack();
    }
    const taken = await submit(ledger.url, body);
    expect(taken.status).to.equal(201);
    await recorder.flush(AbortSignal.timeout(120_000));
    const indexes = ((await taken.json()) as { receipts: string[] }).receipts.flatMap((text) => {
      const { receipt } = parseReceipt(text);
      return [receipt.index, receipt.index + 1];
    });
    for (const seq of [1, 2, 3, 4]) {
      const { receipt } = parseReceipt((await recorder.receiptOf(seq))?.receipt ?? "");
      indexes.push(receipt.index + seq - receipt.first);
    }
    expect(indexes.sort()).to.deep.equal([0, 1, 2, 3, 4, 5]);
    await fetchUntil(`${ledger.url}/v1/events/5/evidence`, 200, 120_000);
  });
});
