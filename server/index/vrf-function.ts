/** The log's verifiable random function (RFC 9381 ECVRF-EDWARDS25519-SHA512-TAI) with its secret key in it. */
export interface Vrf {
  /** What computes it: thousands of outputs a second and core, or two hundred. */
  readonly by: "libsodium" | "javascript";
  /** The 64-byte output for an id (`scheme:canonical-id`). */
  readonly output: (id: string) => Uint8Array;
  /** The 80-byte proof that `output` is computed rightly. */
  readonly proof: (id: string) => Uint8Array;
}
