import type { IndexKind } from "../../protocol/index-keys.ts";
import type { IndexProof } from "../../protocol/index-tree.ts";

/** One event of a key: its place in the log and its leaf hash, 32 bytes. */
export interface Posting {
  readonly index: number;
  readonly leafHash: Uint8Array;
}

/** Where an id stands in the index tree. */
export interface IndexKeyProof {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** The VRF proof that this is the key of the id, 80 bytes; undefined for consents, whose key everybody can compute. */
  readonly vrf: Uint8Array | undefined;
}

/** What the index tree of one size says of a key. */
export interface IndexAnswer {
  readonly proof: IndexProof;
  /** What opens the leaf's commitment, beside the root over the events: undefined when the key is not in the tree. */
  readonly entry: { readonly count: number; readonly blinding: Uint8Array } | undefined;
}

/** The index tree as statements read it. Everything rejects with LedgerError `starting` before the index is loaded. */
export interface IndexReader {
  /** The key of an id with its VRF proof; computed in a VRF worker, kept for a while. */
  keyOf: (kind: IndexKind, id: string) => Promise<IndexKeyProof>;
  /**
   * The proof for a key under the root of exactly this index size; undefined when that version is not held (ask again after the next final
   * anchor). Held are the last final one, the one on its way to the chain and the newest.
   */
  prove: (key: Uint8Array, indexSize: number) => Promise<IndexAnswer | undefined>;
  /** The postings of a key at the positions `from .. to - 1` in log order, as far as indexed now. */
  postings: (key: Uint8Array, from: number, to: number) => Promise<Posting[]>;
  /** Index size and root of the newest version; undefined before the first. */
  newest: () => { readonly size: number; readonly root: Uint8Array } | undefined;
}
