import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import { createLog } from "../../../server/log.ts";
import { inboxRoutes } from "../../../server/portal/inbox-routes.ts";
import type { Session } from "../../../server/portal/sessions.ts";
import type { Answer, Route, RouteRequest } from "../../../server/route.ts";
import { citizen } from "../callers.ts";

const NOW = Date.parse("2026-11-22T04:00:00Z");
const JSON_TYPE = { "content-type": "application/json" };

describe("server/portal/inbox-routes", () => {
  let inbox: Server;
  let url: string;
  let asked: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
  let answer: (response: ServerResponse) => void;
  let over: AbortController;
  let ends: number;

  beforeEach(async () => {
    asked = [];
    over = new AbortController();
    ends = NOW + 3_600_000;
    answer = (response) => response.writeHead(200, JSON_TYPE).end('{"messages":[]}');
    inbox = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
        answer(response);
      });
    }).listen(0, "127.0.0.1");
    await once(inbox, "listening");
    url = `http://127.0.0.1:${(inbox.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    inbox.closeAllConnections();
    inbox.close();
  });

  const CALLER = citizen({ scheme: "vn-cccd", id: "999199000001" });
  const session = (): Session => ({
    caller: CALLER,
    credentialsFor: ({ method, url: target }) =>
      Promise.resolve({ authorization: "Bearer held", dpop: `${method} ${target}` }),
    ...{ since: NOW, ends, idleEnds: ends, watch: () => ({ over: over.signal, release: () => undefined }) },
  });

  interface Asking {
    readonly method?: "get" | "post" | "put";
    readonly path: string;
    readonly query?: Record<string, string>;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly routes?: readonly Route[];
  }

  let held: Session;
  beforeEach(() => (held = session()));

  function routesOf(inboxUrl: string | undefined, isSignedOn = true): Route[] {
    return inboxRoutes({
      url: inboxUrl,
      visitOf: () => Promise.resolve(isSignedOn ? { id: "id", session: held } : undefined),
      ...{ clock: { now: () => NOW }, log: createLog({ logLevel: "silent" }), quietMs: 30 },
    });
  }

  async function ask({
    method = "get",
    path,
    query = {},
    headers = {},
    body = "",
    routes = routesOf(url),
  }: Asking) {
    const request: RouteRequest = {
      ...{ path: `/portal/inbox${path}`, parameter: () => "", accept: "" },
      query: (name) => query[name],
      queryNames: Object.keys(query),
      header: (name) => headers[name],
      body: Buffer.from(body),
    };
    const route = routes.find((each) => each.method === method);
    if (route === undefined) throw new Error("no such route");
    return await route.handle(request, CALLER);
  }

  async function refusal(asking: Asking): Promise<string> {
    try {
      await ask(asking);
    } catch (error) {
      if (error instanceof LedgerError) return error.code;
      throw error;
    }
    return "none";
  }

  function chunksOf(given: Answer): AsyncIterator<string | Uint8Array> {
    if (!("chunks" in given)) throw new Error("no stream");
    return given.chunks[Symbol.asyncIterator]();
  }

  it("asks the inbox with the token that the server holds, and passes on what it answers", async () => {
    answer = (response) =>
      response
        .writeHead(409, {
          "content-type": "application/problem+json; charset=utf-8",
          "set-cookie": "a=b",
          "retry-after": "3",
        })
        .end('{"code":"too-late"}');
    const given = await ask({
      ...{ method: "post", path: "/messages/12/answer", query: { limit: "5" }, body: '{"answer":"accept"}' },
      headers: { cookie: "minhbach=secret", "x-minhbach-portal": "1" },
    });
    expect(given).to.deep.include({
      ...{ status: 409, type: "application/problem+json", headers: { "retry-after": "3" } },
      body: Buffer.from('{"code":"too-late"}'),
    });
    const [{ headers, ...request } = { headers: {} }] = asked;
    expect(request).to.deep.equal({
      ...{ method: "POST", url: "/v1/messages/12/answer?limit=5", body: '{"answer":"accept"}' },
    });
    expect(headers).to.include({ authorization: "Bearer held", dpop: `POST ${url}/v1/messages/12/answer` });
    expect(headers).to.not.have.any.keys("cookie", "x-minhbach-portal");
  });

  it("leads to a citizen's own pages of the inbox alone", async () => {
    const shut: readonly (readonly ["get" | "post" | "put", string])[] = [
      ["get", "/answers"],
      ["post", "/messages"],
      ["put", "/cases/1"],
      ["post", "/wishes"],
      ["get", "/messages/../answers"],
      ["get", "/messages%2f..%2fanswers"],
      ["get", "/../live"],
      ["get", "//evil.example/messages"],
      ["get", "/messages/"],
      ["get", ""],
    ];
    for (const [method, path] of shut) expect(await refusal({ method, path }), path).to.equal("not-found");
    expect(asked).to.deep.equal([]);
  });

  it("takes a session, and says when there is no inbox", async () => {
    expect(await refusal({ path: "/messages", routes: routesOf(url, false) })).to.equal("unauthenticated");
    expect(await refusal({ path: "/messages", routes: routesOf(undefined) })).to.equal("no-inbox");
    expect(asked).to.deep.equal([]);
  });

  it("an inbox that is away, fails, refuses our token, leads elsewhere or sends a page is unavailable", async () => {
    const bad: Record<string, (response: ServerResponse) => void> = {
      fails: (response) => response.writeHead(500, JSON_TYPE).end("{}"),
      refuses: (response) => response.writeHead(401, JSON_TYPE).end("{}"),
      "leads elsewhere": (response) => {
        if (asked.at(-1)?.url === "/v1/messages") response.writeHead(302, { location: "/v1/answers" }).end();
        else response.writeHead(200, JSON_TYPE).end("{}");
      },
      "sends a page": (response) =>
        response.writeHead(200, { "content-type": "text/html" }).end("<script>alert(1)</script>"),
      "breaks off": (response) =>
        void response
          .writeHead(200, { ...JSON_TYPE, "content-length": "9" })
          .write("{", () => response.destroy()),
      "sends too much": (response) => response.writeHead(200, JSON_TYPE).end("x".repeat(1_100_000)),
    };
    for (const [what, how] of Object.entries(bad)) {
      answer = how;
      expect(await refusal({ path: "/messages" }), what).to.equal("inbox-unavailable");
    }
    expect(await refusal({ path: "/messages", routes: routesOf("http://127.0.0.1:1") })).to.equal(
      "inbox-unavailable",
    );
  });

  it("passes a stream on as it comes, from where the page was, with a sign of life when it is quiet", async () => {
    let send = (_: string): void => undefined;
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      send = (line) => void response.write(line);
    };
    const given = await ask({ path: "/messages/events", headers: { "last-event-id": "41" } });
    expect(given).to.have.property("type", "text/event-stream");
    expect(asked[0]?.headers).to.include({ "last-event-id": "41", accept: "text/event-stream" });
    const chunks = chunksOf(given);
    expect((await chunks.next()).value).to.equal(": \n\n");
    expect((await chunks.next()).value, "quiet").to.equal(": \n\n");
    send("id: 42\ndata: {}\n\n");
    let value: string;
    do ({ value } = (await chunks.next()) as { value: string });
    while (value === ": \n\n");
    expect(value).to.equal("id: 42\ndata: {}\n\n");
    await chunks.return?.();
  });

  it("puts no sign of life into the middle of an event", async () => {
    let send = (_: string): void => undefined;
    answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("id: 4");
      send = (line) => void response.write(line);
    };
    const chunks = chunksOf(await ask({ path: "/messages/events" }));
    await chunks.next();
    expect((await chunks.next()).value).to.equal("id: 4");
    const next = chunks.next();
    // Three times as long as a quiet stream is left alone.
    await new Promise((resolve) => setTimeout(resolve, 90));
    send("2\n\n");
    expect((await next).value).to.equal("2\n\n");
    await chunks.return?.();
  });

  it("a stream ends when the person signs off, and with the session", async () => {
    answer = (response) => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const chunks = chunksOf(await ask({ path: "/messages/events" }));
    await chunks.next();
    const next = chunks.next();
    over.abort();
    expect((await next).done).to.equal(true);

    over = new AbortController();
    ends = NOW + 300;
    held = session();
    const short = chunksOf(await ask({ path: "/messages/events" }));
    for (;;) if ((await short.next()).done === true) break;
  });

  it("a session that ends while the inbox is asked for a stream is no fault of the inbox", async () => {
    ends = NOW;
    held = session();
    answer = (response) =>
      // Later than the session's end.
      void setTimeout(
        () => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders(),
        50,
      );
    const chunks = chunksOf(await ask({ path: "/messages/events" }));
    for (;;) if ((await chunks.next()).done === true) break;
  });

  it("who signs off while the inbox is asked is told that the session ended", async () => {
    for (const path of ["/messages", "/messages/events"]) {
      over = new AbortController();
      held = session();
      answer = () => over.abort();
      expect(await refusal({ path }), path).to.equal("session-ended");
    }
  });

  it("a stream whose session ends while the page takes nothing ends quietly", async () => {
    const gone = Promise.withResolvers<undefined>();
    answer = (response) => {
      response.once("close", () => gone.resolve(undefined));
      response.writeHead(200, { "content-type": "text/event-stream" }).write("id: 42\ndata: {}\n\n");
    };
    const chunks = chunksOf(await ask({ path: "/messages/events" }));
    for (;;) if ((await chunks.next()).value !== ": \n\n") break;
    // A server with one would end.
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    over.abort();
    await gone.promise;
    expect((await chunks.next()).done).to.equal(true);
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled).to.deep.equal([]);
  });

  it("a person has six streams at once, and a place again when one ends", async () => {
    answer = (response) => response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    const routes = routesOf(url);
    const asking = { path: "/messages/events", routes };
    const open: ReturnType<typeof chunksOf>[] = [];
    for (let at = 0; at < 6; at++) open.push(chunksOf(await ask(asking)));
    for (const chunks of open) await chunks.next();
    expect(await refusal(asking)).to.equal("rate-limited");
    await open.pop()?.return?.();
    open.push(chunksOf(await ask(asking)));
    for (const chunks of open) {
      await chunks.next();
      await chunks.return?.();
    }
  });
});
