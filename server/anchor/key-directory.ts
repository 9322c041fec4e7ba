import type { Logger } from "pino";
import type { KeyDirectory, RecorderKey } from "../receive/keys.ts";
import { type AgencyReader, inParallel, type RegisteredKey } from "./agency-registry.ts";
import type { ChainBlock, ChainClient } from "./chain-client.ts";
import { unavailable } from "./json-rpc.ts";

export interface KeyFollowerOptions {
  readonly chain: Pick<ChainClient, "latestBlock" | "block">;
  readonly agencies: AgencyReader;
  readonly log: Logger;
  /** Shortest time between the starts of two reads that `refresh` asks for. */
  readonly refreshIntervalMs?: number;
}

/** A key directory that follows the chain; `poll` is its heartbeat. */
export interface KeyFollower extends KeyDirectory {
  /** Reads what changed since the last time, everything at first and after the chain lost blocks. Shared with `refresh`. */
  poll: () => Promise<void>;
  /** Whether the registry was ever read: before, `keys()` is empty for that reason alone. */
  isRead: () => boolean;
}

/** Anyone can send a submission with an unknown key, and each asks for a refresh. */
const DEFAULT_REFRESH_INTERVAL_MS = 250;
/** Nodes refuse to search too many blocks at once; after so long an absence everything is read. */
const MAX_BLOCKS_TO_SEARCH = 5_000;

/** The recorder keys in the AgencyRegistry. Empty until the first `poll` or `refresh`. */
export function followKeys(options: KeyFollowerOptions): KeyFollower {
  return new ChainKeys(options);
}

class ChainKeys implements KeyFollower {
  readonly #options: KeyFollowerOptions;
  readonly #listeners = new Set<() => void>();
  #byAgency = new Map<string, readonly RegisteredKey[]>();
  /** The block that `#byAgency` shows. */
  #readAt: ChainBlock | undefined;
  #keys: readonly RecorderKey[] = [];
  #reading: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  #refreshedAt = -Infinity;

  constructor(options: KeyFollowerOptions) {
    this.#options = options;
  }

  keys(): readonly RecorderKey[] {
    return this.#keys;
  }

  isRead(): boolean {
    return this.#readAt !== undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  poll(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshOnce().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** A read that began before the call may have missed what the caller knows of: it waits for one that begins after. */
  async #refreshOnce(): Promise<void> {
    const interval = this.#options.refreshIntervalMs ?? DEFAULT_REFRESH_INTERVAL_MS;
    const waitMs = this.#refreshedAt + interval - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    this.#refreshedAt = performance.now();
    await this.#reading?.catch(() => undefined);
    await this.poll();
  }

  async #read(): Promise<void> {
    const newest = await this.#options.chain.latestBlock();
    const last = this.#readAt;
    if (last?.hash === newest.hash) return;
    const changed = last === undefined ? undefined : await this.#changedSince(last, newest);
    if (changed === undefined) this.#byAgency = await this.#readAll();
    else
      for (const agency of changed) this.#byAgency.set(agency, await this.#options.agencies.keysOf(agency));
    // Another node may have taken over meanwhile: one that lacks the newest blocks shows no change in them.
    if ((await this.#options.chain.block(newest.number))?.hash !== newest.hash)
      throw unavailable("the newest block changed while the keys were read: they are read again");
    this.#readAt = newest;
    this.#publish(newest.number);
  }

  /** The agencies to be read again; undefined where only reading everything will do. */
  async #changedSince(last: ChainBlock, newest: ChainBlock): Promise<readonly string[] | undefined> {
    const { chain, agencies, log } = this.#options;
    if (newest.number - last.number > MAX_BLOCKS_TO_SEARCH) return undefined;
    if ((await chain.block(last.number))?.hash !== last.hash) {
      log.warn(
        { block: last.number },
        "the chain changed blocks that were read already; reading all keys again",
      );
      return undefined;
    }
    return newest.number === last.number ? [] : agencies.changedIn(last.number + 1, newest.number);
  }

  async #readAll(): Promise<Map<string, readonly RegisteredKey[]>> {
    const { agencies } = this.#options;
    const codes = await agencies.agencyCodes();
    const keys = await inParallel(codes, (code) => agencies.keysOf(code));
    return new Map(codes.map((code, i) => [code, keys[i] ?? []]));
  }

  /** A revocation for a later block takes effect when that block is there, without an event of its own. */
  #publish(block: number): void {
    const keys = [...this.#byAgency.values()].flat().map(({ revokedBlock, ...key }) => ({
      ...key,
      revoked: revokedBlock !== 0 && revokedBlock <= block,
    }));
    if (sameKeys(keys, this.#keys)) return;
    this.#keys = keys;
    for (const listener of this.#listeners) listener();
  }
}

function sameKeys(a: readonly RecorderKey[], b: readonly RecorderKey[]): boolean {
  const describe = ({ source, kid, fromSeq, toSeq, revoked, entitlements, elsewhere }: RecorderKey): string =>
    [source, kid, fromSeq, toSeq, revoked, entitlements, elsewhere].join(" ");
  return a.length === b.length && a.every((key, i) => b[i] !== undefined && describe(key) === describe(b[i]));
}
