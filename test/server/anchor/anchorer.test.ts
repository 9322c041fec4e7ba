import { expect } from "chai";
import { anchorRegistryArtifact } from "../../../server/anchor/artifacts.ts";
import { NO_INDEX_ROOT } from "../../../server/anchor/content.ts";
import { parseIntent } from "../../../server/anchor/intent.ts";
import { ADMIN, ANCHORER, LOG_KEYS, mine, setAutomine, startTestChain, type TestChain } from "./chain.ts";
import { MemoryLog, rootOf } from "./memory.ts";
import { Crash, crashing, flaky, goingBack, Station } from "./station.ts";

describe("server/anchor/anchorer", function () {
  this.timeout(600_000);
  let chain: TestChain;

  before(async () => {
    chain = await startTestChain();
  });

  after(() => chain.end());

  async function station(
    options: { maxGrowth?: number; finalityDepth?: number; log?: MemoryLog } = {},
  ): Promise<Station> {
    return new Station({ chain, logId: await chain.newLog(options.maxGrowth), ...options });
  }

  it("anchors each checkpoint once and records what is final", async () => {
    const ledger = await station();
    for (const size of [1, 2, 3, 7, 64, 65, 200]) {
      ledger.log.growTo(size);
      await ledger.settle();
    }
    expect(await ledger.sizes()).to.deep.equal([1, 2, 3, 7, 64, 65, 200]);
    await ledger.expectOneLine();
    await ledger.tick();
    expect(await ledger.chain.anchorCount()).to.equal(7);
  });

  it("sends nothing for an empty log", async () => {
    const ledger = await station();
    await ledger.tick();
    expect([await ledger.chain.anchorCount(), ledger.store.intent]).to.deep.equal([0, undefined]);
    expect(ledger.status.condition).to.equal("agrees");
  });

  it("carries the index through, also for a log that did not grow", async () => {
    const ledger = await station();
    ledger.log.growTo(5);
    await ledger.settle();
    ledger.log.growIndexTo(3);
    await ledger.settle();
    ledger.log.growIndexTo(5);
    await ledger.settle();
    const history = await ledger.history();
    expect(history.map(({ size, indexSize }) => [size, indexSize])).to.deep.equal([
      [5, 0],
      [5, 3],
      [5, 5],
    ]);
    expect(history[0]?.indexRoot).to.deep.equal(NO_INDEX_ROOT);
    expect(history[1]?.indexRoot).to.deep.equal(new Uint8Array(32).fill(3));
    await ledger.expectOneLine();
  });

  it("anchors the log on with the contract's index when its own has become another, and says so", async () => {
    const ledger = await station();
    ledger.log.growTo(5);
    ledger.log.growIndexTo(5);
    await ledger.settle();
    expect(ledger.status.otherIndexAt).to.equal(undefined);

    ledger.log.growIndexTo(5, 99);
    ledger.log.growTo(8);
    await ledger.tick();
    await ledger.tick();
    expect(ledger.status).to.deep.include({ otherIndexAt: 5, finalSize: 8, problem: undefined });
    // Nor does the other index go on in a later anchor.
    ledger.log.growTo(9);
    ledger.log.growIndexTo(9, 98);
    await ledger.tick();
    await ledger.tick();
    const anchored = (await ledger.history()).map(({ size, indexSize, indexRoot }) => [
      size,
      indexSize,
      indexRoot[0],
    ]);
    expect(anchored).to.deep.equal([
      [5, 5, 5],
      [8, 5, 5],
      [9, 5, 5],
    ]);

    ledger.log.growIndexTo(5);
    ledger.log.growIndexTo(9);
    await ledger.settle();
    expect(ledger.status.otherIndexAt).to.equal(undefined);
    expect((await ledger.history()).at(-1)?.indexSize).to.equal(9);
  });

  it("splits what is more than one anchor may add, index last", async () => {
    const ledger = await station({ maxGrowth: 10 });
    ledger.log.growTo(34);
    ledger.log.growIndexTo(34);
    await ledger.settle();
    const history = await ledger.history();
    expect(history.map(({ size, indexSize }) => [size, indexSize])).to.deep.equal([
      [10, 0],
      [20, 0],
      [30, 0],
      [34, 34],
    ]);
    await ledger.expectOneLine();
  });

  it("keeps pending and final apart until the configured depth", async () => {
    const ledger = await station({ finalityDepth: 3 });
    ledger.log.growTo(4, ledger.now / 1000 - 10);
    await ledger.tick();
    await ledger.tick();
    expect(ledger.status).to.include({ finalSize: 0, pendingSize: 4, lagSeconds: 10 });
    ledger.log.growTo(9);
    await mine(chain.rpc);
    await ledger.tick();
    expect(ledger.status).to.include({ finalSize: 0, pendingSize: 4 });
    expect(ledger.store.records).to.deep.equal([]);
    await mine(chain.rpc);
    await ledger.tick();
    expect(ledger.status).to.include({ finalSize: 4 });
    expect(await ledger.sizes()).to.deep.equal([4, 9]);
  });

  it("stores the signed bytes before any node sees them, and sends the same bytes again", async () => {
    const ledger = await station();
    ledger.log.growTo(4);
    await setAutomine(chain.rpc, false);
    try {
      await ledger.tick();
      const sent = intentOf(ledger);
      await chain.rpc("anvil_dropTransaction", [sent]);
      ledger.restart();
      await ledger.tick();
      expect(intentOf(ledger)).to.equal(sent);
      expect(await ledger.chain.transactionState(sent)).to.equal("waiting");
      await mine(chain.rpc);
      await ledger.tick();
      expect(ledger.store.records[0]?.transaction).to.equal(sent);
    } finally {
      await setAutomine(chain.rpc, true);
    }
  });

  it("does not flood a node that keeps dropping the transaction", async () => {
    const ledger = await station();
    let sends = 0;
    ledger.restart({
      wrapRpc: (rpc) => (method, params) => {
        if (method !== "eth_sendRawTransaction") return rpc(method, params);
        sends += 1;
        return Promise.resolve(null);
      },
    });
    ledger.log.growTo(4);
    for (let i = 0; i < 10; i++, ledger.now += 500) await ledger.tick();
    // At 0 s, 2 s and 4 s of the five.
    expect(sends).to.equal(3);
  });

  it("records an anchor that somebody else sent with its key, and goes on from there", async () => {
    const log = new MemoryLog();
    log.growTo(8);
    const ledger = await station({ log });
    await ledger.settle();
    const other = ledger.store.records;
    ledger.store.records = [];
    log.growTo(20);
    ledger.restart();
    await ledger.settle();
    expect(await ledger.sizes()).to.deep.equal([8, 20]);
    expect(ledger.store.records[0]).to.deep.equal(other[0]);
    await ledger.expectOneLine();
  });

  it("replaces a transaction whose nonce was used for something else", async () => {
    const ledger = await station();
    ledger.log.growTo(4);
    await setAutomine(chain.rpc, false);
    try {
      await ledger.tick();
      const sent = intentOf(ledger);
      await chain.rpc("anvil_dropTransaction", [sent]);
      // Another log of the same anchorer takes the nonce.
      await setAutomine(chain.rpc, true);
      const other = await station();
      other.log.growTo(1);
      await other.settle();
      ledger.now += 60_000;
      await ledger.settle();
      expect(ledger.store.records[0]?.transaction).to.not.equal(sent);
      await ledger.expectOneLine();
    } finally {
      await setAutomine(chain.rpc, true);
    }
  });

  describe("before sequencing begins", () => {
    it("agrees once, after the contract's head was read", async () => {
      const ledger = await station();
      ledger.log.growTo(4);
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([0, "starting"]);
      await ledger.settle();
      await ledger.tick();
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([1, "agrees"]);
    });

    it("does not agree while no node answers", async () => {
      const ledger = await station();
      ledger.restart({ wrapRpc: () => () => Promise.reject(new Error("down")) });
      await rejected(ledger.tick());
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([0, "starting"]);
      expect(ledger.status.problem).to.equal("down");
    });

    it("does not take a head for none when it vanishes between two reads", async () => {
      const ledger = await station();
      ledger.log.growTo(4);
      await ledger.settle();
      const count = anchorRegistryArtifact.abi.encodeFunctionData("anchorCount", [ledger.logId]);
      ledger.restart({
        // One anchor more than there is when the next question comes.
        wrapRpc: (rpc) => async (method, params) =>
          JSON.stringify(params).includes(count) ? `0x${"2".padStart(64, "0")}` : rpc(method, params),
      });
      ledger.agreements = 0;
      expect(await rejected(ledger.tick())).to.include({ code: "chain-unavailable" });
      expect(ledger.agreements).to.equal(0);
    });

    it("waits for the tree when the store has more than it", async () => {
      const log = new MemoryLog();
      log.growTo(9);
      const ledger = await station({ log });
      await ledger.settle();
      ledger.restart();
      ledger.agreements = 0;
      log.rootAt = () => Promise.resolve(undefined);
      await ledger.tick();
      expect([ledger.agreements, ledger.halts.length]).to.deep.equal([0, 0]);
    });

    it("does not believe a node that shows less than was recorded, before its time to catch up is over", async () => {
      const ledger = await station();
      ledger.log.growTo(4);
      await ledger.settle();
      const count = anchorRegistryArtifact.abi.encodeFunctionData("anchorCount", [ledger.logId]);
      let lags = true;
      ledger.restart({
        wrapRpc: (rpc) => async (method, params) =>
          lags && JSON.stringify(params).includes(count) ? `0x${"0".repeat(64)}` : rpc(method, params),
      });
      ledger.agreements = 0;
      await ledger.tick();
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([0, "starting"]);
      lags = false;
      await ledger.tick();
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([1, "agrees"]);
    });

    it("looks for the first time at no node that was not compared with the others", async () => {
      const ledger = await station();
      ledger.log.growTo(3);
      let looks = 0;
      let isAlone = true;
      ledger.restart({
        chooseNode: async () => {
          looks++;
          await Promise.resolve();
          if (isAlone) throw new Error("one node of three answers");
        },
      });
      ledger.agreements = 0;
      await ledger.tick().then(
        () => expect.fail("it looked"),
        (error: unknown) => expect(String(error)).to.match(/one node of three/),
      );
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([0, "starting"]);
      isAlone = false;
      await ledger.tick();
      await ledger.tick();
      expect([ledger.agreements, looks]).to.deep.equal([1, 2]);
    });

    it("refuses a store that is behind the contract, once and for good", async () => {
      const log = new MemoryLog();
      log.growTo(9);
      const ledger = await station({ log });
      await ledger.settle();
      // Neither the events nor their anchor.
      log.goBackTo(5);
      ledger.store.records = [];
      ledger.restart();
      ledger.agreements = 0;
      await ledger.tick();
      await ledger.tick();
      expect(ledger.halts).to.have.length(1);
      expect(ledger.halts[0]).to.match(/9 events.*older copy/);
      expect([ledger.agreements, ledger.status.condition]).to.deep.equal([0, "store-behind"]);
    });

    it("refuses a store of another log, and sends nothing", async () => {
      const logId = await chain.newLog();
      const ledger = new Station({ chain, logId });
      ledger.log.growTo(9);
      await ledger.settle();
      const stranger = new Station({ chain, logId, log: new StrangersLog() });
      stranger.log.growTo(12);
      await stranger.tick();
      expect(stranger.halts[0]).to.match(/another root/);
      expect([stranger.agreements, stranger.store.intent, await ledger.sizes()]).to.deep.equal([
        0,
        undefined,
        [9],
      ]);
    });
  });

  describe("with keys that the chain does not name", () => {
    const rotated = { ...LOG_KEYS, receipt: new Uint8Array(32).fill(0x44) };

    it("anchors nothing and says what to do, whichever key it is", async () => {
      for (const [name, variable] of [
        ["checkpoint", "CHECKPOINT_KEY"],
        ["receipt", "RECEIPT_KEY"],
        ["vrf", "VRF_KEY"],
      ] as const) {
        const ledger = await station();
        ledger.restart({ keys: { ...LOG_KEYS, [name]: new Uint8Array(32).fill(0x55) } });
        ledger.log.growTo(4);
        for (let tick = 0; tick < 2; tick++)
          expect(await rejected(ledger.tick())).to.have.property("code", "wrong-keys");
        expect(ledger.wrongKeys).to.have.length(1);
        expect(ledger.wrongKeys[0]).to.contain(variable).and.contain("55".repeat(32));
        expect(ledger.status.problem).to.equal(ledger.wrongKeys[0]);
        expect(ledger.status.condition).to.equal("wrong-keys");
        expect([ledger.agreements, ledger.store.intent, await ledger.sizes()]).to.deep.equal([
          0,
          undefined,
          [],
        ]);
      }
    });

    it("stops when they are rotated, and goes on with the new ones", async () => {
      const ledger = await station();
      ledger.log.growTo(4);
      await ledger.settle();
      const { checkpoint, receipt } = rotated;
      await chain.send(ADMIN, anchorRegistryArtifact, "rotateKeys", [ledger.logId, checkpoint, receipt]);
      ledger.log.growTo(9);
      expect(await rejected(ledger.tick())).to.have.property("code", "wrong-keys");
      expect([ledger.wrongKeys.length, await ledger.sizes()]).to.deep.equal([1, [4]]);
      ledger.restart({ keys: rotated });
      await ledger.settle();
      expect([ledger.agreements, await ledger.sizes()]).to.deep.equal([2, [4, 9]]);
    });

    it("goes on without a restart when the chain is put right", async () => {
      const ledger = await station();
      ledger.restart({ keys: rotated });
      ledger.log.growTo(4);
      await rejected(ledger.tick());
      const { checkpoint, receipt } = rotated;
      await chain.send(ADMIN, anchorRegistryArtifact, "rotateKeys", [ledger.logId, checkpoint, receipt]);
      await ledger.settle();
      expect([ledger.agreements, await ledger.sizes()]).to.deep.equal([1, [4]]);
    });
  });

  describe("what the contract refuses", () => {
    it("says that anchoring is paused, and goes on by itself", async () => {
      const ledger = await station();
      ledger.log.growTo(4, ledger.now / 1000);
      await chain.send(ADMIN, anchorRegistryArtifact, "pause", []);
      try {
        ledger.now += 30_000;
        expect(await rejected(ledger.tick()))
          .to.have.property("message")
          .that.matches(/paused/);
        expect(ledger.status.problem).to.match(/paused.*unpause/);
        expect(ledger.status.lagSeconds).to.equal(30);
      } finally {
        await chain.send(ADMIN, anchorRegistryArtifact, "unpause", []);
      }
      await ledger.settle();
      expect(ledger.status).to.include({ problem: undefined, lagSeconds: 0 });
    });

    it("says whom to ask when the log has another anchorer", async () => {
      const logId = await chain.newLog();
      await chain.send(ADMIN, anchorRegistryArtifact, "setAnchorer", [logId, ADMIN.address]);
      const ledger = new Station({ chain, logId });
      ledger.log.growTo(4);
      expect(await rejected(ledger.tick()))
        .to.have.property("message")
        .that.matches(/setAnchorer/);
      expect(ledger.store.intent).to.equal(undefined);
    });

    it("signs anew when its transaction was mined and reverted", async () => {
      const logId = await chain.newLog();
      const ledger = new Station({ chain, logId });
      ledger.log.growTo(4);
      await setAutomine(chain.rpc, false);
      await ledger.tick();
      const sent = intentOf(ledger);
      // In the block before it, the log is given to somebody else; and back after it.
      await chain.rpc("anvil_dropTransaction", [sent]);
      await setAutomine(chain.rpc, true);
      await chain.send(ADMIN, anchorRegistryArtifact, "setAnchorer", [logId, ADMIN.address]);
      ledger.now += 10_000;
      await ledger.tick();
      expect(await ledger.chain.transactionState(sent)).to.equal("reverted");
      await chain.send(ADMIN, anchorRegistryArtifact, "setAnchorer", [logId, ANCHORER.address]);
      await ledger.settle();
      expect(ledger.store.records.map(({ size, transaction }) => [size, transaction === sent])).to.deep.equal(
        [[4, false]],
      );
    });
  });

  it("tells its lag and state as metrics", async () => {
    const ledger = await station();
    ledger.log.growTo(4, ledger.now / 1000 - 7);
    ledger.restart({ wrapRpc: () => () => Promise.reject(new Error("down")) });
    await rejected(ledger.tick());
    expect(await ledger.registry.metrics()).to.match(/^minhbach_anchor_lag_seconds 7$/m);
    // Also when nobody looks at the chain any more.
    ledger.now += 60_000;
    expect(await ledger.registry.metrics()).to.match(/^minhbach_anchor_lag_seconds 67$/m);
    ledger.restart();
    await ledger.settle();
    const metrics = await ledger.registry.metrics();
    expect(metrics).to.match(/^minhbach_anchor_lag_seconds 0$/m);
    expect(metrics).to.match(/^minhbach_anchored_events 4$/m);
    expect(metrics).to.match(/^minhbach_anchors_total 1$/m);
  });

  describe("whatever fails", () => {
    /** Two anchors, with everything an anchor takes. */
    async function run(ledger: Station): Promise<void> {
      ledger.log.growTo(10);
      await ledger.settle();
      ledger.log.growTo(25);
      ledger.log.growIndexTo(10);
      await ledger.settle();
    }

    it("leaves one line of anchors after a crash at any write, kept or lost", async () => {
      const rehearsal = crashing({ at: Infinity, kept: false });
      await run(new Station({ chain, logId: await chain.newLog(), ...rehearsal }));
      // For each of the two: the intent stored, the transaction sent, the anchor recorded.
      expect(rehearsal.writes()).to.equal(6);
      for (let at = 0; at < rehearsal.writes(); at++) {
        for (const kept of [false, true]) {
          const ledger = new Station({ chain, logId: await chain.newLog(), ...crashing({ at, kept }) });
          expect(await rejected(run(ledger))).to.be.instanceOf(Crash);
          ledger.restart();
          await run(ledger);
          await ledger.expectOneLine();
          const sizes = await ledger.sizes();
          expect(sizes, `crash at write ${at}, ${kept ? "kept" : "lost"}`).to.deep.equal([10, 25]);
        }
      }
    });

    it("leaves one line of anchors on a chain whose nodes answer now and then", async () => {
      for (let n = 2; n <= 15; n++) {
        const logId = await chain.newLog();
        const ledger = new Station({ chain, logId, ...flaky(n) });
        ledger.log.growTo(10);
        for (let tick = 0; tick < 20; tick++, ledger.now += 1_000) await ledger.tick().catch(expectCrash);
        ledger.restart();
        await run(ledger);
        await ledger.expectOneLine();
        expect(await ledger.sizes()).to.deep.equal([10, 25]);
      }
    });

    it("leaves one line of anchors on a node that answers one block behind now and then", async () => {
      let refusals = 0;
      for (let n = 2; n <= 15; n++) {
        const ledger = new Station({ chain, logId: await chain.newLog(), ...goingBack(n) });
        // One block ago the log was there already.
        await mine(chain.rpc);
        // Answers of two blocks give no look at the chain, or an anchor that the newer one refuses: the poll looks again.
        const look = (): Promise<void> =>
          ledger.tick().catch((error: unknown) => {
            const isRefused = error instanceof Error && error.name === "AnchorRefused";
            if (!isRefused) expect(error).to.include({ code: "chain-unavailable" });
            refusals += 1;
          });
        ledger.log.growTo(10);
        for (let tick = 0; tick < 20; tick++, ledger.now += 1_000) await look();
        ledger.log.growTo(25);
        ledger.log.growIndexTo(10);
        for (let tick = 0; tick < 20; tick++, ledger.now += 1_000) await look();
        expect(ledger.halts).to.deep.equal([]);
        ledger.restart();
        await ledger.settle();
        await ledger.expectOneLine();
        expect(await ledger.sizes(), `every ${n}th answer`).to.deep.equal([10, 25]);
      }
      expect(refusals).to.be.greaterThan(0);
    });
  });
});

function expectCrash(error: unknown): void {
  expect(error).to.be.instanceOf(Crash);
}

/** The same number of events, but others. */
class StrangersLog extends MemoryLog {
  override rootAt(size: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(rootOf(size + 1));
  }
}

function intentOf(ledger: Station): string {
  const intent = ledger.store.intent && parseIntent(ledger.store.intent);
  if (intent === undefined) throw new Error("no intent is stored");
  return intent.transaction.hash;
}

async function rejected(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}
