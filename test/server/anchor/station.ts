import { expect } from "chai";
import pino, { type Logger } from "pino";
import { Registry } from "prom-client";
import { equal } from "../../../protocol/bytes.ts";
import { type Anchorer, type AnchorerOptions, createAnchorer } from "../../../server/anchor/anchorer.ts";
import {
  type ChainAnchor,
  type ChainClient,
  chainClient,
  type LogKeys,
} from "../../../server/anchor/chain-client.ts";
import { sameContent } from "../../../server/anchor/content.ts";
import { chainNodes } from "../../../server/anchor/chain-nodes.ts";
import { isObject, type Rpc } from "../../../server/anchor/json-rpc.ts";
import { watchLogKeys } from "../../../server/anchor/log-keys.ts";
import { anchorMetrics } from "../../../server/anchor/metrics.ts";
import type { StoredAnchor } from "../../../server/store/store.ts";
import { ANCHORER, LOG_KEYS, type TestChain } from "./chain.ts";
import { MemoryAnchors, MemoryLog, rootOf } from "./memory.ts";

/** Stands between the anchorer and one of its dependencies. */
export type Wrap<Part> = (part: Part) => Part;

export interface StationOptions {
  readonly chain: TestChain;
  readonly logId: number;
  readonly log?: MemoryLog;
  readonly finalityDepth?: number;
  /** The public keys it signs with; the log's by default. */
  readonly keys?: LogKeys;
  readonly wrapRpc?: Wrap<Rpc>;
  readonly wrapStore?: Wrap<MemoryAnchors>;
  readonly chooseNode?: () => Promise<void>;
}

/** An anchorer, the log it anchors, and a clock that moves when it is told to. */
export class Station {
  readonly log: MemoryLog;
  readonly logId: number;
  readonly store: MemoryAnchors;
  readonly registry = new Registry();
  readonly halts: string[] = [];
  readonly wrongKeys: string[] = [];
  agreements = 0;
  /** Milliseconds. */
  now = 1_800_000_000_000;
  readonly #options: StationOptions;
  /** Not through the wrappers: how the tests look at the chain. */
  readonly chain: ChainClient;
  #anchorer: Anchorer;

  constructor(options: StationOptions) {
    this.#options = options;
    this.logId = options.logId;
    this.log = options.log ?? new MemoryLog();
    this.store = new MemoryAnchors(this.log);
    const { anchorRegistry } = options.chain;
    this.chain = chainClient({ rpc: options.chain.rpc, anchorRegistry, logId: options.logId });
    this.#anchorer = this.#create(options);
  }

  /** What a new process does: everything that was not in the store is gone. */
  restart(options: Partial<StationOptions> = {}): void {
    this.registry.clear();
    this.#anchorer = this.#create({ ...this.#options, wrapRpc: same, wrapStore: same, ...options });
  }

  get status(): ReturnType<Anchorer["status"]> {
    return this.#anchorer.status();
  }

  tick(): Promise<void> {
    return this.#anchorer.tick();
  }

  /** Ticks, with the clock going on, until the last anchor covers the log. */
  async settle(): Promise<void> {
    for (let ticks = 0; ticks < 100; ticks++) {
      await this.tick();
      const { finalSize, missingAnchors, lagSeconds } = this.status;
      if (finalSize === this.log.size && missingAnchors === 0 && lagSeconds === 0) {
        if (
          (await this.store.lastAnchor())?.indexSize === this.log.latest().indexSize &&
          this.store.intent === undefined
        )
          return;
      }
      this.now += 1_000;
    }
    throw new Error(`the log of ${this.log.size} events was not anchored: ${JSON.stringify(this.status)}`);
  }

  /** The contract's history of this log. */
  async history(): Promise<ChainAnchor[]> {
    const anchors: ChainAnchor[] = [];
    for (let place = 0; ; place++) {
      const anchor = await this.chain.anchorAt(place);
      if (anchor === undefined) return anchors;
      anchors.push(anchor);
    }
  }

  async sizes(): Promise<number[]> {
    return (await this.history()).map(({ size }) => size);
  }

  /** One line: the contract's history is ours, and our records are that history, each in the block it stands in. */
  async expectOneLine(): Promise<void> {
    const history = await this.history();
    for (const { size, root } of history) expect(equal(root, rootOf(size)), `root of ${size}`).to.equal(true);
    expect(this.store.records.map(({ size }) => size)).to.deep.equal(history.map(({ size }) => size));
    for (const [place, record] of this.store.records.entries()) {
      const anchor = history[place];
      expect(anchor && sameContent(record, anchor), `record ${place}`).to.equal(true);
      expect(record.number).to.equal(place);
      expect(record.block).to.equal(anchor?.block);
      expect(record.time).to.equal(anchor?.time);
      expect(record.checkpoint).to.equal(`note of ${record.size}`);
      expect(record.blockHash).to.equal((await this.chain.block(record.block))?.hash);
      expect(await this.chain.transactionState(record.transaction)).to.equal("mined");
    }
  }

