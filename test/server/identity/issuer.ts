import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";

/** A key pair and its public half as a JWK. */
export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK & { kid: string };
}

export async function keyPair(alg = "ES256"): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk: { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) } };
}

/** A sign-on service of a test's own: its documents over HTTP, and whatever tokens the test wants signed. */
export interface TestIssuer {
  readonly url: string;
  /** What it publishes; a test changes it. */
  keys: KeyPair[];
  /** How it answers; a test changes it. */
  answer: "well" | "error" | "another issuer" | "endlessly" | "elsewhere" | "nonsense";
  /** Requests it had. */
  readonly asked: string[];
  readonly close: () => Promise<void>;
}

export async function startIssuer(): Promise<TestIssuer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    if (path === "/moved/.well-known/openid-configuration") {
      response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/moved/jwks` }));
    } else if (path === "/moved/jwks") {
      response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
    } else if (issuer.answer === "error") {
      response.writeHead(500).end("{}");
    } else if (issuer.answer === "elsewhere") {
      response.writeHead(302, { location: `/moved${path}` }).end();
    } else if (issuer.answer === "endlessly") {
      response.end(`{"issuer":"${"x".repeat(1_000_000)}"}`);
    } else if (issuer.answer === "nonsense") {
      response.end("[1");
    } else if (path === "/.well-known/openid-configuration") {
      const name = issuer.answer === "another issuer" ? "https://other.example" : url;
      response.end(JSON.stringify({ issuer: name, jwks_uri: `${url}/jwks` }));
    } else response.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    url,
    keys: [await keyPair()],
    answer: "well",
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return issuer;
}

/** Signs claims as an access token. */
export async function signed(
  claims: JWTPayload,
  { privateKey, jwk }: KeyPair,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: jwk.alg ?? "ES256", kid: jwk.kid, typ: "at+jwt", ...header })
    .sign(privateKey);
}

export interface ProofOptions {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  /** Unix seconds. */
  readonly at: number;
  /** In place of, or besides, what a proof has. */
  readonly claims?: Record<string, unknown>;
  readonly header?: Partial<JWTHeaderParameters>;
}

/** The key as a proof carries it. */
export function publicHalf({ jwk: { kid: _, alg: __, ...jwk } }: KeyPair): JWK {
  return jwk;
}

/** A proof of possession as RFC 9449 section 4.2 has it. */
export async function proof(
  key: KeyPair,
  { method, url, token, at, claims, header }: ProofOptions,
): Promise<string> {
  const ath = createHash("sha256").update(token).digest("base64url");
  return await new SignJWT({ htm: method, htu: url, ath, iat: at, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: publicHalf(key), ...header })
    .sign(key.privateKey);
}
