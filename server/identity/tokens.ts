import { hash, timingSafeEqual } from "node:crypto";
import { LedgerError } from "../errors.ts";
import { type Caller, PUBLIC } from "./caller.ts";

/** Turns the `Authorization` header of a request into a caller. */
export interface Authenticator {
  /** The caller; `PUBLIC` without a header. @throws LedgerError `unauthenticated` for a header that proves nothing. */
  callerOf: (authorization: string | undefined) => Caller;
}

/** What a caller shows, and who that is. */
export interface Credential {
  readonly token: string;
  readonly caller: Caller;
}

/** Bearer tokens (RFC 6750). Only hashes are kept, and all of them are compared, so that time tells nothing. */
export function bearerTokens(credentials: readonly Credential[]): Authenticator {
  const known = credentials.map(({ token, caller }) => ({ digest: digestOf(token), caller }));
  return {
    callerOf: (authorization) => {
      if (authorization === undefined) return PUBLIC;
      const token = /^Bearer ([A-Za-z0-9._~+/-]{1,512}=*)$/i.exec(authorization)?.[1];
      if (token === undefined) {
        throw new LedgerError("unauthenticated", "Send the header as: Authorization: Bearer <token>");
      }
      const shown = digestOf(token);
      let caller: Caller | undefined;
      for (const candidate of known) if (timingSafeEqual(candidate.digest, shown)) caller = candidate.caller;
      if (caller === undefined) throw new LedgerError("unauthenticated", "The token is not known here.");
      return caller;
    },
  };
}

function digestOf(token: string): Buffer {
  return hash("sha256", token, "buffer");
}
