import { consistencyProof, leafHash, rootHash } from "../../../protocol/merkle.ts";
import { utf8 } from "../../../protocol/bytes.ts";
import { emptyFrontier } from "../../../protocol/frontier.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { AnchorerStore } from "../../../server/anchor/anchorer.ts";
import type { Checkpoints } from "../../../server/anchor/checkpoints.ts";
import { type AnchorContent, NO_INDEX_ROOT } from "../../../server/anchor/content.ts";
import type { StoredAnchor } from "../../../server/store/store.ts";

const LEAVES = Array.from({ length: 2_000 }, (_, i) => leafHash(utf8(`event ${i}`)));

/** The log's first `size` leaves, the same in every test. */
export function rootOf(size: number): Uint8Array {
  return rootHash(LEAVES.slice(0, size));
}

/** A log in memory that publishes a checkpoint whenever it grows; each event has a submission of its own. */
export class MemoryLog implements Checkpoints {
  #size = 0;
  #index = { indexSize: 0, indexRoot: NO_INDEX_ROOT };
  readonly #indexRoots = new Map<number, Uint8Array>();
  readonly #times: number[] = [];

  get size(): number {
    return this.#size;
  }

  /** Adds events up to this size, received at this time in Unix seconds. */
  growTo(size: number, time = 0): void {
    while (this.#times.length < size) this.#times.push(time);
    this.#size = Math.max(this.#size, size);
  }

  /** Makes it an older copy of itself. */
  goBackTo(size: number): void {
    this.#size = size;
  }

  growIndexTo(indexSize: number, fill = indexSize): void {
    this.#index = { indexSize, indexRoot: new Uint8Array(32).fill(fill) };
    this.#indexRoots.set(indexSize, this.#index.indexRoot);
  }

  indexRootAt(indexSize: number): Uint8Array | undefined {
    return this.#indexRoots.get(indexSize);
  }

  timeOf(index: number): number | undefined {
    return index < this.#size ? this.#times[index] : undefined;
  }

  latest(): AnchorContent {
    return { size: this.#size, root: rootOf(this.#size), ...this.#index };
  }

  rootAt(size: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(size <= this.#size ? rootOf(size) : undefined);
  }

  consistencyProof(oldSize: number, newSize: number): Promise<Uint8Array[]> {
    return Promise.resolve(
      oldSize === 0 || oldSize === newSize ? [] : consistencyProof(LEAVES.slice(0, newSize), oldSize),
    );
  }

  sign(size: number): string {
    return `note of ${size}`;
  }
}

/** The anchors and the intent of a store, in memory; the head is the log's. */
export class MemoryAnchors implements AnchorerStore {
  readonly log: MemoryLog;
  records: StoredAnchor[] = [];
  intent: Uint8Array | undefined;

  constructor(log: MemoryLog) {
    this.log = log;
  }

  head(): ReturnType<AnchorerStore["head"]> {
    return Promise.resolve({ size: this.log.size, frontier: emptyFrontier(), commits: 0 });
  }

  anchorsFrom({ from, limit }: { from: number; limit: number }): Promise<StoredAnchor[]> {
    return Promise.resolve(this.records.filter(({ number }) => number >= from).slice(0, limit));
  }

  lastAnchor(): Promise<StoredAnchor | undefined> {
    return Promise.resolve(this.records.at(-1));
  }

  leads(): boolean {
    return true;
  }

  anchorIntent(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.intent);
  }

  setAnchorIntent(intent: Uint8Array | undefined): Promise<void> {
    this.intent = intent;
    return Promise.resolve();
  }

  recordAnchor(anchor: StoredAnchor): Promise<void> {
    const isOther = ({ size, indexSize }: StoredAnchor): boolean =>
      size !== anchor.size || indexSize !== anchor.indexSize;
    this.records = [...this.records.filter(isOther), anchor].sort(
      (a, b) => a.size - b.size || a.indexSize - b.indexSize,
    );
    this.intent = undefined;
    return Promise.resolve();
  }

  submissionOfIndex(index: number): ReturnType<AnchorerStore["submissionOfIndex"]> {
    const time = this.log.timeOf(index);
    return Promise.resolve(
      time === undefined
        ? undefined
        : { source: parseSource("qn-police/r1"), first: index, count: 1, index, time, jws: "", receipt: "" },
    );
  }
}
