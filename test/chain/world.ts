import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { hexlify, Wallet } from "ethers";
import { toHex } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorder } from "../../recorder/index.ts";
import { DeployError } from "../../scripts/deploy/error.ts";
import { demoAgencyPlans, operatorPlan } from "../../scripts/start/agencies.ts";
import { accountKey } from "../../scripts/start/keys.ts";
import { hex } from "../../server/anchor/chain-values.ts";
import { type ChainAnchor, chainClient } from "../../server/anchor/chain-client.ts";
import type { App } from "../../server/app.ts";
import { loadSecrets, ownSourceKeys } from "../../server/secrets.ts";
import { agreeingReader } from "../../verifier/chain-agreement.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";
import { ACCESS, deployOn, type LedgerSystem, openDemoRecorder, startLedger } from "../system/fixture.ts";
import { type Guard, startGuard } from "./guard.ts";
import { type Network, startNetwork } from "./network.ts";
import type { Timeline } from "./timeline.ts";

/** An odd number: of four, two and two can get stuck on two branches of equal weight, and Clique has no way out of that by itself. */
const VALIDATORS = 5;
export const ALL = [...Array(VALIDATORS).keys()];
/**
 * Blocks that make an anchor final. Whoever made one of the last two blocks of five validators may not make the next one (EIP-225), so two
 * that are cut off from the others cannot bring an anchor so deep.
 */
export const FINALITY_DEPTH = 3;
const CHAIN_ID = 4117;

/** The chain, our contracts on it, and a ledger's folder. */
export interface World {
  readonly network: Network;
  readonly system: LedgerSystem;
  /** Address of the account that anchors. */
  readonly anchorer: string;
  /** Deploys by a node; the first time everything, later nothing. */
  readonly deployBy: (node: number) => Promise<LedgerSystem>;
  readonly close: () => Promise<void>;
}

/** Starts the validators and deploys by the first. Nobody owns anything on this chain, and nobody pays. */
export async function startWorld(geth: string, onReset: () => void): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-chain-"));
  const guard = startGuard(folder);
  try {
    return await startIn(folder, { geth, guard, onReset });
  } catch (error) {
    await guard.close();
    throw error;
  }
}

async function startIn(
  folder: string,
  { geth, guard, onReset }: { geth: string; guard: Guard; onReset: () => void },
): Promise<World> {
  const dataDir = path.join(folder, "ledger");
  const keys = path.join(dataDir, "keys");
  await mkdir(keys, { recursive: true });
  const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
  const anchorer = new Wallet(hexlify(secrets.anchorer)).address.toLowerCase();
  const plans = [await operatorPlan(keys, ownSourceKeys(secrets)), ...(await demoAgencyPlans(keys))];
  const accounts = [
    await accountKey(path.join(keys, "account-admin")),
    ...plans.map(({ account }) => ("privateKey" in account ? account.privateKey : "")),
  ].map((key) => new Wallet(key).address);
  const network = await startNetwork({
    ...{ geth, folder, guard, onReset, validators: VALIDATORS, chainId: CHAIN_ID },
    free: [anchorer, ...accounts],
  });

  async function deployBy(node: number): Promise<LedgerSystem> {
    const chain = { url: network.url(node) };
    const profile = {
      environment: "production" as const,
      finalityDepth: FINALITY_DEPTH,
      rpc: ALL.map((each) => network.url(each)),
    };
    const file = await deployedIn(() => deployOn(chain, dataDir, { secrets, profile }));
    const text = await readFile(file, "utf8");
    return { dataDir, database: undefined, chain, secrets, profile: parseTrustProfile(text) };
  }

  const close = async (): Promise<void> => {
    await network.close();
    await guard.close();
  };
  try {
    return { network, system: await deployBy(0), anchorer, deployBy, close };
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** Tries of a deployment: it says "run it again" when blocks were undone under it, as Clique does when nodes are slow. */
const DEPLOYMENTS = 5;

async function deployedIn(run: () => Promise<string>): Promise<string> {
  for (let tried = 1; ; tried++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DeployError) || tried === DEPLOYMENTS) throw error;
    }
  }
}

/** Its newest block's number. */
export async function height(network: Network, node: number): Promise<number> {
  return Number(hex(await network.rpc(node)("eth_blockNumber", [])));
}

/** The block of that number as the node has it, or null. */
export async function blockOf(
  network: Network,
  node: number,
  number: number,
): Promise<Readonly<Record<string, unknown>> | null> {
  const block = await network.rpc(node)("eth_getBlockByNumber", [`0x${number.toString(16)}`, false]);
  return isJsonObject(block) ? block : null;
}

