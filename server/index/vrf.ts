import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../protocol/vrf.ts";
import { utf8 } from "../../protocol/bytes.ts";

/** The log's verifiable random function (RFC 9381 ECVRF-EDWARDS25519-SHA512-TAI) with its secret key in it. */
export interface Vrf {
  /** What computes it: a thousand a second and core, or two hundred. */
  readonly by: "libsodium" | "javascript";
  /** The 64-byte output for an id (`scheme:canonical-id`). */
  output: (id: string) => Uint8Array;
  /** The 80-byte proof that `output` is computed rightly. */
  proof: (id: string) => Uint8Array;
}

/** The function by libsodium where it is installed and runs, else in JavaScript. Both give the same bytes. */
export async function loadVrf(seed: Uint8Array): Promise<Vrf> {
  try {
    const { sodiumVrf } = await import("./vrf-sodium.ts");
    return sodiumVrf(seed);
  } catch {
    // Not installed, or made for no machine like this one.
    return javascriptVrf(seed);
  }
}

/** The function by protocol/vrf.ts. */
export function javascriptVrf(seed: Uint8Array): Vrf {
  const secret = expandVrfSecretKey(seed);
  const proof = (id: string): Uint8Array => proveVrf(secret, utf8(id));
  return { by: "javascript", proof, output: (id) => vrfOutput(proof(id)) };
}
