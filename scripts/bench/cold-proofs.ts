/**
 * Inclusion proofs at random indexes in a process that has just started: nothing of the tree is in its memory. Arguments: data folder,
 * log id. Prints one JSON line.
 */
import { randomInt } from "node:crypto";
import path from "node:path";
import { proveInclusion } from "../../protocol/proof-nodes.ts";
import { concat } from "../../protocol/bytes.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { openDerived } from "../../server/integrate/derived.ts";
import { levelTileStore } from "../../server/integrate/tile-store.ts";
import { loadEdge, tileCache, treeOf } from "../../server/integrate/tree.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { quantile } from "./http-load.ts";

const PROOFS = 500;
const [dataDir = "", log = ""] = process.argv.slice(2);
const derived = await openDerived(path.join(dataDir, "derived"), log);
const store = await openLevelStore({ path: path.join(dataDir, "records") });
const tiles = levelTileStore(derived);
const { size } = await store.head();
const edge = await loadEdge(size, tiles, async (begin, end) =>
  concat(...(await store.payloads(begin, end)).map((payload) => leafHash(payload))),
);
await store.close();
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
