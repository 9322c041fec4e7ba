import { expect } from "chai";
import { isJsonObject } from "../../../protocol/json.ts";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

describe("BUSINESS_REG: a business that changed", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;

  before(async () => (province = await scenarioProvince()));
  after(async () => await province.close());

  for (const { change, owed, says } of [
    { change: "address", owed: 0, says: "Your business changed the seat's address" },
    { change: "capital", owed: 1_200_000, says: "taxes are still due" },
  ]) {
    it(`the owner hears what follows the change of ${change}, with ${owed} of taxes due, and brings nothing`, async () => {
      const owner = province.somebody(({ born }) => born > "1965" && born < "1995");
      await province.told("tax", owner, "pd:Tax", { owed });
      province.happens({ ...{ kind: "business-change", owner: owner.id, business: "DN-1" }, change });
      await province.passes({ days: 2 });
      const { id, stage, documents } = await province.caseOf("BUSINESS_REG", owner);
      expect(stage).to.deep.equal({ at: "closed", outcome: "told" });
      expect(documents).to.deep.equal({ reused: ["business", "tax"], asked: [] });

      const [message] = await province.messages(owner);
      expect([message?.procedure, message?.answers]).to.deep.equal(["BUSINESS_REG", []]);
      expect(message?.text.en).to.contain(says);
      expect(message?.text.en.includes("taxes are still due")).to.equal(owed > 0);
      const events = await wholeCase(province, id);
      expect(saidBy(events, "qn-tax")).to.deep.equal(["access success"]);
      expect(saidBy(events, "qn-finance").slice(-2)).to.deep.equal([
        ...["action notify: registration-changed", "action told: inbox delivered, sms delivered"],
      ]);
      // The rule knew what is owed: whoever inspects it finds that among its inputs.
      const rule = events.find(({ says: said }) => said.startsWith("action notify"))?.facets.rule;
      expect(isJsonObject(rule) ? rule["inputs"] : undefined).to.deep.include({ change, owed });
      expect(await province.findings()).to.deep.equal([]);
    });
  }

  it("a change of a kind that nobody foresaw is an officer's", async () => {
    const owner = province.somebody(({ born }) => born > "1965" && born < "1995");
    province.happens({
      ...{ kind: "business-change", owner: owner.id, business: "DN-2", change: "flag" },
    });
    await province.passes({ days: 2 });
    const { id, stage } = await province.caseOf("BUSINESS_REG", owner);
    expect(stage).to.deep.include({ at: "officer", why: "change-unknown" });
    expect(await province.messages(owner)).to.deep.equal([]);
    expect(saidBy(await wholeCase(province, id), "qn-finance").at(-1)).to.equal(
      "action officer: change-unknown",
    );
  });
});
