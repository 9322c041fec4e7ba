import { expect } from "chai";
import type { Person } from "../../../proactive/population/people.ts";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("SCHOOL_ADM: children who enter grade 1", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;
  let child: Person;

  before(async () => {
    province = await scenarioProvince({ startsOn: "2026-08-03", persons: 600 });
    // The police's register knows who turns six in the year, and tells the education department.
    await province.passes({ days: 2 });
  });
  after(async () => await province.close());

  const ofAge = ({ born, guardian }: Person): boolean => born.startsWith("2020") && guardian !== undefined;
  const guardianOf = ({ guardian }: Person): Person => province.person(guardian ?? "");

  it("the guardian accepts a place; school, commune and education department follow one after the other", async () => {
    child = province.somebody(ofAge);
    const { id, stage } = await province.caseOf("SCHOOL_ADM", child);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
    await province.answer(guardianOf(child), "accept", { procedure: "SCHOOL_ADM" });
    await province.passes({ hours: 1 });
    const closed = await province.caseOf("SCHOOL_ADM", child);
    expect(closed.stage, JSON.stringify(closed.steps)).to.deep.equal({ at: "closed", outcome: "completed" });
    expect(closed.steps.map(({ name, state }) => [name, state])).to.deep.equal([
      ["school", "done"],
      ["commune", "done"],
      ["education-department", "done"],
    ]);
    expect(province.held("education", child, "pd:EducationQualification")).to.include.keys(
      "grade",
      "enrolled",
    );
    const events = await wholeCase(province, id);
    const order = events.flatMap(({ says }) => (says.startsWith("action step") ? [says] : []));
    expect(order).to.deep.equal([
      ...["action step: school", "action step: commune", "action step: education-department"],
    ]);
    expect(saidBy(events, "qn-education").at(-1)).to.equal("action granted");
    expect(await province.findings()).to.deep.equal([]);
  });

  it("a family that left meanwhile gets no place: the commune does not confirm, and the school's place is free again", async () => {
    const leaving = province.somebody(ofAge);
    const { id } = await province.caseOf("SCHOOL_ADM", leaving);
    await province.answer(guardianOf(leaving), "accept", { procedure: "SCHOOL_ADM" });
    await province.told("population", leaving, "pd:Residency", null);
    await province.passes({ hours: 1 });
    const held = await province.caseOf("SCHOOL_ADM", leaving);
    expect(held.stage.at, JSON.stringify(held.steps)).to.equal("officer");
    expect(held.steps.map(({ name, state }) => [name, state])).to.deep.include.members([
      ["school", "undone"],
      ["commune", "officer"],
    ]);
    const place = province.held("education", leaving, "pd:EducationQualification") ?? null;
    expect(place).to.equal(null);
    const events = await wholeCase(province, id);
    expect(saidBy(events, "qn-education")).to.include.members([
      "action step: school",
      "action step undone: school",
    ]);
    expect(saidBy(events, "qn-social")).to.include("action step: commune: not-resident");
    expect(saidBy(events, "qn-education")).not.to.include("action granted");
    expect(await province.findings()).to.deep.equal([]);
  });

  it("whoever has the care of the child now decides: the former guardian's word starts nothing", async () => {
    const ward = province.somebody(
      (person) => ofAge(person) && person.mother !== undefined && person.father !== undefined,
    );
    const [before, after] = [guardianOf(ward), province.person(ward.father ?? "")];
    await province.caseOf("SCHOOL_ADM", ward);
    province.happens({ kind: "guardian-change", child: ward.id, guardian: after.id });
    await province.passes({ days: 1 });
    await province.answer(before, "accept", { procedure: "SCHOOL_ADM" });
    await province.passes({ hours: 1 });
    // Nothing was done by that word, and whoever is to decide is told instead.
    const { id, stage, steps } = await province.caseOf("SCHOOL_ADM", ward);
    expect([stage.at, steps], JSON.stringify(stage)).to.deep.equal(["waiting", []]);
    const begun = (await wholeCase(province, id)).filter(({ says }) => says.startsWith("action step"));
    expect(begun).to.deep.equal([]);
    const toldNow = (await province.messages(after)).filter(({ caseId }) => caseId === id);
    expect(toldNow).to.have.length(1);
    await province.answer(after, "accept", { procedure: "SCHOOL_ADM" });
    await province.passes({ hours: 1 });
    const closed = await province.caseOf("SCHOOL_ADM", ward);
    expect(closed.stage, JSON.stringify(closed.steps)).to.deep.equal({ at: "closed", outcome: "completed" });
    expect(saidBy(await wholeCase(province, id), "qn-education").at(-1)).to.equal("action granted");
    expect(await province.findings()).to.deep.equal([]);
  });
});
