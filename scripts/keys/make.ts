import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { ed25519 } from "@noble/curves/ed25519.js";
import { computeAddress, hexlify } from "ethers";
import { toHex } from "../../protocol/bytes.ts";
import { createSigningKey, RecorderError } from "../../recorder/index.ts";
import { KeysError } from "./error.ts";

/** What can be made, by what is made for it. */
const KINDS = {
  ...{ checkpoint: "ed25519", receipt: "ed25519", vrf: "ed25519", ledger: "ed25519", desk: "ed25519" },
  ...{ anchorer: "account", admin: "account", registrar: "account", account: "account" },
  ...{ pepper: "secret", recorder: "pem" },
} as const;

export type KeyName = keyof typeof KINDS;

export function isKeyName(name: string | undefined): name is KeyName {
  return name !== undefined && Object.hasOwn(KINDS, name);
}

/** Makes a new key in a new file of mode 0600 and returns what is public of it: a key in hexadecimal, an address, or nothing for a secret. @throws KeysError */
export async function makeKey(name: KeyName, file: string): Promise<string | undefined> {
  const kind = KINDS[name];
  if (kind === "pem") return await makeRecorderKey(file);
  const secret = new Uint8Array(randomBytes(32));
  writeNew(file, kind === "account" ? hexlify(secret) : toHex(secret));
  if (kind === "account") return computeAddress(hexlify(secret));
  return kind === "ed25519" ? toHex(ed25519.getPublicKey(secret)) : undefined;
}

async function makeRecorderKey(file: string): Promise<string> {
  try {
    return toHex((await createSigningKey(file)).publicKey);
  } catch (cause) {
    if (cause instanceof RecorderError) throw new KeysError(cause.message, { cause });
    throw cause;
  }
}

function writeNew(file: string, text: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", 0o600);
  } catch (cause) {
    throw new KeysError(`${file} cannot be created; a key is never overwritten.`, { cause });
  }
  try {
    writeSync(descriptor, `${text}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
