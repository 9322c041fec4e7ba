import { expect } from "chai";
import type { Person } from "../../../proactive/population/people.ts";
import { parseDecision } from "../../../protocol/decision-jws.ts";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("when things are awkward", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;

  before(async () => (province = await scenarioProvince()));
  after(async () => await province.close());

  function driver(): Person {
    return province.somebody(({ id, born }) => born > "1965" && born < "1996" && /[1-9][1-8]$/.test(id));
  }

  it("a register is down for an hour: the case waits for it and is whole afterwards", async () => {
    const holder = driver();
    await province.holds(holder, "driving-licence", { endsInDays: 30 });
    await province.away("qn-health", async () => {
      await province.passes({ days: 1 });
      await province.passes({ hours: 1 });
      const { stage, tries } = await province.caseOf("DRIVER_LIC", holder);
      expect(stage.at, JSON.stringify(stage)).to.equal("reading");
      expect(tries).to.be.above(1);
    });
    await province.passes({ hours: 1 });
    const { id, stage, documents } = await province.caseOf("DRIVER_LIC", holder);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
    expect(documents).to.deep.equal({ reused: ["population", "health"], asked: [] });
    const events = await wholeCase(province, id);
    expect(saidBy(events, "qn-health")).to.deep.equal(["access success"]);
    // That nobody answered is said once, however often it was tried.
    expect(saidBy(events, "qn-police").filter((said) => said === "access unreachable")).to.have.length(1);
    expect(await province.findings()).to.deep.equal([]);
  });

  it("who objected is served by no machine: nothing is read, and the case ends", async () => {
    const holder = driver();
    const objected = await province.call(holder, "objections", { procedure: "DRIVER_LIC" });
    expect(objected.status, JSON.stringify(objected.json)).to.equal(201);
    await province.holds(holder, "driving-licence", { endsInDays: 30 });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("DRIVER_LIC", holder);
    expect(stage).to.deep.equal({ at: "closed", outcome: "objected" });
    expect(await province.messages(holder)).to.deep.equal([]);
    const events = await wholeCase(province, id);
    expect(events.map(({ says }) => says)).to.deep.equal(["access objected"]);
    expect(await province.findings()).to.deep.equal([]);
  });

  it("objects in the inbox: the case ends, and the next one is not begun by reading", async () => {
    const holder = driver();
    await province.holds(holder, "driving-licence", { endsInDays: 30 });
    await province.passes({ days: 2 });
    const first = await province.caseOf("DRIVER_LIC", holder);
    await province.answer(holder, "object", { procedure: "DRIVER_LIC" });
    await province.passes({ hours: 1 });
    const { stage } = await province.caseOf("DRIVER_LIC", holder);
    expect(stage).to.deep.equal({ at: "closed", outcome: "objected" });
    // It is on the ledger, for every agency, and the person finds it there.
    expect((await wholeCase(province, first.id)).at(-1)?.facets.type).to.equal("objection");
    const { json } = await province.call(holder, "objections");
    expect(json["objections"]).to.have.length(1);

    await province.holds(holder, "driving-licence", { endsInDays: 35 });
    await province.passes({ days: 2 });
    const next = await province.caseOf("DRIVER_LIC", holder);
    expect([next.id === first.id, next.stage]).to.deep.equal([false, { at: "closed", outcome: "objected" }]);
    const events = await wholeCase(province, next.id);
    expect(events.map(({ says }) => says)).to.deep.equal(["access objected"]);
    expect(await province.findings()).to.deep.equal([]);
  });

  it("a duplicate notice of birth makes one case and one child", async () => {
    const mother = province.somebody(
      ({ sex, spouse, born }) => sex === "female" && spouse !== undefined && born > "1985" && born < "2004",
    );
    const birth = {
      kind: "birth",
      notice: "99901.GCS.00079.26",
      mother: mother.id,
      father: mother.spouse ?? "",
      child: { id: "999326500079", name: "Trần Bảo An", sex: "male" },
    } as const;
    province.happens(birth);
    // Another facility knows the same child by a notice of its own.
    const other = "99902.GCS.00080.26";
    province.happens({ ...birth, notice: other });
    await province.passes({ days: 1 });
    province.happens(birth);
    await province.passes({ days: 2 });
    const offers = (await province.messages(mother)).filter(({ procedure }) => procedure === "BIRTH_REG");
    expect(offers).to.have.length(1);
    await province.answer(mother, "accept", { procedure: "BIRTH_REG" });
    await province.passes({ hours: 1 });
    const { id, stage } = await province.caseOf("BIRTH_REG", birth.notice);
    expect(stage).to.deep.equal({ at: "closed", outcome: "completed" });
    const events = await wholeCase(province, id);
    expect(events.filter(({ says }) => says === "action granted")).to.have.length(1);
    const cases = await province.agency("qn-justice").engine.list({ limit: 100 });
    const notices = cases.map(({ occasion }) => occasion.subject);
    expect(notices.filter((each) => [birth.notice, other].includes(each))).to.deep.equal([birth.notice]);
    expect(await province.findings()).to.deep.equal([]);
  });

  /** Whose name the land is in: a household's head. */
  function owner(): Person {
    const { households } = province.people;
    return province.somebody(
      ({ id, household, born }) =>
        households[household]?.members[0] === id && born < "1995" && !id.endsWith("99"),
    );
  }

  it("a wrong address at one agency is corrected where it is wrong, by the person's word and an officer's decision", async () => {
    const carrier = owner();
    const right = province.people.households[carrier.household]?.address.line ?? "";
    await province.told("business", carrier, "pd:PhysicalAddress", "Thôn cũ, xã cũ");
    await province.told("population", carrier, "pd:VehicalLicenseRegistration", {
      inspectedUntil: "2027-12-31",
    });
    await province.holds(carrier, "transport-badge", { endsInDays: 40 });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("TRANSPORT_LIC", carrier);
    expect(stage.at, JSON.stringify(stage)).to.equal("waiting");

    await province.answer(carrier, "correct", {
      ...{ procedure: "TRANSPORT_LIC", correction: { category: "pd:PhysicalAddress", value: right } },
    });
    await province.passes({ hours: 1 });
    const disputed = await province.caseOf("TRANSPORT_LIC", carrier);
    expect(disputed.stage, JSON.stringify(disputed.stage)).to.deep.include({
      ...{ at: "officer", why: "data-disputed" },
    });
    // The person's word alone changes nothing.
    expect(province.held("business", carrier, "pd:PhysicalAddress")).to.equal("Thôn cũ, xã cũ");
    const decided = await province.decide(id, {
      ...{ decide: "correct", category: "pd:PhysicalAddress", value: right },
    });
    expect(decided.status, JSON.stringify(decided.json)).to.equal(200);
    await province.passes({ hours: 2 });
    expect(province.held("business", carrier, "pd:PhysicalAddress")).to.equal(right);
    const after = await province.caseOf("TRANSPORT_LIC", carrier);
    expect([after.stage.at, after.round], JSON.stringify(after.stage)).to.deep.equal(["waiting", 2]);

    await province.answer(carrier, "accept", { procedure: "TRANSPORT_LIC" });
    await province.passes({ hours: 1 });
    const events = await wholeCase(province, id);
    expect(saidBy(events, "qn-finance")).to.deep.equal([
      "access success",
      "action success",
      "access success",
    ]);
    expect(saidBy(events, "qn-construction")).to.include.members([
      ...["action officer: correct", "action offer: renewal-prepared (concluded anew)", "action granted"],
    ]);
    expect(await province.findings()).to.deep.equal([]);
  });

  describe("BUILD_PERMIT, and the owner consents that the utilities get the address of the site", () => {
    const SITE = "Thửa đất mới, chưa có số nhà";

    /** A permit is issued, noticed and offered, and the owner has consented. */
    async function offered(
      number: number,
    ): Promise<{ builder: Person; caseId: string; withdraw: () => Promise<void> }> {
      const builder = owner();
      await province.told("construction", builder, "pd:PhysicalAddress", SITE);
      province.happens({
        ...{ kind: "building-permit", owner: builder.id, permit: `GPXD-${number}`, parcel: `QSDD-${number}` },
      });
      await province.passes({ days: 2 });
      const { version } = (await province.call(builder, "catalogue")).json;
      const given = await province.call(builder, "consents", {
        ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: ["qn-electricity", "qn-water"] },
        ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], controller: "qn-construction", language: "vi" },
        ...{ catalogue: version, notice: "connection-2026-1", validUntil: "2027-12-31T00:00:00+07:00" },
      });
      expect(given.status, JSON.stringify(given.json)).to.equal(201);
      const { id: caseId } = await province.caseOf("BUILD_PERMIT", builder);
      const withdraw = async (): Promise<void> => {
        const answer = await province.call(builder, `consents/${String(given.json["id"])}/withdrawal`, {});
        expect(answer.status, JSON.stringify(answer.json)).to.equal(200);
      };
      return { builder, caseId, withdraw };
    }

    async function stepsOf(builder: Person): Promise<unknown[]> {
      const { stage, steps } = await province.caseOf("BUILD_PERMIT", builder);
      expect(stage, JSON.stringify(stage)).to.deep.include({ at: "officer", why: "step-refused" });
      return steps.map(({ name, state, reason }) => [name, state, reason]);
    }

    it("withdraws it before anybody has read: no utility is let read, each says so, and none has the address", async () => {
      const { builder, caseId, withdraw } = await offered(7);
      await province.answer(builder, "accept", { procedure: "BUILD_PERMIT" });
      await withdraw();
      await province.passes({ hours: 1 });
      expect(await stepsOf(builder)).to.deep.equal([
        ["electricity", "officer", "consent-withdrawn"],
        ["water", "officer", "consent-withdrawn"],
      ]);
      const events = await wholeCase(province, caseId);
      for (const utility of ["electricity", "water"] as const) {
        expect(saidBy(events, `qn-${utility}`)).to.deep.equal([
          ...["access consent-withdrawn", `action step: ${utility}: consent-withdrawn`],
        ]);
        expect(province.held(utility, builder, "pd:PhysicalAddress")).not.to.equal(SITE);
      }
      expect(await province.findings()).to.deep.equal([]);
    });

    it("withdraws it between decision and read: what was decided is read by, everything after it is refused", async () => {
      const { builder, caseId, withdraw } = await offered(8);
      await province.answer(builder, "accept", { procedure: "BUILD_PERMIT" });
      const read = `${province.agency("qn-construction").url}/read`;
      const fetched = globalThis.fetch;
      let asked = 0;
      globalThis.fetch = async (where, request) => {
        // The ledger has decided, the register was not asked yet.
        if (
          where === read &&
          new Headers(request?.headers).get("x-road-client") === "qn-electricity/electricity"
        ) {
          asked += 1;
          await withdraw();
        }
        return await fetched(where, request);
      };
      try {
        await province.passes();
      } finally {
        globalThis.fetch = fetched;
      }
      await province.passes({ hours: 1 });
      expect(asked).to.equal(1);
      expect(await stepsOf(builder)).to.deep.equal([
        ["electricity", "done", undefined],
        ["water", "officer", "consent-withdrawn"],
      ]);
      const events = await wholeCase(province, caseId);
      expect(saidBy(events, "qn-electricity")).to.deep.equal(["access success", "action step: electricity"]);
      // What is cited is the decision that rests on the consent, as it was then.
      const release = events.find(
        ({ source, says }) => source === "qn-electricity/r1" && says === "access success",
      );
      const { decision } = parseDecision(String(release?.facets.decision));
      expect(decision.reason).to.equal("consent");
      expect(province.held("water", builder, "pd:PhysicalAddress")).not.to.equal(SITE);
      expect(await province.findings()).to.deep.equal([]);
    });
  });
});
