/**
 * Inclusion proofs at random indexes in a process that has just started: nothing of the tree is in its memory. Arguments: data folder,
 * log id, log size. Prints one JSON line.
 */
import { randomInt } from "node:crypto";
import path from "node:path";
import { proveInclusion } from "../../protocol/proof-nodes.ts";
import { openDerived } from "../../server/integrate/derived.ts";
import { levelTileStore } from "../../server/integrate/tile-store.ts";
import { tileCache, treeOf } from "../../server/integrate/tree.ts";
import { loadEdge } from "../../server/integrate/tree.ts";
import { quantile } from "./http-load.ts";

const PROOFS = 500;
const [dataDir = "", log = "", sizeText = ""] = process.argv.slice(2);
// A whole number of tiles, so that the tree has no edge in memory.
const size = Number(sizeText) - (Number(sizeText) % 256);
const derived = await openDerived(path.join(dataDir, "derived"), log);
const tiles = levelTileStore(derived);
const edge = await loadEdge(size, tiles, () => Promise.resolve(new Uint8Array()));
if (edge === undefined) throw new Error(`the tiles do not reach ${size}`);
const { readNodes } = treeOf(edge, tiles, tileCache());
const latencies = new Float64Array(PROOFS);
for (let proof = 0; proof < PROOFS; proof += 1) {
  const begun = performance.now();
  await proveInclusion(randomInt(size), size, readNodes);
  latencies[proof] = performance.now() - begun;
}
console.log(
  JSON.stringify({ p50Milliseconds: quantile(latencies, 0.5), p95Milliseconds: quantile(latencies, 0.95) }),
);
await derived.close();
