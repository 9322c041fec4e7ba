import type { JWTPayload } from "jose";
import { isSignOnText } from "../../protocol/sign-on.ts";
import { isAgencyCode } from "../../protocol/source.ts";
import { holdsPersonalNumber, isCanonicalSubjectId, isSubjectScheme } from "../../protocol/subject.ts";
import { ROLES } from "../../protocol/visibility.ts";
import type { ClaimRules } from "../config-sign-on.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId, SignedOn, SignOn } from "./caller.ts";

/** The role of whoever showed a token is one of these. */
const TOKEN_ROLES = ROLES.filter((role) => role !== "public");
type TokenRole = SignedOn["role"];

/** An official's name is recorded as the facet `agent.id`, which takes no more. */
const MAX_NAME = 128;
/** The scheme of a number that comes without one: the personal identification number, which a national sign-on gives. */
const DEFAULT_SCHEME = "vn-cccd";

/**
 * Who the claims of a checked access token say is calling. A claim that is there and not of its form makes the token unusable: nobody is taken for
 * less, or for somebody else, than what the issuer said.
 * @param token the token's claims, and SHA-256 of the token as it was sent (base64url)
 * @throws LedgerError `unauthenticated` naming the claim, never its value.
 */
export function callerOfClaims(token: { claims: JWTPayload; digest: string }, rules: ClaimRules): SignedOn {
  const { claims } = token;
  const { names } = rules;
  const common = { name: nameOf(claims, names.name), signOn: signOnOf(token) };
  const role = roleOf(claims, rules);
  if (role !== "citizen") requireNoNumber(common.name, names.name);
  switch (role) {
    case "citizen":
      return { role, ...common, subject: personOf(claims, rules) };
    case "agency":
    case "officer":
      return { role, ...common, agency: codeOf(claims, { claim: names.agency, role }) };
    case "inspector":
      return { role, ...common, authority: codeOf(claims, { claim: names.authority, role }) };
    case "operator":
    case "registrar":
      return { role, ...common };
  }
}

function roleOf(claims: JWTPayload, { names, rolePrefix, defaultRole }: ClaimRules): TokenRole {
  const given = new Set(textsOf(claimOf(claims, names.roles), names.roles));
  const roles = TOKEN_ROLES.filter((role) => given.has(rolePrefix + role));
  const [role, another] = roles;
  if (another !== undefined) {
    throw unusable(
      `The token names several roles of this ledger (${roles.join(", ")}): get one for the role in which you ask.`,
    );
  }
  if (role !== undefined) return role;
  if (defaultRole !== undefined) return defaultRole;
  const wanted = TOKEN_ROLES.map((name) => rolePrefix + name).join(", ");
  throw unusable(`The token names no role of this ledger: its claim ${names.roles} holds none of ${wanted}.`);
}

function personOf(claims: JWTPayload, { names }: ClaimRules): PersonId {
  const scheme = claimOf(claims, names.scheme) ?? DEFAULT_SCHEME;
  const id = claimOf(claims, names.person);
  if (isSubjectScheme(scheme) && typeof id === "string" && isCanonicalSubjectId(scheme, id))
    return { scheme, id };
  throw unusable(
    `The role citizen needs a person's number: the claim ${names.person}, a text in the spelling of its scheme (${names.scheme}, or ${DEFAULT_SCHEME} without).`,
  );
}

function codeOf(claims: JWTPayload, { claim, role }: { claim: string; role: TokenRole }): string {
  const code = claimOf(claims, claim);
  if (typeof code === "string" && isAgencyCode(code)) return code;
  throw unusable(`The role ${role} needs the code of an agency in the claim ${claim}.`);
}

function nameOf(claims: JWTPayload, claim: string): string {
  const name = claimOf(claims, claim);
  if (isText("sub", name) && name.length <= MAX_NAME) return name;
  throw unusable(
    `The token needs a name of the caller in the claim ${claim}: ASCII, at most ${MAX_NAME} characters.`,
  );
}

/** The names of those who act for an office stand in the record of what they do; an official is a citizen too, and has a number. */
function requireNoNumber(name: string, claim: string): void {
  if (!holdsPersonalNumber(name)) return;
  throw unusable(
    `The claim ${claim} names an official by what can be a citizen's number. The operator sets OIDC_CLAIMS to a claim that names officials otherwise (name=...).`,
  );
}

function signOnOf({ claims, digest }: { claims: JWTPayload; digest: string }): SignOn {
  const { exp } = claims;
  const [iss, sub]: unknown[] = [claims.iss, claims.sub];
  if (!isText("iss", iss) || !isText("sub", sub) || exp === undefined)
    throw unusable("The token needs the claims iss, sub and exp, the texts in ASCII.");
  const authTime = claims["auth_time"];
  if (authTime !== undefined && (typeof authTime !== "number" || !(authTime >= 0)))
    throw unusable("The token's auth_time is no time.");
  return {
    issuer: iss,
    subject: sub,
    expires: Math.floor(exp),
    tokenDigest: digest,
    ...optional("tokenId", signOnText(claims, "jti")),
    // RFC 9068 has client_id; OpenID Connect's azp says the same.
    ...optional("client", signOnText(claims, "client_id") ?? signOnText(claims, "azp")),
    ...optional("authenticatedAt", authTime === undefined ? undefined : Math.floor(authTime)),
    ...optional("level", signOnText(claims, "acr")),
  };
}

function isText(name: Parameters<typeof isSignOnText>[0], value: unknown): value is string {
  return typeof value === "string" && isSignOnText(name, value);
}

function signOnText(claims: JWTPayload, claim: "jti" | "client_id" | "azp" | "acr"): string | undefined {
  const value = claims[claim];
  if (value === undefined) return undefined;
  if (isText(claim === "azp" ? "client_id" : claim, value)) return value;
  throw unusable(`The token's claim ${claim} is not a short ASCII text.`);
}

function optional<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  const member: { [name in K]?: V } = {};
  if (value !== undefined) member[name] = value;
  return member;
}

/** A claim by its name; one that has dots and is not there as it stands is looked for in the objects on the way (`realm_access.roles`). */
function claimOf(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const member of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, member)) return undefined;
    value = Object.getOwnPropertyDescriptor(value, member)?.value;
  }
  return value;
}

/** The texts of a list, or of one text with spaces between them, as `scope` has it; none when the claim is missing. */
function textsOf(value: unknown, claim: string): readonly string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return value.split(" ");
  if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
  throw unusable(`The token's claim ${claim} is not a list of texts.`);
}

function unusable(message: string): LedgerError {
  return new LedgerError("unauthenticated", message);
}
