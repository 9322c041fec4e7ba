/**
 * `npm run -s assertion -- AGENCY`: signs what an agency's system shows to the development sign-on to get a token (RFC 7523 section 3), with the key that
 * the ledger made for it in `DATA_DIR/keys`. Prints it, to be used once and within a minute.
 */
import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { SignJWT } from "jose";
import { isAgencyCode } from "../protocol/source.ts";
import { ConfigError, readConfig } from "../server/config.ts";

const LIFETIME_SECONDS = 60;

async function assertionOf(agency: string | undefined): Promise<string> {
  if (agency === undefined || !isAgencyCode(agency))
    throw new ConfigError("Usage: npm run -s assertion -- AGENCY, such as qn-health");
  const { dataDir, host, port } = readConfig(process.env);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: agency, sub: agency, aud: `http://${host}:${port}/oidc`, jti: randomUUID() };
  return await new SignJWT({ ...claims, iat: now, exp: now + LIFETIME_SECONDS })
    .setProtectedHeader({ alg: "ES256" })
    .sign(await keyOf(path.join(dataDir, "keys", `client-${agency}.pem`)));
}

async function keyOf(file: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(file));
  } catch (cause) {
    throw new ConfigError(
      `${file} holds no key: start the ledger with npm start, and name one of its agencies`,
      { cause },
    );
  }
}

try {
  const [agency] = process.argv.slice(2);
  console.log(await assertionOf(agency));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
