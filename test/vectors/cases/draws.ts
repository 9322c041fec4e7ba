import { toHex } from "../../../protocol/bytes.ts";
import { drawSample, type SampleRange } from "../../../protocol/sample.ts";
import { seededRandom } from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("samples", "json");
const random = seededRandom("draws");
const [blockHash, leafHash] = [random(32), random(32)];

const drawn = (range: SampleRange, indexes = drawSample(range, { blockHash, leafHash })) =>
  `${JSON.stringify({ blockHash: toHex(blockHash), leafHash: toHex(leafHash), ...range, indexes })}\n`;
const some = { from: 1000, to: 51_000, count: 20 };

export const DRAWS: readonly Vector[] = [
  valid("twenty of fifty thousand", drawn(some)),
  valid("the only one", drawn({ from: 7, to: 8, count: 1 })),
  valid("all of a few in another order", drawn({ from: 0, to: 12, count: 12 })),
  valid("of a range beyond 32 bits", drawn({ from: 5_000_000_000, to: 9_007_199_254_740_991, count: 5 })),

  invalid("sample", "another order", drawn(some, drawSample(some, { blockHash, leafHash }).toReversed())),
  invalid(
    "sample",
    "drawn without the leaf hash",
    drawn(some, drawSample(some, { blockHash, leafHash: new Uint8Array(32) })),
  ),
  invalid("sample", "more than there are", drawn({ from: 0, to: 2, count: 3 }, [0, 1, 0])),
];
