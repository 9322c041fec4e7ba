import { equal } from "../../protocol/bytes.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { HASH_BYTES, leafHash } from "../../protocol/merkle.ts";
import type { Clock } from "../clock.ts";
import type { Head, Store } from "../store/store.ts";
import type { SignCheckpoint } from "./checkpoint-signer.ts";
import { edgeRoot, EMPTY_EDGE, extend } from "./edge.ts";
import type { TileStore } from "./tile-store.ts";
import { loadEdge, type Tree, tileCache, treeOf } from "./tree.ts";

/** A published state of the log. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
}

export interface IntegratorOptions {
  readonly store: Pick<Store, "head" | "payloads" | "onHead" | "leads" | "publishCheckpoint" | "checkpoint">;
  readonly tiles: TileStore;
  readonly signCheckpoint: SignCheckpoint;
  /** Between two checkpoints, unless nothing is new. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** A failure that will be tried again. */
  readonly onError: (error: unknown) => void;
  /** How long after a failure. */
  readonly retryMs?: number;
}

/**
 * Follows the log: hashes what was committed into tiles, and publishes a checkpoint when there is something new. What is
 * published is always a head of the store, so no checkpoint cuts a submission in two. Of several servers the leader publishes, and the others go by
 * its checkpoints: so all build the index at the same sizes, and each can prove what is anchored.
 */
export interface Integrator {
  /** Catches up with the records, however far behind the tiles are, and publishes. The same code as in normal operation. */
  start: () => Promise<void>;
  /** The newest published checkpoint. Of a log without events it has size 0. Undefined before `start` is done. */
  checkpoint: () => Checkpoint | undefined;
  /** The tree behind the newest checkpoint, or a longer one. */
  tree: () => Tree;
  /** Calls the listener with every new checkpoint; returns the function that ends it. */
  onCheckpoint: (listener: (checkpoint: Checkpoint) => void) => () => void;
  /** Stops after the write that is going on. */
  close: () => Promise<void>;
}

/** Leaves taken in at once: a chunk takes a few milliseconds, and receiving goes on in between. */
const CHUNK_LEAVES = 1024;
/** How often to look for the leader's next checkpoint while one is due. */
const FOLLOW_MS = 100;
/** A disk that failed seldom recovers at once. */
const DEFAULT_RETRY_MS = 1_000;

