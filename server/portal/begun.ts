import { hkdfSync } from "node:crypto";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { Clock } from "../clock.ts";

/** A sign-on that a browser began and has to come back to. */
export interface Begun {
  /** What the sign-on service sends back (RFC 6749 section 10.12): only the browser that began can end it. */
  readonly state: string;
  /** What the ID token repeats (OpenID Connect Core section 3.1.2.1). */
  readonly nonce: string;
  /** What redeems the code (RFC 7636). */
  readonly verifier: string;
  /** The path to go on at. */
  readonly back: string;
}

/** As long as a person may take at the sign-on service. */
export const BEGUN_SECONDS = 10 * 60;

export interface BegunSignOns {
  readonly seal: (begun: Begun) => Promise<string>;
  /** Undefined for what was not sealed here, or too long ago. */
  readonly open: (sealed: string) => Promise<Begun | undefined>;
}

/**
 * What is begun is kept by the browser, encrypted: whoever begins a million sign-ons takes no memory.
 * @param secret 32 bytes that all servers of the log have: the browser may come back to another one
 */
export function begunSignOns(clock: Clock, secret: Uint8Array): BegunSignOns {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "minhbach/portal/begun/v1", 32));
  const now = (): Date => new Date(clock.now());
  return {
    seal: async (begun) =>
      await new EncryptJWT({ ...begun })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setExpirationTime(Math.floor(clock.now() / 1000) + BEGUN_SECONDS)
        .encrypt(key),
    open: async (sealed) => {
      try {
        const { payload } = await jwtDecrypt(sealed, key, {
          ...{ currentDate: now(), requiredClaims: ["exp"] },
          ...{ keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] },
        });
        const { state, nonce, verifier, back } = payload;
        if (isText(state) && isText(nonce) && isText(verifier) && isText(back))
          return { state, nonce, verifier, back };
        return undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
