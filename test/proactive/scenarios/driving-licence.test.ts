import { expect } from "chai";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("a driving licence that ends soon", function () {
  this.timeout(600_000);
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
    const events = await wholeCase(province, file.id);
    // The police reads its own register and the health register; each side records its half.
    expect(saidBy(events, "qn-health")).to.deep.equal(["access success"]);
    expect(saidBy(events, "qn-police")).to.deep.equal([
      ...["access success", "access success", "access success"],
      ...["action offer: renewal-prepared", "action told: inbox delivered, sms delivered"],
      ...["action step: renewal", "action granted"],
    ]);
    expect(await province.findings()).to.deep.equal([]);
  });
});
