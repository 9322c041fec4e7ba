import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { drawSample, isSampleRange, MAX_SAMPLE, type SampleRange } from "../../protocol/sample.ts";

const seed = (text: string) => ({ blockHash: sha256(text), leafHash: sha256(`leaf ${text}`) });

describe("drawing a sample", () => {
  it("draws as many different entries of the range as were asked for, the same for the same seed", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(2000),
        fc.string(),
        (from, size, rest, text) => {
          const range = { from, to: from + size, count: 1 + (rest % size) };
          const drawn = drawSample(range, seed(text));
          expect(new Set(drawn).size).to.equal(range.count);
          expect(drawn.every((index) => index >= from && index < range.to)).to.be.true;
          expect(drawSample(range, seed(text))).to.deep.equal(drawn);
        },
      ),
    );
  });

  it("draws a longer sample as the continuation of a shorter one", () => {
    const longer = drawSample({ from: 5, to: 500, count: 100 }, seed("a"));
    expect(drawSample({ from: 5, to: 500, count: 10 }, seed("a"))).to.deep.equal(longer.slice(0, 10));
  });

  it("draws what the text says, computed here in another way", () => {
    const { blockHash, leafHash } = seed("b");
    const range = { from: 1_000, to: 11_000, count: 50 };
    const key = createHash("sha256").update("minhbach/sample/v1").update(blockHash).update(leafHash).digest();
    const drawn: number[] = [];
    for (let block = 0; drawn.length < range.count; block++) {
      const counter = Buffer.alloc(8);
      counter.writeUInt32BE(block, 4);
      const numbers = createHash("sha256").update(key).update(counter).digest();
      for (let at = 0; at < 32; at += 8) {
        const number = numbers.readBigUInt64BE(at);
        if (number >= 2n ** 64n - (2n ** 64n % 10_000n)) continue;
        const index = 1_000 + Number(number % 10_000n);
        if (!drawn.includes(index)) drawn.push(index);
      }
    }
    expect(drawSample(range, seed("b"))).to.deep.equal(drawn.slice(0, range.count));
  });

  it("draws every entry about equally often", () => {
    const counts = new Array<number>(7).fill(0);
    for (let n = 0; n < 3500; n++) {
      const [index = 0] = drawSample({ from: 0, to: 7, count: 1 }, seed(String(n)));
      counts[index] = (counts[index] ?? 0) + 1;
    }
    // 500 each; six standard deviations are 124.
    for (const count of counts) expect(count).to.be.within(376, 624);
  });

  it("differs with the block, and with the event that asked", () => {
    const range = { from: 0, to: 100_000, count: 20 };
    const { blockHash, leafHash } = seed("c");
    const drawn = drawSample(range, { blockHash, leafHash });
    expect(drawSample(range, { blockHash: sha256("d"), leafHash })).to.not.deep.equal(drawn);
    expect(drawSample(range, { blockHash, leafHash: sha256("d") })).to.not.deep.equal(drawn);
  });

  it("refuses what cannot be drawn", () => {
    const refused: SampleRange[] = [
      { from: 5, to: 5, count: 1 },
      { from: 6, to: 5, count: 1 },
      { from: 0, to: 5, count: 6 },
      { from: 0, to: 5, count: 0 },
      { from: -1, to: 5, count: 1 },
      { from: 0.5, to: 5, count: 1 },
      { from: 0, to: 1_000_000, count: MAX_SAMPLE + 1 },
    ];
    for (const range of refused) {
      expect(isSampleRange(range)).to.be.false;
      expect(() => drawSample(range, seed("e"))).to.throw(RangeError);
    }
  });
});

function sha256(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}
