import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { inspect } from "node:util";
import { expect } from "chai";
import { chainRpc, httpRpc, type RpcOptions, RpcFailure } from "../../../server/anchor/json-rpc.ts";

const IDENTITY = { chainId: 4117, genesisHash: `0x${"a".repeat(64)}` };

interface FakeNode {
  readonly url: string;
  readonly calls: string[];
  /** What it answers to any other method than those about its identity. */
  answer: (method: string) => unknown;
  chainId: string;
  genesisHash: string;
  /** Takes requests and never answers. */
  hangs: boolean;
  readonly server: Server;
}

describe("server/anchor/json-rpc", () => {
  const nodes: FakeNode[] = [];

  afterEach(async () => {
    for (const { server } of nodes.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  });

  async function node(): Promise<FakeNode> {
    const fake: FakeNode = {
      url: "",
      calls: [],
      answer: () => ({ result: "0x1" }),
      chainId: "0x1015",
      genesisHash: IDENTITY.genesisHash,
      hangs: false,
      server: createServer((request, response) => {
        void (async () => {
          let body = "";
          for await (const part of request) body += String(part);
          const method = /"method":"(\w+)"/.exec(body)?.[1] ?? "";
          if (fake.hangs) return;
          fake.calls.push(method);
          response.end(JSON.stringify(answerOf(method)));
        })();
      }),
    };
    const answerOf = (method: string): unknown => {
      if (method === "eth_chainId") return { result: fake.chainId };
      if (method === "eth_getBlockByNumber") return { result: { hash: fake.genesisHash } };
      return fake.answer(method);
    };
    fake.server.listen(0, "127.0.0.1");
    await once(fake.server, "listening");
    const address = fake.server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    nodes.push(fake);
    return Object.assign(fake, { url: `http://127.0.0.1:${address.port}` });
  }

  function connect(urls: readonly string[], options: Partial<RpcOptions> = {}): ReturnType<typeof chainRpc> {
    return chainRpc({ urls, identity: IDENTITY, timeoutMs: 200, ...options });
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

  it("sends a password in the URL as a header, and never shows it", async () => {
    const only = await node();
    const shown: (string | undefined)[] = [];
    only.server.on("request", ({ headers }) => void shown.push(headers.authorization));
    const withPassword = only.url.replace("//", "//ledger:s3cret%2F@");
    expect(await connect([withPassword])("eth_blockNumber", [])).to.equal("0x1");
    expect(new Set(shown)).to.deep.equal(new Set([`Basic ${btoa("ledger:s3cret/")}`]));
    const down = await connect(["http://ledger:s3cret%2F@127.0.0.1:9"])("eth_blockNumber", []).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(inspect(down, { depth: null }))
      .to.contain("did not answer")
      .and.not.contain("s3cret");
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
    only.hangs = true;
    await rejection(rpc("eth_blockNumber", []));
    only.hangs = false;
    only.chainId = "0x1";
    expect(await rejection(rpc("eth_blockNumber", []))).to.include({ code: "chain-unavailable" });
  });

  it("reports a node that is down once, not with every call", async () => {
    const only = await node();
    only.hangs = true;
    let reports = 0;
    const rpc = connect([only.url], { timeoutMs: 20, onFailover: () => (reports += 1) });
    for (let i = 0; i < 3; i++) await rejection(rpc("eth_blockNumber", []));
    expect(reports).to.equal(1);
    only.hangs = false;
    await rpc("eth_blockNumber", []);
    only.hangs = true;
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
    second.hangs = true;
    const error = await rejection(connect([first.url, second.url])("eth_getLogs", []));
    expect(error).to.be.instanceOf(RpcFailure).and.include({ code: -32005 });
  });

  it("refuses answers that are too long or no JSON, and keeps the URL out of its messages", async () => {
    const only = await node();
    only.answer = () => ({ result: "x".repeat(2_000) });
    const error = await rejection(httpRpc(`${only.url}/?key=secret`, 1_000, 1_000)("eth_call", []));
    expect(error).to.include({ code: "chain-unavailable" });
    expect(String(error)).to.not.include("secret");
  });
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}
