/**
 * The whole system for tests, of real parts: a chain (anvil) with the contracts deployed and demo agencies admitted, the ledger on a
 * random port (in this process, or as one of its own that can be killed), and recorders.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Contract, encodeBytes32String, hexlify, JsonRpcProvider, Wallet } from "ethers";
import type { DestinationStream } from "pino";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { parseSource } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";
import { openRecorder, readSigningKey, type Recorder, type RecorderConfig } from "../../recorder/index.ts";
import { deploy } from "../../scripts/deploy.ts";
import { httpRpc } from "../../scripts/deploy/json-rpc.ts";
import { writeProfile } from "../../scripts/deploy/trust-profile.ts";
import { type Devchain, startDevchain } from "../../scripts/devchain.ts";
import {
  type DemoAgency,
  demoAgencyPlans,
  OPERATOR,
  operatorPlan,
  recorderKeyFile,
} from "../../scripts/start/agencies.ts";
import { accountKey } from "../../scripts/start/keys.ts";
import { agencyRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { type App, startApp } from "../../server/app.ts";
import { type Clock, systemClock } from "../../server/clock.ts";
import { type Config, readConfig } from "../../server/config.ts";
import { createLog } from "../../server/log.ts";
import {
  type LedgerKeys,
  loadSecrets,
  logPublicKeys,
  ownSourceKeys,
  type Secrets,
} from "../../server/secrets.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { openPostgresStore } from "../../server/store/postgres-store.ts";
import type { Store } from "../../server/store/store.ts";
import { parseTrustProfile, type TrustProfile } from "../../verifier/trust-profile.ts";
import type { StoreKind } from "./both-stores.ts";
import { sharedDatabase } from "./shared-postgres.ts";

/** The source whose recorder most tests use. */
export const POLICE = "qn-police/r1";

/** A plain event as an agency's system writes it. The person is the first demo citizen. */
export const ACCESS = {
  type: "access",
  subject: { scheme: "vn-cccd", id: "999199000001" },
  exchange: { messageId: "m-1", client: "VN/GOV/qn-police/registry", service: "VN/GOV/qn-justice/births" },
  agent: { id: "officer-17", role: "registry officer" },
  data: { action: "R", personalData: ["name", "date of birth"] },
  purpose: { procedure: "1.004222", legalBasis: { law: "Luật Căn cước 2023", article: "10" } },
  time: { occurred: "2026-11-22T08:00:00+07:00" },
} as const;

/** What a ledger and its recorders need: our contracts on some chain, and the folder with everything that belongs to them. */
export interface LedgerSystem {
  readonly dataDir: string;
  /** `postgres://...` of the records, or undefined when they are in LevelDB in the folder. */
  readonly database: string | undefined;
  readonly chain: Pick<Devchain, "url">;
  readonly secrets: Secrets;
  readonly profile: TrustProfile;
}

/** The same on a chain of its own (anvil). */
export interface Deployed extends LedgerSystem {
  /** Folders that hold anything of the system. */
  readonly folders: readonly string[];
  readonly chain: Devchain;
  readonly profileFile: string;
  /** Ends the chain and removes the folder. */
  readonly destroy: () => Promise<void>;
}

export interface DeployOptions {
  /** Those of `npm start` by default. */
  readonly agencies?: readonly DemoAgency[];
  /** Where its ledger keeps the records: LevelDB by default, or a new database of the PostgreSQL that all tests share. */
  readonly store?: StoreKind;
}

/** Starts a chain in a new folder and deploys everything on it. */
export async function deployed({ agencies, store = "level" }: DeployOptions = {}): Promise<Deployed> {
  const shared = store === "level" ? undefined : await sharedDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-system-"));
  const chain = await startDevchain({ dataDir: path.join(dataDir, "chain") });
  try {
    const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
    const profileFile = await deployOn(chain, dataDir, { secrets, agencies });
    const profile = parseTrustProfile(await readFile(profileFile, "utf8"));
    const destroy = async (): Promise<void> => {
      await chain.kill();
      await rm(dataDir, { recursive: true });
    };
    const database = shared?.url;
    const folders = shared === undefined ? [dataDir] : [dataDir, shared.files];
    return { dataDir, database, folders, chain, secrets, profile, profileFile, destroy };
  } catch (error) {
    await chain.kill();
    throw error;
  }
}

