import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Contract, encodeBytes32String, hexlify, JsonRpcProvider, Wallet } from "ethers";
import { gatherCommand } from "../../cli/gather.ts";
import { verifyCommand } from "../../cli/verify.ts";
import { parseGathered } from "../../protocol/gathered.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { continueUnderNewSource } from "../../recorder/continue.ts";
import type { Recorder } from "../../recorder/index.ts";
import { runAssign } from "../../scripts/assign.ts";
import { deploy } from "../../scripts/deploy.ts";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import { operatorPlan, recorderKeyFile } from "../../scripts/start/agencies.ts";
import { accountKey, recorderKey } from "../../scripts/start/keys.ts";
import { agencyRegistryArtifact } from "../../server/anchor/artifacts.ts";
import type { App } from "../../server/app.ts";
import { loadSecrets, logPublicKeys, ownSourceKeys } from "../../server/secrets.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { type Ran, runCommands } from "../cli/command-line.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  type LedgerSystem,
  openDemoRecorder,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";
import { claimOf, fetchStatement, type Headers, readerOf, tokenNamed } from "./statements.ts";

const PERSON = "vn-cccd:999199000001";
const OPERATOR_2 = "hue-operator";
/** Seconds to wait for receipts on a busy machine. */
const PATIENCE = 100_000;

