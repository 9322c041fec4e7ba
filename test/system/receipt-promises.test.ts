import { expect } from "chai";
import { EMPTY_ROOT } from "../../protocol/merkle.ts";
import { makeReceipt, parseReceipt } from "../../protocol/receipt.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { ed25519Signer } from "../../server/signers.ts";
import { verifyBreach } from "../../verifier/breach.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { type LogTiles, logTiles } from "../../verifier/log-tiles.ts";
import { checkReceiptPromises } from "../../verifier/receipt-promises.ts";
import { onBothStores } from "./both-stores.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";

onBothStores("a receipt held against the whole system", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let recorder: Recorder;
  let receipt: string;
  let chain: ChainReader;
  let tiles: LogTiles;

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system);
    recorder = await openDemoRecorder(system, ledger.url);
    await fetchUntil(`${ledger.url}/ready`);
    await recorder.record(ACCESS);
    await recorder.flush(AbortSignal.timeout(100_000));
    receipt = (await recorder.receiptOf(1))?.receipt ?? "";
    parseEvidence(await (await fetchUntil(`${ledger.url}/v1/events/0/evidence`)).text());
    chain = chainReader(jsonRpc(system.chain.url, { fetch, name: "the node" }), "the node");
    tiles = logTiles(ledger.url, { fetch, name: "the ledger" });
  });

  after(async () => {
    await recorder.close();
    await ledger.close();
    await system.destroy();
  });

  it("is kept: anchored in time, and the log holds the events, as its tiles prove", async () => {
    const report = await checkReceiptPromises(receipt, { profile: system.profile, chain, tiles });
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.worth).to.be.oneOf(["kept", "not-due"]);
    const [anchored, content] = ["anchor-by", "content"].map((id) =>
      report.checks.find((check) => check.id === id),
    );
    expect(anchored?.detail).to.match(/^kept: block /);
    expect(content?.detail).to.equal("the log holds the events that were receipted");
  });

  it("proves the breach when the ledger's own key promised something else", async () => {
    const { receipt: given } = parseReceipt(receipt);
    const lie = makeReceipt({ ...given, root: EMPTY_ROOT }, ed25519Signer(system.secrets.receipt));
    const report = await checkReceiptPromises(lie, { profile: system.profile, chain, tiles });
    expect(report.worth).to.equal("broken");
    expect(report.breaches).to.have.length(1);
    const breach = await verifyBreach(report.breaches[0] ?? "", system.profile, chain);
    expect(breach.verdict).to.equal("development");
    expect(breach.claim).to.deep.include({ promise: "content", index: 0, count: 1 });
  });
});
