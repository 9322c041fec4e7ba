import { FormatError } from "./errors.ts";
import { isJsonObject } from "./json.ts";
import {
  isKeyId,
  type JwsAlgorithm,
  MAX_JWS_LENGTH,
  parseCompactJws,
  type ParsedJws,
  signJws,
  type SignBytes,
} from "./jws.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { isSize } from "./merkle.ts";
import {
  DENIAL_REASONS,
  type DenialReason,
  type DecisionQuestion,
  type Obligation,
  OBLIGATIONS,
  PERMIT_REASONS,
  type PermitReason,
} from "./decision.ts";
import type { ConsentPerson } from "./consent.ts";
import type { CatalogueBasis } from "./procedures.ts";
import { isAgencyCode } from "./source.ts";
import { isCanonicalSubjectId, isSamePerson, isSubjectScheme } from "./subject.ts";
import { isUnixSeconds } from "./submission.ts";

/** The log's signed answer to one question, good for a few minutes; the access that relies on it discloses it. */
export interface Decision extends Omit<DecisionQuestion, "consent" | "emergency"> {
  readonly log: LogId;
  /** Names this decision: 16 random bytes, base64url. */
  readonly jti: string;
  /** Unix seconds; it is good for an access that occurs from `iat` to before `exp`. */
  readonly iat: number;
  readonly exp: number;
  readonly decision: boolean;
  readonly reason: PermitReason | DenialReason;
  /** The law that allows it, as far as it does. */
  readonly basis?: CatalogueBasis;
  /** Id of the consent that allows it, as far as the law does not. */
  readonly consent?: string;
  readonly obligations: readonly Obligation[];
  /** The version by which it was decided. */
  readonly catalogue: { readonly version: string; readonly digest: string };
  /** Size of the log by which it was decided: every act below it was known. */
  readonly size: number;
  /** What the agency says is at stake, and what it overrides. */
  readonly emergency?: { readonly reason: string; readonly overrides: DenialReason };
}

export interface ParsedDecision {
  /** Its signature is for `verifyJws`, with the log's receipt key. */
  readonly jws: ParsedJws;
  readonly decision: Decision;
}

/** Seconds for which a decision is good. */
export const DECISION_SECONDS = 300;

const TYPE = "decision+jws";
const REQUIRED = [
  "log",
  "jti",
  "iat",
  "exp",
  "subject",
  "agency",
  "procedure",
  "personalData",
  "action",
  "decision",
  "reason",
  "obligations",
  "catalogue",
  "size",
];
const OPTIONAL = ["provider", "basis", "consent", "automated", "emergency"];
const JTI = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** Signs a decision with the log's receipt key. Throws FormatError `decision` when it says what no reader would take. */
export function makeDecision(
  decision: Decision,
  key: { readonly alg: JwsAlgorithm; readonly kid: string; readonly sign: SignBytes },
): string {
  const { log, subject, basis, ...others } = decision;
  const payload = {
    log: formatLogId(log),
    ...others,
    subject: { scheme: subject.scheme, id: subject.id },
    ...(basis && { basis }),
  };
  parseDecisionPayload(payload);
  const jws = signJws({ alg: key.alg, kid: key.kid, typ: TYPE }, payload, key.sign);
  if (jws.length > MAX_JWS_LENGTH) throw badDecision(`at most ${MAX_JWS_LENGTH} characters`);
  return jws;
}

/** Parses a decision; whether the log signed it is for `verifyJws`. Throws FormatError. */
export function parseDecision(text: string): ParsedDecision {
  const jws = parseCompactJws(text, TYPE);
  return { jws, decision: parseDecisionPayload(jws.payload) };
}

/** Parses the signed payload of a decision. Throws FormatError `decision` or `log-id`. */
export function parseDecisionPayload(value: unknown): Decision {
  const members = closed(value, REQUIRED, OPTIONAL);
  const { log, jti, iat, exp, agency, procedure, action, decision, reason, size, provider, consent } =
    members;
  if (typeof jti !== "string" || !JTI.test(jti)) throw badDecision("jti, 16 bytes in base64url");
  if (!isUnixSeconds(iat) || !isUnixSeconds(exp) || exp > iat + DECISION_SECONDS || exp < iat)
    throw badDecision(`exp at most ${DECISION_SECONDS} seconds after iat`);
  if (!isSize(size) || typeof decision !== "boolean") throw badDecision("size and decision");
  const { automated } = members;
  if (automated !== undefined && automated !== true) throw badDecision("automated, if any, as true");
  if (typeof agency !== "string" || !isAgencyCode(agency)) throw badDecision("agency, an agency's code");
  if (provider !== undefined && (typeof provider !== "string" || !isAgencyCode(provider)))
    throw badDecision("provider, an agency's code");
  const said: Decision = {
    log: parseLogId(text(log)),
    ...{ jti, iat, exp, agency, decision, size },
    subject: parsePerson(members["subject"]),
    procedure: text(procedure),
    personalData: texts(members["personalData"]),
    action: text(action),
    reason: parseReason(decision, reason),
    obligations: texts(members["obligations"]).map(parseObligation),
    catalogue: parseVersion(members["catalogue"]),
    ...(provider !== undefined && { provider }),
    ...(members["basis"] !== undefined && { basis: parseBasis(members["basis"]) }),
    ...(consent !== undefined && { consent: text(consent) }),
    ...(automated !== undefined && { automated }),
    ...(members["emergency"] !== undefined && { emergency: parseEmergency(members["emergency"]) }),
  };
  checkGrounds(said);
  return said;
}

