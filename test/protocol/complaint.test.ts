import { expect } from "chai";
import { complaintAfter, type ComplaintState, isOpenComplaint } from "../../protocol/complaint.ts";

/** What may come after what; everything else may not. */
const POSSIBLE: readonly (readonly [before: ComplaintState | undefined, act: ComplaintState])[] = [
  [undefined, "filed"],
  ["filed", "answered"],
  ["filed", "decided"],
  ["filed", "withdrawn"],
  ["answered", "decided"],
  ["answered", "withdrawn"],
];
const STATES = ["filed", "answered", "decided", "withdrawn"] as const;

describe("protocol/complaint", () => {
  for (const before of [undefined, ...STATES]) {
    for (const act of [...STATES, "closed", "toString", ""]) {
      const isPossible = POSSIBLE.some((pair) => pair[0] === before && pair[1] === act);
      it(`${before ?? "nothing"}, then ${act === "" ? "an empty word" : act}: ${isPossible ? "possible" : "not possible"}`, () => {
        expect(complaintAfter(before, act)).to.equal(isPossible ? act : undefined);
      });
    }
  }

  it("ends decided or withdrawn", () => {
    expect(STATES.filter(isOpenComplaint)).to.deep.equal(["filed", "answered"]);
  });
});
