import { expect } from "chai";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("what an acceptance starts at several agencies", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;

  before(async () => (province = await scenarioProvince()));
  after(async () => await province.close());

  it("a permit is granted and the water utility refuses: electricity stays connected, an officer has the water", async () => {
    const { households } = province.people;
    const owner = province.somebody(
      ({ id, household, born }) =>
        households[household]?.members[0] === id && born < "1995" && !id.endsWith("99"),
    );
    const site = "Thửa đất mới, chưa có số nhà";
    await province.told("construction", owner, "pd:PhysicalAddress", site);
    province.happens({ kind: "building-permit", owner: owner.id, permit: "GPXD-1", parcel: "QSDD-1" });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("BUILD_PERMIT", owner);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");

    // The utilities are no state agencies: what they read takes the owner's consent, and it is given to one of them.
    const { version } = (await province.call(owner, "catalogue")).json;
    const consentTo = async (utility: string): Promise<void> => {
      const given = await province.call(owner, "consents", {
        ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: [utility], language: "vi" },
        ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], controller: "qn-construction" },
        ...{ catalogue: version, notice: "connection-2026-1" },
        validUntil: "2027-12-31T00:00:00+07:00",
      });
      expect(given.status, JSON.stringify(given.json)).to.equal(201);
    };
    await consentTo("qn-electricity");
    await province.answer(owner, "accept");
    await province.passes();
    const held = await province.caseOf("BUILD_PERMIT", owner);
    expect(held.stage).to.deep.equal({ at: "officer", why: "step-refused", retry: "steps" });
    expect(held.steps.map(({ name, state, reason }) => [name, state, reason])).to.deep.equal([
      ["electricity", "done", undefined],
      ["water", "officer", "consent-missing"],
    ]);
    const before = await wholeCase(province, id);
    expect(saidBy(before, "qn-electricity")).to.deep.equal(["access success", "action step: electricity"]);
    expect(saidBy(before, "qn-water")).to.deep.equal([
      ...["access consent-missing", "action step: water: consent-missing"],
    ]);
    expect(saidBy(before, "qn-construction").includes("action granted")).to.equal(false);
    expect(province.held("electricity", owner, "pd:PhysicalAddress")).to.equal(site);
    expect(province.held("water", owner, "pd:PhysicalAddress")).not.to.equal(site);
    const [shown] = (await province.shownCases(owner)).filter(({ caseId }) => caseId === id);
    expect(shown?.steps.map(({ name, state }) => [name, state])).to.deep.equal([
      ["electricity", "done"],
      ["water", "officer"],
    ]);

    await consentTo("qn-water");
    expect((await province.decide(id, { decide: "retry" })).status).to.equal(200);
    await province.passes({ hours: 1 });
    expect((await province.caseOf("BUILD_PERMIT", owner)).stage).to.deep.equal({
      ...{ at: "closed", outcome: "completed" },
    });
    const after = await wholeCase(province, id);
    expect(saidBy(after, "qn-water")).to.include.members(["access success", "action step: water"]);
    expect(saidBy(after, "qn-construction").at(-1)).to.equal("action granted");
    expect(province.held("water", owner, "pd:PhysicalAddress")).to.equal(site);
    expect(await province.findings()).to.deep.equal([]);
  });

  it("a birth is registered, then the child has a residence and an insurance card, each by the agency of it", async () => {
    const mother = province.somebody(
      ({ sex, spouse, born }) => sex === "female" && spouse !== undefined && born > "1985" && born < "2004",
    );
    const notice = "99901.GCS.00077.26";
    province.happens({
      ...{ kind: "birth", notice, mother: mother.id, father: mother.spouse ?? "" },
      child: { id: "999326500077", name: "Nguyễn Minh Khôi", sex: "male" },
    });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("BIRTH_REG", notice);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
    await province.answer(mother, "accept");
    await province.passes({ hours: 1 });
    const closed = await province.caseOf("BIRTH_REG", notice);
    expect(closed.stage, JSON.stringify(closed.steps)).to.deep.equal({ at: "closed", outcome: "completed" });
    expect(province.held("civil-status", notice, "pd:Name")).to.equal("Nguyễn Minh Khôi");
    expect(province.held("population", notice, "pd:Residency")).to.equal(
      province.held("population", mother, "pd:Residency"),
    );
    expect(province.held("social", notice, "pd:Insurance")).to.deep.include({ health: true });
    expect(saidBy(await wholeCase(province, id), "qn-social")).to.deep.equal([
      "access success",
      "action step: health-insurance",
    ]);
    expect(await province.findings()).to.deep.equal([]);
  });
});
