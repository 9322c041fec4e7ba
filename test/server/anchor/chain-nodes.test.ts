import { expect } from "chai";
import { chainNodes, type ChainNodes, type NodesOptions } from "../../../server/anchor/chain-nodes.ts";
import { type Rpc, RpcFailure } from "../../../server/anchor/json-rpc.ts";
import { type FakeNode, IDENTITY, openFakeNode } from "./fake-node.ts";

/** An answer of this machine takes no longer, however busy it is. */
const TIMEOUT_MS = 60_000;

describe("server/anchor/chain-nodes", () => {
  const nodes: FakeNode[] = [];

  afterEach(async () => {
    for (const { close } of nodes.splice(0)) await close();
  });

  async function node(): Promise<FakeNode> {
    const opened = await openFakeNode();
    nodes.push(opened);
    return opened;
  }

  function connectAll(urls: readonly string[], options: Partial<NodesOptions> = {}): ChainNodes {
    return chainNodes({ urls, identity: IDENTITY, timeoutMs: TIMEOUT_MS, ...options });
  }

  function connect(urls: readonly string[], options: Partial<NodesOptions> = {}): Rpc {
    return connectAll(urls, options).rpc;
  }

  it("asks a node for its chain once, and then trusts it", async () => {
    const only = await node();
    const rpc = connect([only.url]);
    expect(await rpc("eth_blockNumber", [])).to.equal("0x1");
    await rpc("eth_blockNumber", []);
    expect(only.calls).to.deep.equal([
      "eth_chainId",
      "eth_getBlockByNumber",
      "eth_blockNumber",
      "eth_blockNumber",
    ]);
  });

  it("never uses a node of another chain id or another genesis block", async () => {
    const [other, fork, right] = [await node(), await node(), await node()];
    other.chainId = "0x1";
    fork.genesisHash = `0x${"b".repeat(64)}`;
    const reasons: string[] = [];
    const rpc = connect([other.url, fork.url, right.url], {
      onFailover: (_, reason) => reasons.push(reason),
    });
    right.answer = () => ({ result: "0xaa" });
    expect(await rpc("eth_call", [])).to.equal("0xaa");
    expect(other.calls.concat(fork.calls)).to.not.include("eth_call");
    expect(reasons.join()).to.match(/chain 0x1, not of chain 4117.*another genesis block/s);
    const alone = connect([other.url]);
    expect(await rejection(alone("eth_call", []))).to.include({ code: "chain-unavailable" });
  });

  it("goes on to the next node when one is gone, hangs or talks nonsense, and stays there", async () => {
    const [gone, hanging, strange, good] = [await node(), await node(), await node(), await node()];
    gone.server.close();
    gone.server.closeAllConnections();
    hanging.hangs = true;
    strange.answer = () => ["no answer"];
    const places: number[] = [];
    const rpc = connect([gone.url, hanging.url, strange.url, good.url], {
      onFailover: (place) => places.push(place),
      // What the node that hangs costs this test.
      timeoutMs: 3_000,
    });
    expect(await rpc("eth_blockNumber", [])).to.equal("0x1");
    expect(await rpc("eth_blockNumber", [])).to.equal("0x1");
    expect(places).to.deep.equal([0, 1, 2]);
    expect(strange.calls.filter((method) => method === "eth_blockNumber")).to.have.length(1);
    nodes.splice(nodes.indexOf(gone), 1);
  });

  it("asks for the identity again when a node comes back", async () => {
    const only = await node();
    const rpc = connect([only.url]);
    await rpc("eth_blockNumber", []);
    only.isGone = true;
    await rejection(rpc("eth_blockNumber", []));
    only.isGone = false;
    only.chainId = "0x1";
    expect(await rejection(rpc("eth_blockNumber", []))).to.include({ code: "chain-unavailable" });
  });

  it("reports a node that is down once, not with every call", async () => {
    const only = await node();
    only.isGone = true;
    let reports = 0;
    const rpc = connect([only.url], { onFailover: () => (reports += 1) });
    for (let i = 0; i < 3; i++) await rejection(rpc("eth_blockNumber", []));
    expect(reports).to.equal(1);
    only.isGone = false;
    await rpc("eth_blockNumber", []);
    only.isGone = true;
    await rejection(rpc("eth_blockNumber", []));
    expect(reports).to.equal(2);
  });

  it("hands on a node's error answer, with its revert data, and asks no other node", async () => {
    const [first, second] = [await node(), await node()];
    const rpc = connect([first.url, second.url]);
    first.answer = () => ({ error: { code: 3, message: "execution reverted", data: "0x1234" } });
    const error = await rejection(rpc("eth_call", []));
    expect(error).to.be.instanceOf(RpcFailure).and.include({ code: 3, data: "0x1234" });
    first.answer = () => ({ error: { code: -32000, message: "no", data: { data: "0xab" } } });
    expect(await rejection(rpc("eth_call", []))).to.include({ data: "0xab" });
    expect(second.calls).to.deep.equal([]);
  });

  it("asks the next node when one says that it cannot, and none when the contract or every node says no", async () => {
    const [first, second] = [await node(), await node()];
    second.answer = () => ({ result: "0x2" });
    const asked = async (method: string, error: object): Promise<unknown> => {
      first.answer = () => ({ error });
      return connect([first.url, second.url])(method, []).catch((failure: unknown) => failure);
    };
    for (const code of [-32601, -32603, -32001, -32002, -32004, -32005])
      expect(await asked("eth_sendRawTransaction", { code, message: "no" }), String(code)).to.equal("0x2");
    expect(await asked("eth_call", { code: -32000, message: "missing trie node" })).to.equal("0x2");
    for (const [method, error] of [
      ["eth_call", { code: -32603, message: "VM Exception: reverted" }],
      ["eth_call", { code: -32000, message: "Execution reverted", data: "0x" }],
      ["eth_call", { code: -32602, message: "invalid params" }],
      ["eth_sendRawTransaction", { code: -32000, message: "nonce too low" }],
      ["eth_estimateGas", { code: -32000, message: "insufficient funds" }],
    ] as const)
      expect(await asked(method, error), error.message).to.be.instanceOf(RpcFailure);
  });

  it("hands on what a node said when no node can, also when the others are gone", async () => {
    const [first, second] = [await node(), await node()];
    first.answer = () => ({ error: { code: -32005, message: "too many blocks" } });
    second.isGone = true;
    const error = await rejection(connect([first.url, second.url])("eth_getLogs", []));
    expect(error).to.be.instanceOf(RpcFailure).and.include({ code: -32005 });
  });

  describe("compared", () => {
    /** Nodes of these heights, and the places that were told of. */
    async function connected(
      ...heights: number[]
    ): Promise<{ all: ChainNodes; each: FakeNode[]; told: string[] }> {
      const each = await Promise.all(heights.map(() => node()));
      for (const [place, height] of heights.entries()) standsAt(each[place], height);
      const told: string[] = [];
      const all = connectAll(
        each.map(({ url }) => url),
        { onFailover: (place, reason) => told.push(`${place}: ${reason}`) },
      );
      return { all, each, told };
    }

    function hangUp(fake: FakeNode | undefined): void {
      if (fake !== undefined) fake.isGone = true;
    }

    function standsAt(fake: FakeNode | undefined, height: number): void {
      if (fake === undefined) throw new Error("no such node");
      fake.answer = () => ({ result: `0x${height.toString(16)}` });
    }

    it("leaves a node that stays far behind another, at the second look", async () => {
      const { all, told } = await connected(10, 20, 21);
      await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0xa");
      await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x14");
      expect(told).to.deep.equal(["0: its newest block is 10 blocks behind that of node 1"]);
      await all.compare();
      expect(told).to.have.length(1);
    });

    it("turns to one that is as far as two others before the first look, at once", async () => {
      const { all, told } = await connected(18, 20, 21);
      await all.useNewest();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x14");
      expect(told).to.deep.equal(["0: its newest block is 2 blocks behind that of node 1"]);
      const { all: claimed, told: none } = await connected(21, 1_000_000, 21);
      await claimed.useNewest();
      expect(await claimed.rpc("eth_blockNumber", [])).to.equal("0x15");
      expect(none).to.deep.equal([]);
      const { all: two } = await connected(10, 11);
      await two.useNewest();
      expect(await two.rpc("eth_blockNumber", [])).to.equal("0xb");
    });

    it("takes no single answer of three for the first look, and one that answers in place of one that does not", async () => {
      const { all, each } = await connected(10, 20, 21);
      hangUp(each[1]);
      hangUp(each[2]);
      expect(await rejection(all.useNewest())).to.include({ code: "chain-unavailable" });
      hangUp(each[0]);
      const back = each[2];
      if (back !== undefined) back.isGone = false;
      const again = each[1];
      if (again !== undefined) again.isGone = false;
      await all.useNewest();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x15");
      const { all: alone } = await connected(7);
      await alone.useNewest();
      expect(await alone.rpc("eth_blockNumber", [])).to.equal("0x7");
    });

    it("believes no node that alone claims a height", async () => {
      const { all, told } = await connected(20, 1_000_000, 21);
      for (let i = 0; i < 3; i++) await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x14");
      expect(told).to.deep.equal([]);
    });

    it("keeps a node that is a few blocks behind, or was and has caught up", async () => {
      const { all, each, told } = await connected(16, 21);
      for (let i = 0; i < 3; i++) await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x10");
      standsAt(each[1], 40);
      await all.compare();
      standsAt(each[0], 41);
      await all.compare();
      standsAt(each[1], 60);
      await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x29");
      expect(told).to.deep.equal([]);
    });

    it("passes by a node that was behind when the one in use fails, while there is another", async () => {
      const { all, each } = await connected(21, 10, 20);
      await all.compare();
      hangUp(each[0]);
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0x14");
      expect(each[1]?.calls.filter((method) => method === "eth_blockNumber")).to.have.length(1);
      hangUp(each[2]);
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0xa");
    });

    it("goes on while nodes are gone, of another chain, or alone", async () => {
      const { all, each } = await connected(10, 30, 30, 12);
      hangUp(each[1]);
      const [, , other] = each;
      if (other !== undefined) other.chainId = "0x1";
      for (let i = 0; i < 3; i++) await all.compare();
      expect(await all.rpc("eth_blockNumber", [])).to.equal("0xa");
      const { all: alone } = await connected(10);
      for (let i = 0; i < 3; i++) await alone.compare();
      expect(await alone.rpc("eth_blockNumber", [])).to.equal("0xa");
      await connectAll([]).compare();
    });
  });
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}
