import type { Bytes } from "../../protocol/bytes.ts";
import { EMPTY_ROOT } from "../../protocol/merkle.ts";
import { proveConsistency, readRoot } from "../../protocol/proof-nodes.ts";
import type { Clock } from "../clock.ts";
import type { IndexVersion, LogIndex } from "../index/log-index.ts";
import type { Checkpoint, Integrator } from "../integrate/integrator.ts";
import type { StoreReader } from "../store/store.ts";
import { type AnchorContent, NO_INDEX_ROOT } from "./content.ts";
import { parseIntent } from "./intent.ts";

/** What the anchorer asks of the log's tree. */
export interface Checkpoints {
  /** The newest checkpoint to be anchored, with the index it goes with; undefined while there is none after a start. */
  latest: () => AnchorContent | undefined;
  /** The root of the first `size` leaves; undefined when the tree is shorter. */
  rootAt: (size: number) => Promise<Bytes | undefined>;
  /** The root of our index of the first `indexSize` events; undefined when that version was not seen since the start, or is long gone. */
  indexRootAt: (indexSize: number) => Bytes | undefined;
  /** The RFC 9162 proof between two sizes of the tree; empty from size 0 and between equal sizes. */
  consistencyProof: (oldSize: number, newSize: number) => Promise<Bytes[]>;
  /** The signed note (C2SP checkpoint) over a size and its root. The same bytes each time. */
  sign: (size: number, root: Bytes) => string | Promise<string>;
}

export interface CheckpointsParts {
  readonly integrator: Pick<Integrator, "checkpoint" | "tree" | "onCheckpoint">;
  readonly index: Pick<LogIndex, "newest" | "keep" | "onVersion">;
  readonly sign: Checkpoints["sign"];
  readonly clock: Clock;
  /** How long a checkpoint waits for its index, in milliseconds. */
  readonly indexPatienceMs: number;
}

/** Index versions whose roots are remembered: those of the last half hour and more. */
const INDEX_ROOTS_KEPT = 1024;

/**
 * The integrator's checkpoints as they are anchored: each with the index over the same events, when that is done in time. One that has
 * waited longer than the patience goes with an older index, and the index follows in a later anchor, of the same size when nothing
 * else is new: a slow index delays statements, never the proof of what was recorded.
 */
export function checkpointsOf(parts: CheckpointsParts): Checkpoints {
  const { integrator, index, sign } = parts;
  const latest = paired(parts);
  const indexRoots = rootsSeen(index);
  return {
    indexRootAt: (indexSize) => indexRoots.get(indexSize),
    latest: () => {
      const content = latest();
      // Until the anchorer has stored what it does with it.
      if (content !== undefined) index.keep(content.indexSize);
      return content;
    },
    rootAt: async (size) => {
      const { edge, readNodes } = integrator.tree();
      if (size > edge.size) return undefined;
      return size === 0 ? EMPTY_ROOT : readRoot(size, readNodes);
    },
    consistencyProof: (oldSize, newSize) => proveConsistency(oldSize, newSize, integrator.tree().readNodes),
    sign,
  };
}

/** The roots of the newest index versions by their sizes; the empty index needs no anchor and is not among them. */
function rootsSeen(index: Pick<LogIndex, "newest" | "onVersion">): ReadonlyMap<number, Bytes> {
  const roots = new Map<number, Bytes>();
  const add = ({ size, root }: IndexVersion): void => {
    if (size === 0) return;
    // Set anew as the last: a Map keeps its keys in the order they came.
    roots.delete(size);
    roots.set(size, root);
    const [oldest] = roots.size > INDEX_ROOTS_KEPT ? roots.keys() : [];
    if (oldest !== undefined) roots.delete(oldest);
  };
  index.onVersion(add);
  const newest = index.newest();
  if (newest !== undefined) add(newest);
  return roots;
}

/** A checkpoint with the newest index of at most its size. */
function paired({ integrator, index, clock, indexPatienceMs }: CheckpointsParts): Checkpoints["latest"] {
  /** Beyond the index, oldest first. */
  let waiting: { readonly checkpoint: Checkpoint; readonly since: number }[] = [];
  let content: AnchorContent | undefined;

  function take({ size, root }: Checkpoint): void {
    const { size: indexSize, root: indexRoot } = index.newest() ?? { size: 0, root: NO_INDEX_ROOT };
    if (content !== undefined && indexSize < content.indexSize) content = { ...content, size, root };
    else content = { size, root, indexSize, indexRoot };
  }

  /** Those the index has come up to; of them the last has its very size, unless the index is catching up. */
  function takeIndexed(): void {
    const indexSize = index.newest()?.size ?? 0;
    const same = waiting.find(({ checkpoint }) => checkpoint.size === indexSize);
    if (same !== undefined) take(same.checkpoint);
    waiting = waiting.filter(({ checkpoint }) => checkpoint.size > indexSize);
  }

  function add(checkpoint: Checkpoint): void {
    waiting.push({ checkpoint, since: clock.now() });
    takeIndexed();
  }

  integrator.onCheckpoint(add);
  index.onVersion(takeIndexed);
  const published = integrator.checkpoint();
  if (published !== undefined) add(published);
  return () => {
    const impatient = waiting.findLast(({ since }) => clock.now() >= since + indexPatienceMs);
    if (impatient !== undefined && impatient.checkpoint.size > (content?.size ?? 0))
      take(impatient.checkpoint);
    return content;
  };
}

/** Index sizes that stand in the last final anchor and in the one on its way. In this order: an anchor that becomes final meanwhile is seen. */
export async function indexSizesInUse(
  store: Pick<StoreReader, "anchorIntent" | "lastAnchor">,
): Promise<number[]> {
  const stored = await store.anchorIntent();
  const intent = stored && parseIntent(stored);
  const last = await store.lastAnchor();
  return [intent?.content.indexSize, last?.indexSize].filter((size) => size !== undefined);
}
