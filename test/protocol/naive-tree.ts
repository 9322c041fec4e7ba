/** RFC 9162 section 2.1 written down as the recursions of its text, with Node's hash: the second opinion. */
import { createHash } from "node:crypto";

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}

/** The tree over leaf hashes; subtrees are remembered, so that many proofs over the same leaves stay cheap. */
export class NaiveTree {
  readonly #leafHashes: readonly Uint8Array[];
  readonly #roots = new Map<string, Uint8Array>();

  constructor(leafHashes: readonly Uint8Array[]) {
    this.#leafHashes = leafHashes;
  }

  /** MTH(D[begin:end]). */
  root(begin: number, end: number): Uint8Array {
    if (end === begin) return hash();
    const key = `${begin}-${end}`;
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const k = split(end - begin);
    const leaf = this.#leafHashes[begin];
    if (leaf === undefined) throw new Error("no such leaf");
    const root =
      end - begin === 1
        ? leaf
        : hash(Uint8Array.of(1), this.root(begin, begin + k), this.root(begin + k, end));
    this.#roots.set(key, root);
    return root;
  }

  /** PATH(m, D[begin:end]). */
  path(m: number, begin: number, end: number): Uint8Array[] {
    const n = end - begin;
    if (n === 1) return [];
    const k = split(n);
    return m < k
      ? [...this.path(m, begin, begin + k), this.root(begin + k, end)]
      : [...this.path(m - k, begin + k, end), this.root(begin, begin + k)];
  }

  /** PROOF(m, D[0:n]). */
  consistency(m: number, n: number): Uint8Array[] {
    return this.#subproof(m, 0, n, true);
  }

  #subproof(m: number, begin: number, end: number, complete: boolean): Uint8Array[] {
    const n = end - begin;
    if (m === n) return complete ? [] : [this.root(begin, end)];
    const k = split(n);
    return m <= k
      ? [...this.#subproof(m, begin, begin + k, complete), this.root(begin + k, end)]
      : [...this.#subproof(m - k, begin + k, end, false), this.root(begin, begin + k)];
  }
}

function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
