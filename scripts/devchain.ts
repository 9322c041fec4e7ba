import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { httpRpc, type Rpc } from "../server/anchor/json-rpc.ts";
import { type Anvil, startAnvil } from "./devchain/anvil.ts";
import { keepOneGenesis } from "./devchain/genesis.ts";
import { dumpState, replaceFile } from "./devchain/snapshot.ts";
import { isMain } from "./is-main.ts";

export interface DevchainOptions {
  /** Where the chain's state is kept; made if missing. */
  readonly dataDir: string;
  /** Any free one by default. */
  readonly port?: number;
  readonly chainId?: number;
  /**
   * Seconds between blocks, transactions or not. By default a block is made for each transaction and none without: every block
   * costs 1.6 KB of every snapshot and slows the next ones down, and a chain that idles for a month had better not grow.
   */
  readonly blockTime?: number;
  /** The chain's time when it starts, in seconds since 1970: for a world that does not live today. The machine's by default. */
  readonly startTime?: number;
  /** How often to look whether there is something to save. */
  readonly snapshotIntervalMs?: number;
  /** A snapshot failed; the next one is tried in time. */
  readonly onError?: (error: unknown) => void;
}

/** The embedded chain: one node that is operator, validator and administrator at once. It proves nothing to anyone. */
export interface Devchain {
  /** JSON-RPC, on loopback only: whoever reaches it can rewrite this chain. */
  readonly url: string;
  /** Process id of the node. */
  readonly pid: number;
  /** The snapshot that the next start goes on from. */
  readonly statePath: string;
  /** Resolves when the node has ended, however it did. */
  readonly ended: Promise<void>;
  /** Saves the state now. A crash loses what came after the last snapshot. */
  snapshot: () => Promise<void>;
  /** Saves the state and ends the node. */
  stop: () => Promise<void>;
  /** Ends the node as a power failure would, saving nothing. */
  kill: () => Promise<void>;
}

/** What Ethereum tools take for a development chain. */
const DEFAULT_CHAIN_ID = 31337;
/** What a crash may lose; the anchorer anchors again what is missing. */
const DEFAULT_SNAPSHOT_INTERVAL_MS = 2_000;
/** A snapshot copies the whole chain; at most this part of the time goes into it. */
const MAX_SNAPSHOT_SHARE = 0.05;
/** A large state takes its time; a node that takes longer hangs. */
const REQUEST_TIMEOUT_MS = 60_000;
/** 8 million blocks in hex; far beyond what anyone should keep in memory. */
const MAX_STATE_BYTES = 1024 * 1024 * 1024;
const STOP_TIMEOUT_MS = 10_000;
/** Room for the largest anchor many times over. */
const GAS_LIMIT = 30_000_000;
/**
 * Blocks whose state is kept for calls and reorganisations. Without a bound anvil writes the state of every block to a folder in the
 * user's home: 224 KB a block, never removed.
 */
const STATES_KEPT = 64;

/**
 * Starts the embedded chain, from its last snapshot if there is one. Its genesis block is made at the first start and stays: the
 * first snapshot is taken before anyone can learn the genesis hash, and a loaded state brings its own block 0 along. anvil's
 * genesis depends on the second and the gas limit alone, so a random gas limit tells two chains apart, and the chain's own block 0
 * from those of its restarts.
 * @throws AnvilError.
 */
export async function startDevchain(options: DevchainOptions): Promise<Devchain> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const statePath = path.join(options.dataDir, "chain-state.json");
  const isNew = !existsSync(statePath);
  if (!isNew) await keepOneGenesis(statePath, GAS_LIMIT);
  const anvil = await startAnvil([
    ...["--host", "127.0.0.1", "--port", String(options.port ?? 0)],
    ...["--chain-id", String(options.chainId ?? DEFAULT_CHAIN_ID)],
    ...["--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"],
    ...["--accounts", "0", "--prune-history", String(STATES_KEPT), "--no-request-size-limit"],
    ...(options.blockTime === undefined ? [] : ["--block-time", String(options.blockTime)]),
    ...(options.startTime === undefined ? [] : ["--timestamp", String(options.startTime)]),
    ...["--gas-limit", String(isNew ? GAS_LIMIT + randomInt(1, 2 ** 30) : GAS_LIMIT)],
    ...(isNew ? [] : ["--load-state", statePath]),
  ]);
  const chain = new EmbeddedChain(anvil, statePath, options);
  if (isNew) await chain.snapshot();
  chain.beginSnapshots();
  return {
    url: anvil.url,
    pid: anvil.pid,
    statePath,
    ended: anvil.ended,
    snapshot: () => chain.snapshot(),
    stop: () => chain.stop(),
    kill: () => chain.kill(),
  };
}

