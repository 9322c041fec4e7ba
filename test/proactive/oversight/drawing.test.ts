import { expect } from "chai";
import { InspectionError } from "../../../proactive/oversight/ledger-calls.ts";
import { redrawn } from "../../../proactive/oversight/drawing.ts";
import { drawSample } from "../../../protocol/sample.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { EvidenceClaim } from "../../../verifier/evidence.ts";

const DESK = "qn-operator/desk";
const blockHash = new Uint8Array(32).fill(7);
const range = { from: 10, to: 60, count: 20 };

const CLAIM: EvidenceClaim = {
  ...{ log: "31337:0x00:1", index: 80, source: parseSource(DESK), seq: 4, closedDigests: 0, signedAt: 0 },
  ...{ leafHash: "ab".repeat(32), anchor: { size: 90, block: 12, time: 0 } },
  facets: { type: "inspection", inspection: { state: "sampled", sample: range } },
};
const indexes = drawSample(range, { blockHash, leafHash: new Uint8Array(32).fill(0xab) });
const matching = indexes.filter((index) => index % 3 === 0);

function drawn(
  claim: Partial<EvidenceClaim> = {},
  said: Partial<{ indexes: number[]; matching: number[] }> = {},
  sample = 80,
) {
  return redrawn(
    sample,
    { ...CLAIM, ...claim },
    { desk: DESK, of: {}, blockHash, said: { indexes, matching, ...said } },
  );
}

describe("drawing a sample again", () => {
  it("comes to the ledger's own sample where that was drawn as it must be", () => {
    expect(drawn()).to.deep.equal({ sample: 80, range, block: 12, indexes, of: {}, granted: matching });
  });

  it("refuses what was asked for by anybody but the desk, at another place, or of what came later", () => {
    const inspection = (sample: object, state = "sampled") => ({
      facets: { type: "inspection", inspection: { state, sample } },
    });
    for (const claim of [
      { source: parseSource("qn-police/desk") },
      { index: 81 },
      inspection({ ...range, to: 81 }),
      inspection({ ...range, count: 51 }),
      inspection({ ...range, from: "10" }),
      inspection(range, "viewed"),
      { facets: { type: "action", inspection: { state: "sampled", sample: range } } },
    ])
      expect(() => drawn(claim), JSON.stringify(claim)).to.throw(InspectionError);
  });

  it("refuses what was drawn from events that came after it was asked for, though the drawing is right", () => {
    const later = { ...range, to: 81 };
    const said = drawSample(later, { blockHash, leafHash: new Uint8Array(32).fill(0xab) });
    const facets = { type: "inspection", inspection: { state: "sampled", sample: later } };
    expect(() => drawn({ facets }, { indexes: said, matching: [] })).to.throw(InspectionError);
    expect(drawn({ facets, index: 81 }, { indexes: said, matching: [] }, 81).range).to.deep.equal(later);
  });

  it("refuses another order, another range, and grants that were not drawn", () => {
    const [first = 0, second = 0] = indexes;
    for (const said of [
      { indexes: [second, first, ...indexes.slice(2)] },
      { indexes: indexes.slice(1) },
      { indexes: [...indexes, 9] },
      { matching: [...matching, 9] },
      { matching: matching.toReversed() },
    ])
      expect(() => drawn({}, said), JSON.stringify(said)).to.throw(InspectionError);
  });
});