/** What a decision rests on stands in it, and nothing else. */
function checkGrounds({ reason, basis, consent, automated, emergency }: Decision): void {
  const needsBasis = reason === "law" || reason === "law-and-consent";
  const needsConsent = reason === "consent" || reason === "law-and-consent";
  const isWhole =
    (basis !== undefined) === needsBasis &&
    (consent !== undefined) === needsConsent &&
    (emergency !== undefined) === (reason === "emergency");
  if (!isWhole) throw badDecision("basis, consent and emergency as the reason has them");
  const isOfMachine = automated === true;
  if (isOfMachine ? emergency !== undefined : reason === "objected" || emergency?.overrides === "objected")
    throw badDecision("objections where a machine asks, and emergencies where none does");
}

/** Why a decision does not cover what was done by it. */
export type DecisionMisuse =
  "denied" | "another-agency" | "another-procedure" | "another-person" | "more-categories" | "another-time";

/**
 * Why an access is not covered by a decision that it cites; undefined when it is. `people`: all whom the access names: a decision is about one
 * person. `at`: when it occurred, Unix seconds. Whether the log signed the decision is for the caller.
 */
export function decisionMisuse(
  decision: Decision,
  access: {
    readonly agency: string;
    readonly procedure: string;
    readonly people: readonly { readonly scheme: string; readonly id: string }[];
    readonly personalData: readonly string[];
    readonly at: number;
  },
): DecisionMisuse | undefined {
  if (!decision.decision) return "denied";
  if (decision.agency !== access.agency) return "another-agency";
  if (decision.procedure !== access.procedure) return "another-procedure";
  if (access.people.length === 0 || !access.people.every((each) => isSamePerson(each, decision.subject)))
    return "another-person";
  if (!access.personalData.every((category) => decision.personalData.includes(category)))
    return "more-categories";
  return decision.iat <= access.at && access.at < decision.exp ? undefined : "another-time";
}

function parsePerson(value: unknown): ConsentPerson {
  const { scheme, id } = closed(value, ["scheme", "id"]);
  if (!isSubjectScheme(scheme) || typeof id !== "string" || !isCanonicalSubjectId(scheme, id))
    throw badDecision("subject, a person's scheme and number");
  return { scheme, id };
}

function parseReason(permits: boolean, value: unknown): Decision["reason"] {
  const reason = permits
    ? PERMIT_REASONS.find((each) => each === value)
    : DENIAL_REASONS.find((each) => each === value);
  if (reason === undefined) throw badDecision("a reason that fits the decision");
  return reason;
}

function parseObligation(value: string): Obligation {
  const obligation = OBLIGATIONS.find((each) => each === value);
  if (obligation === undefined) throw badDecision(`obligations among ${OBLIGATIONS.join(", ")}`);
  return obligation;
}

function parseVersion(value: unknown): Decision["catalogue"] {
  const { version, digest } = closed(value, ["version", "digest"]);
  // A digest has the same form as the id of a key: 32 bytes.
  if (typeof digest !== "string" || !isKeyId(digest)) throw badDecision("the catalogue's digest");
  return { version: text(version), digest };
}

function parseBasis(value: unknown): CatalogueBasis {
  const { law, article } = closed(value, ["law"], ["article"]);
  return { law: text(law), ...(article !== undefined && { article: text(article) }) };
}

function parseEmergency(value: unknown): NonNullable<Decision["emergency"]> {
  const { reason, overrides } = closed(value, ["reason", "overrides"]);
  const denial = DENIAL_REASONS.find((each) => each === overrides);
  if (denial === undefined) throw badDecision("what the emergency overrides");
  return { reason: text(reason), overrides: denial };
}

function closed(
  value: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): { readonly [member: string]: unknown } {
  if (!isJsonObject(value)) throw badDecision("objects");
  const names = Object.keys(value);
  const isClosed =
    required.every((name) => Object.hasOwn(value, name)) &&
    names.every((name) => required.includes(name) || optional.includes(name));
  if (!isClosed) throw badDecision(`exactly {${required.join(", ")}} and possibly ${optional.join(", ")}`);
  return value;
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw badDecision("lists of texts");
  return value.map(text);
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw badDecision("texts");
  return value;
}

function badDecision(expected: string): FormatError {
  return new FormatError("decision", `not a decision of this version: expected ${expected}`);
}
