import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../protocol/vrf.ts";
import type { Vrf } from "./vrf-function.ts";
import { utf8 } from "../../protocol/bytes.ts";

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
