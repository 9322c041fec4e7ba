import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { LedgerError } from "../../../server/errors.ts";
import { type Rpc, RpcFailure } from "../../../server/anchor/json-rpc.ts";
import { rpcRoutes } from "../../../server/anchor/rpc-proxy.ts";
import { PUBLIC } from "../../../server/identity/caller.ts";

const ANCHORS = `0x${"a1".repeat(20)}`;
const AGENCIES = `0x${"a2".repeat(20)}`;
const STRANGER = `0x${"ff".repeat(20)}`;
const HASH = `0x${"0b".repeat(32)}`;
const TOPIC = `0x${"0c".repeat(32)}`;

interface Sent {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The route over a node that remembers what reached it and answers everything with `result`. */
function proxy(result: unknown = "0x1") {
  const sent: Sent[] = [];
  const rpc: Rpc = (method, params) => {
    sent.push({ method, params });
    if (method === "eth_blockNumber") return Promise.resolve("0x1000000");
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  };
  return { sent, post: poster(rpc) };
}

function poster(rpc: Rpc): (body: string | Uint8Array) => Promise<unknown> {
  const [route] = rpcRoutes({ rpc, anchorRegistry: ANCHORS, agencyRegistry: AGENCIES });
  if (route === undefined) throw new Error("no route");
  return async (body) => {
    const bytes = typeof body === "string" ? utf8(body) : body;
    const request = {
      path: "/rpc",
      parameter: () => "",
      query: () => undefined,
      queryNames: [],
      accept: "",
      header: () => undefined,
      body: bytes,
    };
    const answer = await route.handle(request, PUBLIC);
    expect(answer.headers).to.include({ "access-control-allow-origin": "*" });
    if (!("json" in answer)) throw new Error("not JSON");
    return answer.json;
  };
}

function call(method: string, ...params: unknown[]): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
}

