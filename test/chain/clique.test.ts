/**
 * The ledger on a real permissioned chain: five validators, each a process (geth, Clique, a block a second), that are killed, cut off and
 * brought back. What happened is printed, and kept in test-results/chain/clique.log.
 */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { parseReceipt } from "../../protocol/receipt.ts";
import { checkReceiptPromises } from "../../verifier/receipt-promises.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { skipBecause } from "../skip-because.ts";
import { tokenOf } from "../system/fixture.ts";
import { openGateway } from "../system/gateway.ts";
import { BUILD_TIMEOUT_MS, geth, GETH_VERSION, NoGeth } from "./geth.ts";
import { beginLog, beginTimeline, type Timeline } from "./timeline.ts";
import {
  ALL,
  blockOf,
  evidenceOf,
  FINALITY_DEPTH,
  hashOf,
  height,
  heightsOf,
  historyBy,
  oneLine,
  type Running,
  standingOf,
  startOn,
  startWorld,
  until,
  untilEvidence,
  untilHalted,
  untilHeight,
  untilMeshed,
  untilOneChain,
  untilStanding,
  verdictBy,
  type World,
} from "./world.ts";

const MINUTE_MS = 60_000;
const OVERDUE_MS = 20 * MINUTE_MS;

describe(`a chain of five validators (geth ${GETH_VERSION}, Clique)`, function () {
  this.timeout(5 * MINUTE_MS);
  /** One chain for all: after a failure the next ones would fail for it. (`bail` would end the tests of all files.) */
  let failed: string | undefined;
  let world: World;
  let logFile: string;
  let timeline: Timeline;
  let running: Running | undefined;
  let close = (): Promise<void> => Promise.resolve();

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS + 5 * MINUTE_MS);
    const binary = await geth().catch((error: unknown) => {
      if (error instanceof NoGeth) skipBecause(this, error.message);
      throw error;
    });
    logFile = await beginLog("clique");
    timeline = beginTimeline("start", logFile);
    world = await startWorld(binary, () => {
      timeline.note("no block for half a minute: all nodes are connected anew");
    });
    close = world.close;
    timeline.note(`deployed by node 0: ${await heightsOf(world.network)}`);
    await timeline.end();
  });

  beforeEach(function () {
    expect(failed, "failed before on this chain").to.equal(undefined);
    timeline = beginTimeline(this.currentTest?.title ?? "", logFile);
  });

  afterEach(async function () {
    if (this.currentTest?.isFailed() === true) failed ??= this.currentTest.title;
    await running?.close();
    running = undefined;
    await timeline.end();
  });

  after(async () => {
    await close();
  });

  /** Starts the ledger with these nodes, in this order. */
  async function start(
    nodes: readonly number[],
    options: { rpcUrls?: readonly string[]; anchorPromiseSeconds?: number } = {},
  ): Promise<Running> {
    const rpcUrls = nodes.map((node) => world.network.url(node));
    running = await startOn(world, { rpcUrls, ...options }, timeline);
    await untilStanding(running, ({ isReady }) => isReady);
    timeline.note(`ledger: ready, asks nodes ${nodes.join(", ")}`);
    return running;
  }

  async function noteHeights(): Promise<void> {
    timeline.note(await heightsOf(world.network));
  }

  /** The lag alarm is on, or off. What makes it is time: the ledger's clock goes ahead. */
  async function expectAlarm({ isOn }: { isOn: boolean }): Promise<void> {
    if (running === undefined) throw new Error("no ledger runs");
    const standing = await untilStanding(
      running,
      ({ isReady, lagSeconds }) => isReady !== isOn && lagSeconds > OVERDUE_MS / 2000 === isOn,
    );
    expect((await fetch(`${running.ledger.url}/live`)).status).to.equal(200);
    timeline.note(`ledger: ready ${String(standing.isReady)}, lag ${Math.round(standing.lagSeconds)} s`);
  }

  it("deploys and registers by one node; records, anchors, and every node vouches for the evidence", async () => {
    const { network, system, deployBy } = world;
    await untilOneChain(network);
    const before = await Promise.all(
      ALL.map((node) => network.rpc(node)("eth_getTransactionCount", [world.anchorer, "latest"])),
    );
    expect(new Set(before)).to.deep.equal(new Set(["0x0"]));
    const again = await deployBy(2);
    expect({ ...again.profile }).to.deep.equal({ ...system.profile });
    timeline.note("deployed once more by node 2: everything is there");

    const ledger = await start(ALL);
    const evidence = await untilEvidence(ledger, await ledger.record());
    await untilOneChain(network);
    for (const node of ALL) {
      expect(await verdictBy(world, evidence, [node]), `node ${node}`).to.equal("valid");
      timeline.note(`evidence: valid by node ${node}`);
    }
    expect(await verdictBy(world, evidence, ALL)).to.equal("valid");
    expect(await oneLine(world, ledger)).to.deep.equal([1]);
    for (const node of ALL) {
      const newest = await blockOf(network, node, await height(network, node));
      expect(newest?.["baseFeePerGas"]).to.equal("0x0");
    }
  });

  it("goes on without two of its validators, which catch up when they are back", async () => {
    const { network } = world;
    const ledger = await start(ALL);
    for (const [node, others] of [
      [4, [0, 1, 2, 3]],
      [3, [0, 1, 2]],
    ] as const) {
      await network.kill(node);
      timeline.note(`node ${node} is killed`);
      const evidence = await untilEvidence(ledger, await ledger.record());
      expect(await verdictBy(world, evidence, others)).to.equal("valid");
    }
    for (const node of [3, 4]) await network.start(node);
    timeline.note("nodes 3 and 4 are started again");
    await untilOneChain(network);
    await noteHeights();
    expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3]);
  });

  it("loses the node the ledger talks to, just after an anchor was sent there: another node, and nothing twice", async () => {
    const { network } = world;
    const gateway = await openGateway(network.url(0));
    try {
      const ledger = await start([0, 1, 2], {
        rpcUrls: [gateway.url, network.url(1), network.url(2)],
      });
      const killed = new Promise<void>((resolve) => {
        gateway.judge = ({ method }) => {
          // The first look at the transaction: the node has it, and nobody knows whether it is in a block.
          if (method !== "eth_getTransactionReceipt" || gateway.isDown) return "pass";
          gateway.isDown = true;
          void network.kill(0).then(resolve);
          return "hold";
        };
      });
      const index = await ledger.record();
      await killed;
      timeline.note("node 0 is killed: it took the anchor's transaction, and never said what became of it");
      const evidence = await untilEvidence(ledger, index);
      expect(gateway.sent).to.have.length(1);
      expect(await verdictBy(world, evidence, [1, 2, 3, 4])).to.equal("valid");
      await untilEvidence(ledger, await ledger.record());
      await network.start(0);
      timeline.note("node 0 is started again");
      await untilOneChain(network);
      await noteHeights();
      expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3, 4, 5]);
    } finally {
      await gateway.close();
    }
  });

  it("is split three to two, and the two make a block with an anchor that is reorganised away: no evidence before it is final", async () => {
    const { network } = world;
    const ledger = await start([3]);
    const anchoredBefore = (await standingOf(ledger)).anchored;
    // They make a block when the anchor is there, not earlier: each may make one, and then waits for others.
    await untilMeshed(network);
    for (const node of [3, 4]) await network.rpc(node)("miner_stop", []);
    await untilHeight(network, 3, (await height(network, 3)) + 3);
    network.split([0, 1, 2], [3, 4]);
    timeline.note("split: nodes 0, 1 and 2 on one side, nodes 3 and 4 and the ledger on the other");
    const index = await ledger.record();
    await until(async () => {
      const pool = JSON.stringify(await network.rpc(3)("txpool_status", []));
      return pool.includes('"pending":"0x1"');
    });
    await network.rpc(3)("miner_start", []);
    await untilStanding(ledger, ({ pending }) => pending === index + 1);
    const block = (await historyBy(world, 3)).at(-1)?.block ?? 0;
    const away = await hashOf(network, 3, block);
    timeline.note(`node 3 has a block ${block} of its own with the anchor of ${index + 1} events`);
    await network.rpc(4)("miner_start", []);

    await untilHeight(network, 0, block + 1 + FINALITY_DEPTH);
    await noteHeights();
    for (const node of [3, 4]) expect(await height(network, node)).to.be.within(block - 1, block + 1);
    expect((await historyBy(world, 0)).at(-1)?.size).to.equal(anchoredBefore);
    ledger.clock.aheadMs += OVERDUE_MS;
    await expectAlarm({ isOn: true });
    expect((await standingOf(ledger)).anchored).to.equal(anchoredBefore);
    expect(await evidenceOf(ledger, index)).to.equal(undefined);

    network.heal();
    timeline.note("healed");
    const evidence = await untilEvidence(ledger, index);
    await expectAlarm({ isOn: false });
    await untilOneChain(network);
    await noteHeights();
    expect(await hashOf(network, 3, block)).to.not.equal(away);
    timeline.note(`node 3's own block ${block} is gone`);
    expect(await verdictBy(world, evidence, ALL)).to.equal("valid");
    expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it("is split four to one, and the ledger reaches both sides: it leaves the node that fell behind", async () => {
    const { network } = world;
    const ledger = await start([4, 0, 1]);
    await untilMeshed(network);
    network.split([0, 1, 2, 3], [4]);
    timeline.note("split: node 4 is alone; the ledger asks node 4, and could ask 0 and 1");
    const evidence = await untilEvidence(ledger, await ledger.record());
    expect(await verdictBy(world, evidence, [0, 1, 2, 3])).to.equal("valid");
    await noteHeights();
    network.heal();
    timeline.note("healed");
    await untilOneChain(network);
    expect(await verdictBy(world, evidence, ALL)).to.equal("valid");
    expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });

  it("is split so that no side has a majority: it halts, receipts go on, the alarm rises and falls", async () => {
    const { network } = world;
    const ledger = await start(ALL);
    await untilMeshed(network);
    network.split([0, 1], [2, 3], [4]);
    const newest = Math.max(...(await Promise.all(ALL.map(async (node) => await height(network, node)))));
    timeline.note("split: nodes 0 and 1, nodes 2 and 3, node 4; the ledger reaches them all");
    await untilHalted(world);
    await noteHeights();
    for (const node of ALL) expect(await height(network, node)).to.be.at.most(newest + 5);
    const index = await ledger.record();
    ledger.clock.aheadMs += OVERDUE_MS;
    await expectAlarm({ isOn: true });
    expect(await evidenceOf(ledger, index)).to.equal(undefined);
    network.heal();
    timeline.note("healed");
    const evidence = await untilEvidence(ledger, index);
    await expectAlarm({ isOn: false });
    await untilOneChain(network);
    await noteHeights();
    expect(await verdictBy(world, evidence, ALL)).to.equal("valid");
    expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("halts as a whole and resumes: receipts go on, the alarm rises and falls, and one anchor brings everything", async () => {
    const { network, system } = world;
    const promised = 2;
    const ledger = await start(ALL, { anchorPromiseSeconds: promised });
    await Promise.all(ALL.map((node) => network.kill(node)));
    timeline.note("all nodes are killed");
    const indexes = [await ledger.record(), await ledger.record(), await ledger.record()];
    const [first = 0, , last = 0] = indexes;
    const receipt = await ledger.receiptOf(first);
    ledger.clock.aheadMs += OVERDUE_MS;
    await expectAlarm({ isOn: true });
    const inspector = await tokenOf(system, "inspector");
    const missed = await findings(ledger, "missed-anchor", inspector);
    expect(missed).to.have.length(1);
    timeline.note(`finding while it lasts: ${missed.join()}`);

    // A halt that is over sooner breaks no promise. No block is of a time before the validators went on.
    const { anchorBy } = parseReceipt(receipt).receipt;
    await delay(Math.max(0, (anchorBy + 1) * 1000 - Date.now()));
    for (const node of ALL) await network.start(node);
    timeline.note("all nodes are started again");
    const evidence = await untilEvidence(ledger, last);
    await expectAlarm({ isOn: false });
    await untilOneChain(network);
    await noteHeights();
    expect(await verdictBy(world, evidence, ALL)).to.equal("valid");
    expect(await oneLine(world, ledger)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 11]);
    const url = network.url(1);
    const report = await checkReceiptPromises(receipt, {
      profile: system.profile,
      chain: chainReader(jsonRpc(url, { fetch, name: "node 1" }), "node 1"),
    });
    timeline.note(`the receipt of event ${first}: ${report.worth}`);
    expect(report.worth).to.equal("broken");
    expect(await findings(ledger, "missed-anchor", inspector)).to.have.length(1);
  });
});

/** Ids of the findings of a kind. */
async function findings(
  { ledger: { url } }: Running,
  kind: string,
  headers: Record<string, string>,
): Promise<string[]> {
  const answer = (await (await fetch(`${url}/v1/findings?limit=1000`, { headers })).json()) as {
    findings: { id: string; kind: string }[];
  };
  return answer.findings.filter((finding) => finding.kind === kind).map(({ id }) => id);
}
