import { hash, randomUUID } from "node:crypto";
import { type CryptoKey, exportJWK, SignJWT } from "jose";
import type { Clock } from "../clock.ts";
import type { CredentialsFor } from "./sessions.ts";

/** A token bound to a key that never leaves this process, with a proof of its own for each request (RFC 9449 section 4). */
export function boundCredentials(
  token: string,
  { privateKey, publicKey }: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey },
  clock: Clock,
): CredentialsFor {
  const ath = hash("sha256", token, "base64url");
  return async ({ method, url }) => ({
    authorization: `DPoP ${token}`,
    dpop: await new SignJWT({ htm: method, htu: url, ath, jti: randomUUID() })
      .setIssuedAt(Math.floor(clock.now() / 1000))
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: await exportJWK(publicKey) })
      .sign(privateKey),
  });
}