export interface DeployOnOptions {
  readonly secrets: Secrets;
  readonly agencies?: readonly DemoAgency[] | undefined;
  /** What the trust profile says otherwise than for an embedded chain. */
  readonly profile?: Partial<Pick<TrustProfile, "environment" | "finalityDepth" | "rpc">>;
}

/** As `npm start` does it, except that verifiers ask the chain itself. Returns the path of the trust profile. */
export async function deployOn(
  chain: Pick<Devchain, "url">,
  dataDir: string,
  { secrets, agencies, profile }: DeployOnOptions,
): Promise<string> {
  const keysFolder = path.join(dataDir, "keys");
  await mkdir(keysFolder, { recursive: true });
  const deployment = await deploy({
    rpc: httpRpc(chain.url),
    adminKey: await accountKey(path.join(keysFolder, "account-admin")),
    statePath: path.join(dataDir, "deployment.json"),
    log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
    operator: await operatorPlan(keysFolder, ownSourceKeys(secrets)),
    agencies: await demoAgencyPlans(keysFolder, agencies),
  });
  const file = path.join(dataDir, "trust.json");
  await writeProfile(file, {
    ...{ name: "the tests' own chain", environment: "embedded", finalityDepth: 1, rpc: [chain.url] },
    ...profile,
    ...deployment,
  });
  return file;
}

/** Gives an agency these entitlements in place of those it has, as the registrar does. */
export async function entitle(
  { chain, dataDir, profile }: Deployed,
  agency: string,
  bits: number,
): Promise<void> {
  const provider = new JsonRpcProvider(chain.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const registrar = new Wallet(await accountKey(path.join(dataDir, "keys", "account-admin")), provider);
  const registry = new Contract(profile.agencyRegistry, agencyRegistryArtifact.abi, registrar);
  const sent: unknown = await registry.getFunction("setEntitlements").send(encodeBytes32String(agency), bits);
  await (sent as { wait: () => Promise<unknown> }).wait();
  provider.destroy();
}

export interface LedgerOptions {
  readonly clock?: Clock;
  readonly config?: Partial<Config>;
  /** Where its log lines go; without it they are dropped. */
  readonly logTo?: DestinationStream;
}

/** Fast, so that tests wait for nothing; never an anchor without its index; and with no catalogue, whose event would be the log's first. */
const QUICK = {
  INDEX_PATIENCE: "1h",
  ...{ CHECKPOINT_INTERVAL: "50ms", CHAIN_POLL: "25ms", RECEIVE_WORKERS: "1", LOG_LEVEL: "silent" },
  CATALOGUE: "none",
};

/** Starts the ledger in this process. The caller closes it. */
export async function startLedger(
  system: Omit<LedgerSystem, "secrets"> & { readonly secrets: LedgerKeys },
  options: LedgerOptions = {},
): Promise<App> {
  return await startApp({
    config: { ...readConfig(ledgerEnv(system)), ...options.config },
    secrets: system.secrets,
    database: system.database,
    profile: system.profile,
    clock: options.clock ?? systemClock,
    log: createLog({ logLevel: options.config?.logLevel ?? "silent" }, options.logTo),
  });
}

/** The settings of a ledger of the system, as a process gets them. */
export function ledgerEnv({
  dataDir,
  database,
  chain,
}: Omit<LedgerSystem, "secrets">): Record<string, string> {
  const records = { DATA_DIR: dataDir, STORE: database ?? "level" };
  return { ...QUICK, ...records, OPERATOR, PORT: "0", RPC_URL: chain.url };
}

/** Opens the records themselves: of LevelDB only while no server has them. The caller closes them. */
export async function openSystemRecords({ dataDir, database }: Deployed): Promise<Store> {
  return database === undefined
    ? await openLevelStore({ path: path.join(dataDir, "records") })
    : await openPostgresStore({ url: database });
}

/** The ledger as a process of its own. */
export interface LedgerProcess {
  readonly url: string;
  readonly process: ChildProcess;
  /** Ends it with a signal and resolves with its exit code; null for a kill. */
  readonly end: (signal: "SIGTERM" | "SIGINT" | "SIGKILL") => Promise<number | null>;
}

/** Starts the ledger as a process and resolves when it listens. The caller ends it. */
export async function spawnLedger(
  system: Deployed,
  env: Record<string, string> = {},
  flags: readonly string[] = [],
): Promise<LedgerProcess> {
  const args = ["--disable-warning=ExperimentalWarning", ...flags, "server/main.ts"];
  const child = spawn(process.execPath, args, {
    cwd: path.resolve(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"], ...ledgerEnv(system), LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = await listeningUrl(child);
  return {
    url,
    process: child,
    end: async (signal) => {
      child.kill(signal);
      return await exit;
    },
  };
}

/** Reads the log lines (and goes on reading, so that the pipe never fills) until one says where it listens. */
async function listeningUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (child.stdout === null) throw new Error("the ledger's output is not piped");
  const lines: string[] = [];
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    const url = /"url":"(http[^"]+)".*"listening"/.exec(line)?.[1];
    if (url !== undefined) resolve(url);
  });
  child.once("exit", (code) =>
    reject(new Error(`the ledger ended with ${String(code)}:\n${lines.join("\n")}`)),
  );
  return await promise;
}