class EmbeddedChain {
  readonly #anvil: Anvil;
  readonly #statePath: string;
  readonly #rpc: Rpc;
  readonly #intervalMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;
  /** Number of the newest block in the snapshot. */
  #savedBlock: unknown;
  /** The snapshot under way, or the last one: they are taken one after the other. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(anvil: Anvil, statePath: string, options: DevchainOptions) {
    [this.#anvil, this.#statePath] = [anvil, statePath];
    this.#rpc = httpRpc(anvil.url, REQUEST_TIMEOUT_MS, MAX_STATE_BYTES);
    this.#intervalMs = options.snapshotIntervalMs ?? DEFAULT_SNAPSHOT_INTERVAL_MS;
    this.#onError = options.onError ?? (() => undefined);
  }

  beginSnapshots(): void {
    if (this.#isEnding) return;
    this.#timer = setTimeout(() => void this.#snapshotInTime(), this.#intervalMs);
    this.#timer.unref();
  }

  async snapshot(): Promise<void> {
    if (!(await this.#save())) throw new Error("the chain did not keep still for a snapshot; try again");
  }

  async stop(): Promise<void> {
    if (this.#endSnapshots()) {
      try {
        await this.#saveLast();
      } finally {
        this.#anvil.signal("SIGTERM");
      }
    }
    const force = setTimeout(() => {
      this.#anvil.signal("SIGKILL");
    }, STOP_TIMEOUT_MS);
    await this.#anvil.ended;
    clearTimeout(force);
  }

  async kill(): Promise<void> {
    this.#endSnapshots();
    this.#anvil.signal("SIGKILL");
    await this.#anvil.ended;
    // What it had answered before may still be written: whoever ended it may remove the folder.
    await this.#saving.catch(() => undefined);
  }

  /** Nothing is mined from here on but one last block, after which the node has no block under way. */
  async #saveLast(): Promise<void> {
    if (this.#anvil.hasEnded()) return;
    await this.#rpc("evm_setAutomine", [false]);
    await this.#rpc("evm_setIntervalMining", [0]);
    await this.#rpc("evm_mine", []);
    await this.snapshot();
  }

  /** Whether this call ended them. */
  #endSnapshots(): boolean {
    const wasRunning = !this.#isEnding;
    this.#isEnding = true;
    clearTimeout(this.#timer);
    return wasRunning;
  }

  async #snapshotInTime(): Promise<void> {
    const startedAt = performance.now();
    try {
      if ((await this.#rpc("eth_blockNumber", [])) !== this.#savedBlock) await this.#save();
    } catch (error) {
      if (!this.#isEnding) this.#onError(error);
    }
    const pauseMs = (performance.now() - startedAt) / MAX_SNAPSHOT_SHARE - this.#intervalMs;
    this.#timer = setTimeout(
      () => {
        this.beginSnapshots();
      },
      Math.max(0, pauseMs),
    );
    this.#timer.unref();
  }

  #save(): Promise<boolean> {
    const save = async (): Promise<boolean> => {
      const dump = await dumpState(this.#rpc);
      if (dump === undefined) return false;
      await replaceFile(this.#statePath, dump.state);
      this.#savedBlock = dump.block;
      return true;
    };
    const saved = this.#saving.then(save, save);
    this.#saving = saved;
    return saved;
  }
}

const USAGE = "devchain --data-dir DIR [--port PORT] [--chain-id ID] [--block-time SECONDS]";

/** Runs the chain until a signal comes, and prints where it is. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string" },
      port: { type: "string" },
      "chain-id": { type: "string" },
      "block-time": { type: "string" },
    },
  });
  const { "data-dir": dataDir, port, "chain-id": chainId, "block-time": blockTime } = values;
  if (dataDir === undefined) {
    console.error(`usage: ${USAGE}`);
    process.exit(2);
  }
  const chain = await startDevchain({
    dataDir,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(chainId === undefined ? {} : { chainId: Number(chainId) }),
    ...(blockTime === undefined ? {} : { blockTime: Number(blockTime) }),
    onError: (error) => {
      console.error("The chain's state was not saved:", error);
    },
  });
  console.log(`chain at ${chain.url}, state in ${chain.statePath}`);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void chain.stop());
  await chain.ended;
}

if (isMain(import.meta)) await main();
