import { expect } from "chai";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";

describe("a driving licence that ends soon", function () {
  this.timeout(120_000);
  let province: ScenarioProvince;

  before(async () => (province = await scenarioProvince()));
  after(async () => await province.close());

  it("is renewed by one word, and everything about it is on the ledger", async () => {
    const driver = province.somebody(({ id, born }) => born < "1995" && /[1-9][1-8]$/.test(id));
    await province.holds(driver, "driving-licence", { endsInDays: 30 });
    await province.passes({ days: 2 });
    const file = await province.caseOf("DRIVER_LIC", driver);
    expect(file.stage.at, JSON.stringify(file)).to.equal("waiting");
    await province.answer(driver, "accept");
    await province.passes();
    expect((await province.caseOf("DRIVER_LIC", driver)).stage).to.deep.equal({
      at: "closed",
      outcome: "completed",
    });
    const events = await province.eventsOf(file.id);
    expect(events.map(({ source, says }) => `${source}: ${says}`)).to.deep.equal([
      // The police reads its own register and the health register; each side records its half.
      ...["qn-police/r1: access success", "qn-police/r1: access success"],
      ...["qn-health/r1: access success", "qn-police/r1: access success"],
      "qn-police/r1: action offer: renewal-prepared",
      "qn-police/r1: action told: inbox delivered, sms delivered",
      "qn-police/r1: action step: renewal",
      "qn-police/r1: action granted",
    ]);
    expect(await province.findings()).to.deep.equal([]);
  });
});
