import type { ClaimRules } from "../config-sign-on.ts";
import { LedgerError } from "../errors.ts";
import { type AccessTokenRules, checkAccessToken } from "./access-token.ts";
import { type Caller, PUBLIC, type SignedOn } from "./caller.ts";
import { callerOfClaims } from "./claims.ts";
import type { CheckProof } from "./dpop.ts";
import type { Authenticator, ShownCredentials } from "./tokens.ts";

/** An OpenID Connect issuer whose word counts here. */
export interface TrustedIssuer extends AccessTokenRules {
  readonly claims: ClaimRules;
  readonly requireDpop: boolean;
}

export interface AuthenticatorParts {
  /** The caller of a token that is kept here, if it is one. */
  readonly findKept: (token: string) => SignedOn | undefined;
  /** Undefined where nobody signs people on. */
  readonly issuer: () => TrustedIssuer | undefined;
  readonly checkProof: CheckProof;
  /** How people reach this server, without a slash at the end. */
  readonly publicUrl: () => string;
}

interface Shown {
  readonly scheme: "Bearer" | "DPoP";
  readonly token: string;
}

/** RFC 6750 section 2.1. No issuer's token is longer than what a request's head may hold. */
const CREDENTIALS = /^(Bearer|DPoP) ([A-Za-z0-9._~+/-]{1,12288}=*)$/i;

/**
 * Finds out who calls by an access token in the `Authorization` header, as `Bearer` (RFC 6750) or, when it is bound to a key, as `DPoP` with a proof
 * (RFC 9449). A header that proves nothing is refused; it never makes its sender the public.
 */
export function authenticator({
  findKept,
  issuer,
  checkProof,
  publicUrl,
}: AuthenticatorParts): Authenticator {
  return {
    callerOf: async ({ authorization, ...request }): Promise<Caller> => {
      if (authorization === undefined) return PUBLIC;
      const shown = parse(authorization);
      const kept = shown.scheme === "Bearer" ? findKept(shown.token) : undefined;
      if (kept !== undefined) return kept;
      const trusted = issuer();
      if (trusted === undefined) throw refused("The token is not known here.");
      return await callerOfToken(shown, { request, trusted });
    },
  };

  async function callerOfToken(
    { scheme, token }: Shown,
    { request, trusted }: { request: Omit<ShownCredentials, "authorization">; trusted: TrustedIssuer },
  ): Promise<Caller> {
    const { claims, digest, boundTo } = await checkAccessToken(token, trusted);
    if (scheme === "Bearer" && boundTo !== undefined)
      throw refused(
        "The token is bound to a key: send it as Authorization: DPoP <token>, with a proof in the header DPoP.",
      );
    if (scheme === "DPoP" && boundTo === undefined)
      throw refused("The token is not bound to a key (cnf.jkt): send it as Authorization: Bearer <token>.");
    if (boundTo === undefined && trusted.requireDpop)
      throw refused(
        "Only tokens that are bound to a key are taken here: get one by showing a DPoP proof to the sign-on service.",
      );
    if (boundTo !== undefined) {
      const url = publicUrl() + request.path;
      await checkProof(request.dpop, { method: request.method, url, tokenDigest: digest, boundTo });
    }
    return callerOfClaims({ claims, digest }, trusted.claims);
  }
}

function parse(authorization: string): Shown {
  const [, scheme, token] = CREDENTIALS.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined)
    throw refused("Send the header as: Authorization: Bearer <token>");
  return { scheme: scheme.toLowerCase() === "dpop" ? "DPoP" : "Bearer", token };
}

function refused(message: string): LedgerError {
  return new LedgerError("unauthenticated", message);
}
