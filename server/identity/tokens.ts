import { hash, timingSafeEqual } from "node:crypto";
import type { Caller, SignedOn } from "./caller.ts";

/** What a request shows about who sends it. */
export interface ShownCredentials {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
  /** The `DPoP` header (RFC 9449 section 4). */
  readonly dpop: string | undefined;
  /** What is asked for, which a DPoP proof names: the method in capitals, and the request's path without the query. */
  readonly method: string;
  readonly path: string;
}

/** Finds out who sends a request. */
export interface Authenticator {
  /**
   * The caller; `PUBLIC` without an `Authorization` header.
   * @throws LedgerError `unauthenticated` for credentials that prove nothing.
   */
  callerOf: (shown: ShownCredentials) => Promise<Caller>;
}

/** What a caller shows, and who that is. */
export interface Credential {
  readonly token: string;
  readonly caller: SignedOn;
}

/** Finds the caller of a token that is kept here. Only hashes are kept, and all of them are compared, so that time tells nothing. */
export function knownTokens(credentials: readonly Credential[]): (token: string) => SignedOn | undefined {
  const known = credentials.map(({ token, caller }) => ({ digest: digestOf(token), caller }));
  return (token) => {
    const shown = digestOf(token);
    let caller: SignedOn | undefined;
    for (const candidate of known) if (timingSafeEqual(candidate.digest, shown)) caller = candidate.caller;
    return caller;
  };
}

function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}
