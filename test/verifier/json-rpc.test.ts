import { createServer, type RequestListener, type Server } from "node:http";
import { expect } from "chai";
import { ChainError } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";

describe("jsonRpc", () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
  });

  /** A node on a random port of this machine; returns its URL. */
  async function serve(listener: RequestListener): Promise<string> {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
    const address = started.address();
    if (address === null || typeof address === "string") throw new Error("the server has a port");
    return `http://127.0.0.1:${address.port}`;
  }

  function answering(body: string, status = 200): Promise<string> {
    return serve((request, response) => {
      request.resume().on("end", () => response.writeHead(status).end(body));
    });
  }

  it("sends the question and returns the result", async () => {
    const url = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        expect(request.headers["content-type"]).to.equal("application/json");
        const { id, ...question } = JSON.parse(body) as { id: number };
        response.end(JSON.stringify({ jsonrpc: "2.0", id, result: question }));
      });
    });
    const rpc = jsonRpc(url, { fetch, name: "the node" });
    for (const params of [[], ["0x0", false]]) {
      expect(await rpc("eth_test", params)).to.deep.equal({ jsonrpc: "2.0", method: "eth_test", params });
    }
  });

  it("says that a contract reverted", async () => {
    for (const error of [
      { code: 3, message: "execution reverted: custom error 0x1f2d" },
      { code: -32000, message: "Execution reverted (UnknownLog)" },
      { code: 3, message: 7 },
    ]) {
      const url = await answering(JSON.stringify({ jsonrpc: "2.0", id: 1, error }), 500);
      await refused(url, "refused", /^the contract refuses the question put through the node: /);
      server?.close();
    }
  });

  const garbage: readonly [name: string, body: string, message: RegExp][] = [
    [
      "an error of the node",
      '{"id":1,"error":{"code":-32005,"message":"rate limit"}}',
      /no usable answer: rate limit$/,
    ],
    ["an error page", "<html>502</html>", /it answers with HTTP status 200, and not with JSON$/],
    ["nothing", "", /not with JSON$/],
    ["the answer to another question", '{"id":2,"result":"0x1"}', /belongs to no question$/],
    ["a list", "[]", /belongs to no question$/],
    ["neither result nor error", '{"id":1}', /neither a result nor an error$/],
    ["a result and an error", '{"id":1,"result":"0x1","error":{"message":"x"}}', /no usable answer: x$/],
    ["two results", '{"id":1,"result":"0x1","result":"0x2"}', /not with JSON$/],
    ["bottomless JSON", `{"id":1,"result":${"[".repeat(1000)}${"]".repeat(1000)}}`, /not with JSON$/],
    ["bytes that are no text", "\ud800", /./],
    ["five megabytes", `{"id":1,"result":"${"0".repeat(5 * 1024 * 1024)}"}`, /its answer is too long$/],
  ];
  for (const [name, body, message] of garbage) {
    it(`refuses ${name}`, async () => {
      await refused(await answering(body), "malformed", message);
    });
  }

  it("passes on little of what a node says in its errors", async () => {
    const message = "x".repeat(10_000);
    const error = await refused(
      await answering(JSON.stringify({ id: 1, error: { message } })),
      "malformed",
      /./,
    );
    expect(error.message.length).to.be.lessThan(400);
  });

  it("gives up on a node that never answers", async () => {
    const url = await serve(() => undefined);
    await refused(url, "unreachable", /^the node cannot be reached/, 0.05);
  });

  it("gives up on a node that never ends", async () => {
    const url = await serve((_request, response) => void response.write(" "));
    await refused(url, "unreachable", /^the node cannot be reached/, 0.05);
  });

  it("follows no redirect: only the node that was named is asked", async () => {
    let visits = 0;
    const url = await serve((request, response) => {
      visits++;
      request.resume().on("end", () => response.writeHead(307, { location: "/elsewhere" }).end());
    });
    await refused(url, "unreachable", /^the node cannot be reached/);
    expect(visits).to.equal(1);
  });

  it("says when nobody is there", async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    await refused(url, "unreachable", /^the node cannot be reached; check its address and the network$/);
  });
});

async function refused(
  url: string,
  code: ChainError["code"],
  message: RegExp,
  timeoutSeconds = 10,
): Promise<ChainError> {
  const error = await jsonRpc(url, { fetch, name: "the node", timeoutSeconds })("eth_chainId", []).catch(
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChainError)) throw new Error(`expected a ChainError, got ${JSON.stringify(error)}`);
  expect(error.code, error.message).to.equal(code);
  expect(error.message).to.match(message);
  return error;
}
