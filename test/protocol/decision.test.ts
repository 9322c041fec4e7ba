import { expect } from "chai";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import type { ConsentRecord } from "../../protocol/consent.ts";
import {
  catalogueGround,
  type DecisionQuestion,
  DENIAL_REASONS,
  type DenialReason,
  evaluate,
  type Obligation,
  PERMIT_REASONS,
  type PermitReason,
} from "../../protocol/decision.ts";
import {
  type Decision,
  decisionMisuse,
  type DecisionMisuse,
  makeDecision,
  parseDecision,
  parseDecisionPayload,
} from "../../protocol/decision-jws.ts";
import { keyId, MAX_JWS_LENGTH, parseCompactJws, signJws, verifyJws } from "../../protocol/jws.ts";
import { makeReceipt, parseReceipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import {
  act,
  type ActChanges,
  AN,
  BINH,
  CONSTRUCTION,
  consentOf,
  noon,
  smallCatalogue,
  TERMS,
} from "./consent-world.ts";
import { expectCode } from "./expect-code.ts";

/** What is asked, unless a row says otherwise: may the water works read the name and the address of An, for the building permit? */
const WATER: DecisionQuestion = {
  agency: "qn-water",
  action: "read",
  subject: AN,
  procedure: "BUILD_PERMIT",
  personalData: ["pd:Name", "pd:PhysicalAddress"],
};
const BIRTH: DecisionQuestion = {
  ...{ agency: "qn-justice", action: "read", subject: AN, procedure: "BIRTH_REG" },
  personalData: ["pd:Name", "pd:BirthDate"],
};
const FIRE = { emergency: { reason: "The house is on fire" } };

const given = (changes?: ActChanges): ConsentRecord[] => records(act("ConsentGiven", changes));
function records(...acts: Parameters<typeof consentOf>[0]): ConsentRecord[] {
  const ids = new Set(acts.map(({ consent }) => consent.id));
  return [...ids].flatMap((id) => consentOf(acts, { person: AN, id }) ?? []);
}

type Answer = PermitReason | DenialReason;
/** When asked (a day's noon of 2026), what is asked, which consents there are -> answer, and what is owed. */
const TABLE: readonly (readonly [
  subject: string,
  day: string,
  question: DecisionQuestion,
  consents: readonly ConsentRecord[],
  answer: Answer,
  owed?: readonly Obligation[],
])[] = [
  // By law
  ["civil status reads what hospitals notify", "11-22", BIRTH, [], "law", ["inspect-afterwards"]],
  [
    "and what the police register",
    "11-22",
    { ...BIRTH, personalData: ["pd:Residency"] },
    [],
    "law",
    ["inspect-afterwards"],
  ],
  [
    "from the provider named",
    "11-22",
    { ...BIRTH, provider: "qn-hospital" },
    [],
    "law",
    ["inspect-afterwards"],
  ],
  [
    "a machine that decides tells the person, and is looked at",
    "11-22",
    { ...BIRTH, agency: "qn-police", procedure: "PASSPORT", personalData: ["pd:Name"] },
    [],
    "law",
    ["notify-person", "inspect-afterwards"],
  ],
  [
    "the other provider does not have it",
    "11-22",
    { ...BIRTH, provider: "qn-police" },
    [],
    "category-not-allowed",
  ],
  ["nobody of that type provides", "11-22", { ...BIRTH, provider: "qn-water" }, [], "not-from-this-provider"],
  [
    "a provider that nobody knows",
    "11-22",
    { ...BIRTH, provider: "qn-nowhere" },
    [],
    "not-from-this-provider",
  ],
  ["an agency that is no member", "11-22", { ...BIRTH, agency: "qn-stranger" }, [], "unknown-agency"],
  ["a member that has no part in it", "11-22", { ...BIRTH, agency: "qn-water" }, [], "not-a-party"],
  ["whoever only provides", "11-22", { ...BIRTH, agency: "qn-hospital" }, [], "not-a-party"],
  [
    "a category more",
    "11-22",
    { ...BIRTH, personalData: ["pd:Name", "pd:Income"] },
    [],
    "category-not-allowed",
  ],
  ["a category that nobody knows", "11-22", { ...BIRTH, personalData: ["name"] }, [], "unknown-category"],
  ["a procedure that nobody knows", "11-22", { ...BIRTH, procedure: "BIRTH" }, [], "unknown-procedure"],
  ["writing", "11-22", { ...BIRTH, action: "write" }, [], "unknown-action"],
  [
    "the ledger's own procedures",
    "11-22",
    { ...BIRTH, procedure: "minhbach:inspection" },
    [],
    "reserved-procedure",
  ],
  // With consent
  ["nobody asked the person", "11-22", WATER, [], "consent-missing"],
  ["the person was asked", "11-22", WATER, records(act("ConsentRequested")), "consent-missing"],
  ["the person consented", "11-22", WATER, given(), "consent", []],
  [
    "to fewer categories",
    "11-22",
    WATER,
    given({ consent: { personalData: ["pd:Name"] } }),
    "consent-too-narrow",
  ],
  ["and one of them is asked", "11-22", { ...WATER, personalData: ["pd:Name"] }, given(), "consent", []],
  [
    "to another recipient",
    "11-22",
    WATER,
    given({ consent: { recipients: ["qn-justice"] } }),
    "consent-missing",
  ],
  [
    "to another procedure",
    "11-22",
    WATER,
    given({ consent: { procedures: ["PASSPORT"] } }),
    "consent-missing",
  ],
  [
    "to two procedures at once",
    "11-22",
    WATER,
    given({ consent: { procedures: ["BUILD_PERMIT", "PASSPORT"] } }),
    "consent-missing",
  ],
  ["another person did", "11-22", { ...WATER, subject: BINH }, given(), "consent-missing"],
  ["an agency says the person did", "11-22", WATER, given({ source: CONSTRUCTION }), "consent-missing"],
  [
    "from December on",
    "11-22",
    WATER,
    given({ consent: { validFrom: "2026-12-01T00:00:00+07:00" } }),
    "consent-not-yet-valid",
  ],
  [
    "until 20 November",
    "11-22",
    WATER,
    given({ consent: { validUntil: "2026-11-20T00:00:00+07:00" } }),
    "consent-expired",
  ],
  [
    "and refused",
    "11-22",
    WATER,
    records(act("ConsentRequested", { consent: TERMS }), act("ConsentRefused")),
    "consent-refused",
  ],
  [
    "and withdrew",
    "11-22",
    WATER,
    records(act("ConsentGiven"), act("ConsentWithdrawn")),
    "consent-withdrawn",
  ],
  [
    "and the controller ended it",
    "11-22",
    WATER,
    records(act("ConsentGiven"), act("ConsentRevoked")),
    "consent-revoked",
  ],
  [
    "and an authority annulled it",
    "11-22",
    WATER,
    records(act("ConsentGiven"), act("ConsentInvalidated")),
    "consent-invalidated",
  ],
  [
    "withdrew, and consented anew",
    "11-22",
    WATER,
    records(act("ConsentGiven"), act("ConsentWithdrawn"), act("ConsentGiven", { consent: { id: "c-2" } })),
    "consent",
    [],
  ],
  [
    "one that was erased",
    "11-22",
    WATER,
    given().map((record) => ({ ...record, erased: true })),
    "consent-erased",
  ],
  ["the one that is named", "11-22", { ...WATER, consent: "c-1" }, given(), "consent", []],
  ["not the one that is named", "11-22", { ...WATER, consent: "c-9" }, given(), "consent-missing"],
  [
    "a consent opens nothing that the catalogue does not",
    "11-22",
    { ...WATER, personalData: ["pd:Income"] },
    given({ consent: { personalData: ["pd:Income"] } }),
    "category-not-allowed",
  ],
  [
    "a consent lets no stranger in",
    "11-22",
    { ...WATER, agency: "qn-stranger" },
    given({ consent: { recipients: ["qn-stranger"] } }),
    "unknown-agency",
  ],
  [
    "part by law, part by consent",
    "11-22",
    { ...WATER, personalData: ["pd:Name", "pd:Ownership"] },
    given(),
    "law-and-consent",
    [],
  ],
  [
    "part by law, and no consent to the rest",
    "11-22",
    { ...WATER, personalData: ["pd:Name", "pd:Ownership"] },
    [],
    "consent-missing",
  ],
  // In an emergency
  [
    "what needs consent",
    "11-22",
    { ...WATER, ...FIRE },
    [],
    "emergency",
    ["notify-person", "review-emergency"],
  ],
  [
    "what was withdrawn",
    "11-22",
    { ...WATER, ...FIRE },
    records(act("ConsentGiven"), act("ConsentWithdrawn")),
    "emergency",
    ["notify-person", "review-emergency"],
  ],
  [
    "what another agency may",
    "11-22",
    { ...BIRTH, agency: "qn-water", ...FIRE },
    [],
    "emergency",
    ["notify-person", "review-emergency"],
  ],
  [
    "more than the procedure may",
    "11-22",
    { ...BIRTH, personalData: ["pd:Income"], ...FIRE },
    [],
    "emergency",
    ["notify-person", "review-emergency"],
  ],
  [
    "from somebody else",
    "11-22",
    { ...BIRTH, provider: "qn-water", ...FIRE },
    [],
    "emergency",
    ["notify-person", "review-emergency"],
  ],
  ["what is allowed anyway is none", "11-22", { ...BIRTH, ...FIRE }, [], "law", ["inspect-afterwards"]],
  [
    "no emergency makes a member",
    "11-22",
    { ...BIRTH, agency: "qn-stranger", ...FIRE },
    [],
    "unknown-agency",
  ],
  ["nor a procedure", "11-22", { ...BIRTH, procedure: "FIRE", ...FIRE }, [], "unknown-procedure"],
  ["nor a category", "11-22", { ...BIRTH, personalData: ["everything"], ...FIRE }, [], "unknown-category"],
  ["nor another action", "11-22", { ...BIRTH, action: "write", ...FIRE }, [], "unknown-action"],
  [
    "nor opens the ledger's own",
    "11-22",
    { ...BIRTH, procedure: "minhbach:inspection", ...FIRE },
    [],
    "reserved-procedure",
  ],
];

const SEED = new Uint8Array(32).fill(7);
const KEY = {
  alg: "EdDSA",
  kid: keyId("EdDSA", ed25519.getPublicKey(SEED)),
  sign: (data: Uint8Array) => ed25519.sign(data, SEED),
} as const;
const LOG = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };

