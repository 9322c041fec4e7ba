import { encodeBytes32String, getAddress, hexlify } from "ethers";
import { isPkcs11Uri } from "../../keys/pkcs11-uri.ts";
import { toHex } from "../../protocol/bytes.ts";
import { anchorAccount } from "../../server/anchor/anchor-transaction.ts";
import { list } from "../../server/anchor/chain-values.ts";
import { type Config, ConfigError, type Env } from "../../server/config.ts";
import { readSecretFile } from "../../keys/secret-file.ts";
import { type LedgerKeys, openKeys, VARIABLES } from "../../server/secrets.ts";
import { accountKeyOf, publicKeyOf } from "../../server/signers.ts";
import { openRegistries, type Registries } from "./registries.ts";

type Name = keyof typeof VARIABLES;

/**
 * Prints a line for each key of the ledger: its name, where it comes from, what is public of it, and what the chain says of it. Secrets are never
 * printed. @throws ConfigError when a key cannot be used, KeysError, LedgerError `chain-unavailable`
 */
export async function listKeys(config: Config, env: Env, print: (line: string) => void): Promise<void> {
  const keys = await openKeys(config, env);
  const registries = await openRegistries(config);
  const known = await knownKeys(registries, config.operator);
  for (const name of ["checkpoint", "receipt", "vrf", "ledger", "desk", "anchorer", "pepper"] as const) {
    const shown = publicOf(name, keys);
    const says = shown === undefined ? "a secret: nothing of it is public" : statusOf(known[name], shown);
    print([name.padEnd(10), originOf(name, env).padEnd(30), shown ?? "-", says].join("  "));
  }
}

function publicOf(name: Name, keys: LedgerKeys): string | undefined {
  if (name === "pepper") return undefined;
  if (name === "anchorer") return getAddress(anchorAccount(accountKeyOf(keys.anchorer)).address);
  return toHex(publicKeyOf(keys[name]));
}

function originOf(name: Name, env: Env): string {
  const variable = VARIABLES[name];
  const file = env[`${variable}_FILE`];
  const given = file === undefined ? env[variable] : readSecretFile(file);
  if (given === undefined) return `DATA_DIR/keys/${name}`;
  const place = file === undefined ? `environment ${variable}` : `file ${file}`;
  return isPkcs11Uri(given) ? `token, by ${place}` : place;
}

/** What the chain knows, newest last, by name. */
async function knownKeys(
  registries: Registries,
  operator: string,
): Promise<Readonly<Record<Name, readonly string[]>>> {
  const { logId } = registries.profile;
  const [versions] = await registries.read("anchors", "keyVersions", [logId]);
  const rows = list(versions).map(list);
  const [first] = rows;
  if (first === undefined)
    throw new ConfigError("The chain knows no such log: the trust profile is of another.");
  const [keys] = await registries.read("anchors", "logKeysAt", [logId, first[0]]);
  const [state] = await registries.read("anchors", "logState", [logId]);
  const own = async (recorder: string): Promise<string[]> => {
    const names = [encodeBytes32String(operator), encodeBytes32String(recorder)];
    const [found] = await registries.read("agencies", "recorderKeys", names);
    return list(found).map((key) => String(list(key)[4]));
  };
  return {
    checkpoint: rows.map((row) => String(row[1])),
    receipt: rows.map((row) => String(row[2])),
    vrf: [String(list(keys)[2])],
    anchorer: [getAddress(String(list(state)[0]))],
    ledger: await own("ledger"),
    desk: await own("desk"),
    pepper: [],
  };
}

function statusOf(known: readonly string[], shown: string): string {
  const text = shown.startsWith("0x") ? shown : hexlify(`0x${shown}`);
  if (known.at(-1) === text) return "the chain names it";
  return known.includes(text) ? "REPLACED: the chain names a newer one" : "UNKNOWN to the chain";
}