describe("server/anchor/rpc-proxy", () => {
  const passing: readonly [string, readonly unknown[], readonly unknown[]][] = [
    ["eth_chainId", [], []],
    ["net_version", [], []],
    ["web3_clientVersion", [], []],
    ["eth_blockNumber", [], []],
    ["eth_getBlockByNumber", ["0x0", false], ["0x0", false]],
    ["eth_getBlockByNumber", ["latest"], ["latest", false]],
    ["eth_getBlockByHash", [HASH, true], [HASH, true]],
    ["eth_getTransactionByHash", [HASH], [HASH]],
    ["eth_getTransactionReceipt", [HASH], [HASH]],
    ["eth_getCode", [STRANGER], [STRANGER, "latest"]],
    ["eth_call", [{ to: ANCHORS, data: "0x1234" }], [{ to: ANCHORS, data: "0x1234" }, "latest"]],
    ["eth_call", [{ to: AGENCIES, input: "0x1234" }, "0x10"], [{ to: AGENCIES, data: "0x1234" }, "0x10"]],
    [
      "eth_call",
      [{ to: ANCHORS.toUpperCase().replace("0X", "0x"), data: "0x" }, "finalized"],
      [{ to: ANCHORS, data: "0x" }, "finalized"],
    ],
    [
      "eth_getLogs",
      [{ address: ANCHORS, topics: [TOPIC, null, [TOPIC, TOPIC]], blockHash: HASH }],
      [{ address: [ANCHORS], topics: [TOPIC, null, [TOPIC, TOPIC]], blockHash: HASH }],
    ],
    [
      "eth_getLogs",
      [{ address: [ANCHORS, AGENCIES], fromBlock: "0xfffff0" }],
      [{ address: [ANCHORS, AGENCIES], topics: [], fromBlock: "0xfffff0", toBlock: "latest" }],
    ],
  ];

  for (const [method, params, forwarded] of passing) {
    it(`passes ${method} ${JSON.stringify(params).slice(0, 70)}`, async () => {
      const { sent, post } = proxy("0xresult");
      const answer = await post(call(method, ...params));
      expect(sent.at(-1)).to.deep.equal({ method, params: forwarded });
      if (method !== "eth_blockNumber")
        expect(answer).to.deep.equal({ jsonrpc: "2.0", id: 1, result: "0xresult" });
    });
  }

  const METHOD_NOT_FOUND = -32601;
  const INVALID_PARAMS = -32602;
  const LIMIT_EXCEEDED = -32005;
  const refused: readonly [string, readonly unknown[], number][] = [
    ["eth_sendRawTransaction", ["0x02"], METHOD_NOT_FOUND],
    ["eth_sendTransaction", [{}], METHOD_NOT_FOUND],
    ["eth_estimateGas", [{ to: ANCHORS, data: "0x" }], METHOD_NOT_FOUND],
    ["eth_accounts", [], METHOD_NOT_FOUND],
    ["anvil_setStorageAt", [ANCHORS, "0x0", HASH], METHOD_NOT_FOUND],
    ["anvil_impersonateAccount", [ANCHORS], METHOD_NOT_FOUND],
    ["evm_mine", [], METHOD_NOT_FOUND],
    ["debug_traceCall", [], METHOD_NOT_FOUND],
    ["toString", [], METHOD_NOT_FOUND],
    ["__proto__", [], METHOD_NOT_FOUND],
    ["eth_chainId", ["extra"], INVALID_PARAMS],
    ["eth_call", [], INVALID_PARAMS],
    ["eth_call", ["0x"], INVALID_PARAMS],
    ["eth_call", [{ to: STRANGER, data: "0x" }], INVALID_PARAMS],
    ["eth_call", [{ data: "0x" }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x1" }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x12", input: "0x34" }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x", from: STRANGER }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x", gas: "0xffffffff" }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x" }, "latest", { [ANCHORS]: { code: "0x60" } }], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x" }, "newest"], INVALID_PARAMS],
    ["eth_call", [{ to: ANCHORS, data: "0x" }, { blockNumber: "0x1" }], INVALID_PARAMS],
    ["eth_getBlockByNumber", [], INVALID_PARAMS],
    ["eth_getBlockByNumber", ["0x00"], INVALID_PARAMS],
    ["eth_getBlockByNumber", ["latest", "yes"], INVALID_PARAMS],
    ["eth_getBlockByHash", ["0x12"], INVALID_PARAMS],
    ["eth_getTransactionReceipt", [HASH, HASH], INVALID_PARAMS],
    ["eth_getLogs", [{}], INVALID_PARAMS],
    ["eth_getLogs", [{ address: [] }], INVALID_PARAMS],
    ["eth_getLogs", [{ address: [ANCHORS, STRANGER] }], INVALID_PARAMS],
    ["eth_getLogs", [{ address: ANCHORS, blockHash: HASH, fromBlock: "0x1" }], INVALID_PARAMS],
    ["eth_getLogs", [{ address: ANCHORS, topics: [TOPIC, TOPIC, TOPIC, TOPIC, TOPIC] }], INVALID_PARAMS],
    ["eth_getLogs", [{ address: ANCHORS, topics: [Array(17).fill(TOPIC)] }], INVALID_PARAMS],
    ["eth_getLogs", [{ address: ANCHORS, fromBlock: "earliest" }], LIMIT_EXCEEDED],
    ["eth_getLogs", [{ address: ANCHORS, fromBlock: "0x0", toBlock: "0x186a0" }], LIMIT_EXCEEDED],
  ];

  for (const [method, params, code] of refused) {
    it(`refuses ${method} ${JSON.stringify(params).slice(0, 70)}`, async () => {
      const { sent, post } = proxy();
      expect(await post(call(method, ...params))).to.have.nested.property("error.code", code);
      expect(sent.map(({ method: forwarded }) => forwarded)).to.not.include(method);
    });
  }

  it("answers a batch in order, each by its id, allowed or not", async () => {
    const { post } = proxy();
    const batch = [
      { jsonrpc: "2.0", id: "a", method: "eth_chainId" },
      { jsonrpc: "2.0", id: 2, method: "evm_mine", params: [] },
      { jsonrpc: "2.0", id: null, method: "net_version", params: [] },
      "nonsense",
    ];
    const answers = await post(JSON.stringify(batch));
    expect(answers).to.have.length(4);
    expect(answers).to.have.nested.property("[0].result", "0x1");
    expect(answers).to.have.nested.property("[1].error.code", METHOD_NOT_FOUND);
    expect(answers).to.have.nested.property("[1].id", 2);
    expect(answers).to.have.nested.property("[2].result", "0x1");
    expect(answers).to.have.nested.property("[3].error.code", -32600);
  });

  it("refuses what is no JSON-RPC call", async () => {
    const { sent, post } = proxy();
    for (const body of ["{", '{"a":1,"a":2}', new Uint8Array([0xff])])
      expect(await post(body)).to.have.nested.property("error.code", -32700);
    const one = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
    const wrong = [
      "1",
      "[]",
      `[${Array(21).fill(one).join()}]`,
      '{"id":1,"method":"eth_chainId"}',
      '{"jsonrpc":"2.0","method":"eth_chainId"}',
      '{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}',
      '{"jsonrpc":"2.0","id":1,"method":5}',
      '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}',
    ];
    for (const body of wrong) expect(await post(body), body).to.have.nested.property("error.code", -32600);
    expect(sent).to.deep.equal([]);
  });

  it("hands on the node's error with its revert data", async () => {
    const { post } = proxy(new RpcFailure("execution reverted", 3, "0xabcd"));
    expect(await post(call("eth_call", { to: ANCHORS, data: "0x" }))).to.deep.equal({
      jsonrpc: "2.0",
      id: 1,
      error: { code: 3, message: "execution reverted", data: "0xabcd" },
    });
  });

  it("says in JSON-RPC when no node answers", async () => {
    const { post } = proxy(new LedgerError("chain-unavailable", "Chain: down."));
    expect(await post(call("eth_chainId"))).to.have.nested.property("error.code", -32603);
  });

  it("bounds an answer and a batch of answers", async () => {
    const { post } = proxy("x".repeat(3 * 1024 * 1024));
    const two = await post(`[${call("eth_chainId")},${call("eth_chainId")}]`);
    expect(two).to.have.nested.property("[0].result");
    expect(two).to.have.nested.property("[1].error.code", LIMIT_EXCEEDED);
    const long = proxy("x".repeat(5 * 1024 * 1024));
    expect(await long.post(call("eth_chainId"))).to.have.nested.property("error.code", LIMIT_EXCEEDED);
  });

  it("bounds the requests under way", async () => {
    const open: (() => void)[] = [];
    const post = poster(() => new Promise((resolve) => open.push(() => resolve("0x1"))));
    const waiting = Array.from({ length: 32 }, () => post(call("eth_chainId")));
    const error = await post(call("eth_chainId")).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LedgerError).and.include({ code: "overloaded" });
    for (const answer of open) answer();
    await Promise.all(waiting);
    void post(call("eth_chainId"));
    expect(open).to.have.length(33);
  });
});
