import { copyFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { toHex } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorder } from "../../recorder/index.ts";
import { type Devchain, startDevchain } from "../../scripts/devchain.ts";
import { type ChainAnchor, type ChainClient, chainClient } from "../../server/anchor/chain-client.ts";
import { httpRpc, type Rpc } from "../../server/anchor/json-rpc.ts";
import type { App } from "../../server/app.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { onBothStores } from "./both-stores.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  fetchUntilText,
  type LedgerProcess,
  openDemoRecorder,
  spawnLedger,
  startLedger,
} from "./fixture.ts";
import { type Gateway, openGateway } from "./gateway.ts";

const MINUTE_MS = 60_000;

onBothStores("chain faults", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let gateway: Gateway;
  let rpc: Rpc;
  /** What a test started, ended in reverse order. */
  const ending: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    system = await deployed({ store });
    ending.push(system.destroy);
    gateway = await openGateway(system.chain.url);
    ending.push(gateway.close);
    rpc = httpRpc(system.chain.url, 100_000, 10_000_000);
  });

  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  describe("of a node", () => {
    const clock = {
      aheadMs: 0,
      /** While set, the ledger's time stands still: only a jump ends its patience. */
      stopped: undefined as number | undefined,
      now: () => (clock.stopped ?? Date.now()) + clock.aheadMs,
    };
    let ledger: App;
    let recorder: Recorder;

    beforeEach(async () => {
      [clock.aheadMs, clock.stopped] = [0, undefined];
      ledger = await startLedger(system, { clock, config: { rpcUrls: [gateway.url] } });
      ending.push(ledger.close);
      await fetchUntil(`${ledger.url}/ready`);
      recorder = await openDemoRecorder(system, ledger.url);
      ending.push(() => recorder.close());
    });

    /** Records so many events, each under an anchor of its own, and returns the evidence of the last. */
    async function anchorEvents(count: number): Promise<string> {
      let evidence = "";
      for (let i = 0; i < count; i++) {
        const index = await record(recorder);
        evidence = await (await fetchUntil(`${ledger.url}/v1/events/${index}/evidence`)).text();
      }
      return evidence;
    }

    it("down for a while: receipts go on, the lag shows, and one anchor brings everything", async () => {
      await anchorEvents(1);
      gateway.isDown = true;
      for (let i = 0; i < 3; i++) await record(recorder);
      await fetchUntilText(`${ledger.url}/health`, '"indexed":4');

      clock.aheadMs += 20 * MINUTE_MS;
      await fetchUntil(`${ledger.url}/ready`, 503);
      expect(await metric(ledger, "minhbach_anchor_lag_seconds")).to.be.at.least(20 * 60);
      expect((await fetch(`${ledger.url}/live`)).status).to.equal(200);

      gateway.isDown = false;
      await fetchUntil(`${ledger.url}/v1/events/3/evidence`);
      await fetchUntil(`${ledger.url}/ready`);
      expect(await metric(ledger, "minhbach_anchor_lag_seconds")).to.equal(0);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1, 4]);
    });

    it("that drops the transaction: it gets the same bytes again", async () => {
      await rpc("evm_setAutomine", [false]);
      await record(recorder);
      await untilPending(gateway, 1);
      const [first] = gateway.sent;
      await rpc("anvil_dropAllTransactions", []);

      clock.aheadMs += MINUTE_MS;
      await untilPending(gateway, 2);
      expect(gateway.sent[1]).to.equal(first);
      await rpc("evm_mine", []);
      await fetchUntil(`${ledger.url}/v1/events/0/evidence`);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1]);
    });

    it("that reorganises final blocks away: the very same anchors again, so that evidence given out holds", async () => {
      const evidence = await anchorEvents(3);
      expect(await verdictOf(evidence, system, system.chain)).to.equal("development");
      const before = await history(system, rpc);
      clock.stopped = Date.now();
      await rpc("anvil_reorg", [2, []]);
      expect(await sizes(system, rpc)).to.deep.equal([1]);
      expect(await verdictOf(evidence, system, system.chain)).to.not.equal("development");
      await fetchUntilText(`${ledger.url}/health`, '"missingAnchors":2');
      // A new checkpoint has to wait: it would skip what evidence was given for.
      await record(recorder);

      [clock.aheadMs, clock.stopped] = [MINUTE_MS, undefined];
      await fetchUntil(`${ledger.url}/v1/events/3/evidence`);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1, 2, 3, 4]);
      expect(await verdictOf(evidence, system, system.chain)).to.equal("development");
      const after = await history(system, rpc);
      expect(after.slice(0, 3).map(({ root }) => toHex(root))).to.deep.equal(
        before.map(({ root }) => toHex(root)),
      );
    });

    it("that starts again from an older snapshot: the very same anchors again", async () => {
      const older = path.join(system.dataDir, "older.json");
      await anchorEvents(1);
      await system.chain.snapshot();
      await copyFile(system.chain.statePath, older);
      const evidence = await anchorEvents(3);
      clock.stopped = Date.now();
      await system.chain.kill();

      await copyFile(older, system.chain.statePath);
      const chain = await startDevchain({ dataDir: path.dirname(system.chain.statePath) });
      ending.push(chain.kill);
      gateway.target = chain.url;
      const again = httpRpc(chain.url, 100_000, 10_000_000);
      expect(await sizes(system, again)).to.deep.equal([1]);
      await fetchUntilText(`${ledger.url}/health`, '"missingAnchors":3');

      [clock.aheadMs, clock.stopped] = [MINUTE_MS, undefined];
      await record(recorder);
      await fetchUntil(`${ledger.url}/v1/events/4/evidence`);
      expect(await oneLine(system, again, ledger)).to.deep.equal([1, 2, 3, 4, 5]);
      expect(await verdictOf(evidence, system, chain)).to.equal("development");
    });
  });

  describe("and a ledger killed by force", () => {
    /** Starts the ledger as a process. */
    async function start(): Promise<LedgerProcess> {
      const ledger = await spawnLedger(system, { RPC_URL: gateway.url, LOG_LEVEL: "info" });
      ending.push(() => ledger.end("SIGKILL"));
      await fetchUntil(`${ledger.url}/ready`);
      return ledger;
    }

    /** Records one event and kills the ledger at the first call that `isTheMoment` picks. */
    async function killedAt(isTheMoment: (call: { method: string; body: string }) => boolean): Promise<void> {
      const ledger = await start();
      const recorder = await openDemoRecorder(system, ledger.url);
      const killed = new Promise<void>((resolve) => {
        gateway.judge = (call) => {
          if (!isTheMoment(call)) return "pass";
          gateway.judge = () => "hold";
          void ledger.end("SIGKILL").then(() => {
            resolve();
          });
          return "hold";
        };
      });
      await record(recorder);
      await killed;
      await recorder.close();
      gateway.judge = () => "pass";
    }

    it("between signing and sending: the stored bytes are sent", async () => {
      await killedAt(({ method }) => method === "eth_sendRawTransaction");
      expect(await sizes(system, rpc)).to.deep.equal([]);
      const ledger = await start();
      await fetchUntil(`${ledger.url}/v1/events/0/evidence`);
      expect(gateway.sent).to.have.length(2);
      expect(gateway.sent[1]).to.equal(gateway.sent[0]);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1]);
    });

    it("between sending and confirmation: nothing is sent twice", async () => {
      await rpc("evm_setAutomine", [false]);
      // The next look at the transaction comes after the node has it.
      await killedAt(({ method }) => method === "eth_getTransactionReceipt");
      expect(gateway.sent).to.have.length(1);
      await rpc("evm_mine", []);
      await rpc("evm_setAutomine", [true]);
      const ledger = await start();
      await fetchUntil(`${ledger.url}/v1/events/0/evidence`);
      expect(gateway.sent).to.have.length(1);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1]);
    });

    it("between confirmation and recording: the anchor is found and recorded", async () => {
      const registry = system.profile.anchorRegistry;
      await killedAt(({ method, body }) => method === "eth_getLogs" && body.includes(registry));
      expect(await sizes(system, rpc)).to.deep.equal([1]);
      const ledger = await start();
      await fetchUntil(`${ledger.url}/v1/events/0/evidence`);
      expect(gateway.sent).to.have.length(1);
      expect(await oneLine(system, rpc, ledger)).to.deep.equal([1]);
    });
  });
});

