import { expect } from "chai";
import fc from "fast-check";
import {
  type FindingStep,
  inspected,
  type InspectedState,
  mayBecome,
} from "../../../server/findings/states.ts";

const STATES: readonly InspectedState[] = ["open", "explained", "confirmed", "dismissed"];

function stepsOf(states: readonly InspectedState[]): FindingStep[] {
  return states.map((state, at) => ({ index: at, leaf: `leaf ${at}`, time: 1000 + at, state }));
}

describe("server/findings/states", () => {
  it("goes from state to state as whoever may say it says it", () => {
    for (const [states, end] of [
      [[], "open"],
      [["explained"], "explained"],
      [["explained", "confirmed"], "confirmed"],
      [["dismissed", "explained"], "dismissed"],
      [["dismissed", "open", "explained", "dismissed"], "dismissed"],
      [["confirmed", "dismissed"], "confirmed"],
      [["confirmed", "open", "dismissed"], "dismissed"],
    ] as const) {
      expect(inspected(stepsOf(states)).state, states.join(", ")).to.equal(end);
    }
  });

  it("counts the notification from when it was confirmed, and confirms once", () => {
    expect(inspected(stepsOf(["confirmed", "confirmed"]))).to.deep.equal({
      state: "confirmed",
      confirmed: 1000,
    });
    expect(inspected(stepsOf(["confirmed", "open", "confirmed"])).confirmed).to.equal(1002);
  });

  it("makes no dismissed finding of a confirmed one, whichever step before is erased", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATES), { maxLength: 8 }), fc.nat(), (asked, pick) => {
        // Only what follows is recorded, and the last word is that it was unlawful.
        const recorded: InspectedState[] = [];
        for (const state of [...asked, "open" as const, "confirmed" as const]) {
          const from = inspected(stepsOf(recorded)).state;
          if (mayBecome(from, state, "officer") || mayBecome(from, state, "inspector")) recorded.push(state);
        }
        if (inspected(stepsOf(recorded)).state !== "confirmed") return;
        const erased = stepsOf(recorded).filter((_, at) => at !== pick % (recorded.length - 1 || 1));
        if (recorded.length < 2) return;
        expect(inspected(erased).state).to.equal("confirmed");
      }),
    );
  });
});
