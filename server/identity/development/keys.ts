import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";

/** Where an agency's demo system keeps the key that it signs on with. */
export function clientKeyFile(keysFolder: string, agency: string): string {
  return path.join(keysFolder, `client-${agency}.pem`);
}

/** The P-256 key that is kept in the file (PKCS #8, PEM), made the first time, for the file's owner alone. */
export function keptKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeNew(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  return privateKey;
}

/** The key as a JWK for ES256, named by its thumbprint (RFC 7638). */
export async function privateJwk(key: KeyObject): Promise<JWK> {
  return await named(await exportJWK(key));
}

export async function publicJwk(key: KeyObject): Promise<JWK> {
  return await named(await exportJWK(createPublicKey(key)));
}

async function named(jwk: JWK): Promise<JWK> {
  return { ...jwk, alg: "ES256", use: "sig", kid: await calculateJwkThumbprint(jwk) };
}

/** Whole or not at all, and never over a key that appeared meanwhile. */
function writeNew(file: string, text: string | Buffer): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    writeSync(descriptor, text.toString());
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  linkSync(temporary, file);
  unlinkSync(temporary);
}
