import { expect } from "chai";
import { type Half, type Pair, pairWith } from "../../../server/inspect/pairs.ts";

const client = (index: number): Half => ({ side: "client", index, time: 1000 + index });
const provider = (index: number): Half => ({ side: "provider", index, time: 1000 + index });

function pairOf(...halves: readonly Half[]): Pair | undefined {
  return halves.reduce<Pair | undefined>(pairWith, undefined);
}

describe("server/inspect/pairs", () => {
  it("are made of the first half and the first one of the other side, whichever was first", () => {
    expect(pairOf(client(1))).to.deep.equal({ first: client(1) });
    expect(pairOf(client(1), provider(2))).to.deep.equal({ first: client(1), other: provider(2) });
    expect(pairOf(provider(1), client(2))).to.deep.equal({ first: provider(1), other: client(2) });
  });

  it("are not changed by a side that records twice", () => {
    expect(pairOf(client(1), client(2))).to.deep.equal({ first: client(1) });
    const whole = { first: client(1), other: provider(3) };
    expect(pairOf(client(1), client(2), provider(3), provider(4), client(5))).to.deep.equal(whole);
  });
});
