import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { facetsOfPlainEvent } from "../../protocol/plain-event.ts";
import type { App } from "../../server/app.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  POLICE,
  signedSubmission,
  startLedger,
} from "../system/fixture.ts";
import { requireTool, tool } from "./tools.ts";

const CONFIG = path.resolve(import.meta.dirname, "../../deploy/nginx/minhbach.conf");

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe("nginx before the ledger", function () {
  this.timeout(600_000);
  let folder: string;
  let system: Deployed;
  let ledger: App;
  let nginx: ChildProcess;
  const ends: (() => Promise<unknown>)[] = [];

  before(async function () {
    await requireTool(this, "nginx", ["-v"]);
    await requireTool(this, "openssl", ["version"]);
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-nginx-"));
    ends.push(async () => await rm(folder, { recursive: true }));
    system = await deployed();
    ends.push(system.destroy);
    ledger = await startLedger(system);
    ends.push(ledger.close);
    await fetchUntil(`${ledger.url}/ready`);
    await certificate(folder);
    await writeFile(path.join(folder, "nginx.conf"), await configFor(folder, new URL(ledger.url).host));
    nginx = spawn("nginx", ["-p", folder, "-c", "nginx.conf", "-e", "stderr"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    ends.push(quit);
    await listens(nginx);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  async function quit(): Promise<void> {
    if (nginx.exitCode !== null || nginx.signalCode !== null) return;
    const ended = once(nginx, "exit");
    nginx.kill("SIGQUIT");
    await ended;
  }

  async function ask(
    where: string,
    { method = "GET", body }: { method?: string; body?: string } = {},
  ): Promise<Answered> {
    const sent = secureRequest({
      ...{ socketPath: path.join(folder, "tls.sock"), path: where, method, rejectUnauthorized: false },
      headers: { host: "ledger.test", ...(body !== undefined && { "content-type": "application/json" }) },
    });
    return await answered(sent.end(body));
  }

  it("passes on what the ledger answers, with its headers and over TLS alone", async () => {
    const ready = await ask("/live");
    expect([ready.status, ready.headers["strict-transport-security"]]).to.deep.equal([
      200,
      "max-age=63072000",
    ]);
    const direct = await fetch(`${ledger.url}/openapi.json`);
    const through = await ask("/openapi.json");
    expect(through.body).to.equal(await direct.text());
    for (const name of ["content-security-policy", "x-content-type-options", "cache-control"])
      expect(through.headers[name], name).to.equal(direct.headers.get(name) ?? undefined);
    const plain = request({
      socketPath: path.join(folder, "plain.sock"),
      path: "/portal/?a=b",
      headers: { host: "ledger.test" },
    });
    const moved = await answered(plain.end());
    expect([moved.status, moved.headers.location]).to.deep.equal([308, "https://ledger.test/portal/?a=b"]);
  });

  it("takes submissions, and hands out no metrics", async () => {
    const submission = await signedSubmission(system, {
      source: POLICE,
      first: 1,
      facets: [facetsOfPlainEvent(ACCESS)],
    });
    const taken = await ask("/v1/submissions", { method: "POST", body: JSON.stringify(submission) });
    expect(taken.status, taken.body).to.equal(201);
    expect((await ask("/metrics")).status).to.equal(404);
  });

  it("lets a body through that the ledger itself refuses for its length, and none beyond", async () => {
    const refused = await ask("/v1/submissions", { method: "POST", body: " ".repeat(8 * 1024 * 1024 + 1) });
    expect([refused.status, (JSON.parse(refused.body) as { code: string }).code]).to.deep.equal([
      413,
      "submission-too-large",
    ]);
  });

  it("asks whoever asks too much to wait", async () => {
    // However slow this machine is: some time it is asked faster than it allows.
    const answers = new Set<number | undefined>();
    for (let round = 0; round < 50 && !answers.has(429); round++)
      for (const status of await Promise.all(
        Array.from({ length: 100 }, async () => (await ask("/checkpoint")).status),
      ))
        answers.add(status);
    expect([...answers]).to.have.members([200, 429]);
  });

  it("writes no query into its log", async () => {
    await ask("/v1/sources?after=qn-police%2Fr1");
    await quit();
    const log = await readFile(path.join(folder, "minhbach.log"), "utf8");
    expect(log).to.include("GET /v1/sources 200").and.not.include("after=");
  });
});

/** The operator's file as it is, except for names of machines, ports and folders. */
async function configFor(folder: string, ledger: string): Promise<string> {
  const given = await readFile(CONFIG, "utf8");
  const changes: [what: RegExp, to: string][] = [
    [/ledger-[12]:8080/g, ledger],
    [/^ *listen \[::\]:\d+.*\n/gm, ""],
    [/listen 8443 ssl/, `listen unix:${folder}/tls.sock ssl`],
    [/listen 8080/, `listen unix:${folder}/plain.sock`],
    [/\/etc\/nginx\/tls/g, folder],
    [/\/var\/log\/nginx/g, folder],
  ];
  const config = changes.reduce((text, [what, to]) => {
    expect(text).to.match(what);
    return text.replace(what, to);
  }, given);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `daemon off;\nworker_processes 1;\npid ${folder}/pid;\nerror_log stderr notice;\nevents {}\nhttp {\n${temporary.join("\n")}\n${config}\n}\n`;
}

async function certificate(folder: string): Promise<void> {
  const [key, cert] = ["privkey.pem", "fullchain.pem"].map((name) => path.join(folder, name));
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=ledger.test",
  ];
  const { code, said } = await tool("openssl", [...args, "-keyout", key ?? "", "-out", cert ?? ""]);
  expect(code, said).to.equal(0);
}

/** Resolves when nginx says that its workers run; rejects with what it says when it ends. */
async function listens(nginx: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let said = "";
  nginx.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes("start worker process ")) resolve(undefined);
  });
  nginx.once("error", reject);
  nginx.once("exit", () => reject(new Error(said)));
  await promise;
}

async function answered(sent: ReturnType<typeof request>): Promise<Answered> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}
