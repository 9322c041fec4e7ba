import { expect } from "chai";
import type { Person } from "../../../proactive/population/people.ts";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("births, deaths and poor households", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;

  // The yearly review is under way.
  before(async () => (province = await scenarioProvince({ startsOn: "2026-11-02" })));
  after(async () => await province.close());

  it("DEATH_REG: the family hears of what lies ready, accepts once, and nobody writes to the dead any more", async () => {
    const { households } = province.people;
    const dead = province.somebody(({ born, spouse }) => born < "1962" && spouse !== undefined);
    const widowed = province.person(dead.spouse ?? "");
    expect(households[dead.household]?.members).to.include(widowed.id);
    const notice = "99901.BT.00041.26";
    province.happens({ kind: "death", notice, person: dead.id });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("DEATH_REG", dead);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
    const [message] = await province.messages(widowed);
    expect(message?.text.vi).to.contain("chia buồn");
    expect(await province.messages(dead)).to.deep.equal([]);

    await province.answer(widowed, "accept");
    await province.passes({ hours: 1 });
    const closed = await province.caseOf("DEATH_REG", dead);
    expect(closed.stage, JSON.stringify(closed.steps)).to.deep.equal({ at: "closed", outcome: "completed" });
    expect(province.held("civil-status", dead, "pd:LifeHistory")).to.include.keys("died", "registered");
    expect(province.held("population", dead, "pd:Residency") ?? null).to.equal(null);
    const events = await wholeCase(province, id);
    expect(saidBy(events, "qn-justice")).to.include("action granted");
    expect(saidBy(events, "qn-social")).to.include("action step: benefits");
    expect(saidBy(events, "qn-police")).to.include("action step: residence");

    // What ends of theirs from now on is nobody's occasion.
    await province.holds(dead, "passport", { endsInDays: 30 });
    await province.passes({ days: 2 });
    expect(await province.messages(dead)).to.deep.equal([]);
    expect(province.gateway.sent.filter(({ to }) => to === dead.phone)).to.deep.equal([]);
    const passports = await province.agency("qn-police").engine.list({ limit: 100 });
    expect(passports.filter(({ occasion }) => occasion.subject === dead.id)).to.deep.equal([]);
    expect(await province.findings()).to.deep.equal([]);
  });

  it("BIRTH_REG: parents who are not married are met by the registrar, not by a machine", async () => {
    const mother = province.somebody(
      ({ sex, spouse, born }) => sex === "female" && spouse !== undefined && born > "1985" && born < "2004",
    );
    await province.told("population", mother, "pd:MaritalStatus", "single");
    const notice = "99901.GCS.00078.26";
    province.happens({
      ...{ kind: "birth", notice, mother: mother.id, father: mother.spouse ?? "" },
      child: { id: "999326500078", name: "Nguyễn An Nhiên", sex: "female" },
    });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("BIRTH_REG", notice);
    expect(stage).to.deep.include({ at: "officer", why: "parents-not-married" });
    expect(await province.messages(mother)).to.deep.equal([]);
    const events = await wholeCase(province, id);
    expect(saidBy(events, "qn-justice")).to.include("action officer: parents-not-married");
  });

  describe("POOR_HH", () => {
    let poor: Person;
    let unclear: Person;

    before(async () => {
      [poor, unclear] = [head(), head()];
      await province.told("social", poor, "pd:SocialStatus", { b1: 120, b2: 40 });
      await province.told("social", unclear, "pd:SocialStatus", { b1: 110, b2: 20 });
      await province.told("tax", unclear, "pd:Income", { monthlyPerHead: 9_000_000 });
      // On the last day of the review at the latest it is every household's turn.
      await province.passes({ days: 43 });
    });

    function head(): Person {
      const { households } = province.people;
      return province.somebody(
        ({ id, household, born }) => households[household]?.members[0] === id && born < "1990",
      );
    }

    it("a household at the line is to be confirmed, accepts, and the support goes with it", async () => {
      const { id, stage, conclusion, documents } = await province.caseOf("POOR_HH", poor);
      expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
      expect(conclusion).to.deep.include({ outcome: "offer", reason: "poor" });
      expect(documents).to.deep.equal({ reused: ["population", "social", "tax", "land"], asked: [] });
      await province.answer(poor, "accept", { procedure: "POOR_HH" });
      await province.passes({ hours: 1 });
      expect((await province.caseOf("POOR_HH", poor)).stage).to.deep.equal({
        ...{ at: "closed", outcome: "completed" },
      });
      const status = province.held("social", poor, "pd:SocialStatus");
      expect(status).to.deep.equal({ b1: 120, b2: 40, confirmed: province.today() });
      const events = await wholeCase(province, id);
      for (const provider of ["qn-police", "qn-tax", "qn-land"])
        expect(saidBy(events, provider), provider).to.deep.equal(["access success"]);
      expect(saidBy(events, "qn-social").slice(-2)).to.deep.equal([
        ...["action step: confirmation", "action granted"],
      ]);
      expect(await province.findings()).to.deep.equal([]);
    });

    it("where insurance and tax know another income, the commune comes and looks", async () => {
      const { id, stage } = await province.caseOf("POOR_HH", unclear);
      expect(stage).to.deep.include({ at: "officer", why: "registers-disagree" });
      expect(await province.messages(unclear)).to.deep.equal([]);
      const events = await wholeCase(province, id);
      expect(saidBy(events, "qn-social").at(-1)).to.equal("action officer: registers-disagree");
    });
  });
});
