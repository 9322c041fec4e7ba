import { parentPort, workerData } from "node:worker_threads";
import { concat } from "../../protocol/bytes.ts";
import { loadVrf } from "./vrf.ts";

/** A thread that computes the log's random function. Its seed is all it is started with. */

/** `wants` "proof": output and proof of each id, 144 bytes; "output": 64 bytes. */
export interface VrfRequest {
  readonly wants: "proof" | "output";
  readonly ids: readonly string[];
}

if (!(workerData instanceof Uint8Array)) throw new TypeError("a VRF thread is started with a seed");
const vrf = await loadVrf(workerData);

parentPort?.on("message", ({ wants, ids }: VrfRequest) => {
  const parts = ids.flatMap((id) => (wants === "proof" ? [vrf.output(id), vrf.proof(id)] : [vrf.output(id)]));
  parentPort?.postMessage(concat(...parts));
});
