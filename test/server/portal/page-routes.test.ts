import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect } from "chai";
import { Registry } from "prom-client";
import { httpEdge } from "../../../server/edge.ts";
import { PUBLIC } from "../../../server/identity/caller.ts";
import { createLog } from "../../../server/log.ts";
import { httpMetrics } from "../../../server/metrics.ts";
import { readPortalFiles } from "../../../server/portal/files.ts";
import { pageRoutes } from "../../../server/portal/page-routes.ts";
import { ByteBudget } from "../../../server/receive/body.ts";
import { makePages, SCRIPT } from "./pages.ts";

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe("server/portal/page-routes", () => {
  let folder: string;
  let server: Server;

  async function serve(from: string, isTls = false): Promise<Server> {
    const edge = httpEdge({
      ...{ postSubmission: () => undefined, beside: undefined, dpopAlgorithms: "" },
      routes: pageRoutes({ files: await readPortalFiles(from), isTls }),
      bodies: new ByteBudget(1000),
      callerOf: () => Promise.resolve(PUBLIC),
      permissionOf: () => () => undefined,
      metrics: httpMetrics(new Registry()),
      log: createLog({ logLevel: "silent" }),
    });
    const made = createServer(edge).listen(0, "127.0.0.1");
    await once(made, "listening");
    return made;
  }

  before(async () => {
    folder = path.join(await mkdtemp(path.join(tmpdir(), "minhbach-portal-")), "pages");
    server = await serve(await makePages(folder));
  });
  after(async () => {
    server.close();
    await rm(path.dirname(folder), { recursive: true });
  });

  /** The path goes out as it stands: `fetch` would tidy it up. */
  async function get(target: string, headers: Record<string, string> = {}, from = server): Promise<Got> {
    const { port } = from.address() as AddressInfo;
    const asking = request({ host: "127.0.0.1", port, path: target, headers, agent: false }).end();
    const [answer] = (await once(asking, "response")) as [IncomingMessage];
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: await buffer(answer) };
  }

  it("a path without an ending is a page, and every page is the one document", async () => {
    for (const target of ["/portal/", "/portal/my-data", "/portal/consents/abc?x=1", "/portal/sign-off"]) {
      const { status, headers, body } = await get(target);
      expect([status, headers["content-type"]], target).to.deep.equal([200, "text/html; charset=utf-8"]);
      expect(body.toString()).to.contain("<title>portal</title>");
      expect(headers["cache-control"]).to.equal("no-cache");
    }
  });

  it("what looks like a file has to be one, whatever the path tries", async () => {
    for (const target of [
      "/portal/none.js",
      "/portal/assets/none",
      "/portal/assets/",
      "/portal/assets/notes.md",
      "/portal/secret.json",
      "/portal/assets/app-1a2b3c4d.js.br",
      "/portal/../package.json",
      "/portal/..%2fpackage.json",
      "/portal/%2e%2e/package.json",
      "/portal/assets/..%5c..%5cpackage.json",
    ]) {
      const { status, body } = await get(target);
      expect([status, JSON.parse(body.toString())], target).to.have.nested.property("[1].code", "not-found");
    }
  });

  it("the policy lets pages run our own scripts and styles, talk to us, and be framed by nobody", async () => {
    const { headers } = await get("/portal/");
    const rules = rulesOf(headers);
    expect(rules).to.include.members([
      ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"],
      ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"],
    ]);
    expect(rules.join()).to.not.match(/unsafe|https?:|\*/);
    expect(headers).to.include({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers["permissions-policy"]).to.contain("geolocation=()").and.contain("camera=(self)");
    // Browsers write a warning for every name that is not in the standard (W3C Permissions Policy, features registry).
    expect(headers["permissions-policy"]).to.not.match(/browsing-topics|interest-cohort/);
    expect(headers).to.not.have.property("strict-transport-security");
  });

  it("verify is a document of its own: it may ask any node over TLS and one on this machine, and nothing else is looser", async () => {
    const { status, headers, body } = await get("/verify");
    expect(status).to.equal(200);
    expect(body.toString()).to.contain("<title>verify</title>");
    const portals = rulesOf((await get("/portal/")).headers);
    expect(rulesOf(headers).filter((rule) => !portals.includes(rule))).to.deep.equal([
      "connect-src 'self' https: http://127.0.0.1:* http://localhost:*",
    ]);
    expect((await get("/portal/verify.html")).headers.location).to.equal("/verify");
  });

  it("a script is sent as small as the browser takes it, and kept for ever under its hashed name", async () => {
    const target = "/portal/assets/app-1a2b3c4d.js";
    const forms: readonly (readonly [string, string | undefined, (body: Buffer) => Buffer])[] = [
      ["gzip, deflate, br, zstd", "br", brotliDecompressSync],
      ["gzip;q=1.0, br;q=0", "gzip", gunzipSync],
      ["br;q=0.000", undefined, (body) => body],
      ["identity", undefined, (body) => body],
      ["", undefined, (body) => body],
    ];
    for (const [accepted, encoding, open] of forms) {
      const { headers, body } = await get(target, { "accept-encoding": accepted });
      expect(headers["content-encoding"], accepted).to.equal(encoding);
      expect(open(body).toString()).to.equal(SCRIPT);
      expect(headers).to.include({
        ...{ vary: "accept-encoding", "content-type": "text/javascript; charset=utf-8" },
        "cache-control": "public, max-age=31536000, immutable",
      });
    }
  });

  it("over https browsers are told to come by https for a year", async () => {
    const safe = await serve(folder, true);
    const { headers } = await get("/portal/", {}, safe);
    safe.close();
    expect(headers["strict-transport-security"]).to.equal("max-age=31536000");
  });

  it("the front page leads browsers to the portal, and programs to the description", async () => {
    const { status, headers } = await get("/", { accept: "text/html,application/xhtml+xml" });
    expect([status, headers.location, headers.vary]).to.deep.equal([302, "/portal/", "accept"]);
    expect((await get("/", { accept: "*/*" })).status).to.equal(404);
    expect((await get("/portal")).headers.location).to.equal("/portal/");
    expect((await get("/portal/index.html")).headers.location).to.equal("/portal/");
  });

  it("without built pages it says how to build them", async () => {
    const bare = await serve(path.join(folder, "none"));
    const { status, body } = await get("/portal/", {}, bare);
    bare.close();
    expect([status, body.toString()]).to.satisfy(
      ([code, text]: [number, string]) => code === 404 && text.includes("npm run portal"),
    );
  });
});

function rulesOf({ "content-security-policy": policy }: IncomingHttpHeaders): string[] {
  return String(policy).split("; ");
}