/** Records one event and returns its index once it is receipted. */
async function record(recorder: Recorder): Promise<number> {
  const { seq } = await recorder.record(ACCESS);
  await recorder.flush(AbortSignal.timeout(100_000));
  return seq - 1;
}

function clientOf({ profile }: Deployed, rpc: Rpc): ChainClient {
  return chainClient({ rpc, anchorRegistry: profile.anchorRegistry, logId: profile.logId });
}

async function history(system: Deployed, rpc: Rpc): Promise<ChainAnchor[]> {
  const client = clientOf(system, rpc);
  const anchors: ChainAnchor[] = [];
  for (let place = 0; ; place++) {
    const anchor = await client.anchorAt(place);
    if (anchor === undefined) return anchors;
    anchors.push(anchor);
  }
}

async function sizes(system: Deployed, rpc: Rpc): Promise<number[]> {
  return (await history(system, rpc)).map(({ size }) => size);
}

/** The sizes of the contract's history, after checking that the ledger's own list is the same, block by block. */
async function oneLine(system: Deployed, rpc: Rpc, ledger: { url: string }): Promise<number[]> {
  const client = clientOf(system, rpc);
  const onChain = await Promise.all(
    (await history(system, rpc)).map(async (anchor) => ({
      size: anchor.size,
      root: toHex(anchor.root),
      block: anchor.block,
      blockHash: (await client.block(anchor.block))?.hash,
      transaction: (await client.placeOf(anchor))?.transaction,
      time: anchor.time,
    })),
  );
  const answer: unknown = await (await fetch(`${ledger.url}/v1/anchors`)).json();
  const anchors = isJsonObject(answer) && Array.isArray(answer["anchors"]) ? answer["anchors"] : [];
  expect(anchors).to.have.length(onChain.length);
  for (const [number, anchor] of onChain.entries())
    expect(anchors[number]).to.deep.include({ number, ...anchor });
  return onChain.map(({ size }) => size);
}

async function verdictOf(evidence: string, { profile }: Deployed, { url }: Devchain): Promise<string> {
  return (await verifyEvidence(evidence, profile, chainReader(jsonRpc(url, { fetch, name: url }), url)))
    .verdict;
}

async function metric(ledger: App, name: string): Promise<number> {
  const text = await (await fetch(`${ledger.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

/** Waits until so many transactions were sent, and the node holds the last one, which no block has. */
async function untilPending({ sent, target }: Gateway, count: number): Promise<void> {
  await until(() => sent.length === count);
  const rpc = httpRpc(target, 100_000, 10_000_000);
  await until(async () => ((await rpc("txpool_status", [])) as { pending: string }).pending === "0x1");
}

/** Looks again and again until it is so; mocha's timeout ends it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}
