import type { Bytes } from "../../protocol/bytes.ts";
import type { Source } from "../../protocol/source.ts";

/** Bits of an agency's entitlements, as the AgencyRegistry contract has them. */
export const RECORD = 1;
export const SEAL = 2;
export const ERASE = 4;
export const MANDATE = 8;

/** A recorder key as the registry holds it at the block that was read last. */
export interface RecorderKey {
  readonly source: Source;
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  readonly alg: "EdDSA" | "ES256";
  /** Ed25519: 32 bytes. P-256: the uncompressed point, 65 bytes. */
  readonly key: Bytes;
  /** The key signs the events `fromSeq .. toSeq - 1`; `toSeq` is Infinity for the newest key. */
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly revoked: boolean;
  /** Of its agency: a sum of these bits. 0 while suspended. */
  readonly entitlements: number;
  /** The log that the chain assigns its agency, where that is another one than this ledger's. */
  readonly elsewhere?: number;
}

/** The recorder keys on the chain, kept in memory by anchor/ and read here. */
export interface KeyDirectory {
  /** All keys that were ever added, as of the last read. */
  keys: () => readonly RecorderKey[];
  /** Reads the registry now; calls that come meanwhile share the read. Rejects with `chain-unavailable`. */
  refresh: () => Promise<void>;
  /** Calls the listener after `keys()` changed; returns the function that ends it. */
  onChange: (listener: () => void) => () => void;
}
