import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import path from "node:path";
import { KeyError } from "../keys/errors.ts";
import { openPkcs11Key, type Pkcs11Key } from "../keys/pkcs11-key.ts";
import { isPkcs11Uri } from "../keys/pkcs11-uri.ts";
import { readSecretFile } from "../keys/secret-file.ts";
import { type Config, ConfigError, type Env } from "./config.ts";
import { publicKeyOf, type SigningSecret } from "./signers.ts";

/** Private key material, 32 bytes each. Never logged, never sent, never in an error message. */
export interface Secrets {
  /** Ed25519 seed that signs checkpoints (C2SP signed notes). */
  readonly checkpoint: Uint8Array;
  /** Ed25519 seed that signs receipts. */
  readonly receipt: Uint8Array;
  /** Ed25519 seed of the log's verifiable random function; fixed for the life of the log. */
  readonly vrf: Uint8Array;
  /** Ed25519 seed of the ledger's own source, `<operator>/ledger`. */
  readonly ledger: Uint8Array;
  /** Ed25519 seed of the desk, `<operator>/desk`, through which people's acts are recorded. */
  readonly desk: Uint8Array;
  /** secp256k1 key of the account that anchors. */
  readonly anchorer: Uint8Array;
  /** Keys the HMAC under which events find their person. */
  readonly pepper: Uint8Array;
}

/** The same keys, of which those that sign may be in a PKCS#11 token. The other two are computed with and cannot be. */
export interface LedgerKeys extends Record<Exclude<keyof Secrets, "vrf" | "pepper">, SigningSecret> {
  readonly vrf: Uint8Array;
  readonly pepper: Uint8Array;
}

const SECRET_BYTES = 32;

/** Name in the store of keys -> name in the environment. The same with `_FILE` names a file that holds it instead. */
export const VARIABLES = {
  checkpoint: "CHECKPOINT_KEY",
  receipt: "RECEIPT_KEY",
  vrf: "VRF_KEY",
  ledger: "LEDGER_KEY",
  desk: "DESK_KEY",
  anchorer: "ANCHORER_KEY",
  pepper: "PEPPER",
} as const satisfies Record<keyof Secrets, string>;

/**
 * The secrets from the environment (64 hex digits each), or from files that it names. On the embedded chain a missing one is read from `DATA_DIR/keys`, and
 * made there the first time, readable by its owner alone; in production a missing one is an error, so that a forgotten mount
 * never starts a second identity.
 * @throws ConfigError naming the variable, never its value.
 */
export function loadSecrets(config: Pick<Config, "dataDir" | "environment">, env: Env): Secrets {
  const secret = (name: keyof Secrets): Uint8Array => loadSecret(name, config, env);
  return {
    checkpoint: secret("checkpoint"),
    receipt: secret("receipt"),
    vrf: secret("vrf"),
    ledger: secret("ledger"),
    desk: secret("desk"),
    anchorer: secret("anchorer"),
    pepper: secret("pepper"),
  };
}

/** One of them, by the same rules; nothing is made for the others. @throws ConfigError */
export function loadSecret(
  name: keyof Secrets,
  config: Pick<Config, "dataDir" | "environment">,
  env: Env,
): Uint8Array {
  const given = givenText(VARIABLES[name], env);
  if (given === undefined) return ownSecret(name, config);
  if (!isPkcs11Uri(given)) return parseSecret(VARIABLES[name], given);
  throw new ConfigError(`${VARIABLES[name]} must be the key itself here, not the name of one in a token`);
}

/**
 * As `loadSecrets`, where those that sign may also be `pkcs11:` URIs (docs/KEYS.md). Their PIN is in the file that the URI's `pin-source` names,
 * or in the environment: the variable's name with `_PIN`. @throws ConfigError naming the variable, never its value.
 */
export async function openKeys(
  config: Pick<Config, "dataDir" | "environment">,
  env: Env,
): Promise<LedgerKeys> {
  const key = async (name: Exclude<keyof Secrets, "vrf" | "pepper">): Promise<SigningSecret> =>
    await openKey(name, config, env);
  return {
    checkpoint: await key("checkpoint"),
    receipt: await key("receipt"),
    vrf: loadSecret("vrf", config, env),
    ledger: await key("ledger"),
    desk: await key("desk"),
    anchorer: await key("anchorer"),
    pepper: loadSecret("pepper", config, env),
  };
}

