import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { toHex } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { payloadLeafHash } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import { checkpointOrigin } from "../../protocol/log-id.ts";
import { verifierKey, verifyNote } from "../../protocol/note.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { type RunningRecorder, startRecorder } from "../../recorder/start.ts";
import type { App } from "../../server/app.ts";
import { logPublicKeys } from "../../server/secrets.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { type EvidenceReport, verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { onBothStores } from "./both-stores.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, POLICE, startLedger, tokenOf } from "./fixture.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const SHOWN_TO_THE_PERSON = ["agent.role", "data", "exchange", "purpose", "subject", "time", "type"];

onBothStores("the life of an event", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let recorder: RunningRecorder;
  let evidence: string;

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system);
    recorder = await startDemoRecorder(system, ledger.url);
    evidence = await liveThrough(system, ledger, recorder);
  });
  after(async () => {
    await recorder.close();
    await ledger.close();
    await system.destroy();
  });

  it("is proven to somebody who has the file, the trust profile and a node of the chain", async () => {
    const { code, report } = await verifyByCommand(system, evidence);
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.verdict).to.equal("development");
    expect(code).to.equal(0);
    expect(Object.keys(report.claim?.facets ?? {}).sort()).to.deep.equal(SHOWN_TO_THE_PERSON);
    expect(report.claim).to.deep.include({ source: POLICE, seq: 1, index: 0 });
    expect(report.claim?.facets.data).to.deep.equal(ACCESS.data);
  });

  it("proves no other claim, whichever byte of the file is changed or missing", async () => {
    const chain = rememberingReader(system.chain.url);
    const claim = await claimOf(evidence);
    const bytes = Buffer.from(evidence);
    const verdicts = new Map<string, number>();
    for (let at = 0; at < bytes.length; at++) {
      for (const changed of [withByte(bytes, at, 0x01), withByte(bytes, at, 0x20), without(bytes, at)]) {
        const report = await verifyEvidence(changed, system.profile, chain);
        verdicts.set(report.verdict, (verdicts.get(report.verdict) ?? 0) + 1);
        if (report.claim === null) expect(report.verdict, `byte ${at}`).to.equal("invalid");
        else expect(report.claim, `byte ${at}`).to.deep.equal(claim);
      }
    }
    // Only white space and the hint where the anchor is can change without harm.
    expect(verdicts.get("development") ?? 0).to.be.lessThan(bytes.length * 0.1);
    expect(verdicts.get("invalid") ?? 0).to.be.greaterThan(bytes.length * 2);
  });

  it("is refused by the command when its event was changed", async () => {
    const at = evidence.indexOf("~") + 20;
    const changed = withByte(Buffer.from(evidence), at, 0x01).toString();
    const { code, report } = await verifyByCommand(system, changed);
    expect(report.verdict).to.equal("invalid");
    expect(report.claim).to.equal(null);
    expect(code).to.equal(1);
  });

  it("is refused where another chain with the same contracts is trusted", async () => {
    const other = await deployed();
    try {
      expect(other.profile).to.include({ chainId: system.profile.chainId, logId: system.profile.logId });
      const elsewhere = await verifyByCommand(other, evidence);
      expect(elsewhere.report.verdict).to.equal("invalid");
      expect(elsewhere.code).to.equal(1);
      // The profile trusts one chain, and the node serves the other.
      const misled = await verifyEvidence(evidence, other.profile, rememberingReader(system.chain.url));
      expect(misled.verdict).to.equal("invalid");
      const lured = await verifyEvidence(evidence, system.profile, rememberingReader(other.chain.url));
      expect(lured.verdict).to.equal("invalid");
    } finally {
      await other.destroy();
    }
  });

  async function claimOf(text: string): Promise<EvidenceReport["claim"]> {
    const { claim } = await verifyEvidence(text, system.profile, rememberingReader(system.chain.url));
    expect(claim).to.not.equal(null);
    return claim;
  }
});

