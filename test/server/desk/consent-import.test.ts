import { readFile } from "node:fs/promises";
import { expect } from "chai";
import fc from "fast-check";
import { FormatError } from "../../../protocol/errors.ts";
import { receiptClaim } from "../../../server/desk/consent-import.ts";
import { LedgerError } from "../../../server/errors.ts";

const state = (type: string, time: string, by = "dpv:DataSubject"): object => ({
  "@type": [type, "dpv:ExplicitlyExpressedConsent"],
  "dpv:isIndicatedBy": by,
  "dpv:isIndicatedAtTime": time,
});
const GIVEN = state("dpv:ConsentGiven", "2026-11-22T08:00:00Z");
const PROCESS = {
  "@type": "dpv:Process",
  "dpv:hasPurpose": { "@id": "minhbach:procedure/BUILD_PERMIT", "dct:title": "…" },
  "dpv:hasPersonalData": ["pd:Name", "pd:PhysicalAddress"],
  "dpv:hasRecipient": "minhbach:agency/qn-water",
};
const RECORD = {
  "@type": "dpv:ConsentRecord",
  "dct:identifier": "c-1",
  "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
  "dct:valid": "/2027-02-01T00:00:00Z",
  "dpv:hasDataSubject": { "@type": "dpv:DataSubject", "dct:identifier": "vn-cccd:999199000001" },
  "dpv:hasDataController": "minhbach:agency/qn-construction",
  "dpv:hasLegalBasis": "dpv:Consent",
  "dpv:hasProcess": PROCESS,
  "dpv:hasNotice": { "@type": "dpv:ConsentNotice", "dct:identifier": "n-1", "dct:language": "VI" },
  "dpv:hasConsentStatus": GIVEN,
};
const RECEIPT = {
  "@context": { dpv: "https://evil.example/never-fetched" },
  "@type": "dpv:ConsentReceipt",
  "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt",
};

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const withRecord = (changes: object, receipt: object = {}): Uint8Array =>
  bytes({ ...RECEIPT, "dpv:hasRecordOfActivity": { ...RECORD, ...changes }, ...receipt });

function codeOf(body: Uint8Array): string | undefined {
  try {
    receiptClaim(body);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError || error instanceof FormatError) return error.code;
    throw error;
  }
}

