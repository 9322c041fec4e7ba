import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";
import { isJsonObject } from "../../protocol/json.ts";
import { isAgencyCode } from "../../protocol/source.ts";
import { type PersonNumber, personIn } from "../exchange/message.ts";
import { InboxRefusal } from "./errors.ts";
import type { CheckProof } from "./proofs.ts";

/** Who sends a request: a person about themselves, or an agency's system. */
export type Caller = { readonly expires: number /* milliseconds since 1970 */ } & (
  | { readonly role: "citizen"; readonly person: PersonNumber }
  | { readonly role: "agency"; readonly agency: string }
);

/** Where the claims stand that say who somebody is, as the ledger's OIDC_CLAIMS and OIDC_ROLE_PREFIX name them. */
export interface ClaimNames {
  /** A list of texts, or one with spaces; a name with dots leads through objects. */
  readonly roles: string;
  readonly rolePrefix: string;
  readonly agency: string;
  readonly person: string;
  readonly scheme: string;
}

export const DEFAULT_CLAIMS: ClaimNames = {
  ...{ roles: "roles", rolePrefix: "minhbach:", agency: "agency" },
  ...{ person: "person_number", scheme: "person_scheme" },
};

export interface TokenRules {
  readonly issuer: string;
  /** A token is for one of these. */
  readonly audience: readonly string[];
  readonly claims: ClaimNames;
  readonly keys: JWTVerifyGetKey;
  readonly checkProof: CheckProof;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Signatures that a public key checks: neither `none` nor HMACs, which whoever knows the "public" key could make. */
const ALGORITHMS = [
  ...["ES256", "ES384", "EdDSA", "Ed25519"],
  ...["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
];
/** RFC 9068 section 2.2. */
const REQUIRED_CLAIMS = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
const SKEW_SECONDS = 30;
/** RFC 6750 section 2.1. */
const CREDENTIALS = /^(Bearer|DPoP) ([A-Za-z0-9._~+/-]{1,12288}=*)$/i;
const ROLES = ["citizen", "agency", "officer", "inspector", "operator", "registrar"] as const;
/** A personal identification number, which national sign-ons give. */
const DEFAULT_SCHEME = "vn-cccd";

/** What a request shows of who sends it. */
export interface Shown {
  /** The headers `Authorization` and `DPoP`. */
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
  readonly method: string;
  /** As its sender wrote it, without the query. */
  readonly url: string;
}

/**
 * Who a request's `Authorization` header says is calling, by an access token that is checked as a resource server does (RFC 9068 section 4).
 * @throws InboxRefusal `unauthenticated` or `forbidden`, saying what to do and nothing of the token; `sign-on-unavailable`
 */
export async function callerOf(shown: Shown, rules: TokenRules): Promise<Caller> {
  const [, scheme, token] = CREDENTIALS.exec(shown.authorization ?? "") ?? [];
  if (scheme === undefined || token === undefined)
    throw refused("Send an access token, as Authorization: Bearer <token>.");
  const claims = await checkedClaims(token, rules);
  await checkHolder(claims, { ...shown, token, isProven: scheme.toLowerCase() === "dpop" }, rules);
  const role = roleOf(claims, rules.claims);
  const expires = (claims.exp ?? 0) * 1000;
  switch (role) {
    case "citizen":
      return { role, expires, person: personOf(claims, rules.claims) };
    case "agency": {
      const agency = claims[rules.claims.agency];
      if (typeof agency === "string" && isAgencyCode(agency)) return { role, expires, agency };
      throw refused(`The role agency needs the code of an agency in the claim ${rules.claims.agency}.`);
    }
    default:
      throw new InboxRefusal("forbidden", "The inbox is for people and for agencies' systems.");
  }
}

async function checkedClaims(token: string, rules: TokenRules): Promise<JWTPayload> {
  const { issuer, audience, keys, now } = rules;
  const currentDate = new Date(now());
  try {
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer, audience: [...audience], algorithms: ALGORITHMS, typ: "at+jwt" },
      ...{ requiredClaims: REQUIRED_CLAIMS, clockTolerance: SKEW_SECONDS, currentDate },
    });
    if ((payload.iat ?? Infinity) > now() / 1000 + SKEW_SECONDS)
      throw refused("The token says it was issued in the future: the clocks differ.");
    return payload;
  } catch (error) {
    // Never its cause: jose's errors hold the token's claims, which are about a person.
    throw error instanceof errors.JOSEError ? refusalOf(error, rules) : error;
  }
}

/** A token that its issuer bound to a key counts with a proof by that key alone, and one that is not bound needs none (RFC 9449 section 7). */
async function checkHolder(
  { cnf }: JWTPayload,
  { isProven, proof, ...request }: Shown & { readonly token: string; readonly isProven: boolean },
  { checkProof }: TokenRules,
): Promise<void> {
  if (cnf === undefined && !isProven) return;
  const { jkt: boundTo, ...others }: Readonly<Record<string, unknown>> = isJsonObject(cnf) ? cnf : {};
  if (typeof boundTo !== "string" || Object.keys(others).length > 0)
    throw refused(
      "The token is bound to its holder in no way that is checked here, which is DPoP (cnf.jkt).",
    );
  await checkProof(isProven ? proof : undefined, { ...request, boundTo });
}

/** The one role of ours that the token names: several would leave open in which one it is sent. */
function roleOf(claims: JWTPayload, { roles, rolePrefix }: ClaimNames): (typeof ROLES)[number] {
  const value = claimAt(claims, roles);
  const given: readonly unknown[] =
    typeof value === "string" ? value.split(" ") : Array.isArray(value) ? value : [];
  const [role, another] = ROLES.filter((each) => given.includes(rolePrefix + each));
  if (role !== undefined && another === undefined) return role;
  throw refused(
    `The token needs one role in its claim ${roles}: ${rolePrefix}citizen or ${rolePrefix}agency.`,
  );
}

function personOf(claims: JWTPayload, { person, scheme }: ClaimNames): PersonNumber {
  const found = personIn({ scheme: claims[scheme] ?? DEFAULT_SCHEME, id: claims[person] });
  if (found !== undefined) return found;
  throw refused(`The role citizen needs a person's number in the claim ${person}.`);
}

function claimAt(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const member of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, member)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, member)?.value;
  }
  return value;
}

function refusalOf(error: errors.JOSEError, { issuer, audience }: TokenRules): InboxRefusal {
  if (error instanceof errors.JWTExpired) return refused("The token has expired. Get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud")
      return refused(`The token is for another audience. Get one for ${audience.join(" or ")}.`);
    if (error.claim === "iss") return refused(`The token is of another issuer. Get one from ${issuer}.`);
    if (error.claim === "typ")
      return refused('This is no access token of RFC 9068 (typ "at+jwt"): send that, not the ID token.');
    return refused(`The token is not yet valid, or lacks one of ${REQUIRED_CLAIMS.join(", ")}.`);
  }
  return refused(`The token is not one that ${issuer} signed. Get one there.`);
}

function refused(message: string): InboxRefusal {
  return new InboxRefusal("unauthenticated", message);
}
