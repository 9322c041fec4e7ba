import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type Server } from "node:http";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import express from "express";
import type { Decision } from "../../../protocol/decision-jws.ts";
import { openFacets, parseEvent } from "../../../protocol/event.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { headersOf, personIn } from "../../../proactive/exchange/message.ts";
import { onceOnlyProxy, type ProxyOptions } from "../../../proactive/exchange/proxy.ts";
import type { Recorder } from "../../../recorder/index.ts";
import { logOf } from "../../../verifier/trust-profile.ts";
import { premises, type Premises } from "../../recorder/fixture.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const DATA = { name: "Nguyễn Thị An", born: "1999-01-02", income: 9_000_000 };
const MESSAGE = headersOf({
  ...{ client: "qn-justice/civil", messageId: "m-1", issue: "HS-17", procedure: "DRIVER_LIC" },
  decision: "a.b.c",
});

/** What the existing service answers, and what came to it. */
interface Upstream {
  readonly server: Server;
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
  seen: { url: string; headers: IncomingMessage["headers"]; body: string }[];
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** What a service that does not answer costs a test. */
const HASTY_MS = 1_000;

describe("proactive/exchange: the proxy", () => {
  let place: Premises;
  let recorder: Recorder;
  let upstream: Upstream;
  let front: Server;
  let origin: string;
  let url: string;

  beforeEach(async () => {
    place = await premises();
    recorder = await place.open();
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        upstream.seen.push({ url: request.url ?? "", headers: request.headers, body });
        if (upstream.status === 0) return;
        response.writeHead(upstream.status, upstream.headers).end(upstream.body);
      });
    });
    upstream = { server, status: 200, headers: {}, body: JSON.stringify(DATA), seen: [] };
    const decision: Decision = {
      ...{ log: logOf(place.ledger.trust), jti: "AAAAAAAAAAAAAAAAAAAAAA", iat: 0, exp: 1, decision: true },
      ...{ agency: "qn-justice", procedure: "DRIVER_LIC", action: "read", subject: PERSON, size: 9 },
      ...{ personalData: ["pd:Name"], reason: "law", obligations: [] },
      ...{ basis: { law: "194/2025/NĐ-CP" }, catalogue: { version: "1", digest: "A" } },
    };
    const options: ProxyOptions = {
      ...{ service: "qn-police/population", recorder, now: () => Date.parse("2026-11-22T08:00:00Z") },
      check: ({ message }) =>
        Promise.resolve(
          message.decision === undefined
            ? { permits: false, reason: "no-decision" }
            : { permits: true, decision },
        ),
      categories: { name: "pd:Name", born: "pd:BirthDate" },
      askedOf: () => ["name"],
      // As careless as it may be written somewhere.
      subjectOf: ({ method, body, path }) => {
        const [, id] = /persons.(\d{12})/.exec(path) ?? [];
        const asked: unknown = isJsonObject(body) ? body["subject"] : undefined;
        return personIn(method === "GET" ? { scheme: "vn-cccd", id } : asked);
      },
      logger: { error: () => undefined },
      upstream: `${await listening(server)}/old`,
      passHeaders: ["authorization"],
      ...{ maxRequestBytes: 1_000, maxAnswerBytes: 10_000 },
    };
    const app = express();
    app.disable("x-powered-by");
    app.use("/population", onceOnlyProxy(options));
    app.use("/hasty", onceOnlyProxy({ ...options, timeoutMs: HASTY_MS }));
    front = createServer(app);
    origin = await listening(front);
    url = `${origin}/population`;
  });
  afterEach(async () => {
    for (const server of [front, upstream.server]) {
      server.closeAllConnections();
      server.close();
    }
    await place.close();
  });

  /** By Node's own client: `fetch` would bring paths into normal form. */
  async function ask(
    path: string,
    {
      method = "GET",
      headers = {},
      body,
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; text: string }> {
    const { hostname, port, pathname } = new URL(url);
    const request = httpRequest({
      ...{ hostname, port, method, path: pathname + path },
      headers: {
        ...MESSAGE,
        ...headers,
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
      },
    });
    request.end(body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  async function outcomes(): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let seq = 1; seq < recorder.status().nextSeq; seq++)
      found.push(openFacets(parseEvent((await recorder.eventOf(seq)) ?? "")).outcome);
    return found;
  }

  it("passes a request on and of the answer what may be released, with none of its headers", async () => {
    upstream.headers = { "content-type": "text/html", "x-secret": "999199000001", "set-cookie": "a=b" };
    const answer = await ask("/persons/999199000001?view=short", {
      headers: {
        authorization: "Bearer x",
        cookie: "c=d",
        "if-none-match": "*",
        "x-road-userid": "officer-1",
      },
    });
    expect([answer.status, JSON.parse(answer.text)]).to.deep.equal([200, { name: DATA.name }]);
    expect(answer.headers["content-type"]).to.include("application/json");
    expect(answer.headers).to.not.have.any.keys("x-secret", "set-cookie");
    const [seen] = upstream.seen;
    expect(seen?.url).to.equal("/old/persons/999199000001?view=short");
    expect(seen?.headers).to.include({
      ...{ "x-road-id": "m-1", "x-road-client": "qn-justice/civil", "x-road-userid": "officer-1" },
      ...{ "minhbach-procedure": "DRIVER_LIC", authorization: "Bearer x" },
    });
    expect(seen?.headers).to.not.have.any.keys("cookie", "if-none-match");
    expect(await outcomes()).to.deep.equal([{ code: "success" }]);
  });

  it("passes a body on as it was understood", async () => {
    const body = JSON.stringify({ subject: PERSON }).replaceAll(":", " : ");
    const headers = { "content-type": "application/json" };
    expect((await ask("/find", { method: "POST", headers, body })).status).to.equal(200);
    expect(upstream.seen[0]?.body).to.equal(JSON.stringify({ subject: PERSON }));
  });

  it("unpacks an answer, and passes nothing of it on before it is recorded", async () => {
    upstream.headers = { "content-encoding": "gzip" };
    upstream.body = gzipSync(JSON.stringify(DATA));
    expect((await ask("/persons/999199000001")).status).to.equal(200);
    await recorder.close();
    const answer = await ask("/persons/999199000001");
    expect(answer.status).to.equal(503);
    expect(answer.text).to.not.include(DATA.name);
  });

  const TWO_WAYS: readonly (readonly [status: number, path: string, init?: Parameters<typeof ask>[1]])[] = [
    [400, "/persons/999199000001/../999199000002"],
    [400, "/persons/999199000001/%2e%2e/999199000002"],
    [400, "/persons/999199000001%2f..%2f999199000002"],
    [400, "//evil.example/persons/999199000001"],
    [400, "/persons\\999199000001"],
    [400, "/persons/999199000001?id=1&ID=2"],
    [400, "/persons/999199000001?id[]=1"],
    [400, "/persons/999199000001", { headers: { "content-type": "application/json" }, body: "{}" }],
    [
      400,
      "/find",
      {
        ...{ method: "POST", headers: { "content-type": "application/json" } },
        body: '{"subject":{"scheme":"vn-cccd","id":"999199000001","id":"999199000002"}}',
      },
    ],
    [415, "/find", { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" }],
    [405, "/persons/999199000001", { method: "DELETE" }],
    [405, "/persons/999199000001", { method: "HEAD" }],
    [413, "/find", { method: "POST", body: JSON.stringify({ x: "x".repeat(2_000) }) }],
  ];
  for (const [status, path, init] of TWO_WAYS) {
    it(`answers ${status} to ${init?.method ?? "GET"} ${path} ${init?.body?.slice(0, 70) ?? ""}`, async () => {
      expect((await ask(path, init)).status).to.equal(status);
      expect(upstream.seen).to.deep.equal([]);
      expect(await outcomes()).to.deep.equal([]);
    });
  }

  it("asks the service nothing without a decision, and records the refusal", async () => {
    const answer = await ask("/persons/999199000001", { headers: { "minhbach-decision": "" } });
    expect(answer.status).to.equal(400);
    const response = await fetch(`${url}/persons/999199000001`, {
      headers: Object.fromEntries(Object.entries(MESSAGE).filter(([name]) => name !== "minhbach-decision")),
    });
    expect(response.status).to.equal(403);
    expect(upstream.seen).to.deep.equal([]);
    expect(await outcomes()).to.deep.equal([{ code: "refused", detail: "no-decision" }]);
  });

  const FAILURES: readonly (readonly [what: string, status: number, code: string, (it: Upstream) => void])[] =
    [
      ["is broken", 502, "upstream-refused", (it) => (it.status = 500)],
      ["does not know the person", 404, "upstream-refused", (it) => (it.status = 404)],
      ["does not know the proxy", 502, "upstream-refused", (it) => (it.status = 401)],
      [
        "leads elsewhere",
        502,
        "upstream-refused",
        (it) => Object.assign(it, { status: 302, headers: { location: "http://127.0.0.1:1/" } }),
      ],
      ["answers with a page", 502, "upstream-no-object", (it) => (it.body = `<p>${DATA.name}</p>`)],
      ["answers with a list", 502, "upstream-no-object", (it) => (it.body = JSON.stringify([DATA]))],
      ["says a member twice", 502, "upstream-no-object", (it) => (it.body = '{"name":"A","name":"B"}')],
      [
        "answers with too much once unpacked",
        502,
        "upstream-too-long",
        (it) =>
          Object.assign(it, {
            headers: { "content-encoding": "gzip" },
            body: gzipSync(JSON.stringify({ name: "A".repeat(20_000) })),
          }),
      ],
      [
        "does not answer in time",
        504,
        "upstream-late",
        (it) => {
          it.status = 0;
          url = `${origin}/hasty`;
        },
      ],
      [
        "is away",
        502,
        "upstream-unreachable",
        ({ server }) => {
          server.closeAllConnections();
          server.close();
        },
      ],
    ];
  for (const [what, status, code, change] of FAILURES) {
    it(`passes nothing on when the service ${what}, and records the failure`, async () => {
      change(upstream);
      const answer = await ask("/persons/999199000001");
      const problem = JSON.parse(answer.text) as { code: string };
      expect([answer.status, problem.code]).to.deep.equal([status, code]);
      expect(answer.text).to.not.include(DATA.name);
      expect(await outcomes()).to.deep.equal([{ code: "failure", detail: `HTTP ${status}` }]);
    });
  }
});
