import { decodeBytes32String, isError } from "ethers";
import { FormatError } from "../../protocol/errors.ts";
import { isSafePublicKey, type JwsAlgorithm, keyId } from "../../protocol/jws.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import type { RecorderKey } from "../receive/keys.ts";
import { agencyRegistryArtifact } from "./artifacts.ts";
import {
  byteString,
  cappedNumber,
  contractReader,
  hash,
  list,
  number,
  object,
  quantity,
  text,
} from "./chain-values.ts";
import { isRevert, type Rpc, RpcFailure } from "./json-rpc.ts";

/** A key as the contract has it. `toSeq` is where the next key of the same recorder begins, Infinity for the newest. */
export type RegisteredKey = Omit<RecorderKey, "revoked"> & {
  /** First block at which it is revoked, 0 when it is not. */
  readonly revokedBlock: number;
};

/** Reads of the AgencyRegistry at the latest block. An agency is named by its bytes32 code, 0x hex. */
export interface AgencyReader {
  /** The codes of all agencies, in the order of their admission. */
  agencyCodes: () => Promise<string[]>;
  /** Every key of every recorder of an agency. Keys that must not be used (see `isSafePublicKey`) are left out. */
  keysOf: (agencyCode: string) => Promise<RegisteredKey[]>;
  /** Codes of the agencies that anything happened to in these blocks, both included. */
  changedIn: (fromBlock: number, toBlock: number) => Promise<string[]>;
}

/** Which log the ledger that reads keeps. */
export interface OwnLog {
  readonly anchorRegistry: string;
  readonly logId: number;
}

const ALGORITHMS: Readonly<Record<number, JwsAlgorithm>> = { 1: "EdDSA", 2: "ES256" };
/** Reads that are under way at once: enough to hide the distance to a node, few enough not to burden it. */
const PARALLEL_READS = 16;

/** The reader of the AgencyRegistry at an address, for the ledger of this log. */
export function agencyReader(rpc: Rpc, address: string, own: OwnLog): AgencyReader {
  const read = contractReader(rpc, address, agencyRegistryArtifact.abi);

  /** The log that holds the agency now, if it is not ours. */
  async function elsewhere(agency: string): Promise<number | undefined> {
    try {
      const [history] = await read("logHistory", [agency]);
      const last = list(history).at(-1);
      if (last === undefined) return undefined;
      const logId = number(list(last)[1]);
      const [registry] = await read("anchorRegistry", []);
      const isOurs = logId === own.logId && text(registry).toLowerCase() === own.anchorRegistry.toLowerCase();
      return isOurs ? undefined : logId;
    } catch (error) {
      // A registry of before there were several logs lacks the function and reverts: it assigns nothing.
      if (error instanceof RpcFailure && isRevert(error)) return undefined;
      throw error;
    }
  }

  async function keysOfRecorder(
    agency: string,
    recorder: string,
    standing: Pick<RegisteredKey, "entitlements" | "elsewhere">,
  ): Promise<RegisteredKey[]> {
    const source = sourceOf(agency, recorder);
    if (source === undefined) return [];
    const [keys] = await read("recorderKeys", [agency, recorder]);
    const parsed = list(keys).map(parseKey);
    return parsed.flatMap((key, i) => {
      const { alg, fromSeq, revokedBlock } = key;
      if (alg === undefined || !isSafePublicKey({ alg, key: key.key })) return [];
      const toSeq = parsed[i + 1]?.fromSeq ?? Infinity;
      return [
        { source, kid: keyId(alg, key.key), alg, key: key.key, fromSeq, toSeq, revokedBlock, ...standing },
      ];
    });
  }

  return {
    agencyCodes: async () => {
      const [count] = await read("agencyCount", []);
      const places = Array.from({ length: number(count) }, (_, place) => place);
      return inParallel(places, async (place) => {
        const [code] = await read("agencyCodeAt", [place]);
        return hash(code);
      });
    },
    keysOf: async (agency) => {
      const [agencyState] = await read("agencyOf", [agency]);
      const log = await elsewhere(agency);
      const standing = {
        entitlements: number(list(agencyState)[3]),
        ...(log !== undefined && { elsewhere: log }),
      };
      const [recorders] = await read("recordersOf", [agency]);
      const keys = await inParallel(list(recorders), (recorder) =>
        keysOfRecorder(agency, hash(recorder), standing),
      );
      return keys.flat();
    },
    changedIn: async (fromBlock, toBlock) => {
      const range = { address, fromBlock: quantity(fromBlock), toBlock: quantity(toBlock) };
      const logs = list(await rpc("eth_getLogs", [range]));
      // Every event about an agency has its code as first indexed parameter; those about roles are older than any of them.
      const codes = logs.flatMap((log) => {
        const topics = list(object(log)["topics"]).map(hash);
        const event = topics[0] === undefined ? null : agencyRegistryArtifact.abi.getEvent(topics[0]);
        return event?.inputs[0]?.name === "agency" && topics[1] !== undefined ? [topics[1]] : [];
      });
      return [...new Set(codes)];
    },
  };
}

/** Maps with a bounded number of promises under way. Results are in the order of the items. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const work = async (): Promise<void> => {
    for (const [place, item] of entries) results[place] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_READS, items.length) }, work));
  return results;
}

function parseKey(value: unknown): {
  alg: JwsAlgorithm | undefined;
  fromSeq: number;
  revokedBlock: number;
  key: Uint8Array;
} {
  const [alg, fromSeq, , revokedBlock, key] = list(value);
  return {
    alg: ALGORITHMS[number(alg)],
    fromSeq: cappedNumber(fromSeq),
    revokedBlock: cappedNumber(revokedBlock),
    key: byteString(key),
  };
}

/** The source of two slugs in bytes32. The contract checks their grammar; undefined should another contract not do it. */
function sourceOf(agency: string, recorder: string): Source | undefined {
  try {
    return parseSource(`${decodeBytes32String(agency)}/${decodeBytes32String(recorder)}`);
  } catch (error) {
    if (error instanceof FormatError || isError(error, "INVALID_ARGUMENT")) return undefined;
    throw error;
  }
}