describe("two ledgers with two logs under one registry", function () {
  this.timeout(600_000);
  let one: Deployed;
  let two: LedgerSystem;
  let folder: string;
  let ledgers: [App, App];
  const open: Recorder[] = [];
  const files: Record<string, string> = {};

  before(async () => {
    one = await deployed();
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-second-"));
    two = await secondLog();
    await assign("qn-police", 1);
    await assign("qn-justice", 1);
    await assign("qn-health", 2);
    await assign(OPERATOR_2, 2);
    ledgers = [await startLedger(one), await startLedger(two, { config: { operator: OPERATOR_2 } })];
    for (const { url } of ledgers) await fetchUntil(`${url}/ready`, 200, PATIENCE);
    // Its spool is opened again later.
    await (await record(one, 0, "qn-police/r1", 1)).close();
    await record(one, 0, "qn-justice/r1", 1);
    await record(two, 1, "qn-health/r2", 2);
    files["trust.json"] = await readFile(one.profileFile, "utf8");
    files["federation.json"] = JSON.stringify({
      logs: ledgers.map(({ url }, at) => ({ logId: at + 1, url })),
    });
    for (const [at, system] of [one, two].entries())
      files[`${at + 1}.token`] = (await citizen(system))["authorization"]?.replace("Bearer ", "") ?? "";
  });

  after(async () => {
    for (const recorder of open) await recorder.close();
    for (const ledger of ledgers) await ledger.close();
    await rm(folder, { recursive: true });
    await one.destroy();
  });

  /** Another log, another operator, and the recorders of agencies that are there already, as a second deployment on the same chain makes them. */
  async function secondLog(): Promise<LedgerSystem> {
    const [keys, firstKeys] = [path.join(folder, "keys"), path.join(one.dataDir, "keys")];
    const secrets = loadSecrets({ dataDir: folder, environment: "embedded" }, {});
    await mkdir(keys, { recursive: true });
    const statePath = path.join(folder, "deployment.json");
    await copyFile(path.join(one.dataDir, "deployment.json"), statePath);
    const moved = await Promise.all(
      ["qn-police", "qn-health"].map(async (code) => {
        const key = await recorderKey(recorderKeyFile(keys, `${code}/r2`));
        const account = { privateKey: await accountKey(path.join(firstKeys, `account-${code}`)) };
        const recorders = [{ name: "r2", alg: key.alg, key: key.publicKey, fromSeq: 1 }];
        return { code, name: code, entitlements: 1, account, recorders };
      }),
    );
    const deployment = await deploy({
      ...{ rpc: httpRpc(one.chain.url), statePath },
      adminKey: await adminKey(),
      log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
      operator: { ...(await operatorPlan(keys, ownSourceKeys(secrets))), code: OPERATOR_2 },
      agencies: moved,
    });
    expect(deployment).to.deep.include({ logId: 2, anchorRegistry: one.profile.anchorRegistry });
    const { chain } = one;
    return {
      dataDir: folder,
      database: undefined,
      chain,
      secrets,
      profile: { ...one.profile, ...deployment },
    };
  }

  const adminKey = (): Promise<string> => accountKey(path.join(one.dataDir, "keys", "account-admin"));
  const citizen = (system: LedgerSystem): Promise<Headers> => tokenNamed(system, "citizen 1");

  /** As the registrar does it. */
  async function assign(agency: string, logId: number): Promise<void> {
    const env = { DATA_DIR: one.dataDir, RPC_URL: one.chain.url, ADMIN_KEY: await adminKey() };
    await runAssign([agency, String(logId)], env, () => undefined);
  }

  /** Records accesses to the person's data by a recorder of the agency, and waits for the receipts. */
  async function record(
    system: LedgerSystem,
    ledger: 0 | 1,
    source: string,
    count: number,
  ): Promise<Recorder> {
    const recorder = await openDemoRecorder(system, ledgers[ledger].url, { source });
    open.push(recorder);
    await recorder.recordAll(Array.from({ length: count }, () => ACCESS));
    await recorder.flush(AbortSignal.timeout(PATIENCE));
    return recorder;
  }

  /** Waits until both indexes cover so many entries, and gathers. */
  async function gathered(...horizons: readonly [number, number]): Promise<Ran> {
    for (const [at, horizon] of horizons.entries()) {
      const system = [one, two][at] ?? one;
      const url = `${ledgers[at]?.url ?? ""}/v1/statement`;
      if (horizon > 0) await fetchStatement(url, await citizen(system), horizon);
    }
    return await gather();
  }

  const gather = (): Promise<Ran> =>
    runCommands(
      [gatherCommand(fetch)],
      "gather --federation federation.json --token 1.token --token 2.token -o all.json".split(" "),
      files,
    );
  const verify = (...args: string[]): Promise<Ran> =>
    runCommands(
      [verifyCommand(fetch)],
      ["verify", "all.json", "--trust", "trust.json", "--about", PERSON, ...args],
      files,
    );
  const sizes = (): number[] =>
    parseGathered(files["all.json"] ?? "").map(({ statement }) =>
      parseStatement(statement).lists.reduce((sum, { entry }) => sum + (entry?.count ?? 0), 0),
    );

  it("gather into one statement, each part verified by its own log's keys and anchors", async () => {
    const ran = await gathered(2, 2);
    expect(ran.code, ran.out).to.equal(0);
    expect(sizes()).to.deep.equal([2, 2]);
    const verified = await verify();
    expect(verified.code, verified.out).to.equal(0);
    expect(verified.out).to.include("✓ No log is missing");
    expect(verified.out).to.include("by qn-police/r1").and.include("by qn-health/r2");
    const parts = parseGathered(files["all.json"] ?? "");
    for (const [at, system] of [one, two].entries())
      await claimOf({ ...one, profile: system.profile }, parts[at]?.statement ?? "");
    // A part is of its log alone, however alike the two are.
    const swapped = (files["all.json"] ?? "").replaceAll(/(0x[0-9a-f]{40}):1(?=\\?")/g, "$1:2");
    files["all.json"] = swapped;
    expect((await verify()).code).to.equal(1);
  });

  it("do not hide that one of them is down: the verifier names its log", async () => {
    const down = ledgers[1];
    files["federation.json"] = (files["federation.json"] ?? "").replace(down.url, "http://127.0.0.1:9");
    const ran = await gathered(2, 0);
    files["federation.json"] = (files["federation.json"] ?? "").replace("http://127.0.0.1:9", down.url);
    expect(ran.code).to.equal(3);
    expect(ran.out).to.include("cannot be reached");
    const verified = await verify();
    expect(verified.code).to.equal(3);
    expect(verified.out).to.include("log 2 of the registry is missing");
    expect(verified.out).to.include("by qn-police/r1");
  });

  it("refuse what an agency of the other sends: with the log's number", async () => {
    const body = await signedSubmission(one, {
      source: "qn-health/r1",
      first: 1,
      facets: [facetsOfAccess()],
    });
    const refused = await submit(ledgers[0].url, body);
    expect(refused.status).to.equal(403);
    expect(await refused.json()).to.deep.include({
      code: "agency-of-another-log",
      agency: "qn-health",
      logId: 2,
    });
  });

  it("let an agency move: both parts stay good, the new ledger goes on under a new recorder, the old one takes nothing new", async () => {
    const facets = facetsOfAccess();
    const stored = await signedSubmission(one, { source: "qn-justice/r1", first: 2, facets: [facets] });
    expect((await submit(ledgers[0].url, stored)).status).to.equal(201);
    const moves: [number, number][] = [];
    for (const agency of ["qn-police", "qn-justice"]) {
      await assign(agency, 2);
      moves.push([await assignedAt(agency, "latest"), await assignedAt(agency, 0)]);
    }
    expect(moves).to.deep.equal([
      [2, 0],
      [2, 0],
    ]);
    // The old ledger learns of it from the chain, as of keys.
    const later = await signedSubmission(one, { source: "qn-police/r1", first: 5, facets: [facets] });
    await refusedInTime(ledgers[0].url, later);
    const next = await signedSubmission(one, { source: "qn-police/r1", first: 2, facets: [facets] });
    const refused = await submit(ledgers[0].url, next);
    expect(await refused.json()).to.deep.include({ code: "agency-of-another-log", logId: 2 });
    // What was on its way twice is answered with the receipt that was lost.
    const again = await submit(ledgers[0].url, stored);
    expect(again.status).to.equal(200);
    const moved = await record(two, 1, "qn-police/r2", 3);
    // What the old recorder still holds goes on under the new name.
    const left = await openDemoRecorder(one, ledgers[0].url, { source: "qn-police/r1" });
    await left.recordAll([ACCESS]);
    await left.close();
    const oldDirectory = path.join(one.dataDir, "recorder", "qn-police-r1");
    const continued = await continueUnderNewSource({
      ...{ oldDirectory, ledgerUrl: ledgers[1].url, recorder: moved },
    });
    expect(continued).to.deep.include({ moved: 1, alreadyHeld: 0 });
    await moved.flush(AbortSignal.timeout(PATIENCE));
    const ran = await gathered(3, 6);
    expect(ran.code, ran.out).to.equal(0);
    expect(sizes()).to.deep.equal([3, 6]);
    const verified = await verify();
    expect(verified.code, verified.out).to.equal(0);
    expect(verified.out).to.include("by qn-police/r1 (number 1").and.include("by qn-police/r2 (number 4");
    expect(verified.out).to.include("✓ No recorder stands in two logs");
  });

  it("prove an event recorded before the move as ever", async () => {
    const response = await fetch(`${ledgers[0].url}/v1/events/0/evidence`, { headers: await citizen(one) });
    const report = await verifyEvidence(await response.text(), one.profile, readerOf(one));
    expect(report.verdict).to.equal("development");
    const check = report.checks.find(({ id }) => id === "assigned-log");
    expect(check).to.deep.include({ status: "passed" });
    expect(check?.detail).to.match(/^qn-\w+ belonged in log 1 at block \d+$/);
  });

  /** Submits what is ahead of its source's numbers, and so never taken, until the ledger has read the assignment. */
  async function refusedInTime(url: string, body: Parameters<typeof submit>[1]): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const response = await submit(url, body);
      await response.arrayBuffer();
      if (response.status === 403) return;
      expect(response.status).to.equal(409);
      if (performance.now() > deadline) throw new Error("the ledger does not read the assignment");
    }
  }

  async function assignedAt(agency: string, block: number | "latest"): Promise<number> {
    const provider = new JsonRpcProvider(one.chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
    try {
      const registry = new Contract(one.profile.agencyRegistry, agencyRegistryArtifact.abi, provider);
      const at = block === "latest" ? await provider.getBlockNumber() : block;
      const log: unknown = await registry.getFunction("logOfAt").staticCall(encodeBytes32String(agency), at);
      return Number(log);
    } finally {
      provider.destroy();
    }
  }
});

/** The same access as a submission's facets. */
function facetsOfAccess() {
  const { agent, ...facets } = ACCESS;
  return { ...facets, "agent.id": agent.id, "agent.role": agent.role };
}
