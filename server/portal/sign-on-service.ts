import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  customFetch,
  type CustomFetch,
  discovery,
  getDPoPHandle,
  None,
  randomDPoPKeyPair,
  ResponseBodyError,
} from "openid-client";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Begun } from "./begun.ts";
import { grantKey } from "./bound-credentials.ts";
import type { Grant } from "./sessions.ts";

/** Why somebody could not be signed on, as the portal is told. */
export type Refusal = "cancelled" | "expired" | "refused" | "unavailable" | "none";

/** Nobody is signed on; the message says why, without anything of a token. */
export class SignOnRefused extends Error {
  override readonly name = "SignOnRefused";
  readonly reason: Refusal;

  constructor(reason: Refusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** An OpenID Connect issuer, as the portal's program knows it. */
export interface SignOnIssuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** Whether its tokens have to be bound to a key (RFC 9449). */
  readonly bindsTokens: boolean;
}

export interface SignOnServiceOptions {
  /** Undefined where nobody signs people on, or not yet. */
  readonly issuer: () => SignOnIssuer | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The sign-on service as the portal uses it: authorization code with PKCE (RFC 7636, RFC 9700 section 2.1.1). */
export interface SignOnService {
  /** Where the browser goes to sign on. @throws SignOnRefused */
  readonly addressFor: (
    begun: Begun,
    options: { readonly redirectUri: string; readonly language: string | undefined },
  ) => Promise<string>;
  /** Takes what the browser brought back, to the URL with its whole query. @throws SignOnRefused */
  readonly redeem: (callback: URL, begun: Begun) => Promise<Grant>;
  /** Where the sign-on ends at the service too, if it has such a page and answers. */
  readonly endAddress: (back: string) => Promise<string | undefined>;
}

/** What an issuer says of itself changes rarely. */
const FRESH_MS = 60 * 60_000;
/** One that did not answer is left alone for so long. */
const FAILURE_COOLDOWN_MS = 5_000;
const TIMEOUT_SECONDS = 5;
const MAX_ANSWER_BYTES = 256 * 1024;
/** Codes being redeemed at once: whoever makes up codes does not make the service answer all of them at once. */
const MAX_REDEEMING = 50;

export function signOnService({ issuer, clock, log }: SignOnServiceOptions): SignOnService {
  let known: { readonly of: string; readonly at: number; readonly configuration: Configuration } | undefined;
  let failedAt = -Infinity;
  let asking: Promise<Configuration> | undefined;
  let redeeming = 0;

  function required(): SignOnIssuer {
    const found = issuer();
    if (found === undefined) throw new SignOnRefused("none", "nobody signs people on here");
    return found;
  }

  async function configurationOf(service: SignOnIssuer): Promise<Configuration> {
    if (known?.of === service.issuer && clock.now() - known.at < FRESH_MS) return known.configuration;
    if (clock.now() - failedAt < FAILURE_COOLDOWN_MS)
      throw new SignOnRefused("unavailable", "the sign-on service did not answer a moment ago");
    asking ??= ask(service).finally(() => (asking = undefined));
    return await asking;
  }

  async function ask(service: SignOnIssuer): Promise<Configuration> {
    try {
      const url = new URL(service.issuer);
      const configuration = await discovery(url, service.clientId, undefined, None(), {
        timeout: TIMEOUT_SECONDS,
        [customFetch]: boundedFetch,
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the settings allow http for this machine and for trying out alone
        execute: url.protocol === "http:" ? [allowInsecureRequests] : [],
      });
      known = { of: service.issuer, at: clock.now(), configuration };
      return configuration;
    } catch (error) {
      failedAt = clock.now();
      throw refusalOf(error, log);
    }
  }

  return {
    addressFor: async ({ state, nonce, verifier }, { redirectUri, language }) => {
      const service = required();
      const configuration = await configurationOf(service);
      const address = buildAuthorizationUrl(configuration, {
        ...{ redirect_uri: redirectUri, scope: service.scope, state, nonce },
        ...{ code_challenge: await calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" },
        ...(language === undefined ? {} : { ui_locales: language }),
      });
      return address.href;
    },
    redeem: async (callback, { state, nonce, verifier }) => {
      const service = required();
      const configuration = await configurationOf(service);
      if (redeeming >= MAX_REDEEMING)
        throw new SignOnRefused("unavailable", "too many people are signing on at once");
      redeeming++;
      try {
        const key = service.bindsTokens ? await randomDPoPKeyPair("ES256", { extractable: true }) : undefined;
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
        const proven = key && { DPoP: getDPoPHandle(configuration, key) };
        const granted = await authorizationCodeGrant(configuration, callback, checks, undefined, proven);
        const token = granted.access_token;
        return key === undefined ? { token } : { token, key: await grantKey(key) };
      } catch (error) {
        throw refusalOf(error, log);
      } finally {
        redeeming--;
      }
    },
    endAddress: async (back) => {
      // Another server may have signed the person on.
      const service = issuer();
      const configuration = service && (await configurationOf(service).catch(() => undefined));
      if (configuration?.serverMetadata().end_session_endpoint === undefined) return undefined;
      // Without the ID token, which the browser would see: the service asks the person.
      return buildEndSessionUrl(configuration, { post_logout_redirect_uri: back }).href;
    },
  };
}

/** Never its cause, nor its message where the service wrote it: they can hold what was sent, a code or a token. */
function refusalOf(error: unknown, log: Logger): SignOnRefused {
  if (error instanceof SignOnRefused) return error;
  if (error instanceof AuthorizationResponseError)
    return new SignOnRefused("cancelled", "the sign-on service ended it");
  if (error instanceof ResponseBodyError && error.error === "invalid_grant")
    return new SignOnRefused("expired", "the code is used or too old");
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  log.warn(
    { kind: error instanceof Error ? error.name : typeof error, code },
    "the sign-on service does not answer as it should",
  );
  return new SignOnRefused("unavailable", "the sign-on service does not answer as it should");
}

/** An answer of the service, at most so long. */
const boundedFetch: CustomFetch = async (url, options) => {
  const { body, ...rest } = options;
  const answer = await fetch(url, { ...rest, ...(body === undefined ? {} : { body }) });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new RangeError(`the sign-on service sends more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const content = chunks.length === 0 ? null : Buffer.concat(chunks);
  return new Response(content, { status: answer.status, headers: answer.headers });
};
