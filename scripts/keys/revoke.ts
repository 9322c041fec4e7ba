import { decodeBytes32String, encodeBytes32String, hexlify } from "ethers";
import type { AnchorAccount } from "../../server/anchor/anchor-transaction.ts";
import { list, number } from "../../server/anchor/chain-values.ts";
import { KeysError } from "./error.ts";
import type { Registries } from "./registries.ts";

/** One entry of a key in the AgencyRegistry. */
interface Registration {
  readonly source: string;
  readonly agency: string;
  readonly recorder: string;
  readonly keyIndex: number;
  readonly fromSeq: number;
  /** 0 where it is not revoked. */
  readonly revokedBlock: number;
}

export interface Revocation {
  readonly agency: string;
  readonly recorder: string;
  readonly key: Uint8Array;
  /** First block at which it is revoked; undefined for one that was stolen: at once. */
  readonly block: number | undefined;
}

/**
 * Revokes every registration of a key with this recorder; of a stolen one also those with the agency's other recorders, for whoever has the key has it for all of
 * them, and says which other agencies have it as well. May be killed and repeated. @throws KeysError
 */
export async function revokeKey(
  registries: Registries,
  owner: AnchorAccount,
  { agency, recorder, key, block }: Revocation,
  print: (line: string) => void,
): Promise<void> {
  const own = await registrations(registries, [agency], hexlify(key));
  const ofRecorder = own.filter((each) => each.recorder === recorder);
  if (ofRecorder.length === 0) throw new KeysError(`The chain knows no such key of ${agency}/${recorder}.`);
  for (const each of block === undefined ? own : ofRecorder) {
    const from = await revokeOne(registries, owner, each, block);
    print(
      `${each.source}: the key that signs from number ${each.fromSeq} on is revoked from block ${from} on.`,
    );
  }
  if (block !== undefined) return;
  const others = (await agencyCodes(registries)).filter((code) => code !== agency);
  for (const { source } of await registrations(registries, others, hexlify(key)))
    print(`${source} has the same key: its agency's account, or the registrar, has to revoke it too.`);
}

async function revokeOne(
  registries: Registries,
  owner: AnchorAccount,
  { agency, recorder, keyIndex, revokedBlock, source, fromSeq }: Registration,
  given: number | undefined,
): Promise<number> {
  if (given !== undefined && revokedBlock !== 0 && revokedBlock < given)
    throw new KeysError(
      `${source}: the key that signs from number ${fromSeq} on is revoked from block ${revokedBlock} on already; a revocation is never moved to a later block.`,
    );
  const names = [encodeBytes32String(agency), encodeBytes32String(recorder)];
  // The registry takes no block that is past, and a chain that makes many of them may overtake one that is a little ahead.
  for (let attempt = 1; ; attempt++) {
    const block = given ?? (await latestBlock(registries)) + BLOCKS_AHEAD * attempt;
    if (revokedBlock !== 0 && revokedBlock <= block) return revokedBlock;
    try {
      await registries.send(owner, "agencies", "revokeRecorderKey", [...names, keyIndex, block]);
      return block;
    } catch (error) {
      if (given !== undefined || attempt === MAX_ATTEMPTS || !(error instanceof KeysError)) throw error;
    }
  }
}

const BLOCKS_AHEAD = 2;
const MAX_ATTEMPTS = 5;

async function latestBlock({ rpc }: Registries): Promise<number> {
  return Number(String(await rpc("eth_blockNumber", [])));
}

/** All registrations of a key with recorders of these agencies, `key` in hexadecimal with 0x. */
async function registrations(
  registries: Registries,
  agencies: readonly string[],
  key: string,
): Promise<Registration[]> {
  const found: Registration[] = [];
  for (const agency of agencies) {
    const code = encodeBytes32String(agency);
    const [recorders] = await registries.read("agencies", "recordersOf", [code]);
    for (const name of list(recorders)) {
      const [keys] = await registries.read("agencies", "recorderKeys", [code, name]);
      const recorder = decodeBytes32String(String(name));
      for (const [keyIndex, row] of list(keys).entries()) {
        const [, fromSeq, , revokedBlock, bytes] = list(row);
        if (String(bytes) !== key) continue;
        const numbers = { fromSeq: number(fromSeq), revokedBlock: number(revokedBlock) };
        found.push({ source: `${agency}/${recorder}`, agency, recorder, keyIndex, ...numbers });
      }
    }
  }
  return found;
}

async function agencyCodes(registries: Registries): Promise<string[]> {
  const [count] = await registries.read("agencies", "agencyCount", []);
  const codes: string[] = [];
  for (let at = 0; at < number(count); at++) {
    const [code] = await registries.read("agencies", "agencyCodeAt", [at]);
    codes.push(decodeBytes32String(String(code)));
  }
  return codes;
}