/** From the plain event to the evidence that the person is given, each promise on the way checked. */
async function liveThrough(system: Deployed, ledger: App, recorder: RunningRecorder): Promise<string> {
  await fetchUntil(`${ledger.url}/ready`);
  const accepted = await fetch(`${recorder.url}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ACCESS),
  });
  expect(accepted.status).to.equal(202);
  expect(await accepted.json()).to.deep.include({ source: POLICE, seq: 1 });

  await recorder.recorder.flush(AbortSignal.timeout(100_000));
  const stored = await recorder.recorder.receiptOf(1);
  const { receipt } = parseReceipt(stored?.receipt ?? "");
  expect(receipt).to.deep.include({ src: POLICE, first: 1, count: 1, index: 0 });
  expect(receipt.anchorBy).to.equal(receipt.time + 600);
  expect(receipt.indexBy).to.equal(receipt.time + 24 * 60 * 60);

  const file = await (await fetchUntil(`${ledger.url}/v1/events/0/evidence`)).text();
  const { event, proof } = parseEvidence(file);
  expect(event.disclosures, "what the public sees").to.deep.equal([]);
  const log = { chainId: system.profile.chainId, registry: system.profile.anchorRegistry, logId: 1 };
  const checkpoint = parseCheckpoint(await (await fetch(`${ledger.url}/checkpoint`)).text());
  const key = verifierKey(checkpointOrigin(log), logPublicKeys(system.secrets).checkpoint);
  expect(verifyNote(checkpoint.note, key)).to.equal(true);
  expect(parseCheckpoint(proof.checkpoint)).to.deep.include({ size: 1, root: checkpoint.root });

  const leaf = toHex(payloadLeafHash(event.payloadText));
  const asThePerson = { headers: await tokenOf(system, "citizen") };
  return await (await fetch(`${ledger.url}/v1/evidence?leaf=${leaf}`, asThePerson)).text();
}

async function startDemoRecorder(system: Deployed, ledgerUrl: string): Promise<RunningRecorder> {
  return await startRecorder({
    source: POLICE,
    keyFile: recorderKeyFile(path.join(system.dataDir, "keys"), POLICE),
    directory: path.join(system.dataDir, "recorder"),
    ledgerUrl: [ledgerUrl],
    trustProfile: system.profileFile,
    host: "127.0.0.1",
    port: 0,
    tokensFile: undefined,
    keep: "evidence",
    limits: { events: 1000, bytes: 1_000_000 },
    heartbeatMs: undefined,
    logLevel: "silent",
  });
}

/** `minhbach verify` as a process of its own, with nothing from the ledger. */
async function verifyByCommand(
  system: Deployed,
  evidence: string,
): Promise<{ code: number; report: EvidenceReport }> {
  const file = path.join(system.dataDir, "evidence.json");
  await writeFile(file, evidence);
  const args = [
    "cli/main.ts",
    "verify",
    file,
    "--trust",
    system.profileFile,
    "--rpc",
    system.chain.url,
    "--json",
  ];
  const { promise, resolve } = Promise.withResolvers<{ code: number; report: EvidenceReport }>();
  const child = execFile(process.execPath, args, { cwd: ROOT }, (_error, stdout) => {
    resolve({ code: child.exitCode ?? -1, report: JSON.parse(stdout) as EvidenceReport });
  });
  return await promise;
}

/** Asks the node each question once: the chain stands still while thousands of files are held against it. */
function rememberingReader(url: string): ChainReader {
  const rpc = jsonRpc(url, { fetch, name: url });
  const answers = new Map<string, Promise<unknown>>();
  return chainReader((method, params) => {
    const question = JSON.stringify([method, params]);
    const answer = answers.get(question) ?? rpc(method, params);
    answers.set(question, answer);
    return answer;
  }, url);
}

function withByte(bytes: Buffer, at: number, flipped: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ flipped;
  return changed;
}

function without(bytes: Buffer, at: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
}
