import { hash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export interface AccessTokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly tokenType: "at+jwt" | "JWT";
  readonly keys: IssuerKeys;
  readonly clock: Clock;
}

/** An access token that its issuer signed for us and that is in force. */
export interface CheckedToken {
  readonly claims: JWTPayload;
  /** SHA-256 of the token as it was sent, base64url. */
  readonly digest: string;
  /** Thumbprint of the key whose holder alone may use the token (RFC 9449 section 6.1); undefined for a bearer token. */
  readonly boundTo: string | undefined;
}

/** Signatures that a public key checks. `none` and the HMACs, which whoever knows the "public" key could make, are not among them. */
const ALGORITHMS = [
  "ES256",
  "ES384",
  "EdDSA",
  "Ed25519",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
];
/** How far the issuer's clock and ours may be apart. */
const SKEW_SECONDS = 30;
const REQUIRED_CLAIMS = ["iss", "sub", "aud", "exp", "iat"];

/**
 * Checks an access token as a resource server does (RFC 9068 section 4): type, algorithm, signature, issuer, audience and times.
 * @throws LedgerError `unauthenticated` saying what to do; `sign-on-unavailable` when it cannot be told.
 */
export async function checkAccessToken(token: string, rules: AccessTokenRules): Promise<CheckedToken> {
  const { issuer, audience, keys, clock } = rules;
  const now = new Date(clock.now());
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      ...{ issuer, audience, algorithms: ALGORITHMS, requiredClaims: REQUIRED_CLAIMS },
      ...{ clockTolerance: SKEW_SECONDS, currentDate: now },
    });
    requireType(protectedHeader.typ, payload, rules.tokenType);
    requirePast(payload.iat, now);
    return { claims: payload, digest: hash("sha256", token, "base64url"), boundTo: boundTo(payload["cnf"]) };
  } catch (error) {
    // Never its cause: jose's errors hold the token's claims, which are about a person.
    throw error instanceof errors.JOSEError ? refusal(error, rules) : error;
  }
}

/** An ID token is made for the program that signs people on; taken for an access token, it would give that program their rights here. */
function requireType(
  typ: string | undefined,
  claims: JWTPayload,
  wanted: AccessTokenRules["tokenType"],
): void {
  const type = typ?.toLowerCase().replace(/^application\//, "");
  if (wanted === "at+jwt") {
    if (type === "at+jwt") return;
    throw refused(
      'This is no access token of RFC 9068 (typ "at+jwt"). Send the access token, not the ID token.',
    );
  }
  const isIdToken = ["nonce", "at_hash", "c_hash", "s_hash"].some((claim) => Object.hasOwn(claims, claim));
  if ((type === undefined || type === "jwt" || type === "at+jwt") && !isIdToken) return;
  throw refused("This is no access token. Send the access token, not another one of the same sign-on.");
}

function requirePast(issuedAt: number | undefined, now: Date): void {
  if (issuedAt !== undefined && issuedAt <= now.getTime() / 1000 + SKEW_SECONDS) return;
  throw refused(
    "The token says it was issued in the future: the clocks of the sign-on service and the ledger differ.",
  );
}

/** Only a binding that we check may be there. */
function boundTo(cnf: unknown): string | undefined {
  if (cnf === undefined) return undefined;
  const [[name, value] = [], another] = Object.entries(Object(cnf) as Record<string, unknown>);
  const isThumbprint = typeof value === "string" && /^[A-Za-z0-9_-]{43}$/.test(value);
  if (name === "jkt" && isThumbprint && another === undefined) return value;
  throw refused(
    "The token is bound to its holder in a way that the ledger cannot check; it takes DPoP (cnf.jkt).",
  );
}

function refusal(error: errors.JOSEError, { issuer, audience }: AccessTokenRules): LedgerError {
  if (error instanceof errors.JWTExpired) return refused("The token has expired. Get a new one.");
  if (error instanceof errors.JWTClaimValidationFailed)
    return refused(claimRefusal(error.claim, { issuer, audience }));
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused("The token does not say by which of its issuer's keys it is signed: it needs a kid.");
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return refused(`The token is not signed by a key of ${issuer}. Get one there.`);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refused(`The token's signature is of no kind that is taken here: ${ALGORITHMS.join(", ")}.`);
  return refused(`The token cannot be read: it is no JWT as ${issuer} signs them.`);
}

function claimRefusal(claim: string, { issuer, audience }: { issuer: string; audience: string }): string {
  switch (claim) {
    case "iss":
      return `The token is of another issuer. Get one from ${issuer}.`;
    case "aud":
      return `The token is for another audience. Get one for ${audience}.`;
    case "nbf":
      return "The token is not yet valid. Send it again when it is.";
    default:
      return `The token lacks a claim that it needs, or has it malformed. It takes ${REQUIRED_CLAIMS.join(", ")}.`;
  }
}

function refused(message: string): LedgerError {
  return new LedgerError("unauthenticated", message);
}
