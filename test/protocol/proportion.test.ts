import { expect } from "chai";
import fc from "fast-check";
import { proportion } from "../../protocol/proportion.ts";

/** At least one, and no more than there are. */
const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((of) => fc.record({ of: fc.constant(of), found: fc.integer({ min: 0, max: of }) }));

describe("a share and its Wilson interval", () => {
  it("has the published values", () => {
    // Newcombe 1998, table I, method 3 (score without continuity correction).
    for (const [found, of, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
      [29, 29, 0.883, 1],
    ] as const) {
      const share = proportion(found, of);
      expect(share.rate).to.equal(found / of);
      expect(share.low).to.be.closeTo(low, 0.00005);
      expect(share.high).to.be.closeTo(high, 0.00005);
    }
  });

  it("holds the share, stays within 0 and 1, and is never a point", () => {
    fc.assert(
      fc.property(counts, ({ found, of }) => {
        const { rate, low, high } = proportion(found, of);
        expect(low).to.be.at.least(0).and.at.most(rate);
        expect(high).to.be.at.least(rate).and.at.most(1);
        expect(high - low).to.be.above(0);
      }),
    );
  });

  it("is the mirror image of what is left, and narrower the more there are", () => {
    fc.assert(
      fc.property(counts, ({ found, of }) => {
        const [share, rest] = [proportion(found, of), proportion(of - found, of)];
        expect(share.low).to.be.closeTo(1 - rest.high, 1e-12);
        const more = proportion(found * 4, of * 4);
        expect(more.high - more.low).to.be.below(share.high - share.low);
      }),
    );
  });

  it("holds the truth in about 95 of 100 samples", () => {
    // Exact: over all outcomes of 40 draws, weighted by their binomial chance.
    for (const truth of [0.05, 0.2, 0.5, 0.9]) {
      let [covered, chance] = [0, (1 - truth) ** 40];
      for (let found = 0; found <= 40; found++) {
        const { low, high } = proportion(found, 40);
        if (low <= truth && truth <= high) covered += chance;
        chance *= ((40 - found) / (found + 1)) * (truth / (1 - truth));
      }
      expect(covered, String(truth)).to.be.within(0.92, 0.99);
    }
  });

  it("is of at least one, and of no more than there are", () => {
    for (const [found, of] of [
      [0, 0],
      [2, 1],
      [-1, 2],
      [0.5, 2],
      [1, Number.NaN],
    ] as const)
      expect(() => proportion(found, of)).to.throw(RangeError);
  });
});
