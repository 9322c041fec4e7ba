import { FormatError } from "./errors.ts";
import {
  isKeyId,
  type JwsAlgorithm,
  parseCompactJws,
  type ParsedJws,
  signJws,
  type SignBytes,
} from "./jws.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { isSeq } from "./payload.ts";
import { parseSource, type Source } from "./source.ts";
import { isUnixSeconds } from "./submission.ts";

/** In which roles people act through the desk. */
export const SIGNED_ON_ROLES = [
  "citizen",
  "agency",
  "inspector",
  "officer",
  "operator",
  "registrar",
] as const;

/**
 * By which sign-on somebody acted: what the desk states in the facet `signOn` of an event. It names the event by its source and number, which
 * have one leaf for ever, so it cannot be put into another event; and it holds no token, which whoever reads it could use.
 */
export interface SignOnStatement {
  readonly log: LogId;
  /** The desk. */
  readonly src: Source;
  /** Number of the event that this is a facet of. */
  readonly seq: number;
  readonly role: (typeof SIGNED_ON_ROLES)[number];
  /** The agency or authority in whose name the caller acted. */
  readonly agency?: string;
  /** Who signed the person on: `iss` of the token. */
  readonly iss: string;
  /** The caller in the issuer's books (`sub`); left out where that is a person's number. */
  readonly sub?: string;
  /** Of the token: its id, the program it was issued to, when the person showed who they are (Unix seconds), and how sure the issuer was. */
  readonly jti?: string;
  readonly client_id?: string;
  readonly auth_time?: number;
  readonly acr?: string;
  /** When the token ended, Unix seconds. */
  readonly exp: number;
  /** SHA-256 of the token as it was sent, base64url: the issuer, or who kept the token, can tell which it was. */
  readonly token: string;
  /** When the desk wrote this, Unix seconds. */
  readonly iat: number;
}

const REQUIRED = ["log", "src", "seq", "role", "iss", "exp", "token", "iat"] as const;
const TEXTS = { agency: 64, iss: 256, sub: 255, jti: 256, client_id: 255, acr: 128 } as const;
const OPTIONAL = ["agency", "sub", "jti", "client_id", "auth_time", "acr"] as const;

type TextName = keyof typeof TEXTS;

/** Whether a text can stand in a sign-on: printable ASCII (OpenID Connect Core section 2 for `sub`), so short that the JWS keeps its limit. */
export function isSignOnText(name: TextName, text: string): boolean {
  return text.length <= TEXTS[name] && /^[\x20-\x7e]+$/.test(text);
}

/** Parses a sign-on; its signature is for `verifyJws` with the desk's key at that number. Throws FormatError. */
export function parseSignOn(text: string): { readonly jws: ParsedJws; readonly signOn: SignOnStatement } {
  const jws = parseCompactJws(text, "sign-on+jws");
  return { jws, signOn: parseStatement(jws.payload) };
}

/** Signs a sign-on with the desk's key. Throws FormatError `sign-on` when a member is not of its form. */
export function makeSignOn(
  signOn: SignOnStatement,
  key: { readonly alg: JwsAlgorithm; readonly kid: string; readonly sign: SignBytes },
): string {
  const payload = { ...signOn, log: formatLogId(signOn.log) };
  const text = signJws({ alg: key.alg, kid: key.kid, typ: "sign-on+jws" }, payload, key.sign);
  parseSignOn(text);
  return text;
}

function parseStatement(value: { readonly [member: string]: unknown }): SignOnStatement {
  const names: readonly string[] = [...REQUIRED, ...OPTIONAL];
  const isWhole = REQUIRED.every((name) => value[name] !== undefined);
  if (!isWhole || !Object.keys(value).every((name) => names.includes(name))) throw badSignOn();
  const { log, src, seq, role, exp, token, iat, auth_time: authenticated } = value;
  const knownRole = SIGNED_ON_ROLES.find((each) => each === role);
  if (typeof log !== "string" || typeof src !== "string" || knownRole === undefined) throw badSignOn();
  if (!isSeq(seq) || !isUnixSeconds(exp) || !isUnixSeconds(iat)) throw badSignOn();
  // As a kid it is the base64url of 32 bytes.
  if (typeof token !== "string" || !isKeyId(token)) throw badSignOn();
  if (authenticated !== undefined && !isUnixSeconds(authenticated)) throw badSignOn();
  const { iss, ...texts } = textsOf(value);
  if (iss === undefined) throw badSignOn();
  return {
    ...{ log: parseLogId(log), src: parseSource(src), seq, role: knownRole, iss },
    ...texts,
    ...(authenticated === undefined ? {} : { auth_time: authenticated }),
    ...{ exp, token, iat },
  };
}

type Texts = Partial<Record<TextName, string>>;

function textsOf(value: { readonly [member: string]: unknown }): Texts {
  const texts: Texts = {};
  for (const name of ["agency", "iss", "sub", "jti", "client_id", "acr"] as const) {
    const text = value[name];
    if (text === undefined) continue;
    if (typeof text !== "string" || !isSignOnText(name, text)) throw badSignOn();
    texts[name] = text;
  }
  return texts;
}

function badSignOn(): FormatError {
  return new FormatError(
    "sign-on",
    `a sign-on states ${REQUIRED.join(", ")}, some of ${OPTIONAL.join(", ")}, and nothing else`,
  );
}
