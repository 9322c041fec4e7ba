import type { ConsentAct, ConsentPerson, ConsentRecord, ConsentRules } from "../../protocol/consent.ts";
import { consentAfter, isConsentActOf } from "../../protocol/consent.ts";
import type { Consent } from "../../protocol/facet-values.ts";
import { type Catalogue, parseCatalogue } from "../../protocol/procedures.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { parseSource } from "../../protocol/source.ts";

export const DESK = parseSource("qn-operator/desk");
export const CONSTRUCTION = parseSource("qn-construction/r1");
export const STRANGER = parseSource("qn-health/r1");
export const RULES: ConsentRules = { desk: DESK };
export const AN: ConsentPerson = { scheme: "vn-cccd", id: "999199000001" };
export const BINH: ConsentPerson = { scheme: "vn-cccd", id: "999199000002" };

/** What An lets the water works have, in the permit for a building, until the end of 2026. */
export const TERMS = {
  procedures: ["BUILD_PERMIT"],
  personalData: ["pd:Name", "pd:PhysicalAddress"],
  recipients: ["qn-water"],
  controller: "qn-construction",
  validUntil: "2027-01-01T00:00:00+07:00",
};

/** Noon of a day of 2026 in Quảng Nam, Unix seconds. */
export function noon(day: string): number {
  return Date.parse(`2026-${day}T12:00:00+07:00`) / 1000;
}

/** An act of An's consent `c-1` by the desk, as An said it; `changes` to any of that. */
export function act(
  state: Consent["state"],
  { index = 0, source = DESK, people = [AN], consent = {} }: ActChanges = {},
): ConsentAct {
  const isGiving = state === "ConsentGiven" || state === "RenewedConsentGiven";
  return {
    kind: "act",
    index,
    source,
    people: people.map((person) => ({ role: undefined, ...person })),
    consent: {
      ...{ id: "c-1", state },
      ...(isGiving && { ...TERMS, indicatedBy: "DataSubject" }),
      ...consent,
    },
    occurred: "2026-11-22T08:00:00+07:00",
  };
}

export interface ActChanges {
  readonly index?: number;
  readonly source?: ConsentAct["source"];
  readonly people?: readonly (ConsentPerson & { readonly role?: string })[];
  readonly consent?: Partial<Consent>;
}

/** An's consent `c-1` after these acts, whoever's they are. */
export function consentOf(
  acts: readonly ConsentAct[],
  of: { readonly person: ConsentPerson; readonly id: string } = { person: AN, id: "c-1" },
): ConsentRecord | undefined {
  let record: ConsentRecord | undefined;
  for (const [index, each] of acts.entries()) {
    if (isConsentActOf(each, of)) record = consentAfter(record, { ...each, index }, { of, rules: RULES });
  }
  return record;
}

const both = (text: string): { vi: string; en: string } => ({ vi: text, en: text });

/** A catalogue of three procedures, as small as it can be. */
export function smallCatalogue(changes: object = {}): Catalogue {
  const common = {
    ...{ name: both("n"), purpose: both("p"), trigger: both("t"), outcome: both("o") },
    ...{ retention: both("r"), appeal: both("a"), sources: ["s"], unverified: [] },
  };
  const privacy = { law: "91/2025/QH15", article: "19.1.c", name: both("l"), source: "s", verified: false };
  const linking = { law: "63/2024/NĐ-CP", name: both("l"), source: "s", verified: false };
  const file = {
    ...{ type: "minhbach/catalogue", format: 1, version: "1" },
    agencies: Object.fromEntries(
      ["construction", "health-facility", "justice", "land-office", "police", "utility"].map((name) => [
        name,
        both(name),
      ]),
    ),
    members: {
      "qn-construction": ["construction"],
      "qn-justice": ["justice"],
      "qn-hospital": ["health-facility"],
      "qn-police": ["police"],
      "qn-water": ["utility"],
    },
    categories: Object.fromEntries(
      ["pd:BirthDate", "pd:Income", "pd:Name", "pd:Ownership", "pd:PhysicalAddress", "pd:Residency"].map(
        (name) => [name, both(name)],
      ),
    ),
    procedures: [
      {
        ...{ code: "BIRTH_REG", kind: ["auto-register", "bundle"], leadAgencies: ["justice"], ...common },
        ...{ automation: "preparation", legalBasis: [linking, privacy] },
        providers: [
          { agency: "health-facility", personalData: ["pd:Name", "pd:BirthDate"], consentNeeded: false },
          { agency: "police", personalData: ["pd:Name", "pd:Residency"], consentNeeded: false },
        ],
      },
      {
        ...{ code: "BUILD_PERMIT", kind: ["bundle"], leadAgencies: ["construction"], ...common },
        ...{ automation: "preparation", legalBasis: [privacy] },
        providers: [
          { agency: "land-office", personalData: ["pd:Name", "pd:Ownership"], consentNeeded: false },
          {
            ...{ agency: "construction", to: ["utility"], consentNeeded: true },
            personalData: ["pd:Name", "pd:PhysicalAddress"],
          },
          { agency: "land-office", to: ["utility"], personalData: ["pd:Ownership"], consentNeeded: false },
        ],
      },
      {
        ...{ code: "PASSPORT", kind: ["expiry-notify"], leadAgencies: ["police"], ...common },
        ...{ automation: "decision", legalBasis: [privacy] },
        providers: [{ agency: "police", personalData: ["pd:Name"], consentNeeded: false }],
      },
    ],
    ...changes,
  };
  return parseCatalogue(utf8(JSON.stringify(file)));
}
