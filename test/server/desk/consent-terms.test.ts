import { expect } from "chai";
import fc from "fast-check";
import type { Catalogue, Procedure } from "../../../protocol/procedures.ts";
import {
  type AskedTerms,
  MAX_CONSENT_SECONDS,
  requireBounded,
  requireConsentNeeded,
} from "../../../server/desk/consent-terms.ts";
import { LedgerError } from "../../../server/errors.ts";

const both = { vi: "…", en: "…" };
const PERMIT: Procedure = {
  ...{ code: "PERMIT", name: both, purpose: both, retention: both, appeal: both },
  ...{ kinds: ["bundle"], leadAgencies: ["construction"], automation: "preparation" },
  releases: [
    {
      provider: "tax",
      receivers: ["construction"],
      personalData: ["pd:Name", "pd:Tax"],
      consentNeeded: false,
    },
    {
      provider: "construction",
      receivers: ["utility"],
      personalData: ["pd:Name", "pd:Home"],
      consentNeeded: true,
    },
    { provider: "land", receivers: ["utility"], personalData: ["pd:Plot"], consentNeeded: false },
  ],
  legalBasis: [{ law: "91/2025/QH15", article: "19.1.c" }, { law: "50/2014/QH13" }],
};
const CATALOGUE: Catalogue = {
  ...{ version: "1", digest: "" },
  members: new Map([
    ["qn-water", ["utility"]],
    ["qn-power", ["utility"]],
    ["qn-build", ["construction"]],
    ["qn-both", ["construction", "utility"]],
    ["qn-other", ["school"]],
  ]),
  agencies: new Set(["construction", "utility", "tax", "land", "school"]),
  categories: new Set(["pd:Name", "pd:Tax", "pd:Home", "pd:Plot"]),
  procedures: new Map([["PERMIT", PERMIT]]),
};
const WATER: AskedTerms = {
  ...{ procedure: "PERMIT", recipients: ["qn-water"], personalData: ["pd:Home"], controller: "qn-build" },
};

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}
const asked = (changes: Partial<AskedTerms> = {}): string | undefined =>
  codeOf(() => requireConsentNeeded(CATALOGUE, { ...WATER, ...changes }));

describe("server/desk/consent-terms", () => {
  const table: readonly [what: string, changes: Partial<AskedTerms>, code: string | undefined][] = [
    ["a category that needs consent, to who receives it so", {}, undefined],
    [
      "several of them, to several",
      { personalData: ["pd:Home", "pd:Name"], recipients: ["qn-water", "qn-power"] },
      undefined,
    ],
    ["the recipient as the controller", { controller: "qn-water" }, undefined],
    ["what the law gives the same recipient", { personalData: ["pd:Plot"] }, "consent-not-needed"],
    [
      "what needs consent, with what the law gives",
      { personalData: ["pd:Home", "pd:Plot"] },
      "consent-not-needed",
    ],
    [
      "what the law gives another recipient",
      { recipients: ["qn-build"], personalData: ["pd:Tax"] },
      "consent-not-needed",
    ],
    ["a category that is for somebody else", { personalData: ["pd:Tax"] }, "outside-catalogue"],
    ["a category that there is not", { personalData: ["pd:DNA"] }, "outside-catalogue"],
    ["a recipient who receives nothing in it", { recipients: ["qn-other"] }, "outside-catalogue"],
    ["a recipient that nobody knows", { recipients: ["qn-water", "qn-nobody"] }, "outside-catalogue"],
    ["a controller who has no part in it", { controller: "qn-other" }, "outside-catalogue"],
    ["a procedure that there is not", { procedure: "OTHER" }, "unknown-procedure"],
    ["one of the ledger's own", { procedure: "minhbach:inspection" }, "unknown-procedure"],
  ];
  for (const [what, changes, code] of table) {
    it(`${code === undefined ? "may be" : "may not be"} asked for: ${what}`, () => {
      expect(asked(changes)).to.equal(code);
    });
  }

  it("names the law where the law is the basis", () => {
    const plot = (): unknown => requireConsentNeeded(CATALOGUE, { ...WATER, personalData: ["pd:Plot"] });
    expect(plot)
      .to.throw(LedgerError)
      .with.property("members")
      .that.deep.equals({
        legalBasis: ["91/2025/QH15 art. 19.1.c", "50/2014/QH13"],
      });
  });

  it("never lets through what no release with consent covers, however it is put together", () => {
    const some = (values: readonly string[]): fc.Arbitrary<string[]> =>
      fc.subarray([...values], { minLength: 1 });
    fc.assert(
      fc.property(
        some([...CATALOGUE.members.keys()]),
        some([...CATALOGUE.categories]),
        (recipients, personalData) => {
          if (asked({ recipients, personalData }) !== undefined) return;
          for (const recipient of recipients) {
            const types = CATALOGUE.members.get(recipient) ?? [];
            const covered = PERMIT.releases
              .filter(
                ({ consentNeeded, receivers }) =>
                  consentNeeded && receivers.some((each) => types.includes(each)),
              )
              .flatMap((release) => release.personalData);
            expect(covered).to.include.members(personalData);
          }
        },
      ),
    );
  });

  it("bounds a consent's time: it begins before it ends, and ends while somebody remembers it", () => {
    const now = Date.parse("2026-11-22T00:00:00Z");
    const until = (validUntil: string, validFrom?: string): string | undefined =>
      codeOf(() => requireBounded({ validFrom, validUntil }, now));
    const last = new Date(now + MAX_CONSENT_SECONDS * 1000).toISOString();
    expect(until(last)).to.equal(undefined);
    expect(until("2026-11-22T00:00:01Z")).to.equal(undefined);
    for (const wrong of [
      "2026-11-22T00:00:00Z",
      "2020-01-01T00:00:00Z",
      new Date(Date.parse(last) + 1).toISOString(),
    ])
      expect(until(wrong), wrong).to.equal("bad-request");
    expect(until("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z")).to.equal("bad-request");
    expect(until("2027-01-01T00:00:01Z", "2027-01-01T00:00:00Z")).to.equal(undefined);
  });
});
