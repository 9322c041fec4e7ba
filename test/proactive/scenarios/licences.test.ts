import { expect } from "chai";
import type { DocumentKind } from "../../../proactive/population/documents.ts";
import type { Person } from "../../../proactive/population/people.ts";
import type { Category, RegisterCode } from "../../../proactive/registers/configurations.ts";
import { memberOf } from "../../../proactive/registers/facts.ts";
import { scenarioProvince, type ScenarioProvince } from "../province.ts";
import { saidBy, wholeCase } from "./whole.ts";

/** A licence that ends and is renewed: who leads, where it stands, and whom the lead reads from. */
interface Renewal {
  readonly procedure: string;
  readonly document: DocumentKind;
  readonly lead: string;
  readonly register: RegisterCode;
  readonly providers: readonly string[];
}

const RENEWALS: readonly Renewal[] = [
  {
    ...{ procedure: "MED_PRAC", document: "medical-practice", lead: "qn-health", register: "health" },
    providers: ["qn-justice", "qn-police"],
  },
  {
    ...{ procedure: "TOUR_GUIDE", document: "tour-guide", lead: "qn-culture", register: "culture" },
    providers: ["qn-health", "qn-police"],
  },
  {
    ...{ procedure: "VET_CERT", document: "veterinary", lead: "qn-agriculture", register: "agriculture" },
    providers: ["qn-education", "qn-health", "qn-police"],
  },
  {
    ...{ procedure: "TRANSPORT_LIC", document: "transport-badge", lead: "qn-construction" },
    ...{ register: "construction", providers: ["qn-finance", "qn-police"] },
  },
];
const CERTIFICATE: Category = "pd:ProfessionalCertification";

describe("licences and cards that end soon", function () {
  this.timeout(600_000);
  let province: ScenarioProvince;

  before(async () => (province = await scenarioProvince()));
  after(async () => await province.close());

  /** In working age, healthy, trained, and without a conviction. */
  function worker(): Person {
    return province.somebody(({ id, born }) => born > "1970" && born < "1996" && /[2-9][1-8]$/.test(id));
  }

  for (const { procedure, document, lead, register, providers } of RENEWALS) {
    it(`${procedure}: the renewal lies ready, one word renews it, and nobody had to bring a paper`, async () => {
      const holder = worker();
      if (procedure === "TRANSPORT_LIC")
        await province.told("population", holder, "pd:VehicalLicenseRegistration", {
          inspectedUntil: "2027-12-31",
        });
      const { expires } = await province.holds(holder, document, { endsInDays: 40 });
      await province.passes({ days: 2 });
      const { id, stage, documents } = await province.caseOf(procedure, holder);
      expect(stage.at, JSON.stringify(stage)).to.equal("waiting");
      expect(documents?.asked).to.deep.equal([]);
      const [message] = await province.messages(holder);
      expect(message?.procedure).to.equal(procedure);

      await province.answer(holder, "accept");
      await province.passes({ hours: 1 });
      expect((await province.caseOf(procedure, holder)).stage).to.deep.equal({
        ...{ at: "closed", outcome: "completed" },
      });
      const now = memberOf(province.held(register, holder, CERTIFICATE), "expires");
      expect(now)
        .to.be.a("string")
        .and.satisfy((day: string) => day > expires);
      const events = await wholeCase(province, id);
      for (const provider of providers) expect(saidBy(events, provider)).to.deep.equal(["access success"]);
      expect(new Set(events.map(({ source }) => source.split("/")[0]))).to.deep.equal(
        new Set([lead, ...providers]),
      );
      expect(saidBy(events, lead).slice(-4)).to.deep.equal([
        ...["action offer: renewal-prepared", "action told: inbox delivered, sms delivered"],
        ...["action step: renewal", "action granted"],
      ]);
      expect(await province.findings()).to.deep.equal([]);
    });
  }

  it("MED_PRAC: who has too few hours of training is told what is missing, and nothing is prepared", async () => {
    const nurse = worker();
    await province.told("health", nurse, "pd:WorkHistory", { trainingHours: 8 });
    await province.holds(nurse, "medical-practice", { endsInDays: 60 });
    await province.passes({ days: 2 });
    const { id, stage, documents } = await province.caseOf("MED_PRAC", nurse);
    expect(stage).to.deep.equal({ at: "closed", outcome: "told" });
    expect(documents?.asked).to.have.length(1);
    const [message] = await province.messages(nurse);
    expect(message?.text.en).to.contain("enough hours of further training");
    expect(message?.answers).not.to.include("accept");
    expect(saidBy(await wholeCase(province, id), "qn-health")).to.include(
      "action notify: requirement-missing",
    );
  });

  for (const [procedure, document] of [
    ["PASSPORT", "passport"],
    ["ID_CARD", "identity-card"],
  ] as const) {
    it(`${procedure}: the holder is told before it ends, and nothing is prepared`, async () => {
      const holder = worker();
      await province.holds(holder, document, { endsInDays: 80 });
      await province.passes({ days: 2 });
      const { id, stage } = await province.caseOf(procedure, holder);
      expect(stage).to.deep.equal({ at: "closed", outcome: "told" });
      const events = await wholeCase(province, id);
      expect(saidBy(events, "qn-police")).to.include("action notify: ends-soon");
      expect(province.gateway.sent.some(({ to }) => to === holder.phone)).to.equal(true);
    });
  }

  it("nobody is told twice of the same document, however many days go by", async () => {
    const holder = worker();
    await province.holds(holder, "passport", { endsInDays: 85 });
    await province.passes({ days: 2 });
    const before = (await province.messages(holder)).length;
    await province.passes({ days: 5 });
    expect((await province.messages(holder)).length).to.equal(before);
    expect(await province.findings()).to.deep.equal([]);
  });
});
