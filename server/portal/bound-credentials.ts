import { hash, randomUUID } from "node:crypto";
import { type CryptoKey, exportJWK, importJWK, type JWK, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import type { CredentialsFor, Grant } from "./sessions.ts";

/** The key of a grant, as a session keeps it. */
export async function grantKey({ privateKey }: { readonly privateKey: CryptoKey }): Promise<JWK> {
  return await exportJWK(privateKey);
}

/** How a grant shows who signed on: the token alone, or with a proof of its key for each request (RFC 9449 section 4). */
export function credentialsOf(clock: Clock): (grant: Grant) => CredentialsFor {
  return ({ token, key }) =>
    key === undefined
      ? () => Promise.resolve({ authorization: `Bearer ${token}` })
      : boundCredentials(token, key, clock);
}

/** A token bound to a key that the browser never sees. */
function boundCredentials(token: string, key: JWK, clock: Clock): CredentialsFor {
  const ath = hash("sha256", token, "base64url");
  const jwk: JWK = { ...key };
  // The proof shows the public part.
  delete jwk.d;
  return async ({ method, url }) => ({
    authorization: `DPoP ${token}`,
    dpop: await new SignJWT({ htm: method, htu: url, ath, jti: randomUUID() })
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
      .sign(await importJWK(key, "ES256")),
  });
}
