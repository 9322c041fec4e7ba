import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { formatGathered, type GatheredPart } from "../../protocol/gathered.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { accountKey } from "../../scripts/start/keys.ts";
import { runSuccessor } from "../../scripts/successor.ts";
import type { App } from "../../server/app.ts";
import { type GatheredReport, verifyGathered } from "../../verifier/gathered.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  signedSubmission,
  startLedger,
  submit,
} from "./fixture.ts";
import { claimOf, fetchStatement, readerOf, tokenNamed } from "./statements.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PERSON = { kind: "person", id: "vn-cccd:999199000001" } as const;
const SOURCE = "qn-police/r1";
const HEARTBEAT = {
  type: "heartbeat",
  heartbeat: { waiting: 0 },
  time: { occurred: "2026-11-22T08:00:00Z" },
} as const;

/** What docs/KEYS.md says to do when VRF_KEY was stolen: the log ends, and its successor makes its index under another one. */
describe("a VRF key that was stolen", function () {
  this.timeout(600_000);
  let system: Deployed;
  let next: Deployed;
  let ledger: App | undefined;
  /** Of the old log, and of its successor. */
  const statements: string[] = [];
  const file = (name: string): string => path.join(system.dataDir, name);

  before(async () => {
    system = await deployed();
  });
  after(async () => {
    await ledger?.close();
    await system.destroy();
  });

  async function ran(script: string, ...args: readonly string[]): Promise<{ code: number; out: string }> {
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

  async function statementOf(of: Deployed, horizon: number): Promise<string> {
    return await fetchStatement(
      `${ledger?.url ?? ""}/v1/statement`,
      await tokenNamed(of, "citizen 1"),
      horizon,
    );
  }

  const gathered = async (...texts: readonly string[]): Promise<GatheredReport> => {
    const parts = texts.map((statement): GatheredPart => ({ log: parseStatement(statement).log, statement }));
    return await verifyGathered(formatGathered(parts), next.profile, readerOf(next), { about: PERSON });
  };
  const complete = ({ checks }: GatheredReport): string => {
    const found = checks.find(({ id }) => id === "complete");
    return `${found?.status ?? ""}: ${found?.detail ?? ""}`;
  };

  it("ends its log, whose last statement is kept", async () => {
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`, 200, 120_000);
    const recorder = await openDemoRecorder(system, ledger.url, { source: SOURCE });
    await recorder.recordAll([ACCESS, ACCESS, ACCESS]);
    await recorder.flush(AbortSignal.timeout(120_000));
    await recorder.close();
    statements.push(await statementOf(system, 3));
    await ledger.close();
    ledger = undefined;
    const backup = ["--from", system.dataDir, "--out", file("backup"), "--with-keys", file("event-keys")];
    expect((await ran("backup.ts", ...backup)).code).to.equal(0);
  });

  it("is replaced on the chain by the successor's", async () => {
    await writeFile(file("new-vrf.key"), "5a".repeat(32), { mode: 0o600 });
    const env = {
      ...{ RPC_URL: system.chain.url, TRUST_PROFILE: system.profileFile },
      ADMIN_KEY: await accountKey(path.join(system.dataDir, "keys", "account-admin")),
    };
    const args = ["--vrf", file("new-vrf.key"), "--out", file("next-trust.json")];
    await runSuccessor(args, env, () => undefined);
    const profile = parseTrustProfile(await readFile(file("next-trust.json"), "utf8"));
    expect(profile.logId).to.equal(system.profile.logId + 1);
    const dataDir = file("next");
    await mkdir(dataDir);
    for (const name of ["keys", "deployment.json", "dev-tokens.json"])
      await cp(file(name), path.join(dataDir, name), { recursive: true });
    const secrets = { ...system.secrets, vrf: Buffer.from("5a".repeat(32), "hex") };
    next = {
      ...system,
      dataDir,
      database: undefined,
      secrets,
      profile,
      profileFile: file("next-trust.json"),
    };
  });

  it("is not the one of the restored records any more, which go on and are indexed anew", async () => {
    const restore = ["--backup", file("backup"), "--keys", file("event-keys"), "--to", next.dataDir];
    const alone = await ran("restore.ts", ...restore, "--new-vrf-key");
    expect(alone.code).to.equal(2);
    const { code, out } = await ran("restore.ts", ...restore, "--for-successor", "--new-vrf-key");
    expect(code, out).to.equal(0);
    ledger = await startLedger(next);
    await fetchUntil(`${ledger.url}/ready`, 200, 120_000);
    const held: unknown = await (await fetch(`${ledger.url}/v1/sources/${SOURCE}`)).json();
    const first = Number((held as { next?: unknown }).next);
    const answer = await submit(
      ledger.url,
      await signedSubmission(next, { source: SOURCE, first, facets: [HEARTBEAT] }),
    );
    expect(answer.status, await answer.clone().text()).to.equal(201);
    statements.push(await statementOf(next, 4));
    const claim = await claimOf(next, statements[1] ?? "");
    expect(claim.lists[0]?.count).to.equal(3);
    const keys = statements.map((text) => parseStatement(text).lists[0]?.vrf);
    expect(keys[0], "proven under another key").to.not.deep.equal(keys[1]);
  });

  it("leaves a gathered statement incomplete without the old log's part, and whole with it", async () => {
    const [old = "", present = ""] = statements;
    const without = await gathered(present);
    expect(without.verdict).to.equal("incomplete");
    expect(complete(without)).to.match(/^not-checked: log 1 .*; log 2 continues log 1 with another VRF key/);
    const both = await gathered(old, present);
    expect(complete(both)).to.match(/^passed: /);
    expect(both.verdict).to.equal("development");
  });
});
