import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { Contract, hexlify, JsonRpcProvider, Wallet } from "ethers";
import { verifyCommand } from "../../cli/verify.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { readSigningKey } from "../../recorder/index.ts";
import { hasPostgres } from "../../scripts/postgres.ts";
import { recorderKeyFile } from "../../scripts/start/agencies.ts";
import { accountKey } from "../../scripts/start/keys.ts";
import { anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { logPublicKeys } from "../../server/secrets.ts";
import type { Store } from "../../server/store/store.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";
import { runCommands } from "../cli/command-line.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  deployOn,
  fetchUntil,
  type LedgerProcess,
  openDemoRecorder,
  openSystemRecords,
  signedSubmission,
  spawnLedger,
  startLedger,
  submit,
  tokenOf,
} from "./fixture.ts";
import { PromisedClient } from "./promised-client.ts";
import { sharedDatabase } from "./shared-postgres.ts";

const SOURCES = ["qn-police/r1", "qn-health/r1"].map(parseSource);
const HEARTBEAT = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-11-22T08:00:00Z" },
} as const;
const ROOT = path.resolve(import.meta.dirname, "../..");

interface Ran {
  readonly code: number;
  readonly out: string;
}

/** Runs one of the commands as an operator does. */
async function run(script: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [path.join(ROOT, "scripts", script), ...args], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (out += text.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, out };
}

async function ranWell(script: string, args: readonly string[]): Promise<string> {
  const { code, out } = await run(script, args);
  expect(code, out).to.equal(0);
  return out;
}