/** Makes the integrator; nothing runs before `start`. */
export function makeIntegrator(options: IntegratorOptions): Integrator {
  const { store, tiles, signCheckpoint, intervalMs, clock, onError, retryMs = DEFAULT_RETRY_MS } = options;
  let cache = tileCache();
  const listeners = new Set<(checkpoint: Checkpoint) => void>();
  let tree: Tree = treeOf(EMPTY_EDGE, tiles, cache);
  /** Whether `tree` is what the derived database holds. False at first and after a failed write, whose outcome is unknown. */
  let loaded = false;
  let published: Checkpoint | undefined;
  let publishedAt = -Infinity;
  let steppedAt = -Infinity;
  let head: Head | undefined;
  let unsubscribe = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  async function leavesOf(begin: number, end: number): Promise<Uint8Array> {
    const payloads = await store.payloads(begin, end);
    if (payloads.length !== end - begin)
      throw new Error(`the records lack payloads between ${begin} and ${end}`);
    const hashes = new Uint8Array(payloads.length * HASH_BYTES);
    payloads.forEach((payload, at) => hashes.set(leafHash(payload), at * HASH_BYTES));
    return hashes;
  }

  async function load(target: Head): Promise<void> {
    const size = await tiles.size();
    const edge = size <= target.size ? await loadEdge(size, tiles, leavesOf) : undefined;
    if (edge === undefined) await rebuildFromNothing();
    else tree = treeOf(edge, tiles, cache);
    loaded = true;
  }

  /** The records are right and the tiles are not. */
  async function rebuildFromNothing(): Promise<void> {
    await tiles.clear();
    // A new one: whoever still reads the old tree may put a wrong tile into the old one at any time.
    cache = tileCache();
    tree = treeOf(EMPTY_EDGE, tiles, cache);
  }

  async function integrateUpTo(size: number): Promise<void> {
    while (tree.edge.size < size && !closed) {
      const begin = tree.edge.size;
      const leafHashes = await leavesOf(begin, Math.min(begin + CHUNK_LEAVES, size));
      const extension = extend(tree.edge, leafHashes);
      // Only what is written becomes the tree: a reader never misses a tile that has left the edge.
      await tiles.save(extension, leafHashes);
      tree = treeOf(extension.edge, tiles, cache);
    }
  }

  async function catchUp(target: Head): Promise<void> {
    if (!loaded) await load(target);
    await integrateUpTo(target.size);
    if (hasRootOf(target)) return;
    await rebuildFromNothing();
    await integrateUpTo(target.size);
    if (hasRootOf(target)) return;
    throw new Error("the payloads in the store do not have the root that its head promises");
  }

  /** True as well for a tree that has not got there because the integrator was closed meanwhile. */
  function hasRootOf({ size, frontier }: Head): boolean {
    return tree.edge.size < size || equal(edgeRoot(tree.edge), frontierRoot(frontier));
  }

  /** How long until an interval since then is over. It is, too, when the clock was set back to before then: nobody knows how long ago that was. */
  function untilMs(since: number, interval: number): number {
    const past = clock.now() - since;
    return past < 0 ? 0 : interval - past;
  }

  function isCheckpointDue(size: number): boolean {
    return published === undefined || (size > published.size && untilMs(publishedAt, intervalMs) <= 0);
  }

  async function publish({ size, frontier }: Head): Promise<void> {
    const root = frontierRoot(frontier);
    const checkpoint = { size, root, note: await signCheckpoint(size, root) };
    await store.publishCheckpoint(checkpoint);
    announce(checkpoint);
  }

  function announce(checkpoint: Checkpoint): void {
    published = checkpoint;
    publishedAt = clock.now();
    for (const listener of listeners) listener(checkpoint);
  }

  /** What the leader published, as far as our tree has come. */
  async function goByLeader(): Promise<void> {
    const checkpoint = await store.checkpoint();
    if (checkpoint === undefined || checkpoint.size > tree.edge.size) return;
    if (published === undefined || checkpoint.size > published.size) announce(checkpoint);
  }

  async function step(target: Head): Promise<void> {
    await catchUp(target);
    if (!store.leads()) await goByLeader();
    else if (tree.edge.size === target.size && isCheckpointDue(target.size)) await publish(target);
  }

  function run(target: Head): Promise<void> {
    steppedAt = clock.now();
    running = step(target).finally(() => (running = undefined));
    return running;
  }

  /** Takes a step now when there is enough to do, else when the next checkpoint is due. Never two at once. */
  function wake(): void {
    clearTimeout(timer);
    if (closed || running !== undefined || head === undefined) return;
    const waiting = head.size - tree.edge.size;
    if (waiting === 0 && published?.size === head.size) return;
    const untilDueMs = store.leads() ? untilMs(publishedAt, intervalMs) : untilMs(steppedAt, FOLLOW_MS);
    if (waiting >= CHUNK_LEAVES || untilDueMs <= 0) run(head).then(wake, tryAgainLater);
    else timer = setTimeout(wake, untilDueMs);
  }

  function tryAgainLater(error: unknown): void {
    loaded = false;
    onError(error);
    if (!closed) timer = setTimeout(wake, retryMs);
  }

  function follow(newHead: Head): void {
    if (head !== undefined && newHead.size < head.size) return;
    head = newHead;
    wake();
  }

  return {
    start: async () => {
      await run(await store.head());
      unsubscribe = store.onHead(follow);
      // What was committed before anybody listened.
      follow(await store.head());
    },
    checkpoint: () => published,
    tree: () => tree,
    onCheckpoint: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closed = true;
      unsubscribe();
      clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
}
