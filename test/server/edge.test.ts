import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { Registry } from "prom-client";
import { FormatError } from "../../protocol/errors.ts";
import { boundedServer, type EdgeOptions, httpEdge } from "../../server/edge.ts";
import { LedgerError } from "../../server/errors.ts";
import { PUBLIC } from "../../server/identity/caller.ts";
import type { ShownCredentials } from "../../server/identity/tokens.ts";
import { createLog } from "../../server/log.ts";
import { ByteBudget } from "../../server/receive/body.ts";
import { httpMetrics } from "../../server/metrics.ts";
import type { Route, RouteRequest } from "../../server/route.ts";
import { INSPECTOR } from "./callers.ts";

describe("server/edge", () => {
  let server: Server;
  let url: string;
  let log: string;
  let seen: RouteRequest | undefined;
  let credentials: ShownCredentials | undefined;
  let registry: Registry;
  let options: EdgeOptions;
  let connections: Socket[];
  let holding: { entered: PromiseWithResolvers<void>; readonly released: PromiseWithResolvers<void> };

  const routes: Route[] = [
    {
      name: "echo",
      method: "get",
      path: "/echo/:what",
      handle: (request, caller) => {
        seen = request;
        return {
          json: { what: request.parameter("what"), nothing: request.parameter("no"), role: caller.role },
        };
      },
    },
    {
      name: "bytes",
      method: "get",
      path: "/bytes",
      handle: () => ({ type: "image/x", body: Buffer.from("ü") }),
    },
    {
      name: "cached",
      method: "get",
      path: "/cached",
      handle: () => ({ status: 203, type: "a/b", body: "x", headers: { "cache-control": "public" } }),
    },
    {
      name: "body",
      method: "post",
      path: "/body",
      maxBodyBytes: 10,
      handle: ({ body }) => ({ json: Buffer.from(body).toString() }),
    },
    {
      name: "hold",
      method: "post",
      path: "/hold",
      maxBodyBytes: 10,
      handle: async () => {
        holding.entered.resolve();
        await holding.released.promise;
        return { json: "held" };
      },
    },
    {
      name: "streamed",
      method: "get",
      path: "/streamed/:what",
      handle: (request) => ({ type: "a/stream", chunks: chunksOf(request.parameter("what")) }),
    },
    { name: "secret", method: "get", path: "/secret", handle: () => ({ json: "secret" }) },
    {
      name: "throws",
      method: "get",
      path: "/throws/:what",
      handle: (request) => {
        switch (request.parameter("what")) {
          case "ledger":
            throw new LedgerError("sequence-gap", "Send from 7.", { members: { next: 7 } });
          case "format":
            throw new FormatError("tile-path", "no such tile");
          default:
            throw new Error("password=hunter2");
        }
      },
    },
  ];

  /** Chunks given away so far, and whether their maker was told to stop. */
  let given: { chunks: number; ended: boolean };

  async function* chunksOf(what: string): AsyncGenerator<string> {
    given = { chunks: 0, ended: false };
    try {
      if (what === "refused") throw new LedgerError("not-found", "There is nothing to send.");
      for (; given.chunks < (what === "endless" ? Infinity : 3); given.chunks++) {
        yield what === "endless" ? "x".repeat(64 * 1024) : `chunk ${given.chunks}\n`;
        if (what === "held" && given.chunks === 0) {
          holding.entered.resolve();
          await holding.released.promise;
        }
        if (what === "broken" && given.chunks === 1) throw new Error("password=hunter2");
      }
    } finally {
      given.ended = true;
      await Promise.resolve();
    }
  }

  function makeOptions(): EdgeOptions {
    const lines = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        log += chunk.toString();
        done();
      },
    });
    return {
      postSubmission: (_request, response) => response.end("submitted"),
      routes,
      bodies: new ByteBudget(25),
      callerOf: (shown) => {
        credentials = shown;
        if (shown.authorization === undefined) return Promise.resolve(PUBLIC);
        if (shown.authorization === "Bearer i") return Promise.resolve(INSPECTOR);
        return Promise.reject(new LedgerError("unauthenticated", "no"));
      },
      ...{ dpopAlgorithms: "ES256 EdDSA", beside: undefined },
      permissionOf: (name) => (caller) => {
        if (name === "secret" && caller.role !== "inspector") throw new LedgerError("forbidden", "no");
      },
      metrics: httpMetrics(registry),
      log: createLog({ logLevel: "info" }, lines),
    };
  }

  beforeEach(async () => {
    log = "";
    holding = { entered: Promise.withResolvers(), released: Promise.withResolvers() };
    registry = new Registry();
    options = makeOptions();
    connections = [];
    server = createServer(httpEdge(options)).listen(0, "127.0.0.1");
    server.on("connection", (connection) => connections.push(connection));
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  async function problem(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
    const answer = await fetch(url + path, init);
    expect(answer.headers.get("content-type")).to.equal("application/problem+json");
    expect(answer.headers.get("cache-control")).to.equal("no-store");
    const body = (await answer.json()) as Record<string, unknown>;
    expect(body).to.have.property("status", answer.status);
    return body;
  }

  it("gives a route its parameters, decoded, and the caller", async () => {
    const answer = await fetch(`${url}/echo/a%2Fb?x=1&y=2&y=3&__proto__=4`, {
      headers: { authorization: "Bearer i" },
    });
    expect(await answer.json()).to.deep.equal({ what: "a/b", nothing: "", role: "inspector" });
    expect(["x", "y", "z", "toString"].map((name) => seen?.query(name))).to.deep.equal([
      "1",
      undefined,
      undefined,
      undefined,
    ]);
    expect(seen?.body).to.have.length(0);
  });

  it("asks who calls by what the request shows: both headers, the method and the path as it was sent, without the query", async () => {
    await fetch(`${url}/echo/a%2Fb?x=1`, { headers: { authorization: "Bearer i", dpop: "proof" } });
    expect(credentials).to.deep.equal({
      ...{ authorization: "Bearer i", dpop: "proof" },
      ...{ method: "GET", path: "/echo/a%2Fb" },
    });
    const twice = new Headers({ authorization: "Bearer i" });
    for (const proof of ["one", "two"]) twice.append("dpop", proof);
    await fetch(`${url}/body`, { method: "POST", headers: twice, body: "x" });
    expect(credentials).to.include({ dpop: "one, two", method: "POST", path: "/body" });
  });

  it("says how long an answer is, that no cache may keep it, and what browsers must not do with it", async () => {
    const answer = await fetch(`${url}/bytes`);
    expect(Object.fromEntries(answer.headers)).to.include({
      "content-type": "image/x",
      "content-length": "2",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers.get("x-powered-by")).to.equal(null);
    const cached = await fetch(`${url}/cached`);
    expect([cached.status, cached.headers.get("cache-control")]).to.deep.equal([203, "public"]);
    const head = await fetch(`${url}/bytes`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).to.deep.equal([
      200,
      "2",
      "",
    ]);
  });

  it("refuses to be made with a route that no permission names", () => {
    const permissionOf = (name: string): never => {
      throw new Error(`no permission for ${name}`);
    };
    expect(() => httpEdge({ ...options, permissionOf })).to.throw("no permission for postSubmission");
    const permitsFirst = (name: string) => (name === "postSubmission" ? () => undefined : permissionOf(name));
    expect(() => httpEdge({ ...options, permissionOf: permitsFirst })).to.throw("no permission for echo");
  });

  it("asks for permission before anything else, and never falls back to the public", async () => {
    expect(await problem("/secret")).to.include({ status: 403, code: "forbidden" });
    expect(await (await fetch(`${url}/secret`, { headers: { authorization: "Bearer i" } })).json()).to.equal(
      "secret",
    );
    const refused = await fetch(`${url}/echo/x`, { headers: { authorization: "Bearer wrong" } });
    expect([refused.status, refused.headers.get("www-authenticate")]).to.deep.equal([
      401,
      'Bearer error="invalid_token"',
    ]);
  });

  it("answers what a route throws as a problem", async () => {
    expect(await problem("/throws/ledger")).to.deep.equal({
      title: "Conflict",
      status: 409,
      code: "sequence-gap",
      detail: "Send from 7.",
      next: 7,
    });
    expect(await problem("/throws/format")).to.include({ status: 400, code: "tile-path" });
    expect(log).to.equal("");
  });

  it("keeps an error of its own to the log, which does not say what was asked for", async () => {
    const body = await problem("/throws/about-a-person");
    expect(body).to.include({ status: 500, code: "internal" });
    expect(JSON.stringify(body)).to.not.match(/hunter2|edge\.ts|stack/);
    expect(log).to.contain("hunter2").and.contain("/throws/:what").and.not.contain("about-a-person");
  });

  it("answers unknown paths, other methods and undecodable paths as problems", async () => {
    expect(await problem("/")).to.include({ status: 404, code: "not-found" });
    expect(await problem("/echo/%ff")).to.include({ status: 400, code: "bad-request" });
    expect(await problem("/body")).to.include({ status: 405, code: "method-not-allowed" });
    const refused = await fetch(`${url}/echo/x`, { method: "DELETE" });
    expect([refused.status, refused.headers.get("allow")]).to.deep.equal([405, "GET, HEAD"]);
    expect((await fetch(`${url}/v1/submissions`)).headers.get("allow")).to.equal("POST");
  });

  it("lets pages of other origins ask, and leaves it to the answers who may read them", async () => {
    const preflight = await fetch(`${url}/body`, { method: "OPTIONS" });
    expect(preflight.status).to.equal(204);
    expect(Object.fromEntries(preflight.headers)).to.include({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
    });
    expect((await fetch(`${url}/echo/x`)).headers.get("access-control-allow-origin")).to.equal(null);
  });

  it("reads a body up to its limit", async () => {
    const post = (body: string) => fetch(`${url}/body`, { method: "POST", body });
    expect(await (await post("0123456789")).json()).to.equal("0123456789");
    expect(await (await post("")).json()).to.equal("");
    expect(await problem("/body", { method: "POST", body: "0123456789+" })).to.include({
      code: "body-too-large",
    });
  });

  it("answers the next request on a connection on which it refused a body", async () => {
    const client = connect(Number(new URL(url).port), "127.0.0.1");
    const body = " ".repeat(200_000);
    client.write(`POST /body HTTP/1.1\r\nhost: ledger\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    client.write("GET /echo/next HTTP/1.1\r\nhost: ledger\r\nconnection: close\r\n\r\n");
    const answers = await text(client);
    expect(answers.match(/HTTP\/1\.1 [0-9]{3}/g)).to.deep.equal(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  it("holds no more bodies than it has room for, and has the room again when they are answered", async () => {
    const post = (path: string) => fetch(`${url}${path}`, { method: "POST", body: "0123456789" });
    const first = post("/hold");
    await holding.entered.promise;
    holding.entered = Promise.withResolvers();
    const second = post("/hold");
    await holding.entered.promise;
    // 20 of 25 bytes are held by requests that have no answer yet.
    expect(await problem("/body", { method: "POST", body: "0123456789" })).to.include({
      code: "overloaded",
      status: 503,
    });
    holding.released.resolve();
    for (const held of [first, second]) expect(await (await held).json()).to.equal("held");
    expect(await (await post("/body")).json()).to.equal("0123456789");
  });

  it("survives a client that goes away in the middle of its body", async () => {
    const request = httpRequest(`${url}/body`, { method: "POST", headers: { "content-length": "10" } });
    request.on("error", () => undefined);
    request.write("012");
    await once(server, "request");
    request.destroy();
    expect(await (await fetch(`${url}/bytes`)).text()).to.equal("ü");
    expect(log).to.equal("");
  });

  it("hands submissions over untouched", async () => {
    const answer = await fetch(`${url}/v1/submissions`, {
      method: "POST",
      body: "x",
      headers: { authorization: "Bearer wrong" },
    });
    expect(await answer.text()).to.equal("submitted");
  });

  it("sends an answer while it is made, and its head alone to whoever asks for that", async () => {
    const answer = await fetch(`${url}/streamed/whole`);
    expect(answer.headers.get("content-type")).to.equal("a/stream");
    expect(answer.headers.get("content-length")).to.equal(null);
    expect(answer.headers.get("cache-control")).to.equal("no-store");
    expect(await answer.text()).to.equal("chunk 0\nchunk 1\nchunk 2\n");
    expect((await fetch(`${url}/streamed/whole`, { method: "HEAD" })).status).to.equal(200);
    expect(given).to.deep.equal({ chunks: 0, ended: true });
  });

  it("answers as a problem what fails before anything was sent, and breaks off what fails later", async () => {
    expect((await fetch(`${url}/streamed/refused`)).status).to.equal(404);
    const rest = await fetch(`${url}/streamed/broken`)
      .then(async (answer) => await answer.text())
      .catch(() => "broken off");
    expect(rest).to.equal("broken off");
    expect(log).to.contain("/streamed/:what").and.contain("broken off");
    // The server is still there.
    expect((await fetch(`${url}/bytes`)).status).to.equal(200);
  });

  it("makes no more of an answer than its client takes, and stops when the client leaves", async () => {
    const client = httpRequest(`${url}/streamed/endless`).end();
    const [response] = (await once(client, "response")) as [NodeJS.ReadableStream];
    response.pause();
    const taken = given.chunks;
    // Another answer takes as long as many chunks would have taken.
    for (let times = 0; times < 20; times++) await (await fetch(`${url}/bytes`)).text();
    expect(given.chunks - taken).to.be.lessThan(200);
    client.destroy();
    while (!given.ended) await (await fetch(`${url}/bytes`)).text();
  });

  it("breaks off an answer that is taken too slowly, so that a trickling reader holds nothing for ever", async () => {
    options = { ...options, maxStreamMs: 50 };
    const slow = createServer(httpEdge(options)).listen(0, "127.0.0.1");
    await once(slow, "listening");
    const client = httpRequest({
      port: (slow.address() as AddressInfo).port,
      path: "/streamed/endless",
    }).end();
    const [response] = (await once(client, "response")) as [NodeJS.ReadableStream];
    response.pause();
    response.on("error", () => undefined);
    while (!given.ended) await (await fetch(`${url}/bytes`)).text();
    expect(log).to.contain("taken too slowly");
    client.destroy();
    slow.close();
    await once(slow, "close");
  });

  it("lets go of an answer whose client left while its next part was made", async () => {
    const client = httpRequest(`${url}/streamed/held`).end();
    await once(client, "response");
    await holding.entered.promise;
    const [connection] = connections;
    if (connection === undefined) throw new Error("no connection");
    const left = once(connection, "close");
    client.on("error", () => undefined).destroy();
    await left;
    holding.released.resolve();
    while (!given.ended) await (await fetch(`${url}/bytes`)).text();
  });

  it("counts answers by route, never by path", async () => {
    await (await fetch(`${url}/echo/somebody`)).text();
    const text = await registry.metrics();
    expect(text)
      .to.contain('minhbach_http_seconds_count{route="echo",status="200"} 1')
      .and.not.contain("somebody");
  });
});

describe("server/edge: connections", () => {
  let server: Server;

  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  async function listening(limits: Parameters<typeof boundedServer>[1]): Promise<number> {
    // More than the buffers between two sockets hold.
    const answer = Buffer.alloc(32 * 1024 * 1024);
    server = boundedServer((_request, response) => void response.end(answer), limits).listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  it("tells clients how long they may keep a connection", async () => {
    const port = await listening({});
    const { headers } = await fetch(`http://127.0.0.1:${port}/`);
    expect(headers.get("keep-alive")).to.equal("timeout=30");
  });

  it("ends one whose client asks and does not take the answer", async () => {
    const port = await listening({ idleTimeoutMs: 1_000 });
    const client = connect(port, "127.0.0.1").on("error", () => undefined);
    client.write("GET / HTTP/1.1\r\nhost: ledger\r\n\r\n");
    const [, response] = (await once(server, "request")) as [unknown, NodeJS.EventEmitter];
    await once(response, "close");
    client.destroy();
  });

  it("drops what is more than the server has room for", async () => {
    const port = await listening({ maxConnections: 1 });
    const first = connect(port, "127.0.0.1");
    await once(server, "connection");
    await Promise.all([once(server, "drop"), once(connect(port, "127.0.0.1").resume(), "close")]);
    first.destroy();
  });
});
