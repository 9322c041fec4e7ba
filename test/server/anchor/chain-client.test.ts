import { expect } from "chai";
import { anchorRegistryArtifact } from "../../../server/anchor/artifacts.ts";
import { chainClient } from "../../../server/anchor/chain-client.ts";
import { ADMIN, ANCHORER, mine, startTestChain, type TestChain } from "./chain.ts";
import { rootOf } from "./memory.ts";
import { Station } from "./station.ts";

describe("server/anchor/chain-client", function () {
  this.timeout(600_000);
  let chain: TestChain;
  let ledger: Station;

  before(async () => {
    chain = await startTestChain();
    ledger = new Station({ chain, logId: await chain.newLog(100) });
    for (const size of [5, 9, 30]) {
      ledger.log.growTo(size);
      await ledger.settle();
    }
  });

  after(() => chain.end());

  it("reads the head and the history", async () => {
    const head = await ledger.chain.logHead();
    expect(head).to.deep.include({ size: 30, root: rootOf(30), indexSize: 0, indexRoot: new Uint8Array(32) });
    expect(await ledger.chain.anchorAt(2)).to.deep.equal(head);
    expect(await ledger.chain.anchorAt(3)).to.equal(undefined);
    expect(await ledger.chain.anchorCount()).to.equal(3);
    const empty = chainClient({ ...chain, logId: await chain.newLog() });
    expect([await empty.logHead(), await empty.anchorCount()]).to.deep.equal([undefined, 0]);
  });

  it("finds anchors by size and by the leaf they cover", async () => {
    const { chain: client } = ledger;
    expect((await client.anchorOfSize(9))?.size).to.equal(9);
    expect(await client.anchorOfSize(10)).to.equal(undefined);
    const covering = await Promise.all([0, 4, 5, 29, 30].map((index) => client.anchorCovering(index)));
    expect(covering.map((anchor) => anchor?.size)).to.deep.equal([5, 5, 9, 30, undefined]);
  });

  it("finds the block and the transaction of an anchor, and none for one the chain does not hold", async () => {
    const anchor = await ledger.chain.anchorAt(1);
    if (anchor === undefined) throw new Error("no anchor");
    const place = await ledger.chain.placeOf(anchor);
    expect(place).to.deep.include({ block: anchor.block });
    expect(place?.blockHash).to.equal((await ledger.chain.block(anchor.block))?.hash);
    expect(await ledger.chain.transactionState(place?.transaction ?? "")).to.equal("mined");
    expect(await ledger.chain.placeOf({ ...anchor, root: rootOf(3) })).to.equal(undefined);
    expect(await ledger.chain.placeOf({ ...anchor, block: anchor.block + 1 })).to.equal(undefined);
  });

  it("reads the log's state and its keys at a block", async () => {
    expect(await ledger.chain.logState()).to.deep.equal({
      anchorer: ANCHORER.address,
      maxGrowth: 100,
      frozen: false,
      successor: 0,
    });
    const client = chainClient({ ...chain, logId: await chain.newLog() });
    const created = (await client.latestBlock()).number;
    const rotated = [`0x${"0a".repeat(32)}`, `0x${"0b".repeat(32)}`];
    const logId = Number(await logCount(chain));
    await chain.send(ADMIN, anchorRegistryArtifact, "rotateKeys", [logId, ...rotated]);
    const keysAt = async (block: number): Promise<readonly number[]> => {
      const { checkpoint, receipt, vrf } = await client.logKeysAt(block);
      return [checkpoint, receipt, vrf].map((key) => key[0] ?? -1);
    };
    expect(await keysAt(created)).to.deep.equal([1, 2, 3]);
    expect(await keysAt(created + 1)).to.deep.equal([10, 11, 3]);
    expect(await rejection(client.logKeysAt(created - 1))).to.have.property("name", "RpcFailure");
  });

  it("reads blocks, and none beyond the newest", async () => {
    await mine(chain.rpc);
    const newest = await ledger.chain.latestBlock();
    expect(await ledger.chain.block(newest.number)).to.deep.equal(newest);
    expect(newest).to.deep.include({ baseFee: 0n });
    expect(await ledger.chain.block(newest.number + 1)).to.equal(undefined);
    expect(await ledger.chain.transactionState(`0x${"0".repeat(64)}`)).to.equal("unknown");
  });

  it("says when there is no registry at the address, or another contract", async () => {
    const nothing = chainClient({ ...chain, anchorRegistry: ADMIN.address, logId: 1 });
    expect(await rejection(nothing.anchorCount())).to.include({ code: "chain-unavailable" });
    expect(await rejection(nothing.anchorCount()))
      .to.have.property("message")
      .that.matches(/no contract/);
    const strange = chainClient({
      rpc: () => Promise.resolve("0x1234"),
      anchorRegistry: chain.anchorRegistry,
      logId: 1,
    });
    for (const read of [
      strange.anchorCount(),
      strange.logState(),
      strange.latestBlock(),
      strange.anchorAt(0),
    ])
      expect(await rejection(read)).to.include({ code: "chain-unavailable" });
  });
});

async function logCount(chain: TestChain): Promise<unknown> {
  const data = anchorRegistryArtifact.abi.encodeFunctionData("logCount", []);
  return chain.rpc("eth_call", [{ to: chain.anchorRegistry, data }, "latest"]);
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}