async function openKey(
  name: Exclude<keyof Secrets, "vrf" | "pepper">,
  config: Pick<Config, "dataDir" | "environment">,
  env: Env,
): Promise<SigningSecret> {
  const curve = name === "anchorer" ? "secp256k1" : "ed25519";
  return (await openGivenKey(VARIABLES[name], curve, env)) ?? ownSecret(name, config);
}

/** The key that the environment gives by this variable, in whichever of the forms; undefined when it gives none. @throws ConfigError */
export async function openGivenKey(
  variable: string,
  curve: Pkcs11Key["curve"],
  env: Env,
): Promise<SigningSecret | undefined> {
  const given = givenText(variable, env);
  if (given === undefined) return undefined;
  if (!isPkcs11Uri(given)) return parseSecret(variable, given);
  try {
    const key = await openPkcs11Key(given, env[`${variable}_PIN`]);
    if (key.curve === curve) return key;
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    throw new ConfigError(`${variable}: ${cause.message}`, { cause });
  }
  throw new ConfigError(`${variable} must name a key of the curve ${curve}`);
}

/** What the environment gives for a variable, itself or by the file that `<variable>_FILE` names. @throws ConfigError */
function givenText(variable: string, env: Env): string | undefined {
  const [given, file] = [env[variable], env[`${variable}_FILE`]];
  if (file === undefined) return given;
  if (given !== undefined) throw new ConfigError(`Set ${variable} or ${variable}_FILE, not both`);
  try {
    return readSecretFile(file);
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    throw new ConfigError(`${variable}_FILE: ${cause.message}`, { cause });
  }
}

function ownSecret(name: keyof Secrets, config: Pick<Config, "dataDir" | "environment">): Uint8Array {
  const variable = VARIABLES[name];
  if (config.environment === "production")
    throw new ConfigError(`${variable} or ${variable}_FILE must be set in production`);
  return keptSecret(path.join(config.dataDir, "keys", name));
}

/**
 * Where the records are, by `STORE` or the file that `STORE_FILE` names: `postgres://user:password@host:port/database`; undefined for LevelDB in the data
 * folder (`level`, the default).
 * @throws ConfigError, never with its value: it may hold a password.
 */
export function recordsDatabase(env: Env): string | undefined {
  const store = givenText("STORE", env) ?? "level";
  if (store === "level") return undefined;
  if (/^postgres(?:ql)?:\/\/[^/]+\/[^/?]+/.test(store) && URL.canParse(store)) return store;
  throw new ConfigError('STORE must be "level" or postgres://user:password@host:port/database');
}

/** The public keys of the operator's own sources, by their recorders' names, 32 bytes each. */
export function ownSourceKeys({
  ledger,
  desk,
}: Pick<LedgerKeys, "ledger" | "desk">): Record<"ledger" | "desk", Uint8Array> {
  return { ledger: publicKeyOf(ledger), desk: publicKeyOf(desk) };
}

/** The public keys a log is created with on the chain, 32 bytes each. */
export function logPublicKeys(secrets: LedgerKeys): Record<"checkpoint" | "receipt" | "vrf", Uint8Array> {
  return {
    checkpoint: publicKeyOf(secrets.checkpoint),
    receipt: publicKeyOf(secrets.receipt),
    vrf: publicKeyOf(secrets.vrf),
  };
}

function parseSecret(variable: string, text: string): Uint8Array {
  const hex = /^(?:0x)?([0-9a-fA-F]{64})\s*$/.exec(text)?.[1];
  if (hex === undefined) throw new ConfigError(`${variable} must be ${SECRET_BYTES} bytes as 64 hex digits`);
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function keptSecret(file: string): Uint8Array {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  try {
    return parseSecret(file, readSecretFile(file));
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    if (!isMissing(error.cause)) throw new ConfigError(error.message, { cause: error });
  }
  const secret = new Uint8Array(randomBytes(SECRET_BYTES));
  writeNew(file, `${Buffer.from(secret).toString("hex")}\n`);
  return secret;
}

/**
 * The file appears whole and on the disk before the key is used (a signature by a lost key binds nobody), and `link` never
 * overwrites one that appeared meanwhile.
 */
function writeNew(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  linkSync(temporary, file);
  unlinkSync(temporary);
  const folder = openSync(path.dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
