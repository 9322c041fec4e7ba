import { expect } from "chai";
import { confirmedLine, recordAfter } from "../../../server/anchor/anchored-line.ts";
import type { StoredAnchor } from "../../../server/store/store.ts";
import { MemoryAnchors, MemoryLog } from "./memory.ts";

describe("server/anchor/anchored-line", () => {
  it("finds how far the records stand on the chain, also when hundreds have one size", async () => {
    const store = new MemoryAnchors(new MemoryLog());
    // The log stood still while its index caught up.
    store.records = Array.from({ length: 300 }, (_, number) => record(number));
    for (const onChain of [0, 1, 64, 200, 299, 300]) {
      const chain = {
        anchorAt: (place: number) => Promise.resolve(place < onChain ? store.records[place] : undefined),
        block: (number: number) => Promise.resolve({ number, hash: hashOf(number), time: 1, baseFee: 0n }),
      };
      const line = await confirmedLine(onChain, { chain, store });
      expect([line.confirmed, line.last?.number, line.recorded]).to.deep.equal([
        onChain,
        onChain === 0 ? undefined : onChain - 1,
        300,
      ]);
      expect((await recordAfter(line.last, store))?.number).to.equal(onChain === 300 ? undefined : onChain);
    }
  });
});

function hashOf(block: number): string {
  return `0x${block.toString(16).padStart(64, "0")}`;
}

function record(number: number): StoredAnchor {
  const block = 100 + number;
  return {
    ...{ number, size: 1000, indexSize: number, block, blockHash: hashOf(block), time: 1 },
    ...{ root: new Uint8Array(32), indexRoot: new Uint8Array(32).fill(number) },
    ...{ checkpoint: "", transaction: hashOf(number) },
  };
}
