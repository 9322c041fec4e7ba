import { expect } from "chai";
import type { Seal } from "../../portal/api/seals.ts";
import { dayFault, indexesIn, sealsByEnd, termsOf } from "../../portal/pages/inspector/seal-terms.ts";

const DAY = 86_400;
/** Noon of a day, wherever this runs. */
const NOW = new Date(2026, 10, 22, 12).getTime() / 1000;
const BASIS = { law: " Bộ luật Tố tụng hình sự ", article: "177" };

/** `2026-11-25` by this machine's calendar. */
function inDays(days: number): string {
  const day = new Date(2026, 10, 22 + days);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

describe("what a seal is ordered by", () => {
  it("ends with the day that was chosen, today at the earliest and 180 days ahead at the latest", () => {
    const { until, legalBasis } = termsOf({ day: inDays(0), ...BASIS }, NOW) ?? expect.fail("refused");
    expect(Date.parse(until)).to.equal(new Date(2026, 10, 23).getTime());
    expect(legalBasis).to.deep.equal({ law: "Bộ luật Tố tụng hình sự", article: "177" });
    for (const days of [-1, 181]) expect(dayFault(inDays(days), NOW), String(days)).to.equal("untilWrong");
    for (const text of ["", "tomorrow"]) expect(dayFault(text, NOW)).to.equal("untilWrong");
    const last = termsOf({ day: inDays(180), ...BASIS }, NOW) ?? expect.fail("refused");
    expect(Date.parse(last.until) / 1000, "the ledger takes no later moment").to.be.below(NOW + 180 * DAY);
  });

  it("is extended to a later day, or to the same one for what was recorded since", () => {
    const end = new Date(2026, 10, 28).getTime() / 1000;
    expect(dayFault(inDays(4), NOW, end)).to.equal("untilEarly");
    expect(dayFault(inDays(5), NOW, end)).to.equal(undefined);
    expect(dayFault(inDays(6), NOW, end)).to.equal(undefined);
  });

  it("takes a law and an article", () => {
    for (const missing of [{ law: " " }, { article: "" }])
      expect(termsOf({ day: inDays(3), ...BASIS, ...missing }, NOW)).to.equal(undefined);
  });

  it("names 1 to 32 events, each once", () => {
    expect(indexesIn(" 3, 5;3\n7 ")).to.deep.equal([3, 5, 7]);
    const many = Array.from({ length: 33 }, (_, at) => at);
    expect(indexesIn(many.slice(1).join(","))).to.have.length(32);
    for (const text of ["", "3, x", "-1", "1.5", many.join(",")])
      expect(indexesIn(text), text).to.equal(undefined);
  });
});

describe("the list of seals", () => {
  const seal = (id: string, state: Seal["state"], days: number | null): Seal => ({
    ...{ id, state, agency: "qn-operator", authority: "qn-inspectorate", legalBasis: null, events: 1 },
    until: days === null ? null : new Date((NOW + days * DAY) * 1000).toISOString(),
    placed: { index: 1, time: NOW },
  });

  it("has those that end soon first, then the others in force, then what is over, the newest first", () => {
    const { soon, inForce, over } = sealsByEnd(
      [
        seal("old", "ended", -3),
        seal("late", "placed", 90),
        seal("lifted", "lifted", null),
        seal("week", "placed", 7),
        seal("edge", "placed", 14),
        seal("tomorrow", "placed", 1),
        seal("just over", "placed", -0.01),
      ],
      NOW,
    );
    const ids = (seals: readonly Seal[]): string[] => seals.map(({ id }) => id);
    expect(ids(soon)).to.deep.equal(["tomorrow", "week"]);
    expect(ids(inForce)).to.deep.equal(["edge", "late"]);
    expect(ids(over)).to.deep.equal(["just over", "lifted", "old"]);
  });
});
