import { expect } from "chai";
import type { Decision } from "../../../../protocol/decision-jws.ts";
import type { Consent, Facets } from "../../../../protocol/facet-values.ts";
import type { Catalogue } from "../../../../protocol/procedures.ts";
import { parseSource } from "../../../../protocol/source.ts";
import { type Judgement, judgeUse, peopleToAsk, withReader } from "../../../../server/findings/uses/rule.ts";
import { type RecordedUse, useIn } from "../../../../server/findings/uses/use.ts";
import {
  BIRTH,
  consentsOf,
  decisionFor,
  DESK,
  GIVEN,
  NOW,
  OTHER,
  PERSON,
  realCatalogue,
  WATER,
} from "./uses.ts";

const LOOK = {
  ...BIRTH,
  exchange: { messageId: "m", client: "qn-operator/desk", service: "qn-operator/statement" },
  data: { action: "R", personalData: ["minhbach:LedgerRecord"] },
  purpose: { procedure: "minhbach:inspection" },
} as const satisfies Facets;
const { case: _case, ...NO_CASE } = BIRTH;
const { purpose: _purpose, ...NO_PURPOSE } = BIRTH;
const ACTION = {
  type: "action",
  subject: PERSON,
  data: { action: "C", personalData: ["pd:Name", "pd:BirthPlace"] },
  purpose: { procedure: "BIRTH_REG" },
  case: "HS-1",
  time: { occurred: "2026-11-22T08:59:00Z" },
} as const satisfies Facets;
const { consent: _consent, ...WITHOUT } = decisionFor();
const END = (state: Consent["state"]): Consent => ({ id: "c-1", state });