/** Asks until the answer holds the part. */
async function healthUntil(url: string, part: string | RegExp): Promise<string> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const text = await (await fetch(`${url}/health`)).text();
    if (typeof part === "string" ? text.includes(part) : part.test(text)) return text;
    if (performance.now() > deadline) throw new Error(`/health never said ${String(part)}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function anchoredIn(health: string): number {
  return Number(/"anchored":(\d+)/.exec(health)?.[1] ?? 0);
}

/** What the ledger lost, and a system that holds its records elsewhere. */
async function otherPlace(
  system: Deployed,
  kind: "level" | "postgres",
  name = "restored",
): Promise<Deployed> {
  const database = kind === "postgres" ? (await sharedDatabase()).url : undefined;
  const dataDir = path.join(system.dataDir, `${name}-${kind}`);
  await cp(path.join(system.dataDir, "keys"), path.join(dataDir, "keys"), { recursive: true });
  for (const name of ["trust.json", "deployment.json", "dev-tokens.json"])
    await cp(path.join(system.dataDir, name), path.join(dataDir, name));
  return { ...system, database, dataDir };
}

function placeOf({ database, dataDir }: Deployed): string {
  return database ?? dataDir;
}

/** What the administrator does: a new log that continues the old one from its last anchor that the records still cover. */
async function succeed({ chain, dataDir, profile, secrets }: Deployed, size: number): Promise<void> {
  const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const admin = new Wallet(await accountKey(path.join(dataDir, "keys", "account-admin")), provider);
  const registry = new Contract(profile.anchorRegistry, anchorRegistryArtifact.abi, admin);
  const reader = chainReader(jsonRpc(chain.url, { fetch, name: "node" }), "node");
  let place = (await reader.anchorCount(profile.anchorRegistry, profile.logId)) - 1;
  while ((await reader.anchorAt(profile.anchorRegistry, profile.logId, place)).size > size) place--;
  const keys = logPublicKeys(secrets);
  const sent: unknown = await registry
    .getFunction("createSuccessor")
    .send(
      profile.logId,
      place,
      new Wallet(hexlify(secrets.anchorer)).address,
      [hexlify(keys.checkpoint), hexlify(keys.receipt), hexlify(keys.vrf)],
      100_000_000,
    );
  await (sent as { wait: () => Promise<unknown> }).wait();
  provider.destroy();
}

/** Every file that belongs to the ledger's records and what is made of them. */
async function destroyRecords({ dataDir }: Deployed): Promise<void> {
  for (const name of ["records", "derived", "index", "search"])
    await rm(path.join(dataDir, name), { recursive: true, force: true });
}

/** Each store once as what is backed up and once as what is restored into. */
const MOVES = hasPostgres
  ? ([
      ["postgres", "level"],
      ["level", "postgres"],
    ] as const)
  : ([["level", "level"]] as const);
const NAMES = { level: "LevelDB", postgres: "PostgreSQL" } as const;
if (!hasPostgres)
  it(
    "a ledger that is lost is restored from and into PostgreSQL (skipped: there is no PostgreSQL for this platform)",
  );

for (const [of, to] of MOVES) {
  const title = `a ledger on ${NAMES[of]} that is lost and restored into ${NAMES[to]}`;
  describe(title, function () {
    this.timeout(600_000);
    let system: Deployed;
    let restored: Deployed;
    let ledger: LedgerProcess | undefined;
    let clients: PromisedClient[];
    const file = (name: string): string => path.join(system.dataDir, name);
    /** What was acknowledged before the backup began. */
    let promisedBefore: readonly ReadonlyMap<number, { readonly leaf: string; readonly index: number }>[];
    let anchoredAtLast: number;

    before(async () => {
      system = await deployed({ store: of });
      clients = await Promise.all(
        SOURCES.map(async (source) => {
          const key = await readSigningKey(recorderKeyFile(path.join(system.dataDir, "keys"), source));
          return new PromisedClient(system, source, key);
        }),
      );
    });
    after(async () => {
      await ledger?.end("SIGKILL");
      await system.destroy();
    });

    /** Until something of every client is anchored, and enough is promised to be worth a drill. */
    async function untilFirstOnesAnchored(url: string): Promise<void> {
      const isSo = async (): Promise<boolean> => {
        const anchored = anchoredIn(await (await fetch(`${url}/health`)).text());
        const firsts = clients.map(({ acknowledged }) => [...acknowledged.values()][0]?.index ?? Infinity);
        const promised = clients.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
        return promised > 10 && firsts.every((first) => first < anchored);
      };
      while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
    }

    it("gives a backup under load, which is whole and agrees with the chain", async () => {
      const server = await spawnLedger(system);
      ledger = server;
      await fetchUntil(`${server.url}/ready`);
      let isOver = false;
      const load = Promise.all(
        clients.map(
          async (client) =>
            await client.sendUntil(
              () => isOver,
              () => server.url,
            ),
        ),
      );
      try {
        await untilFirstOnesAnchored(server.url);
        promisedBefore = clients.map(({ acknowledged }) => new Map(acknowledged));
        const args = ["--from", server.url, "--data", system.dataDir, "--out", file("backup")];
        await ranWell("backup.ts", [...args, "--with-keys", file("event-keys")]);
      } finally {
        isOver = true;
        await load;
      }
      for (const name of ["backup", "event-keys"])
        expect((await stat(file(name))).mode & 0o777, name).to.equal(0o600);
      const said = await ranWell("backup.ts", [
        ...["--check", file("backup"), "--keys", file("event-keys")],
        ...["--trust", system.profileFile, "--rpc", system.chain.url],
      ]);
      expect(said).to.contain("Every anchor in it stands on the chain");
    });

    it("is lost with what came after the backup", async () => {
      const server = ledger ?? expect.fail("no ledger");
      const { size } = await headIn(file("backup"));
      const [client] = clients;
      // Something comes after the backup in any case, and is anchored.
      let rounds = 0;
      await client?.sendUntil(
        () => rounds++ === 3,
        () => server.url,
      );
      const deadline = performance.now() + 120_000;
      do {
        anchoredAtLast = anchoredIn(await (await fetch(`${server.url}/health`)).text());
        expect(performance.now(), "nothing more is anchored").to.be.lessThan(deadline);
      } while (anchoredAtLast <= size);
      await server.end("SIGKILL");
      ledger = undefined;
      restored = await otherPlace(system, to);
      await destroyRecords(system);
    });

    it("is restored with every event that was acknowledged before the backup", async () => {
      const args = ["--backup", file("backup"), "--keys", file("event-keys"), "--to", placeOf(restored)];
      const said = await ranWell("restore.ts", args);
      expect(said).to.contain("holds the backup of");
      const again = await run("restore.ts", args);
      expect([again.code, again.out]).to.satisfy(
        ([code, out]: [number, string]) =>
          code === 1 && out.includes("There are records in the target already"),
      );
      const store: Store = await openSystemRecords(restored);
      try {
        let promised = 0;
        for (const [at, { source }] of clients.entries())
          for (const [seq, { index }] of promisedBefore[at] ?? []) {
            const held = await store.submissionHolding(source, seq);
            expect(held && held.index + seq - held.first, `${source} ${seq}`).to.equal(index);
            promised++;
          }
        expect(promised).to.be.greaterThan(10);
      } finally {
        await store.close();
      }
    });

    it("proves them, and takes nothing as long as more was promised than it holds", async () => {
      const server = await spawnLedger(restored);
      ledger = server;
      const health = await healthUntil(server.url, "halted");
      expect(health).to.contain("store-behind");
      const [first] = promisedBefore[0]?.values() ?? [];
      const evidence = await fetchUntil(
        `${server.url}/v1/events/${first?.index ?? -1}/evidence`,
        200,
        60_000,
      );
      const files = {
        "evidence.json": await evidence.text(),
        "trust.json": await readFile(system.profileFile, "utf8"),
      };
      const args = ["verify", "evidence.json", "--trust", "trust.json", "--rpc", system.chain.url];
      const { code, out } = await runCommands([verifyCommand(fetch)], args, files);
      expect(code, out).to.equal(0);
      const [client] = clients;
      await client?.sendUntilKilled(server.url).then(
        () => expect.fail("the ledger went away"),
        (error: unknown) => expect(String(error)).to.contain("store-behind"),
      );
    });

    it("goes on in a successor of the log, which the chain shows, without what came after the backup", async () => {
      await ledger?.end("SIGTERM");
      await succeed(system, (await headIn(file("backup"))).size);
      const next = await otherPlace(system, to, "successor");
      const profileFile = await deployOn(system.chain, next.dataDir, { secrets: system.secrets });
      const profile = parseTrustProfile(await readFile(profileFile, "utf8"));
      expect(profile.logId).to.equal(system.profile.logId + 1);
      const args = ["--backup", file("backup"), "--keys", file("event-keys"), "--to", placeOf(next)];
      await ranWell("restore.ts", [...args, "--for-successor"]);
      const successor = { ...next, profile, profileFile };
      const server = await spawnLedger(successor);
      ledger = server;
      await fetchUntil(`${server.url}/ready`, 200, 120_000);
      const source = SOURCES[0] ?? expect.fail("no source");
      const held = await (await fetch(`${server.url}/v1/sources/${source}`)).json();
      const first = Number((held as { next?: unknown }).next);
      const body = await signedSubmission(successor, { source, first, facets: [HEARTBEAT] });
      const answer = await submit(server.url, body);
      expect(answer.status, await answer.clone().text()).to.equal(201);
      const { receipts } = (await answer.json()) as { receipts: string[] };
      const { index } = parseReceipt(receipts[0] ?? "").receipt;
      const evidence = await fetchUntil(`${server.url}/v1/events/${index}/evidence`, 200, 120_000);
      const files = {
        "evidence.json": await evidence.text(),
        "trust.json": await readFile(profileFile, "utf8"),
      };
      const { code, out } = await runCommands(
        [verifyCommand(fetch)],
        ["verify", "evidence.json", "--trust", "trust.json", "--rpc", system.chain.url],
        files,
      );
      expect(code, out).to.equal(0);
    });
  });
}

describe("a backup that was taken between an order to erase and its execution", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: LedgerProcess | undefined;

  before(async () => {
    system = await deployed();
  });
  after(async () => {
    await ledger?.end("SIGKILL");
    await system.destroy();
  });

  async function mining(seconds: number): Promise<void> {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "evm_setIntervalMining",
      params: [seconds],
    });
    const headers = { "content-type": "application/json" };
    expect((await fetch(system.chain.url, { method: "POST", headers, body })).status).to.equal(200);
  }

  /** Whether the keys of the two events are there; the ledger is stopped. */
  async function keysThere(): Promise<boolean[]> {
    const store = await openSystemRecords(system);
    try {
      return [(await store.eventKey(0)) !== undefined, (await store.eventKey(1)) !== undefined];
    } finally {
      await store.close();
    }
  }

  it("is restored and erases again", async () => {
    let server = await spawnLedger(system);
    ledger = server;
    await fetchUntil(`${server.url}/ready`);
    const recorder = await openDemoRecorder(system, server.url);
    await recorder.recordAll([ACCESS, { ...ACCESS, case: "HS-2026-1" }]);
    await recorder.flush(AbortSignal.timeout(100_000));
    await recorder.close();
    await fetchUntil(`${server.url}/v1/events/1/evidence`, 200, 100_000);
    // An order is executed when an anchor covers it: until there are blocks again it waits.
    await mining(0);
    const order = {
      ...{ id: "e-1", events: [0], reason: "Recorded by mistake." },
      legalBasis: { law: "Law 91/2025/QH15", article: "14" },
    };
    await untilOrdered(server.url, JSON.stringify(order));
    const files = ["backup", "event-keys"].map((name) => path.join(system.dataDir, name));
    const [backup = "", keys = ""] = files;
    const args = ["--from", server.url, "--data", system.dataDir, "--out", backup, "--with-keys", keys];
    await ranWell("backup.ts", args);
    await mining(1);
    await untilErased(server.url);
    await server.end("SIGTERM");
    expect(await keysThere()).to.deep.equal([false, true]);

    await destroyRecords(system);
    await ranWell("restore.ts", ["--backup", backup, "--keys", keys, "--to", system.dataDir]);
    expect(await keysThere()).to.deep.equal([true, true]);
    server = await spawnLedger(system);
    ledger = server;
    await fetchUntil(`${server.url}/ready`, 200, 100_000);
    await untilErased(server.url);
    await server.end("SIGTERM");
    expect(await keysThere()).to.deep.equal([false, true]);
  });

  it("is no place for a ledger while it is half restored", async () => {
    const store = await openSystemRecords(system);
    await store.bind("transfer", Buffer.from("under way"));
    await store.close();
    const error: unknown = await startLedger(system).then(
      async (app) => await app.close(),
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: "store-unavailable" });
    expect(String(error)).to.contain("npm run restore");
  });

  async function untilOrdered(url: string, body: string): Promise<void> {
    const officer = await tokenOf(system, "officer", "qn-police");
    const headers = { ...officer, "content-type": "application/json" };
    const deadline = performance.now() + 120_000;
    for (;;) {
      const { status, text } = await fetch(`${url}/v1/erasures`, { method: "POST", headers, body }).then(
        async (answer) => ({ status: answer.status, text: await answer.text() }),
      );
      if (status === 200 || status === 201) return;
      // The index is being loaded.
      expect(status, text).to.equal(503);
      expect(performance.now(), text).to.be.lessThan(deadline);
    }
  }

  async function untilErased(url: string): Promise<void> {
    const inspector = await tokenOf(system, "inspector");
    const deadline = performance.now() + 120_000;
    for (;;) {
      const answer = await fetch(`${url}/v1/erasures/e-1`, { headers: inspector });
      const text = await answer.text();
      if (text.includes('"state":"destroyed"')) return;
      if (performance.now() > deadline) throw new Error(`it was never erased: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

async function headIn(file: string): Promise<{ size: number }> {
  const text = (await readFile(file)).subarray(0, 1000).toString("latin1");
  return { size: Number(/"size":(\d+)/.exec(text)?.[1]) };
}