  #create({
    chain,
    logId,
    finalityDepth = 1,
    keys = LOG_KEYS,
    wrapRpc = same,
    wrapStore = same,
    chooseNode,
  }: StationOptions): Anchorer {
    const rpc = wrapRpc(
      sendsMined(chainNodes({ urls: [chain.node().url], identity: chain, timeoutMs: 5_000 }).rpc),
    );
    const { chainId, anchorRegistry } = chain;
    const options: AnchorerOptions = {
      store: wrapStore(this.store),
      chain: chainClient({ rpc, anchorRegistry, logId }),
      ...{ rpc, chainId, anchorRegistry, logId, account: ANCHORER, finalityDepth },
      checkpoints: this.log,
      clock: { now: () => this.now },
      log: SILENT,
      metrics: anchorMetrics(this.registry),
      keys: watchLogKeys(chainClient({ rpc, anchorRegistry, logId }), keys),
      onAgreement: () => (this.agreements += 1),
      onWrongKeys: (reason) => this.wrongKeys.push(reason),
      halt: (reason) => this.halts.push(reason),
      ...(chooseNode !== undefined && { chooseNode }),
    };
    return createAnchorer(options);
  }
}

const SILENT: Logger = pino({ level: "silent" });

function same<Part>(part: Part): Part {
  return part;
}

/**
 * Sends return when the node has mined what it mines by itself. While anvil mines, its "latest" is the new block in one answer and
 * the one before in the next: an anchorer that looks just then refuses, and the tests would depend on the moment.
 */
function sendsMined(rpc: Rpc): Rpc {
  return async (method, params) => {
    const answer = await rpc(method, params);
    if (method === "eth_sendRawTransaction" && (await rpc("anvil_getAutomine", [])) === true)
      while (await hasMinable(rpc));
    return answer;
  };
}

async function hasMinable(rpc: Rpc): Promise<boolean> {
  const status = await rpc("txpool_status", []);
  if (!isObject(status)) throw new Error("the node does not tell what it has to mine");
  return Number(status["pending"]) > 0;
}

/** The process ended here. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Where a run crashes: at its n-th write from 0, before the write took effect or after. */
export interface CrashPoint {
  readonly at: number;
  readonly kept: boolean;
}

interface Wrappers {
  readonly wrapRpc: Wrap<Rpc>;
  readonly wrapStore: Wrap<MemoryAnchors>;
}

/**
 * Wrappers that end the run at one of its writes: an intent stored, an anchor recorded, a transaction sent. Between two writes it
 * makes no difference where a process ends.
 */
export function crashing({ at, kept }: CrashPoint): Wrappers & { writes: () => number } {
  let writes = 0;
  const guarded = async <Result>(write: () => Promise<Result>): Promise<Result> => {
    const place = writes++;
    if (place === at && kept) await write();
    if (place >= at) throw new Crash(`at write ${place}`);
    return write();
  };
  return {
    writes: () => writes,
    wrapRpc: (rpc) => (method, params) =>
      method === "eth_sendRawTransaction" ? guarded(() => rpc(method, params)) : rpc(method, params),
    wrapStore: (store) =>
      new WrappedStore(store, {
        setAnchorIntent: (intent) => guarded(() => store.setAnchorIntent(intent)),
        recordAnchor: (anchor) => guarded(() => store.recordAnchor(anchor)),
      }),
  };
}

/** Wrappers that let every n-th call to the chain fail, without ending the process. */
export function flaky(n: number): Pick<Wrappers, "wrapRpc"> {
  let calls = 0;
  return {
    wrapRpc: (rpc) => async (method, params) => {
      calls += 1;
      if (calls % n === 0) throw new Crash(`call ${calls}`);
      return rpc(method, params);
    },
  };
}

/** Wrappers that answer every n-th question to a contract with what it said one block ago, as a node does that mines or lags. */
export function goingBack(n: number): Pick<Wrappers, "wrapRpc"> {
  let calls = 0;
  return {
    wrapRpc: (rpc) => async (method, params) => {
      if (method !== "eth_call" || ++calls % n !== 0) return rpc(method, params);
      const newest = Number(await rpc("eth_blockNumber", []));
      return rpc(method, [params[0], `0x${(newest - 1).toString(16)}`]);
    },
  };
}

type Writes = Pick<MemoryAnchors, "setAnchorIntent" | "recordAnchor">;

/** A store whose writes are somebody else's. */
class WrappedStore extends MemoryAnchors {
  readonly #store: MemoryAnchors;
  readonly #writes: Writes;

  constructor(store: MemoryAnchors, writes: Writes) {
    super(store.log);
    [this.#store, this.#writes] = [store, writes];
  }

  override anchorsFrom(page: { from: number; limit: number }): ReturnType<MemoryAnchors["anchorsFrom"]> {
    return this.#store.anchorsFrom(page);
  }

  override lastAnchor(): ReturnType<MemoryAnchors["lastAnchor"]> {
    return this.#store.lastAnchor();
  }

  override anchorIntent(): ReturnType<MemoryAnchors["anchorIntent"]> {
    return this.#store.anchorIntent();
  }

  override setAnchorIntent(intent: Uint8Array | undefined): Promise<void> {
    return this.#writes.setAnchorIntent(intent);
  }

  override recordAnchor(anchor: StoredAnchor): Promise<void> {
    return this.#writes.recordAnchor(anchor);
  }
}