describe("server/desk/consent-import", () => {
  it("reads whose consent a receipt describes, for what, and until when", () => {
    expect(receiptClaim(withRecord({}))).to.deep.equal({
      person: { scheme: "vn-cccd", id: "999199000001" },
      terms: {
        procedure: "BUILD_PERMIT",
        recipients: ["qn-water"],
        personalData: ["pd:Name", "pd:PhysicalAddress"],
        controller: "qn-construction",
      },
      validUntil: "2027-02-01T00:00:00Z",
      notice: "n-1",
      language: "vi",
    });
  });

  it("reads from when, when it says so", () => {
    const period = "2027-01-01T00:00:00Z/2027-02-01T00:00:00Z";
    const claim = receiptClaim(withRecord({ "dct:valid": period }));
    expect(claim).to.include({ validFrom: "2027-01-01T00:00:00Z", validUntil: "2027-02-01T00:00:00Z" });
  });

  it("takes states that lead to a consent in their order", () => {
    const asked = state("dpv:ConsentRequested", "2026-11-20T08:00:00Z", "dpv:DataController");
    const renewed = state("dpv:RenewedConsentGiven", "2026-11-23T08:00:00Z", "dpv:GuardianOfDataSubject");
    expect(codeOf(withRecord({ "dpv:hasConsentStatus": [asked, GIVEN, renewed] }))).to.equal(undefined);
  });

  const asked = state("dpv:ConsentRequested", "2026-11-20T08:00:00Z", "dpv:DataController");
  const later = (type: string): object => state(type, "2026-11-23T08:00:00Z");
  const refused: readonly [reason: string, record: object][] = [
    ["one that was never given", { "dpv:hasConsentStatus": [asked] }],
    ["one without any state", { "dpv:hasConsentStatus": [] }],
    ["one that was withdrawn", { "dpv:hasConsentStatus": [GIVEN, later("dpv:ConsentWithdrawn")] }],
    ["one that has expired", { "dpv:hasConsentStatus": [GIVEN, later("dpv:ConsentExpired")] }],
    ["one in a state that nobody knows", { "dpv:hasConsentStatus": [GIVEN, later("dpv:ConsentUnknown")] }],
    [
      "one that was asked for again after it was given",
      { "dpv:hasConsentStatus": [GIVEN, later("dpv:ConsentRequested")] },
    ],
    ["states out of order", { "dpv:hasConsentStatus": [later("dpv:ConsentGiven"), asked] }],
    ["a state without a time", { "dpv:hasConsentStatus": [{ "@type": "dpv:ConsentGiven" }] }],
    [
      "one that an agency gave",
      { "dpv:hasConsentStatus": [state("dpv:ConsentGiven", "2026-11-22T08:00:00Z", "dpv:DataController")] },
    ],
    ["several purposes", { "dpv:hasProcess": [PROCESS, PROCESS] }],
    [
      "several purposes of one process",
      {
        "dpv:hasProcess": { ...PROCESS, "dpv:hasPurpose": ["minhbach:procedure/A", "minhbach:procedure/B"] },
      },
    ],
    [
      "a purpose of another vocabulary",
      { "dpv:hasProcess": { ...PROCESS, "dpv:hasPurpose": "dpv:Marketing" } },
    ],
    ["recipients that are no agencies", { "dpv:hasProcess": { ...PROCESS, "dpv:hasRecipient": "ex:Acme" } }],
    ["no categories", { "dpv:hasProcess": { ...PROCESS, "dpv:hasPersonalData": [] } }],
    ["a process with a member of its own", { "dpv:hasProcess": { ...PROCESS, "dpv:hasDuration": "P1Y" } }],
    ["another legal basis", { "dpv:hasLegalBasis": "dpv:LegalObligation" }],
    ["a beginning that is no time", { "dct:valid": "soon/2027-02-01T00:00:00Z" }],
    ["no end", { "dct:valid": "2026-11-22T00:00:00Z/" }],
    ["an end that no calendar has", { "dct:valid": "/2027-13-01T00:00:00Z" }],
    ["no notice", { "dpv:hasNotice": undefined }],
    ["a notice in another language", { "dpv:hasNotice": { "dct:identifier": "n", "dct:language": "fr" } }],
    ["another profile", { "dct:conformsTo": "https://example.org/record" }],
    ["a member that it does not know", { "dpv:hasPurpose": "minhbach:procedure/OTHER" }],
  ];
  for (const [reason, record] of refused) {
    it(`refuses ${reason}`, () => {
      expect(codeOf(withRecord(record))).to.equal("wrong-consent-receipt");
    });
  }

  it("refuses what is no receipt, no strict JSON, or about a number that nobody can have", () => {
    expect(codeOf(bytes({}))).to.equal("wrong-consent-receipt");
    expect(codeOf(bytes([RECEIPT]))).to.equal("wrong-consent-receipt");
    expect(codeOf(Buffer.from("{"))).to.equal("json");
    const nobody = { "dct:identifier": "vn-cccd:1" };
    expect(codeOf(withRecord({ "dpv:hasDataSubject": nobody }))).to.equal("subject-id");
    expect(codeOf(withRecord({}, { "dpv:hasService": "ex:Other" }))).to.equal("wrong-consent-receipt");
  });

  it("refuses whatever else it is sent, and never fails on it", () => {
    const whole = JSON.parse(Buffer.from(withRecord({})).toString()) as Record<string, unknown>;
    const changed = fc
      .record({ path: fc.constantFrom(...pathsIn(whole)), value: fc.jsonValue({ maxDepth: 2 }) })
      .map(({ path, value }) => bytes(replaced(whole, path, value)));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json().map((text) => Buffer.from(text)),
          fc.uint8Array(),
          changed,
        ),
        (body) => {
          codeOf(body);
        },
      ),
      { numRuns: 500 },
    );
  });

  // From w3c/dpv, guide "consent-27560", W3C Software and Document Licence: two purposes under one name, which two readers read differently.
  it("refuses the example of the DPV's guide, which bundles two purposes under one key", async () => {
    const sample = new URL("./dpv27560-consent-receipt.jsonld", import.meta.url);
    expect(codeOf(await readFile(sample))).to.equal("json-duplicate-key");
  });
});

/** The paths to all values in a document. */
function pathsIn(value: unknown): string[][] {
  if (typeof value !== "object" || value === null) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([name, inner]) => pathsIn(inner).map((path) => [name, ...path])),
  ];
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value))
    return value.map((each, at) => (String(at) === name ? replaced(each, rest, by) : (each as unknown)));
  const members = value as Record<string, unknown>;
  return { ...members, [name]: replaced(members[name], rest, by) };
}
