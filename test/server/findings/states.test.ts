import { expect } from "chai";
import fc from "fast-check";
import type { Facets, Inspection } from "../../../protocol/facet-values.ts";
import type { Finding } from "../../../server/findings/finding.ts";
import {
  type FindingStep,
  inspected,
  type InspectedState,
  mayBecome,
} from "../../../server/findings/states.ts";
import { type JudgedLog, judgedLog } from "./uses/judged-log.ts";
import { BIRTH, DESK, NOW } from "./uses/uses.ts";

const STATES = ["open", "explained", "confirmed", "dismissed"] as const satisfies InspectedState[];
const step = (state: InspectedState, time = 0): FindingStep => ({ index: time, leaf: "l", time, state });

function stepsOf(states: readonly InspectedState[]): FindingStep[] {
  return states.map((state, at) => ({ index: at, leaf: `leaf ${at}`, time: 1000 + at, state }));
}

describe("server/findings/states", () => {
  it("lets officers explain what is open, and inspectors decide and open again; nothing else", () => {
    const table = STATES.flatMap((from) =>
      STATES.flatMap((to) =>
        (["officer", "inspector"] as const)
          .filter((role) => mayBecome(from, to, role))
          .map((role) => `${role}: ${from} -> ${to}`),
      ),
    );
    expect(table).to.deep.equal([
      "officer: open -> explained",
      "inspector: open -> confirmed",
      "inspector: open -> dismissed",
      "inspector: explained -> open",
      "inspector: explained -> confirmed",
      "inspector: explained -> dismissed",
      "inspector: confirmed -> open",
      "inspector: dismissed -> open",
    ]);
  });

  it("passes over what does not follow, whatever is recorded; but a confirmation stands, whatever before it was erased", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATES)), (said) => {
        let state: InspectedState = "open";
        for (const next of said) {
          const role = next === "explained" ? "officer" : "inspector";
          if (next === "confirmed" || mayBecome(state, next, role)) state = next;
        }
        expect(inspected(said.map((each) => step(each))).state).to.equal(state);
      }),
    );
  });

  it("starts the clock anew when a finding is confirmed anew, and notes the first notification alone", () => {
    const notified = (time: number): FindingStep => ({ index: time, leaf: "l", time, notified: true });
    expect(inspected([notified(1), step("confirmed", 2)])).to.deep.equal({
      state: "confirmed",
      confirmed: 2,
    });
    const told = [step("confirmed", 2), notified(3), notified(4)];
    expect(inspected(told)).to.deep.equal({ state: "confirmed", confirmed: 2, notified: 3 });
    expect(inspected([...told, step("open", 5)])).to.deep.equal({ state: "open" });
    expect(inspected([...told, step("open", 5), step("confirmed", 6)]).confirmed).to.equal(6);
  });

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

  describe("as the log tells them", function () {
    this.timeout(600_000);
    let log: JudgedLog;
    beforeEach(async () => {
      log = await judgedLog();
      log.at(NOW);
    });
    afterEach(async () => {
      await log.close();
    });

    const inspection = (said: Partial<Inspection>): Facets => ({
      type: "inspection",
      inspection: { id: "i", state: "decided", authority: "inspectorate", ...said },
      time: { occurred: "2026-11-22T08:00:00Z" },
    });

    async function stateOf(finding: Finding): Promise<InspectedState> {
      await log.states.caughtUp();
      const [steps = []] = await log.states.stepsOf([finding]);
      return inspected(steps).state;
    }

    it("hears the desk alone, and a review by the leaf it names", async () => {
      const { case: _case, ...noCase } = BIRTH;
      await log.append("qn-justice/r1", [
        noCase,
        { ...BIRTH, handling: { emergency: true }, exchange: { ...BIRTH.exchange, messageId: "e" } },
      ]);
      const [emergency, missing] = await log.found();
      if (missing?.kind !== "no-case" || emergency?.kind !== "emergency-unreviewed")
        throw new Error("other findings");
      const dismissed = { finding: { id: missing.id, state: "dismissed" } } as const;
      await log.append("qn-justice/r1", [inspection(dismissed)]);
      expect(await stateOf(missing)).to.equal("open");
      await log.append(DESK, [inspection(dismissed)]);
      expect(await stateOf(missing)).to.equal("dismissed");
      const review = { leaf: emergency.evidence.leaf, outcome: "unjustified" } as const;
      await log.append(DESK, [inspection({ state: "reviewed", review })]);
      expect(await stateOf(emergency)).to.equal("confirmed");
    });

    it("takes back nothing that the desk recorded, whoever orders it to be erased", async () => {
      const { case: _case, ...noCase } = BIRTH;
      await log.append("qn-justice/r1", [noCase]);
      const [missing] = await log.found();
      if (missing === undefined) throw new Error("no finding");
      await log.append(DESK, [inspection({ finding: { id: missing.id, state: "confirmed" } })]);
      expect(await stateOf(missing)).to.equal("confirmed");
      await log.order(1);
      expect(await stateOf(missing)).to.equal("confirmed");
      await log.forget();
      expect(await stateOf(missing)).to.equal("confirmed");
    });
  });
});