const DECISION: Decision = {
  ...{ log: LOG, jti: "AAAAAAAAAAAAAAAAAAAAAA", iat: 1_800_000_000, exp: 1_800_000_300 },
  ...{
    subject: AN,
    agency: "qn-water",
    procedure: "BUILD_PERMIT",
    personalData: ["pd:Name"],
    action: "read",
  },
  ...{ decision: true, reason: "consent", consent: "c-1", obligations: ["notify-person"], size: 12 },
  catalogue: { version: "1", digest: "A".repeat(43) },
};

/** What every row is also asked with: a machine asks, and the person objects. */
const OBJECTING = { objects: true };

describe("protocol/decision", () => {
  const catalogue = smallCatalogue();

  for (const [subject, day, question, consents, answer, owed = []] of TABLE) {
    it(`where ${subject}, a machine has the same answer while nobody objects, and no emergency of its own`, () => {
      const { emergency: _emergency, ...plain } = question;
      const asked = evaluate({ ...question, automated: true }, catalogue, consents, noon(day));
      expect(asked).to.deep.equal(evaluate(plain, catalogue, consents, noon(day)));
    });

    it(`where ${subject}, a machine is told that the person objects where the catalogue would let it read at all`, () => {
      const { allowed } = catalogueGround(question, catalogue);
      const asked = evaluate({ ...question, automated: true }, catalogue, consents, noon(day), OBJECTING);
      if (allowed) expect(asked).to.deep.equal({ permit: false, reason: "objected", obligations: [] });
      else expect(asked).to.include({ permit: false }).and.not.include({ reason: "objected" });
    });

    it(`where ${subject}, an official reads as if nobody objected`, () => {
      const asked = evaluate(question, catalogue, consents, noon(day), OBJECTING);
      expect(asked).to.deep.equal(evaluate(question, catalogue, consents, noon(day)));
    });

    it(`${question.emergency ? "in an emergency, " : ""}${subject} -> ${answer}`, () => {
      const verdict = evaluate(question, catalogue, consents, noon(day));
      expect(verdict.reason).to.equal(answer);
      expect(verdict.permit).to.equal(PERMIT_REASONS.some((reason) => reason === answer));
      expect(verdict.obligations).to.deep.equal(owed);
    });
  }

  it("has a row for every answer but the one that only a broken catalogue gives, and the one for machines", () => {
    const answered = new Set(TABLE.map(([, , , , answer]) => answer));
    const missing = [...PERMIT_REASONS, ...DENIAL_REASONS].filter((reason) => !answered.has(reason));
    expect(missing).to.deep.equal(["no-legal-basis", "objected"]);
    const procedures = new Map(
      [...catalogue.procedures].map(([code, procedure]) => [code, { ...procedure, legalBasis: [] }]),
    );
    expect(evaluate(BIRTH, { ...catalogue, procedures }, [], 0).reason).to.equal("no-legal-basis");
  });

  it("names the procedure's own law, and the consent it rests on", () => {
    expect(evaluate(BIRTH, catalogue, [], 0)).to.deep.include({
      basis: { law: "63/2024/NĐ-CP" },
      until: Infinity,
    });
    const mixed = { ...WATER, personalData: ["pd:Name", "pd:Ownership"] };
    expect(evaluate(mixed, catalogue, given(), noon("11-22"))).to.deep.include({
      basis: { law: "91/2025/QH15", article: "19.1.c" },
      consent: "c-1",
      until: Date.parse("2027-01-01T00:00:00+07:00") / 1000,
    });
    const onlyConsent = evaluate(WATER, catalogue, given(), noon("11-22"));
    expect(onlyConsent).not.to.have.property("basis");
  });

  it("permits to the last second of a consent and no longer", () => {
    const until = Date.parse("2027-01-01T00:00:00+07:00") / 1000;
    expect(evaluate(WATER, catalogue, given(), until - 1).reason).to.equal("consent");
    expect(evaluate(WATER, catalogue, given(), until).reason).to.equal("consent-expired");
  });

  it("rests on the consent that lasts longest", () => {
    const longer = act("ConsentGiven", { consent: { id: "c-0", validUntil: "2028-01-01T00:00:00Z" } });
    const consents = records(act("ConsentGiven"), longer, act("ConsentGiven", { consent: { id: "c-2" } }));
    expect(evaluate(WATER, catalogue, consents, noon("11-22"))).to.include({ consent: "c-0" });
  });

  it("says in an emergency what it overrides", () => {
    expect(evaluate({ ...WATER, ...FIRE }, catalogue, [], 0)).to.include({ overrides: "consent-missing" });
  });

  it("relies on no consent whose id would not fit into a signed decision", () => {
    const consents = records(act("ConsentGiven", { consent: { id: "đ".repeat(128) } }));
    expect(evaluate(WATER, catalogue, consents, noon("11-22")).reason).to.equal("consent-missing");
  });

  it("denies everybody everything by a catalogue from before it named members", () => {
    const old = smallCatalogue({ members: undefined });
    expect(evaluate(BIRTH, old, [], 0).reason).to.equal("unknown-agency");
  });
});

