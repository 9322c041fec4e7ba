import { type KeyObject, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { isJsonObject } from "../../protocol/json.ts";
import { jsonAnswer } from "./bounded-answer.ts";

export interface AgencyTokenOptions {
  /** The issuer's URL exactly as it writes it: the ledger's `OIDC_ISSUER`. */
  readonly issuer: string;
  /** The agency's code, which is its client id there. */
  readonly agency: string;
  /** The agency's private key, whose public half the issuer knows: P-256, Ed25519 or RSA. */
  readonly key: KeyObject;
  /** Names the key where the issuer knows several of this agency. */
  readonly keyId?: string;
  /** What the token is for (RFC 8707), where the issuer serves others than the ledger. */
  readonly resource?: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Gives a bearer token that is good now. @throws SignOnError */
export type AgencyToken = () => Promise<string>;

export type SignOnCode =
  /** It did not answer, or not as a token endpoint does; try again. */
  | "unreachable"
  /** It said no; the message says what to set right. */
  | "refused"
  /** It is not an issuer that can be used here; the message says why. */
  | "unusable";

/** No token could be had. */
export class SignOnError extends Error {
  override readonly name = "SignOnError";
  readonly code: SignOnCode;

  constructor(code: SignOnCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Token {
  readonly text: string;
  /** From when on another one is asked for, in milliseconds since 1970. */
  readonly renewAt: number;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;
/** An assertion is used at once. */
const ASSERTION_SECONDS = 60;
/** A token is not used in its last minute: requests take time, and clocks differ. */
const MARGIN_SECONDS = 60;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * An agency's access tokens: client credentials (RFC 6749 section 4.4) with `private_key_jwt` (RFC 7523 section 3), at the token endpoint that the
 * issuer's discovery document names. A token is used until shortly before its end, and one request is under way at a time, whoever waits.
 */
export function agencyTokens(options: AgencyTokenOptions): AgencyToken {
  let token: Token | undefined;
  let endpoint: string | undefined;
  let underWay: Promise<Token> | undefined;

  async function renewed(): Promise<Token> {
    try {
      endpoint ??= await tokenEndpoint(options.issuer);
      return (token = await requested(endpoint, options));
    } catch (error) {
      // It may have moved.
      endpoint = undefined;
      throw error;
    }
  }

  return async () => {
    if (token !== undefined && options.now() < token.renewAt) return token.text;
    underWay ??= renewed().finally(() => (underWay = undefined));
    return (await underWay).text;
  };
}

/** OpenID Connect Discovery 1.0 section 4. */
async function tokenEndpoint(issuer: string): Promise<string> {
  const { status, body } = await answerOf(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (status !== 200)
    throw unreachable(`The issuer ${issuer} answers ${status} instead of describing itself`);
  if (body["issuer"] !== issuer)
    throw unusable(`${issuer} calls itself another issuer: set the issuer exactly as it writes itself.`);
  const { token_endpoint: endpoint } = body;
  if (typeof endpoint !== "string" || !isAsSafeAs(endpoint, issuer))
    throw unusable(`The issuer ${issuer} names no token endpoint that is as safe as itself.`);
  return endpoint;
}

async function requested(endpoint: string, options: AgencyTokenOptions): Promise<Token> {
  const { agency, resource, now } = options;
  const askedAt = now();
  const { status, body } = await answerOf(endpoint, {
    method: "POST",
    body: new URLSearchParams({
      ...{ grant_type: "client_credentials", client_assertion_type: ASSERTION_TYPE },
      client_assertion: await assertion(options),
      ...(resource !== undefined && { resource }),
    }),
  });
  if (status >= 500) throw unreachable(`The sign-on service answers ${status}`);
  if (status !== 200) throw refused(agency, body["error"]);
  const { access_token: text, token_type: type, expires_in: seconds } = body;
  if (typeof text !== "string" || typeof type !== "string" || typeof seconds !== "number" || !(seconds > 0))
    throw unusable("The sign-on service gave no access token with an end (expires_in).");
  if (type.toLowerCase() !== "bearer")
    throw unusable(`The sign-on service gives ${agency} tokens that are no bearer tokens: set it to Bearer.`);
  const margin = Math.min(MARGIN_SECONDS, seconds / 2);
  return { text, renewAt: askedAt + (seconds - margin) * 1000 };
}

async function assertion({ issuer, agency, key, keyId, now }: AgencyTokenOptions): Promise<string> {
  const at = Math.floor(now() / 1000);
  return await new SignJWT({
    ...{ iss: agency, sub: agency, aud: issuer, jti: randomUUID(), iat: at, exp: at + ASSERTION_SECONDS },
  })
    .setProtectedHeader({ alg: algorithmOf(key), ...(keyId !== undefined && { kid: keyId }) })
    .sign(key);
}

/** @throws SignOnError for a key that signs no assertions */
function algorithmOf({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (type === "private" && asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1")
    return "ES256";
  if (type === "private" && asymmetricKeyType === "ed25519") return "EdDSA";
  if (type === "private" && asymmetricKeyType === "rsa") return "PS256";
  throw unusable("Sign on with a private key of P-256, Ed25519 or RSA.");
}

async function answerOf(
  url: string,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  try {
    const response = await fetch(url, {
      ...init,
      ...{ headers: { accept: "application/json" }, redirect: "error" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = await jsonAnswer(response, MAX_ANSWER_BYTES);
    return { status: response.status, body: isJsonObject(body) ? body : {} };
  } catch (cause) {
    throw unreachable(`The sign-on service cannot be reached at ${url}`, cause);
  }
}

function isAsSafeAs(location: string, issuer: string): boolean {
  const protocol = URL.canParse(location) ? new URL(location).protocol : undefined;
  return protocol === "https:" || protocol === new URL(issuer).protocol;
}

/** What to do about the errors of RFC 6749 section 5.2. */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_client:
    "let the issuer know the public half of this key for this client, with private_key_jwt, and set this machine's clock",
  unauthorized_client: "allow this client the grant client_credentials",
  unsupported_grant_type: "allow the grant client_credentials at the issuer",
  invalid_target: "set the resource to what the ledger's tokens are for (its OIDC_AUDIENCE)",
};

function refused(agency: string, error: unknown): SignOnError {
  const code = typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? error : "no reason";
  const remedy = REMEDIES[code] ?? "ask who runs the sign-on service";
  return new SignOnError("refused", `The sign-on service gives ${agency} no token (${code}): ${remedy}.`);
}

function unreachable(what: string, cause?: unknown): SignOnError {
  return new SignOnError("unreachable", `${what}; try again.`, { cause });
}

function unusable(message: string): SignOnError {
  return new SignOnError("unusable", message);
}
