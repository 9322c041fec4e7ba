import { expect } from "chai";
import { parseSource } from "../../../protocol/source.ts";
import { planRound, type Waiting } from "../../../server/sequence/queue.ts";

const NOTHING = new Uint8Array();
/** A key in a token signs so many receipts in about a second, in which everybody else waits. */
const MOST = 512;

function waiting(source: string, first: number, bytes = 0): Waiting {
  const bundle = new Uint8Array(bytes);
  return {
    submission: {
      ...{ source: parseSource(source), first, count: 1, kid: "k", iat: 0, root: NOTHING, jws: "" },
      ...{ leafHashes: NOTHING, payloads: bundle, sealed: NOTHING, keys: NOTHING, body: NOTHING },
    },
    answer: () => undefined,
    refuse: () => undefined,
    expired: false,
    waitsForPredecessor: false,
  };
}

describe("a round of the sequencer", () => {
  it("takes so many submissions, and leaves the rest in their order for the next", () => {
    const all = Array.from({ length: MOST + 100 }, (_, at) => waiting(`qn-police/r${at}`, 1));
    const round = planRound(all, () => 1);
    expect(round.accepted).to.deep.equal(all.slice(0, MOST));
    expect(round.later).to.deep.equal(all.slice(MOST));
    expect([round.known, round.early]).to.deep.equal([[], []]);
    const next = planRound(round.later, () => 1);
    expect(next.accepted).to.have.length(100);
  });

  it("takes so many of one source, and no later one before an earlier one", () => {
    const all = Array.from({ length: MOST + 3 }, (_, at) => waiting("qn-police/r1", at + 1));
    const round = planRound([...all].reverse(), () => 1);
    expect(round.accepted).to.deep.equal(all.slice(0, MOST));
    expect(round.later).to.deep.equal(all.slice(MOST));
    expect(round.early).to.deep.equal([]);
  });

  it("takes so many bytes, and one submission whatever its size", () => {
    const large = [1, 2, 3].map((first) => waiting("qn-police/r1", first, 20 * 1024 * 1024));
    expect(planRound(large, () => 1).accepted).to.deep.equal(large.slice(0, 1));
  });
});