export async function hashOf(network: Network, node: number, number: number): Promise<unknown> {
  return (await blockOf(network, node, number))?.["hash"];
}

/** Waits until it is so, looking again and again; mocha's timeout ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Waits until the node has a block of that number. */
export async function untilHeight(network: Network, node: number, number: number): Promise<void> {
  await until(async () => (await height(network, node)) >= number);
}

/** Waits until every node is connected to every other. */
export async function untilMeshed(network: Network): Promise<void> {
  for (const node of ALL)
    await until(async () => Number(hex(await network.rpc(node)("net_peerCount", []))) === VALIDATORS - 1);
}

/** Waits until none of the nodes may extend its own chain: each made one of the last two blocks of it. */
export async function untilHalted({ network }: World, nodes: readonly number[] = ALL): Promise<void> {
  for (const node of nodes)
    await until(async () => {
      const newest = await height(network, node);
      const sealers = [newest - 1, newest].map((number) =>
        network.rpc(node)("clique_getSigner", [`0x${number.toString(16)}`]),
      );
      return (await Promise.all(sealers)).includes(network.sealers[node]);
    });
}

/** Waits until all these nodes have the same newest block, or each is within one block of the others on one line. */
export async function untilOneChain(network: Network, nodes: readonly number[] = ALL): Promise<void> {
  await until(async () => {
    const lowest = Math.min(...(await Promise.all(nodes.map((node) => height(network, node)))));
    const highest = Math.max(...(await Promise.all(nodes.map((node) => height(network, node)))));
    const hashes = await Promise.all(nodes.map((node) => hashOf(network, node, lowest)));
    return highest - lowest <= 2 && new Set(hashes).size === 1;
  });
}

/** "0 at 17, 1 at 17, 2 gone". */
export async function heightsOf(network: Network): Promise<string> {
  const heights = ALL.map(async (node) => {
    const at = await height(network, node).catch(() => undefined);
    return `node ${node} ${at === undefined ? "gone" : `at ${at}`}`;
  });
  return (await Promise.all(heights)).join(", ");
}

/** A ledger and a recorder on the world's folder, with what happened to them. */
export interface Running {
  readonly ledger: App;
  readonly clock: { aheadMs: number; now: () => number };
  /** Records an event and resolves with its index when the ledger acknowledged it. */
  readonly record: () => Promise<number>;
  readonly receiptOf: (index: number) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Starts both. The ledger knows these URLs of nodes, the recorder asks the first. */
export async function startOn(
  { system }: Pick<World, "system">,
  { rpcUrls, anchorPromiseSeconds }: { rpcUrls: readonly string[]; anchorPromiseSeconds?: number },
  timeline: Timeline,
): Promise<Running> {
  const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs };
  const log = {
    write: (line: string) => {
      noteLogLine(line, timeline);
    },
  };
  const ledger = await startLedger(system, {
    clock,
    config: {
      ...{ rpcUrls, chainPollMs: 100, logLevel: "info" },
      ...(anchorPromiseSeconds === undefined ? {} : { anchorPromiseSeconds }),
    },
    logTo: log,
  });
  const trust = { ...system.profile, rpc: rpcUrls.slice(0, 1) };
  const recorder: Recorder = await openDemoRecorder(system, ledger.url, { trust, keep: "receipts" });
  return {
    ledger,
    clock,
    record: async () => {
      const { seq } = await recorder.record(ACCESS);
      await recorder.flush(AbortSignal.timeout(100_000));
      timeline.note(`recorder: event ${seq - 1} is acknowledged`);
      return seq - 1;
    },
    receiptOf: async (index) => (await recorder.receiptOf(index + 1))?.receipt ?? "",
    close: async () => {
      await recorder.close();
      await ledger.close();
    },
  };
}

const TOLD = /anchor|node|chain|works again/;

