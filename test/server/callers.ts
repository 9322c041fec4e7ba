import type { PersonId, SignedOn, SignOn } from "../../server/identity/caller.ts";

/** One caller of each kind, for tests that are not about how they signed on. */
export const SIGN_ON: SignOn = {
  issuer: "https://sign-on.example",
  subject: "somebody",
  expires: 4_102_444_800,
  tokenDigest: "A".repeat(43),
};

type Of<R extends SignedOn["role"]> = Extract<SignedOn, { readonly role: R }>;

export const INSPECTOR: Of<"inspector"> = {
  ...{ role: "inspector", name: "i", signOn: SIGN_ON },
  authority: "qn-inspectorate",
};

export const OPERATOR: SignedOn = { role: "operator", name: "o", signOn: SIGN_ON };

export const REGISTRAR: SignedOn = { role: "registrar", name: "r", signOn: SIGN_ON };

export function citizen(subject: PersonId): Of<"citizen"> {
  return { role: "citizen", name: "c", subject, signOn: SIGN_ON };
}

export function agency(code: string): SignedOn {
  return { role: "agency", name: code, agency: code, signOn: SIGN_ON };
}

export function officer(code: string): SignedOn {
  return { role: "officer", name: code, agency: code, signOn: SIGN_ON };
}
