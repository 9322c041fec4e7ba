import { existsSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { Wallet } from "ethers";
import { createSigningKey, readSigningKey, type SigningKey } from "../../recorder/signing-key.ts";

/**
 * The private key (0x hex) of an account on the embedded chain; made the first time, readable by its owner alone. The file appears
 * whole or not at all.
 */
export async function accountKey(file: string): Promise<string> {
  await makeOnce(file, async (unfinished) => {
    const { privateKey } = Wallet.createRandom();
    await writeFile(unfinished, `${privateKey}\n`, { mode: 0o600, flush: true });
  });
  return (await readFile(file, "utf8")).trim();
}

/** The signing key of a recorder; made the first time, whole or not at all. */
export async function recorderKey(file: string): Promise<SigningKey> {
  await makeOnce(file, async (unfinished) => {
    await createSigningKey(unfinished);
  });
  return readSigningKey(file);
}

async function makeOnce(file: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  if (existsSync(file)) return;
  const unfinished = `${file}.new`;
  // Left by a start that was killed while making it; nothing has used it.
  await rm(unfinished, { force: true });
  await make(unfinished);
  await rename(unfinished, file);
}
