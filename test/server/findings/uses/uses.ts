import { randomBytes } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { consentAfter, type ConsentRecord } from "../../../../protocol/consent.ts";
import { type Decision, makeDecision } from "../../../../protocol/decision-jws.ts";
import type { Consent, Facets, Subject } from "../../../../protocol/facet-values.ts";
import { keyId } from "../../../../protocol/jws.ts";
import { type Catalogue, parseCatalogue } from "../../../../protocol/procedures.ts";
import { parseSource } from "../../../../protocol/source.ts";
import { loadCatalogue } from "../../../../server/catalogue/load.ts";
import { CATALOGUE } from "../../catalogue/folder.ts";
import { LOG } from "../../prove/recorded-log.ts";

/* Uses of people's data by the real catalogue. Water is told by construction, with consent, whose house is being built. */

export const DESK = parseSource("qn-operator/desk");
export const NOW = Date.parse("2026-11-22T09:00:00Z") / 1000;
export const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const satisfies Subject;
export const OTHER = { scheme: "vn-cccd", id: "999199000002" } as const satisfies Subject;

export async function realCatalogue(): Promise<Catalogue> {
  return parseCatalogue((await loadCatalogue(CATALOGUE)).file);
}

/** Justice reads from the police who is to be registered at birth: as the catalogue has it. */
export const BIRTH = {
  type: "access",
  subject: PERSON,
  exchange: { messageId: "m-1", client: "qn-justice", service: "qn-police/residents" },
  data: { action: "R", personalData: ["pd:Name", "pd:BirthDate"] },
  purpose: { procedure: "BIRTH_REG" },
  case: "HS-1",
  time: { occurred: "2026-11-22T08:59:00Z" },
} as const satisfies Facets;

/** Water reads from construction whose house is to have water: with consent alone. */
export const WATER = {
  ...BIRTH,
  exchange: { messageId: "m-2", client: "qn-water", service: "qn-construction/permits" },
  data: { action: "R", personalData: ["pd:Name", "pd:PhysicalAddress"] },
  purpose: { procedure: "BUILD_PERMIT" },
} as const satisfies Facets;

/** A consent that lets water read. */
export const GIVEN: Consent = {
  id: "c-1",
  state: "ConsentGiven",
  recipients: ["qn-water"],
  personalData: ["pd:Name", "pd:PhysicalAddress"],
  procedures: ["BUILD_PERMIT"],
  controller: "qn-construction",
  validFrom: "2026-11-01T00:00:00Z",
  validUntil: "2027-11-01T00:00:00Z",
  indicatedBy: "DataSubject",
};

export function consentEvent(consent: Consent, person: Subject = PERSON): Facets {
  return { type: "consent", subject: person, consent, time: { occurred: "2026-11-22T08:00:00Z" } };
}

/** The consents that these acts make, as the log's fold has them. */
export function consentsOf(acts: readonly Consent[], person: Subject = PERSON): ConsentRecord[] {
  const records = new Map<string, ConsentRecord>();
  for (const [index, consent] of acts.entries()) {
    const of = { person, id: consent.id };
    const act = {
      kind: "act",
      index,
      source: DESK,
      people: [{ role: undefined, ...person }],
      consent,
      occurred: "",
    } as const;
    records.set(consent.id, consentAfter(records.get(consent.id), act, { of, rules: { desk: DESK } }));
  }
  return [...records.values()];
}

const SEED = new Uint8Array(32).fill(11);
/** What the log signs its decisions with. */
export const RECEIPT_KEY = { alg: "EdDSA", key: ed25519.getPublicKey(SEED) } as const;

/** A decision of the log that water may read, made just before WATER claims to have been. */
export function decisionFor(changes: Partial<Decision> = {}): Decision {
  const iat = NOW - 120;
  return {
    log: LOG,
    jti: randomBytes(16).toString("base64url"),
    ...{
      iat,
      exp: iat + 300,
      subject: PERSON,
      agency: "qn-water",
      procedure: "BUILD_PERMIT",
      action: "read",
    },
    personalData: ["pd:Name", "pd:PhysicalAddress"],
    ...{ decision: true, reason: "consent", consent: "c-1", obligations: [], size: 7 },
    catalogue: { version: "2026-11-22.2", digest: "A".repeat(43) },
    ...changes,
  };
}

export function signed(decision: Decision, seed = SEED): string {
  const kid = keyId("EdDSA", ed25519.getPublicKey(seed));
  return makeDecision(decision, { alg: "EdDSA", kid, sign: (data) => ed25519.sign(data, seed) });
}
