import { expect } from "chai";
import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { skipBecause } from "../skip-because.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** `npm start`, without npm, on any free ports. */
class Start {
  readonly process: ChildProcessWithoutNullStreams;
  /** Its exit code, once its output is read too. */
  readonly ended: Promise<number | null>;
  /** What to look at and try; rejects when it ends before it says so. */
  readonly welcome: Promise<string>;
  /** All that it printed so far. */
  output = "";

  constructor(dataDir: string, env: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [path.join(ROOT, "scripts/start.ts")], {
      cwd: ROOT,
      env: { ...process.env, PORT: "0", RECORDER_PORT: "0", CHAIN_PORT: "0", DATA_DIR: dataDir, ...env },
    });
    this.ended = once(this.process, "close").then(([code]: (number | null)[]) => code ?? null);
    this.welcome = new Promise((resolve, reject) => {
      for (const stream of [this.process.stdout, this.process.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          this.output += text;
          if (this.output.includes("minhbach verify statement.json")) resolve(this.output);
        });
      }
      void this.ended.then(() => reject(new Error(`ended before it was ready: ${this.output}`)));
    });
    // Not every test waits for it.
    this.welcome.catch(() => undefined);
  }

  async stop(): Promise<number | null> {
    this.process.kill("SIGTERM");
    return this.ended;
  }

  /** The process id of a part, as the start tells it. */
  pidOf(part: string): number {
    return Number(new RegExp(`the ${part} is ready \\(process (\\d+)\\)`).exec(this.output)?.[1]);
  }
}

/** The commands that the welcome offers to copy. */
function commandsOf(welcome: string): string[] {
  return welcome
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^(curl |npx |CITIZEN=)/.test(line));
}

function urlOf(welcome: string, name: string): string {
  return new RegExp(`${name} +(http://[0-9.:]+)`).exec(welcome)?.[1] ?? "";
}

describe("npm start", function () {
  this.timeout(600_000);
  let dataDir: string;
  const starts: Start[] = [];

  const start = (env?: NodeJS.ProcessEnv): Start => {
    const started = new Start(dataDir, env);
    starts.push(started);
    return started;
  };

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-start-"));
  });

  afterEach(async () => {
    for (const started of starts.splice(0)) {
      started.process.kill("SIGKILL");
      await started.ended;
    }
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  });

  it("runs a system whose printed commands record an event and verify its evidence and the person's statement, before and after a restart", async function () {
    if (!hasCurl()) skipBecause(this, "this machine has no curl");
    for (const round of ["first start", "second start"]) {
      const running = start();
      const commands = commandsOf(await running.welcome);
      expect(commands, round).to.have.lengthOf(6);
      const script = commands
        .join("\n")
        .replaceAll(/(?:evidence|statement)\.json/g, (file) => path.join(dataDir, file));
      const { stdout } = await promisify(execFile)("sh", ["-ec", script], { cwd: ROOT });
      expect(stdout, round)
        .to.include('"source":"qn-police/r1"')
        .and.match(/development[^]*development[^]*person vn-cccd:999199000001/i);
      expect(await running.stop(), round).to.equal(0);
    }
  });

  it("keeps its keys, the chain and the log over a restart, and private keys to their owner", async () => {
    const first = start();
    await first.welcome;
    await first.stop();
    const trust = await readFile(path.join(dataDir, "trust.json"), "utf8");
    const second = start();
    expect(await second.welcome).to.not.include("deploy AnchorRegistry");
    await second.stop();
    const { rpc: _first, ...before } = JSON.parse(trust) as { rpc: unknown };
    const { rpc: _second, ...after } = JSON.parse(
      await readFile(path.join(dataDir, "trust.json"), "utf8"),
    ) as {
      rpc: unknown;
    };
    expect(after).to.deep.equal(before);
    const keys = path.join(dataDir, "keys");
    for (const file of readdirSync(keys))
      expect(statSync(path.join(keys, file)).mode & 0o777, file).to.equal(0o600);
  });

  it("refuses a second start on the same folder", async () => {
    const first = start();
    await first.welcome;
    const second = start();
    expect(await second.ended).to.equal(1);
    expect(second.output).to.include(`Another npm start uses ${dataDir}`);
    expect((await fetch(`${urlOf(await first.welcome, "ledger")}/live`)).status).to.equal(200);
  });

  it("names the setting of a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const started = start({ RECORDER_PORT: port });
    expect(await started.ended).to.equal(1);
    expect(started.output).to.include(`Port ${port}`).and.include("RECORDER_PORT");
    other.close();
  });

  it("stops the rest and says so when a part ends by itself", async () => {
    const started = start();
    const welcome = await started.welcome;
    process.kill(started.pidOf("recorder"), "SIGKILL");
    expect(await started.ended).to.equal(1);
    expect(started.output).to.include("The recorder ended by itself (SIGKILL)");
    expect(await answers(urlOf(welcome, "ledger"))).to.equal(false);
  });

  it("leaves nothing running when it is killed", async () => {
    const started = start();
    const welcome = await started.welcome;
    started.process.kill("SIGKILL");
    await started.ended;
    // Each part has its folder to itself: a start that comes up shows that the last one's parts have let go.
    for (const part of ["ledger", "recorder"]) {
      while (await answers(urlOf(welcome, part))) continue;
    }
    await start().welcome;
  });

  it("ends in order when it is stopped while starting", async () => {
    const started = start();
    await once(started.process.stdout, "data");
    expect(await started.stop()).to.equal(0);
    await start().welcome;
  });
});

function hasCurl(): boolean {
  return spawnSync("curl", ["--version"]).status === 0;
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/live`).then(
    () => true,
    () => false,
  );
}
