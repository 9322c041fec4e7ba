import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import { append, appendAll, emptyFrontier, type Frontier, frontierRoot } from "../../protocol/frontier.ts";
import { EMPTY_ROOT, leafHash, rootHash } from "../../protocol/merkle.ts";

const leaves = Array.from({ length: 600 }, (_, at) => leafHash(utf8(`leaf ${at}`)));

describe("frontier", () => {
  it("starts with the root of nothing", () => {
    expect(frontierRoot(emptyFrontier())).to.deep.equal(EMPTY_ROOT);
  });

  it("has the root of the whole tree after every leaf, and one node per bit of its size", () => {
    let frontier = emptyFrontier();
    for (const [at, leaf] of leaves.slice(0, 200).entries()) {
      frontier = append(frontier, leaf);
      expect(frontier.size).to.equal(at + 1);
      expect(frontier.nodes.length).to.equal(frontier.size.toString(2).replaceAll("0", "").length);
      expect(frontierRoot(frontier)).to.deep.equal(rootHash(leaves.slice(0, at + 1)));
    }
  });

  it("does not care how the leaves are grouped", () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 7 });
    fc.assert(
      fc.property(cuts, (sizes) => {
        let frontier = emptyFrontier();
        for (const size of sizes) {
          frontier = appendAll(frontier, leaves.slice(frontier.size, frontier.size + size));
        }
        expect(frontierRoot(frontier)).to.deep.equal(rootHash(leaves.slice(0, frontier.size)));
        expect(frontier).to.deep.equal(appendAll(emptyFrontier(), leaves.slice(0, frontier.size)));
      }),
    );
  });

  it("is a value: appending leaves the old one as it was, so a failed group can be dropped", () => {
    const before = appendAll(emptyFrontier(), leaves.slice(0, 7));
    const root = frontierRoot(before);
    appendAll(before, leaves.slice(7, 20));
    expect(before.size).to.equal(7);
    expect(frontierRoot(before)).to.deep.equal(root);
  });

  it("refuses to grow from a state whose size and nodes disagree", () => {
    const [leaf = EMPTY_ROOT] = leaves;
    const broken: Frontier = { size: 3, nodes: [leaf] };
    expect(() => append(broken, leaf)).to.throw(RangeError);
    expect(() => append(emptyFrontier(), new Uint8Array(31))).to.throw(RangeError);
  });
});