describe("protocol/decision-jws", () => {
  it("reads what it signs", () => {
    const emergency = { reason: "Người bệnh bất tỉnh", overrides: "consent-missing" } as const;
    const { consent, ...plain } = DECISION;
    expect(consent).to.equal("c-1");
    const decisions: Decision[] = [
      DECISION,
      { ...plain, provider: "qn-construction", reason: "law", basis: { law: "63/2024/NĐ-CP" } },
      { ...DECISION, reason: "law-and-consent", basis: { law: "91/2025/QH15", article: "19.1.c" } },
      { ...plain, reason: "emergency", emergency, obligations: ["notify-person", "review-emergency"] },
      { ...plain, decision: false, reason: "consent-withdrawn", obligations: [] },
      { ...DECISION, automated: true },
      { ...plain, automated: true, decision: false, reason: "objected", obligations: [] },
    ];
    for (const decision of decisions) {
      const text = makeDecision(decision, KEY);
      const parsed = parseDecision(text);
      expect(parsed.decision).to.deep.equal(decision);
      expect(verifyJws(parsed.jws, { alg: "EdDSA", key: ed25519.getPublicKey(SEED) })).to.equal(true);
    }
  });

  it("fits into the facet at its longest", () => {
    const longest: Decision = {
      ...DECISION,
      log: { chainId: Number.MAX_SAFE_INTEGER, registry: LOG.registry, logId: Number.MAX_SAFE_INTEGER },
      subject: { scheme: "vn-newborn", id: "12345.GCS.12345.26" },
      ...{
        agency: "a".repeat(31),
        provider: "b".repeat(31),
        procedure: "P".repeat(64),
        action: "a".repeat(64),
      },
      personalData: Array.from(
        { length: 32 },
        (_, at) => `pd:${String(at).padStart(2, "0")}${"c".repeat(25)}`,
      ),
      ...{ reason: "law-and-consent", basis: { law: "Đ".repeat(64), article: "1".repeat(64) } },
      ...{
        consent: '"'.repeat(64),
        obligations: ["notify-person", "inspect-afterwards", "review-emergency"],
      },
      ...{
        catalogue: { version: "v".repeat(32), digest: "A".repeat(43) },
        size: Number.MAX_SAFE_INTEGER - 1,
      },
    };
    expect(longest.personalData.join().length).to.be.within(960, 1000);
    expect(makeDecision(longest, KEY).length).to.be.at.most(MAX_JWS_LENGTH);
    const { consent, basis, ...urgent } = longest;
    expect([consent, basis]).not.to.include(undefined);
    const emergency = { reason: "\\".repeat(149), overrides: "consent-not-yet-valid" } as const;
    const text = makeDecision({ ...urgent, reason: "emergency", emergency }, KEY);
    expect(text.length).to.be.at.most(MAX_JWS_LENGTH);
    expect(makeDecision({ ...longest, automated: true }, KEY).length).to.be.at.most(MAX_JWS_LENGTH);
  });

  it("is never a receipt, and a receipt is never a decision, though one key signs both", () => {
    const receipt = makeReceipt(
      {
        ...{ log: LOG, src: parseSource("qn-police/r1"), first: 1, count: 1, root: new Uint8Array(32) },
        ...{ index: 0, time: 1, anchorBy: 2, indexBy: 0 },
      },
      KEY,
    );
    expectCode("jws-type", () => parseDecision(receipt));
    expectCode("jws-type", () => parseReceipt(makeDecision(DECISION, KEY)));
    const disguised = signJws(
      { alg: "EdDSA", kid: KEY.kid, typ: "decision+jws" },
      parseCompactJws(receipt, "receipt+jws").payload,
      KEY.sign,
    );
    expectCode("decision", () => parseDecision(disguised));
  });

  const { log, ...members } = DECISION;
  const payload = { log: `31337:${LOG.registry}:1`, ...members };
  const WRONG: readonly (readonly [string, object])[] = [
    ["a member too many", { more: 1 }],
    ["a member too few", { size: undefined }],
    ["longer than five minutes", { exp: payload.iat + 301 }],
    ["over before it begins", { exp: payload.iat - 1 }],
    ["a yes with the reason of a no", { reason: "consent-missing" }],
    ["a no with the reason of a yes", { decision: false }],
    ["a consent without its id", { consent: undefined }],
    ["a law without its name", { reason: "law", consent: undefined }],
    ["an emergency without its reason", { reason: "emergency", consent: undefined }],
    ["an obligation that nobody knows", { obligations: ["pay"] }],
    ["somebody without a number", { subject: { scheme: "vn-cccd", id: "1" } }],
    ["an agency that can be none", { agency: "QN" }],
    ["a digest that is none", { catalogue: { version: "1", digest: "x" } }],
    ["a size that is none", { size: -1 }],
    ["categories that are no texts", { personalData: [1] }],
    ["a decision that is no boolean", { decision: "true" }],
    ["an id that is none", { jti: "x" }],
    ["a machine that may or may not ask", { automated: false }],
    [
      "an objection where no machine asks",
      { decision: false, reason: "objected", consent: undefined, obligations: [] },
    ],
    [
      "an emergency that a machine declares",
      {
        ...{ reason: "emergency", consent: undefined, automated: true },
        emergency: { reason: "Cháy", overrides: "consent-missing" },
      },
    ],
    [
      "an emergency that overrules an objection",
      { reason: "emergency", consent: undefined, emergency: { reason: "Cháy", overrides: "objected" } },
    ],
  ];
  for (const [subject, changes] of WRONG) {
    it(`refuses ${subject}`, () => {
      const text: unknown = JSON.parse(JSON.stringify({ ...payload, ...changes }));
      expectCode("decision", () => parseDecisionPayload(text));
    });
  }

  it("is what it is the example of", () => {
    expect(log).to.equal(LOG);
    expect(parseDecisionPayload(payload)).to.deep.equal(DECISION);
  });

  const ACCESS = {
    ...{ agency: "qn-water", procedure: "BUILD_PERMIT", people: [AN], personalData: ["pd:Name"] },
    at: DECISION.iat,
  };
  const USES: readonly (readonly [
    string,
    Partial<typeof ACCESS>,
    Partial<Decision>,
    DecisionMisuse | undefined,
  ])[] = [
    ["what it is for", {}, {}, undefined],
    ["in its last second", { at: DECISION.exp - 1 }, {}, undefined],
    ["when it has ended", { at: DECISION.exp }, {}, "another-time"],
    ["before it was made", { at: DECISION.iat - 1 }, {}, "another-time"],
    ["for another agency", { agency: "qn-justice" }, {}, "another-agency"],
    ["for another procedure", { procedure: "PASSPORT" }, {}, "another-procedure"],
    ["for another person", { people: [BINH] }, {}, "another-person"],
    ["for one person more", { people: [AN, BINH] }, {}, "another-person"],
    ["for nobody", { people: [] }, {}, "another-person"],
    ["for a category more", { personalData: ["pd:Name", "pd:Income"] }, {}, "more-categories"],
    ["although it is a no", {}, { decision: false, reason: "consent-missing" }, "denied"],
  ];
  for (const [subject, access, decision, misuse] of USES) {
    it(`covers ${subject}: ${misuse ?? "yes"}`, () => {
      expect(decisionMisuse({ ...DECISION, ...decision }, { ...ACCESS, ...access })).to.equal(misuse);
    });
  }

  it("never throws anything but a FormatError, whatever is in the payload", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(payload)), fc.jsonValue(), (name, value) => {
        try {
          parseDecisionPayload({ ...payload, [name]: value });
        } catch (error) {
          expect(error).to.have.property("name", "FormatError");
        }
      }),
    );
  });
});