/** Opens the recorder of a demo source with its spool in the system's folder. The caller closes it. */
export async function openDemoRecorder(
  system: LedgerSystem,
  ledgerUrl: string | readonly string[],
  options: Partial<RecorderConfig> = {},
): Promise<Recorder> {
  const source = options.source ?? POLICE;
  return await openRecorder({
    source,
    key: options.key ?? (await readSigningKey(recorderKeyFile(path.join(system.dataDir, "keys"), source))),
    directory: path.join(system.dataDir, "recorder", source.replace("/", "-")),
    ledgerUrl,
    trust: system.profile,
    lingerMs: 1,
    ...options,
  });
}

/** A submission as a recorder of the source would sign it, for tests that say what no recorder would. */
export async function signedSubmission(
  system: Deployed,
  {
    source,
    first,
    facets,
    keyFile,
  }: { source: string; first: number; facets: readonly Facets[]; keyFile?: string },
): Promise<SubmissionBody> {
  const key = await readSigningKey(keyFile ?? recorderKeyFile(path.join(system.dataDir, "keys"), source));
  const src = parseSource(source);
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const events = facets.map((each, at) => makeEvent({ source: src, seq: first + at, facets: each, random }));
  const { chainId, anchorRegistry, logId } = system.profile;
  return makeSubmission({
    log: { chainId, registry: anchorRegistry, logId },
    source: src,
    first,
    events,
    issuedAt: Math.floor(systemClock.now() / 1000),
    ...key,
  });
}

/** Posts a submission as it is. */
export async function submit(ledgerUrl: string, body: SubmissionBody): Promise<Response> {
  return await fetch(`${ledgerUrl}/v1/submissions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Asks until the answer's text holds the part, at most `timeoutMs`. */
export async function fetchUntilText(url: string, part: string, timeoutMs = 300_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const text = await (await fetch(url)).text();
    if (text.includes(part)) return;
    if (performance.now() > deadline)
      throw new Error(`${url} did not answer ${part} within ${timeoutMs} ms but ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Asks until the answer has the status, at most `timeoutMs`. */
export async function fetchUntil(url: string, status = 200, timeoutMs = 100_000): Promise<Response> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === status) return response;
    const body = await response?.text();
    if (performance.now() > deadline) {
      throw new Error(
        `${url} did not answer ${status} within ${timeoutMs} ms but ${response?.status ?? "nothing"}: ${body ?? ""}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A development token of the role (and agency), as a header. */
export async function tokenOf(
  system: LedgerSystem,
  role: string,
  agency?: string,
): Promise<Record<string, string>> {
  const tokens: unknown = JSON.parse(await readFile(path.join(system.dataDir, "dev-tokens.json"), "utf8"));
  if (!Array.isArray(tokens)) throw new Error("no list of tokens");
  for (const { token, caller } of tokens as { token: string; caller: { role: string; agency?: string } }[]) {
    if (caller.role === role && caller.agency === agency) return { authorization: `Bearer ${token}` };
  }
  throw new Error(`there is no token for ${role} ${agency ?? ""}`);
}