describe("server/findings/uses/rule", () => {
  let catalogue: Catalogue;
  before(async () => {
    catalogue = await realCatalogue();
  });

  function useOf(facets: Facets, source = "qn-justice/r1", decision?: Decision): RecordedUse {
    const cited = decision === undefined ? facets : { ...facets, decision: "a.b.c" };
    const use = useIn(parseSource(source), cited, () => decision);
    if (use === undefined) throw new Error("this is no use");
    return use;
  }

  function judge(use: RecordedUse, acts: readonly Consent[] = [], changes: object = {}): Judgement {
    const records = consentsOf(acts);
    const consents = () => ({ records, isErased: false });
    const objects = () => false;
    return judgeUse(use, { catalogue, consentsOf: consents, objects, time: NOW, desk: DESK, ...changes });
  }

  /** In one line: the kinds of its faults, else its basis, else why nothing is said. */
  function brief({ faults, basis, unjudged }: Judgement): string {
    if (faults.length > 0) return faults.map(({ kind }) => kind).join(" ");
    if (basis === undefined) return `not judged: ${unjudged ?? ""}`;
    const { law, consent, ledger } = basis;
    return [law, consent, ledger].filter((part) => part !== undefined).join(" ");
  }

  const LAW = "63/2024/NĐ-CP";
  const table: readonly (readonly [
    given: string,
    use: () => RecordedUse,
    answer: string,
    acts?: readonly Consent[],
  ])[] = [
    ["what the procedure allows", () => useOf(BIRTH), LAW],
    ["no case", () => useOf(NO_CASE), "no-case"],
    ["no case, as the answering side records it", () => useOf(NO_CASE, "qn-police/r1"), LAW],
    ["no procedure", () => useOf(NO_PURPOSE), "no-legal-basis"],
    [
      "a procedure that nobody knows",
      () => useOf({ ...BIRTH, purpose: { procedure: "1.004222" } }),
      "no-legal-basis",
    ],
    [
      "a reader of no known type",
      () => useOf({ ...BIRTH, exchange: { ...BIRTH.exchange, client: "qn-unknown" } }),
      "no-legal-basis",
    ],
    [
      "a reader that is no agency",
      () => useOf({ ...BIRTH, exchange: { ...BIRTH.exchange, client: "VN/COM/acme" } }),
      "no-legal-basis",
    ],
    [
      "a reader whom the procedure does not name",
      () => useOf({ ...BIRTH, exchange: { ...BIRTH.exchange, client: "qn-tax" } }),
      "no-legal-basis",
    ],
    [
      "a register that the procedure does not name",
      () => useOf({ ...BIRTH, exchange: { ...BIRTH.exchange, service: "qn-tax/register" } }),
      "outside-purpose",
    ],
    [
      "one category too many",
      () => useOf({ ...BIRTH, data: { action: "R", personalData: ["pd:Name", "pd:CriminalConviction"] } }),
      "excess-categories",
    ],
    [
      "a category that this provider may not release, and another one may",
      () => useOf({ ...BIRTH, data: { action: "R", personalData: ["pd:BirthPlace"] } }),
      "excess-categories",
    ],
    [
      "a category of no catalogue from a register that the procedure does not name",
      () =>
        useOf({
          ...BIRTH,
          exchange: { ...BIRTH.exchange, service: "qn-tax/register" },
          data: { action: "R", personalData: ["anything"] },
        }),
      "outside-purpose",
    ],
    [
      "data given to whom the procedure gives it",
      () =>
        useOf({
          ...BIRTH,
          exchange: { ...BIRTH.exchange, client: "qn-justice", service: "qn-police/population" },
          data: { action: "C", personalData: ["pd:BirthPlace"] },
        }),
      LAW,
    ],
    ["refused", () => useOf({ ...NO_PURPOSE, outcome: { code: "refused" } }), "not judged: nothing-released"],
    ["failed", () => useOf({ ...NO_PURPOSE, outcome: { code: "failure" } }), "not judged: nothing-released"],
    [
      "taken over without a purpose",
      () => useOf({ ...NO_PURPOSE, handling: { origin: "xroad-opmon" } }),
      "not judged: imported",
    ],
    [
      "taken over with a wrong purpose",
      () =>
        useOf({ ...NO_CASE, purpose: { procedure: "PASSPORT" }, handling: { origin: "fhir-auditevent" } }),
      "no-legal-basis",
    ],
    ["an emergency", () => useOf({ ...NO_PURPOSE, handling: { emergency: true } }), "emergency-unreviewed"],
    ["a look by the desk", () => useOf(LOOK, DESK), "minhbach:inspection"],
    ["a look that somebody else records", () => useOf(LOOK, "qn-operator/r1"), "outside-purpose"],
    ["an action in a procedure of one's own", () => useOf(ACTION), LAW],
    [
      "an action by which a company is given data",
      () => useOf({ ...ACTION, exchange: { ...BIRTH.exchange, service: "VN/COM/bank" } }),
      "no-legal-basis",
    ],
    [
      "an action by which data is had from a company",
      () =>
        useOf({
          ...ACTION,
          exchange: { ...BIRTH.exchange, service: "VN/COM/bank" },
          data: { action: "R", personalData: ["pd:Name"] },
        }),
      "outside-purpose",
    ],
    [
      "an action between services of one agency",
      () => useOf({ ...ACTION, exchange: { ...BIRTH.exchange, service: "qn-justice/births" } }),
      LAW,
    ],
    ["an action in another's procedure", () => useOf(ACTION, "qn-tax/r1"), "no-legal-basis"],
    [
      "an action on data that the procedure is not about",
      () => useOf({ ...ACTION, data: { action: "U", personalData: ["pd:Income"] } }),
      "excess-categories",
    ],
    ["no consent", () => useOf(WATER), "consent-missing"],
    ["a consent", () => useOf(WATER), "c-1", [GIVEN]],
    ["a consent for less", () => useOf(WATER), "consent-missing", [{ ...GIVEN, personalData: ["pd:Name"] }]],
    [
      "a consent for another agency",
      () => useOf(WATER),
      "consent-missing",
      [{ ...GIVEN, recipients: ["qn-tax"] }],
    ],
    [
      "a consent that begins later",
      () => useOf(WATER),
      "consent-missing",
      [{ ...GIVEN, validFrom: "2026-12-01T00:00:00Z" }],
    ],
    [
      "a consent whose time is over",
      () => useOf(WATER),
      "consent-expired",
      [{ ...GIVEN, validUntil: "2026-11-22T09:00:00Z" }],
    ],
    ["a consent withdrawn", () => useOf(WATER), "consent-withdrawn", [GIVEN, END("ConsentWithdrawn")]],
    ["a consent revoked", () => useOf(WATER), "consent-withdrawn", [GIVEN, END("ConsentRevoked")]],
    ["a consent invalidated", () => useOf(WATER), "consent-withdrawn", [GIVEN, END("ConsentInvalidated")]],
    ["a consent lapsed by an act", () => useOf(WATER), "consent-expired", [GIVEN, END("ConsentExpired")]],
    [
      "a consent withdrawn and another one given",
      () => useOf(WATER),
      "c-2",
      [GIVEN, END("ConsentWithdrawn"), { ...GIVEN, id: "c-2" }],
    ],
    ["two people, one consent", () => useOf({ ...WATER, "subject.2": OTHER }), "consent-missing", [GIVEN]],
    [
      "a decision that covers it, and a consent withdrawn since",
      () => useOf(WATER, "qn-water/r1", decisionFor()),
      "c-1",
      [GIVEN, END("ConsentWithdrawn")],
    ],
    [
      "a decision about somebody else",
      () => useOf(WATER, "qn-water/r1", decisionFor({ subject: OTHER })),
      "consent-missing",
    ],
    [
      "a decision for another agency",
      () => useOf(WATER, "qn-water/r1", decisionFor({ agency: "qn-tax" })),
      "consent-missing",
    ],
    [
      "a decision for another procedure",
      () => useOf(WATER, "qn-water/r1", decisionFor({ procedure: "BIRTH_REG" })),
      "consent-missing",
    ],
    [
      "a decision for less",
      () => useOf(WATER, "qn-water/r1", decisionFor({ personalData: ["pd:Name"] })),
      "consent-missing",
    ],
    [
      "a decision for another provider",
      () => useOf(WATER, "qn-water/r1", decisionFor({ provider: "qn-tax" })),
      "consent-missing",
    ],
    [
      "a decision for no provider in particular, and data of one who may not release it",
      () =>
        useOf(
          { ...WATER, exchange: { ...WATER.exchange, service: "qn-tax/register" } },
          "qn-water/r1",
          decisionFor(),
        ),
      "outside-purpose",
      [GIVEN],
    ],
    [
      "a decision that had lapsed",
      () => useOf({ ...WATER, time: { occurred: "2026-11-22T09:03:00Z" } }, "qn-water/r1", decisionFor()),
      "consent-missing",
    ],
    [
      "a decision made afterwards",
      () => useOf({ ...WATER, time: { occurred: "2026-11-22T08:57:00Z" } }, "qn-water/r1", decisionFor()),
      "consent-missing",
    ],
    [
      "a decision that denies",
      () => useOf(WATER, "qn-water/r1", { ...WITHOUT, decision: false, reason: "consent-missing" }),
      "consent-missing",
    ],
    [
      "a decision to read, and a change",
      () => useOf({ ...WATER, data: { ...WATER.data, action: "D" } }, "qn-water/r1", decisionFor()),
      "consent-missing",
    ],
    [
      "a decision for an emergency",
      () =>
        useOf(WATER, "qn-water/r1", {
          ...{ ...WITHOUT, reason: "emergency" },
          emergency: { reason: "flood", overrides: "consent-missing" },
        }),
      "emergency-unreviewed",
    ],
  ];
  for (const [given, use, answer, acts] of table) {
    it(`given ${given}: ${answer}`, () => {
      expect(brief(judge(use(), acts))).to.equal(answer);
    });
  }

  it("says nothing while no catalogue is in force", () => {
    expect(brief(judge(useOf(NO_PURPOSE), [], { catalogue: undefined }))).to.equal(
      "not judged: no-catalogue",
    );
  });

  it("says nothing against a person's agency when what may have permitted it was erased", () => {
    const erased = { consentsOf: () => ({ records: [], isErased: true }) };
    expect(brief(judge(useOf(WATER), [], erased))).to.equal("not judged: consent-erased");
    // Another consent, of which everything can be read, still permits.
    const both = { consentsOf: () => ({ records: consentsOf([GIVEN]), isErased: true }) };
    expect(brief(judge(useOf(WATER), [], both))).to.equal("c-1");
    expect(brief(judge(useOf({ ...WATER, purpose: { procedure: "?" } }), [], erased))).to.equal(
      "no-legal-basis",
    );
  });

  it("asks for consents where they decide, and nowhere else", () => {
    expect(peopleToAsk(useOf(WATER), catalogue, { time: NOW })).to.deep.equal([PERSON]);
    expect(peopleToAsk(useOf(BIRTH), catalogue, { time: NOW })).to.deep.equal([]);
    expect(peopleToAsk(useOf(WATER, "qn-water/r1", decisionFor()), catalogue, { time: NOW })).to.deep.equal(
      [],
    );
    expect(
      peopleToAsk(useOf({ ...WATER, handling: { emergency: true } }), catalogue, { time: NOW }),
    ).to.deep.equal([]);
  });

  const RULE = { id: "birth-registration", version: "3" };
  /** A decision for a machine of justice, made just before it claims to have acted. */
  const forMachine = (changes: Partial<Decision> = {}): Decision => ({
    ...{ ...WITHOUT, agency: "qn-justice", procedure: "BIRTH_REG", reason: "law", basis: { law: LAW } },
    ...{ automated: true, ...changes },
  });
  const { automated: _automated, ...forOfficials } = forMachine();
  const MACHINE = { ...ACTION, rule: RULE };
  const machines: readonly (readonly [given: string, use: () => RecordedUse, isFound: boolean])[] = [
    ["a machine that acts by a rule", () => useOf(MACHINE), true],
    ["an official who acts", () => useOf(ACTION), false],
    ["a machine that reads", () => useOf({ ...BIRTH, rule: RULE }), false],
    ["a machine that only closes the case", () => useOf({ ...MACHINE, outcome: { code: "refused" } }), false],
    ["a machine that fails", () => useOf({ ...MACHINE, outcome: { code: "failure" } }), false],
    ["a machine that acts on somebody else too", () => useOf({ ...MACHINE, "subject.2": OTHER }), true],
    [
      "a machine that acts on another, for whom the person speaks",
      () => useOf({ ...MACHINE, subject: OTHER, "subject.2": { ...PERSON, role: "guardian" } }),
      false,
    ],
    [
      "a machine that acts on another, and on the person as a parent",
      () => useOf({ ...MACHINE, subject: OTHER, "subject.2": { ...PERSON, role: "parent" } }),
      true,
    ],
    ["a machine that was let", () => useOf(MACHINE, "qn-justice/r1", forMachine()), false],
    [
      "a machine that cites a decision for officials",
      () => useOf(MACHINE, "qn-justice/r1", forOfficials),
      true,
    ],
    [
      "a machine that was not let",
      () => useOf(MACHINE, "qn-justice/r1", forMachine({ decision: false, reason: "objected" })),
      true,
    ],
    [
      "a machine of another agency than was let",
      () => useOf(MACHINE, "qn-justice/r1", forMachine({ agency: "qn-tax" })),
      true,
    ],
    [
      "a machine that was let act on somebody else",
      () => useOf(MACHINE, "qn-justice/r1", forMachine({ subject: OTHER })),
      true,
    ],
    [
      "a machine that was let act in another procedure",
      () => useOf(MACHINE, "qn-justice/r1", forMachine({ procedure: "DEATH_REG" })),
      true,
    ],
    [
      "a machine that was let act at another time",
      () => useOf({ ...MACHINE, time: { occurred: "2026-11-22T09:03:00Z" } }, "qn-justice/r1", forMachine()),
      true,
    ],
    [
      "a machine that acts before it was let",
      () => useOf({ ...MACHINE, time: { occurred: "2026-11-22T08:57:00Z" } }, "qn-justice/r1", forMachine()),
      true,
    ],
  ];
  for (const [given, use, isFound] of machines) {
    it(`given that the person objects, and ${given}: ${isFound ? "objection-ignored" : "nothing"}`, () => {
      const objects = ({ id }: { readonly id: string }): boolean => id === PERSON.id;
      const kinds = judge(use(), [], { objects }).faults.map(({ kind }) => kind);
      expect(kinds).to.deep.equal(isFound ? ["objection-ignored"] : []);
      expect(judge(use()).faults, "while nobody objects").to.deep.equal([]);
    });
  }

  it("finds an objection ignored beside what else is wrong, and lets no decision excuse it a day after its end", () => {
    const objects = () => true;
    const { case: _case, ...caseless } = MACHINE;
    expect(brief(judge(useOf(caseless, "qn-tax/r1"), [], { objects }))).to.equal(
      "no-legal-basis objection-ignored no-case",
    );
    const let_ = forMachine();
    const lastMoment = let_.exp + 86_400;
    const use = useOf(MACHINE, "qn-justice/r1", let_);
    expect(brief(judge(use, [], { objects, time: lastMoment }))).to.equal(LAW);
    expect(brief(judge(use, [], { objects, time: lastMoment + 1 }))).to.equal("objection-ignored");
  });

  it("lets no decision excuse what came more than a day after its end", () => {
    const decision = decisionFor();
    const use = useOf(WATER, "qn-water/r1", decision);
    const acts = [GIVEN, END("ConsentWithdrawn")];
    const lastMoment = decision.exp + 86_400;
    expect(brief(judge(use, acts, { time: lastMoment }))).to.equal("c-1");
    expect(peopleToAsk(use, catalogue, { time: lastMoment })).to.deep.equal([]);
    expect(brief(judge(use, acts, { time: lastMoment + 1 }))).to.equal("consent-withdrawn");
    expect(peopleToAsk(use, catalogue, { time: lastMoment + 1 })).to.deep.equal([PERSON]);
    expect(brief(judge(use, [GIVEN], { time: lastMoment + 1 })), "still in force then").to.equal("c-1");
  });

  it("names the agency, what was too much, and nobody's data", () => {
    const facets = {
      ...BIRTH,
      data: { action: "R", personalData: ["pd:Name", "pd:Tax", "pd:Income", "name of Mr Ng"] },
    } as const;
    const { faults } = judge(useOf(facets));
    expect(faults).to.deep.equal([
      {
        kind: "excess-categories",
        agency: "qn-justice",
        provider: "qn-police",
        procedure: "BIRTH_REG",
        categories: ["pd:Income", "pd:Tax"],
        unlisted: 1,
      },
    ]);
    const unknown = judge(useOf({ ...BIRTH, purpose: { procedure: "for Mr Ng" } }));
    expect(JSON.stringify(unknown)).not.to.include("Ng").and.not.include(PERSON.id).and.not.include("m-1");
  });

  describe("a record of the answering side", () => {
    it("is judged by the reader's where it says nothing", () => {
      const { case: _, purpose: __, ...silent } = WATER;
      const provider = useOf(silent, "qn-construction/r1");
      const reader = useOf(WATER, "qn-water/r1", decisionFor());
      expect(brief(judge(provider))).to.equal("no-legal-basis");
      expect(brief(judge(withReader(provider, reader)))).to.equal("c-1");
    });

    it("shows what the reader keeps back", () => {
      const data = { action: "R", personalData: ["pd:Name", "pd:PhysicalAddress", "pd:Income"] } as const;
      const provider = useOf({ ...WATER, data }, "qn-construction/r1");
      const reader = useOf(WATER, "qn-water/r1", decisionFor());
      expect(brief(judge(withReader(provider, reader)))).to.equal("excess-categories");
      const failed = useOf({ ...WATER, outcome: { code: "failure" } }, "qn-water/r1");
      expect(brief(judge(withReader(useOf(WATER, "qn-construction/r1"), failed)))).to.equal(
        "consent-missing",
      );
    });
  });
});