/** The ledger's own words, as far as they are about the chain. */
function noteLogLine(line: string, timeline: Timeline): void {
  const entry: unknown = JSON.parse(line);
  if (!isJsonObject(entry)) return;
  // Its nodes have the numbers they have in its list.
  const { msg, size, block, node: listed, reason, number } = entry;
  if (typeof msg !== "string" || !TOLD.test(msg)) return;
  const details = Object.entries({ number, size, block, listed, reason })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`);
  timeline.note(`ledger: ${msg}${details.length === 0 ? "" : ` (${details.join(", ")})`}`);
}

/** The evidence of an event; undefined while the ledger gives none. */
export async function evidenceOf({ ledger }: Running, index: number): Promise<string | undefined> {
  const response = await fetch(`${ledger.url}/v1/events/${index}/evidence`);
  const text = await response.text();
  return response.ok ? text : undefined;
}

/** Waits for the evidence of an event. */
export async function untilEvidence(running: Running, index: number): Promise<string> {
  let evidence: string | undefined;
  await until(async () => (evidence = await evidenceOf(running, index)) !== undefined);
  return evidence ?? "";
}

/**
 * What a verifier says who asks these nodes, and believes none by itself; asked again while that is "incomplete", for one of the nodes is a
 * block behind and the anchor not final by it yet.
 */
export async function verdictBy(
  { network, system }: World,
  evidence: string,
  nodes: readonly number[],
): Promise<string> {
  const readers = nodes.map((node) =>
    chainReader(jsonRpc(network.url(node), { fetch, name: `node ${node}` }), `node ${node}`),
  );
  const [first, ...others] = readers;
  if (first === undefined) throw new Error("no node to ask");
  let verdict = "";
  await until(async () => {
    ({ verdict } = await verifyEvidence(evidence, system.profile, agreeingReader(first, ...others)));
    return verdict !== "incomplete";
  });
  return verdict;
}

/** The contract's history of the log, as a node has it. */
export async function historyBy({ network, system }: World, node: number): Promise<ChainAnchor[]> {
  const { anchorRegistry, logId } = system.profile;
  const client = chainClient({ rpc: network.rpc(node), anchorRegistry, logId });
  const anchors: ChainAnchor[] = [];
  for (let place = 0; ; place++) {
    const anchor = await client.anchorAt(place);
    if (anchor === undefined) return anchors;
    anchors.push(anchor);
  }
}

/**
 * Checks that there is one line of checkpoints: every node has the same history, the ledger's own list is that history, and the account
 * has made exactly as many transactions as there are anchors. Returns the sizes, each once: when the index was late, an anchor of the same size
 * brings it (then the last one is waited for).
 */
export async function oneLine(world: World, running: Running, nodes = ALL): Promise<number[]> {
  const { network, anchorer } = world;
  const [asked = 0, ...others] = nodes;
  let line: ChainAnchor[] = [];
  let listed: object[] = [];
  await until(async () => {
    [line, listed] = [await historyBy(world, asked), await listedBy(running)];
    return listed.length === line.length;
  });
  for (const [number, { size, root, block, time }] of line.entries()) {
    const blockHash = await hashOf(network, asked, block);
    expect(listed[number]).to.deep.include({ number, size, root: toHex(root), block, time, blockHash });
  }
  for (const node of others) {
    await until(async () => (await historyBy(world, node)).length >= line.length);
    expect((await historyBy(world, node)).slice(0, line.length)).to.deep.equal(line);
  }
  const newest = `0x${(line.at(-1)?.block ?? 0).toString(16)}`;
  const made = Number(hex(await network.rpc(asked)("eth_getTransactionCount", [anchorer, newest])));
  expect(made, "transactions of the anchorer").to.equal(line.length);
  return [...new Set(line.map(({ size }) => size))];
}

/** The ledger's own list of anchors. */
async function listedBy({ ledger }: Running): Promise<object[]> {
  const answer: unknown = await (await fetch(`${ledger.url}/v1/anchors`)).json();
  return isJsonObject(answer) && Array.isArray(answer["anchors"]) ? (answer["anchors"] as object[]) : [];
}

/** What `/health` says of the events, and how readiness and lag stand. */
export interface Standing {
  readonly recorded: number;
  readonly pending: number;
  readonly anchored: number;
  readonly isReady: boolean;
  readonly lagSeconds: number;
}

export async function standingOf({ ledger: { url } }: Running): Promise<Standing> {
  const health: unknown = await (await fetch(`${url}/health`)).json();
  const events = isJsonObject(health) ? health["events"] : undefined;
  if (!isJsonObject(events)) throw new Error(`no health: ${JSON.stringify(health)}`);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return {
    recorded: Number(events["recorded"]),
    pending: Number(events["pending"]),
    anchored: Number(events["anchored"]),
    isReady: (await fetch(`${url}/ready`)).status === 200,
    lagSeconds: Number(/^minhbach_anchor_lag_seconds (.*)$/m.exec(metrics)?.[1]),
  };
}

export async function untilStanding(
  running: Running,
  isSo: (standing: Standing) => boolean,
): Promise<Standing> {
  let standing = await standingOf(running);
  await until(async () => isSo((standing = await standingOf(running))));
  return standing;
}
