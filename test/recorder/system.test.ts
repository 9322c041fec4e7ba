import { cp } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { continueUnderNewSource } from "../../recorder/continue.ts";
import type { App } from "../../server/app.ts";
import { deployed, type Deployed, openDemoRecorder, POLICE, startLedger } from "../system/fixture.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { accessEvent, eventually, flushed } from "./fixture.ts";

describe("recorder with the real ledger and chain", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  before(async () => {
    system = await deployed();
    ledger = await startLedger(system);
  });
  after(async () => {
    await ledger.close();
    await system.destroy();
  });

  it("keeps evidence of its own events that anyone can verify", async () => {
    const recorder = await openDemoRecorder(system, ledger.url, { batchEvents: 20 });
    const ids = Array.from({ length: 50 }, (_, at) => `m-${at}`);
    await recorder.recordAll(ids.map(accessEvent));
    await flushed(recorder);
    await eventually(() => recorder.status().evidenceThrough === 50, "all evidence is kept");
    const [node = ""] = system.profile.rpc;
    const chain = chainReader(jsonRpc(node, { fetch, name: "node" }), "node");
    const report = await verifyEvidence((await recorder.evidenceOf(50)) ?? "", system.profile, chain);
    expect(report.verdict).to.equal("development");
    expect(report.claim).to.deep.include({ source: POLICE, seq: 50, closedDigests: 0 });
    expect(report.claim?.facets.exchange).to.deep.equal(accessEvent("m-49").exchange);
    await recorder.close();
  });

  it("replaces by a tombstone what the ledger refuses: an event only the operator may record", async () => {
    const recorder = await openDemoRecorder(system, ledger.url);
    const { seq } = await recorder.record({
      type: "catalogue",
      catalogue: { version: "1", digest: "A".repeat(43) },
      time: { occurred: "2026-11-21T09:30:00+07:00" },
    });
    await flushed(recorder);
    expect(await recorder.refusalOf(seq)).to.include({ code: "reserved-type" });
    await recorder.close();
  });

  it("notices that its spool is an older copy, and moves what the log lacks to a new source", async () => {
    const spool = path.join(system.dataDir, "recorder", POLICE.replace("/", "-"));
    const copy = path.join(system.dataDir, "copy");
    const first = await openDemoRecorder(system, "http://127.0.0.1:9");
    await first.record(accessEvent("held"));
    await first.close();
    await cp(spool, copy, { recursive: true });
    const original = await openDemoRecorder(system, ledger.url);
    await flushed(original);
    await original.record(accessEvent("later"));
    await flushed(original);
    await original.close();

    const away = await openDemoRecorder(system, "http://127.0.0.1:9", { directory: copy });
    await away.record(accessEvent("lacking"));
    await away.close();
    const source = "qn-justice/r1";
    const recorder = await openDemoRecorder(system, ledger.url, { source });
    const moved = await continueUnderNewSource({ oldDirectory: copy, ledgerUrl: ledger.url, recorder });
    expect(moved).to.deep.equal({ oldSource: POLICE, moved: 1, alreadyHeld: 1 });
    await flushed(recorder);
    await recorder.close();
    const restored = await openDemoRecorder(system, ledger.url, { directory: copy });
    await eventually(() => restored.status().sending.state === "stopped", "it stops");
    expect(restored.status().sending.code).to.equal("restored");
    await restored.close();
  });
});
