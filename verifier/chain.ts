import { AbiError, AbiReader, callData, textWord, uintWord } from "./abi.ts";
import { isJsonObject } from "../protocol/json.ts";
import type { JwsAlgorithm, PublicKey } from "../protocol/jws.ts";
import { type Source, splitSource } from "../protocol/source.ts";

/** Sends one JSON-RPC request and resolves with its `result`. Rejects with ChainError, or anything when it got no answer. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/**
 * Why a question to the chain has no answer.
 * - `unreachable`: the node did not answer. `malformed`: its answer is not what an Ethereum node says.
 * - `refused`: the contract reverted, as for a log that does not exist.
 * - `disagreement`: two nodes the user named answered differently.
 */
export type ChainCode = "unreachable" | "malformed" | "refused" | "disagreement";

/** A question to the chain that has no answer; the message names the node. */
export class ChainError extends Error {
  override readonly name = "ChainError";
  readonly code: ChainCode;

  constructor(code: ChainCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Which chain a node serves. */
export interface ChainIdentity {
  readonly chainId: number;
  /** Hash of block 0: `0x` and 64 lowercase hexadecimal digits. */
  readonly genesisHash: string;
}

/** A checkpoint the registry accepted. */
export interface Anchor {
  readonly size: number;
  readonly indexSize: number;
  readonly block: number;
  /** The block's time, Unix seconds. */
  readonly time: number;
  readonly root: Uint8Array;
  readonly indexRoot: Uint8Array;
}

/** The log's Ed25519 public keys, 32 bytes each. */
export interface LogKeys {
  readonly checkpoint: Uint8Array;
  readonly receipt: Uint8Array;
  readonly vrf: Uint8Array;
}

export interface LogState {
  readonly frozen: boolean;
  /** Number of the log that this one continues, 0 when it began empty. */
  readonly predecessor: number;
  /** Which anchor of that log it continues, from 0; it need not be the last one. Says nothing without a predecessor. */
  readonly predecessorAnchor: number;
  /** Number of the log that continues this one, 0 when none does. */
  readonly successor: number;
}

/** A key of a recorder, as the agency registry holds it. */
export interface RecorderKey extends PublicKey {
  readonly fromSeq: number;
  readonly addedBlock: number;
  /** First block at which it is revoked; 0 when it is not. */
  readonly revokedBlock: number;
}

/** The log's keys that may change, in force from the end of block `fromBlock` until the next version. */
export interface KeyVersion {
  readonly fromBlock: number;
  readonly checkpoint: Uint8Array;
  readonly receipt: Uint8Array;
}

/** What an agency is entitled to from the end of block `fromBlock` until the next change. */
export interface EntitlementChange {
  readonly fromBlock: number;
  /** A sum of bits. */
  readonly entitlements: number;
}

/** The bits of an agency's entitlements. */
export const RECORD = 1;
export const SEAL = 2;
export const ERASE = 4;
export const MANDATE = 8;

/**
 * What the verifier asks the chain. Registries are named by address, `0x` and 40 lowercase digits. Every method rejects with
 * ChainError when there is no answer to rely on, and with nothing else. An answer is read from the state at the end of the block
 * `asOf`, or of the node's latest one: with the same `asOf`, nodes and processes behind one address that are a block apart give
 * one answer. What the registries say about an earlier block than that never changes.
 */
export interface ChainReader {
  /** How messages call the node or nodes behind it. */
  readonly name: string;
  identity(): Promise<ChainIdentity>;
  /** Number of the latest block. */
  latestBlock(): Promise<number>;
  /** The time of a block, Unix seconds. */
  blockTime(block: number): Promise<number>;
  /** Whether there is a contract at the address. */
  hasCode(address: string, asOf?: number): Promise<boolean>;
  /** The first anchor whose tree holds the leaf at `index`, or null. */
  anchorCovering(registry: string, logId: number, index: number, asOf?: number): Promise<Anchor | null>;
  /** The first anchor whose index tree covers the leaf at `index`, or null. */
  anchorIndexing(registry: string, logId: number, index: number, asOf?: number): Promise<Anchor | null>;
  /** The log's keys in force at a block. */
  logKeysAt(registry: string, logId: number, block: number, asOf?: number): Promise<LogKeys>;
  logState(registry: string, logId: number, asOf?: number): Promise<LogState>;
  /** The key whose numbers held `seq` at a block, revoked or not, or null. */
  recorderKeyAt(
    registry: string,
    source: Source,
    seq: number,
    block: number,
    asOf?: number,
  ): Promise<RecorderKey | null>;
  /** What the agency of a source was entitled to at a block: a sum of bits. */
  entitlementsAt(registry: string, source: Source, block: number, asOf?: number): Promise<number>;

  /** How many logs the anchor registry has; their numbers run from 1. */
  logCount(registry: string, asOf?: number): Promise<number>;
  /** The anchor registry whose logs hold agencies, or null where none is named: every log may hold any agency then. */
  namedAnchorRegistry(registry: string, asOf?: number): Promise<string | null>;
  /** The log in which the agency of a source belonged at a block; 0 where none was assigned. */
  logOfAt(registry: string, source: Source, block: number, asOf?: number): Promise<number>;

  // Whole histories, for who checks a whole log: each only grows.

  /** How many anchors the log has. */
  anchorCount(registry: string, logId: number, asOf?: number): Promise<number>;
  /** The anchor at a place of the history, from 0 to below the count. */
  anchorAt(registry: string, logId: number, place: number, asOf?: number): Promise<Anchor>;
  /** Every checkpoint and receipt key the log ever had, oldest first. */
  keyVersions(registry: string, logId: number, asOf?: number): Promise<readonly KeyVersion[]>;
  /** Every key of a recorder, oldest first; none for an unknown one. */
  recorderKeys(registry: string, source: Source, asOf?: number): Promise<readonly RecorderKey[]>;
  /** Every change of what the agency of a source is entitled to, oldest first; none for an unknown one. */
  entitlementHistory(registry: string, source: Source, asOf?: number): Promise<readonly EntitlementChange[]>;
}

/** First four bytes of the Keccak-256 of each function's signature. */
export const SELECTORS = {
  "anchorCovering(uint64,uint64)": "0xb5d8397c",
  "anchorIndexing(uint64,uint64)": "0x6898da9e",
  "logKeysAt(uint64,uint64)": "0x59cce9b8",
  "logState(uint64)": "0xc1ffaa01",
  "recorderKeyAt(bytes32,bytes32,uint64,uint64)": "0x8d5afe11",
  "entitlementsAt(bytes32,uint64)": "0x4772acd2",
  "logCount()": "0xa503898f",
  "anchorRegistry()": "0x5a180c0a",
  "logOfAt(bytes32,uint64)": "0x6a699b0c",
  "anchorCount(uint64)": "0x2ef746ea",
  "anchorAt(uint64,uint256)": "0x58a66d9d",
  "keyVersions(uint64)": "0xc8f98de5",
  "recorderKeys(bytes32,bytes32)": "0xfc213727",
  "entitlementHistory(bytes32)": "0x5fcedbf1",
} as const;

const ALGORITHMS: ReadonlyMap<number, JwsAlgorithm> = new Map([
  [1, "EdDSA"],
  [2, "ES256"],
]);

const NO_ADDRESS = `0x${"0".repeat(40)}`;
/** Histories are short: people make them. A longer one is an attack on the reader's memory. */
const MAX_HISTORY = 10_000;
/** Longest public key there is: an uncompressed P-256 point. */
const MAX_KEY_BYTES = 65;
/** Contract code is at most 24 KiB (EIP-170); free-gas chains allow more. */
const MAX_CODE_DIGITS = 2 * 1024 * 1024;

/**
 * Reads the chain through one node. `name` is how messages call it. The node is not believed beyond what it says about the chain:
 * answers are decoded strictly, and anything else is ChainError `malformed`.
 */
export function chainReader(rpc: Rpc, name: string): ChainReader {
  async function ask(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await rpc(method, params);
    } catch (cause) {
      if (cause instanceof ChainError) throw cause;
      throw new ChainError("unreachable", `${name} did not answer`, { cause });
    }
  }

  async function call<T>(
    to: string,
    data: string,
    asOf: number | undefined,
    decode: (answer: AbiReader) => T,
  ): Promise<T> {
    const answer = await ask("eth_call", [{ to, data }, blockTag(asOf)]);
    try {
      const reader = new AbiReader(answer);
      const value = decode(reader);
      reader.end();
      return value;
    } catch (cause) {
      if (!(cause instanceof AbiError)) throw cause;
      throw malformed(name, cause.message, cause);
    }
  }

  return {
    name,
    async identity() {
      const chainId = quantity(await ask("eth_chainId", []), name);
      const genesis = await ask("eth_getBlockByNumber", ["0x0", false]);
      const genesisHash = isJsonObject(genesis) ? genesis["hash"] : undefined;
      if (typeof genesisHash !== "string" || !/^0x[0-9a-fA-F]{64}$/.test(genesisHash)) {
        throw malformed(name, "block 0 has no hash");
      }
      return { chainId, genesisHash: genesisHash.toLowerCase() };
    },
    async latestBlock() {
      return quantity(await ask("eth_blockNumber", []), name);
    },
    async blockTime(block) {
      const header = await ask("eth_getBlockByNumber", [blockTag(block), false]);
      if (!isJsonObject(header) || header["number"] !== blockTag(block)) {
        throw malformed(name, `it has no block ${block}, or shows another`);
      }
      return quantity(header["timestamp"], name);
    },
    async hasCode(address, asOf) {
      const code = await ask("eth_getCode", [address, blockTag(asOf)]);
      if (
        typeof code !== "string" ||
        code.length > MAX_CODE_DIGITS ||
        !/^0x(?:[0-9a-fA-F]{2})*$/.test(code)
      ) {
        throw malformed(name, "the contract's code is not hexadecimal");
      }
      return code !== "0x";
    },
    anchorCovering(registry, logId, index, asOf) {
      const data = callData(SELECTORS["anchorCovering(uint64,uint64)"], uintWord(logId), uintWord(index));
      return call(registry, data, asOf, readFoundAnchor);
    },
    anchorIndexing(registry, logId, index, asOf) {
      const data = callData(SELECTORS["anchorIndexing(uint64,uint64)"], uintWord(logId), uintWord(index));
      return call(registry, data, asOf, readFoundAnchor);
    },
    logKeysAt(registry, logId, block, asOf) {
      const data = callData(SELECTORS["logKeysAt(uint64,uint64)"], uintWord(logId), uintWord(block));
      return call(registry, data, asOf, readLogKeys);
    },
    logState(registry, logId, asOf) {
      return call(registry, callData(SELECTORS["logState(uint64)"], uintWord(logId)), asOf, readLogState);
    },
    recorderKeyAt(registry, source, seq, block, asOf) {
      const { agency, recorder } = splitSource(source);
      const words = [textWord(agency), textWord(recorder), uintWord(seq), uintWord(block)];
      const data = callData(SELECTORS["recorderKeyAt(bytes32,bytes32,uint64,uint64)"], ...words);
      return call(registry, data, asOf, readRecorderKey);
    },
    entitlementsAt(registry, source, block, asOf) {
      const { agency } = splitSource(source);
      const data = callData(SELECTORS["entitlementsAt(bytes32,uint64)"], textWord(agency), uintWord(block));
      return call(registry, data, asOf, (answer) => answer.uint(255));
    },
    logCount(registry, asOf) {
      return call(registry, SELECTORS["logCount()"], asOf, (answer) => answer.uint());
    },
    async namedAnchorRegistry(registry, asOf) {
      const read = (answer: AbiReader): string => answer.address();
      const address = await unlessUnknown(call(registry, SELECTORS["anchorRegistry()"], asOf, read));
      return address === undefined || address === NO_ADDRESS ? null : address;
    },
    async logOfAt(registry, source, block, asOf) {
      const words = [textWord(splitSource(source).agency), uintWord(block)];
      const data = callData(SELECTORS["logOfAt(bytes32,uint64)"], ...words);
      return (await unlessUnknown(call(registry, data, asOf, (answer) => answer.uint()))) ?? 0;
    },
    anchorCount(registry, logId, asOf) {
      const data = callData(SELECTORS["anchorCount(uint64)"], uintWord(logId));
      return call(registry, data, asOf, (answer) => answer.uint());
    },
    anchorAt(registry, logId, place, asOf) {
      const data = callData(SELECTORS["anchorAt(uint64,uint256)"], uintWord(logId), uintWord(place));
      return call(registry, data, asOf, readAnchor);
    },
    keyVersions(registry, logId, asOf) {
      const data = callData(SELECTORS["keyVersions(uint64)"], uintWord(logId));
      return call(registry, data, asOf, (answer) => readList(answer, readKeyVersion));
    },
    recorderKeys(registry, source, asOf) {
      const { agency, recorder } = splitSource(source);
      const words = [textWord(agency), textWord(recorder)];
      const data = callData(SELECTORS["recorderKeys(bytes32,bytes32)"], ...words);
      return call(registry, data, asOf, readRecorderKeys);
    },
    entitlementHistory(registry, source, asOf) {
      const { agency } = splitSource(source);
      const data = callData(SELECTORS["entitlementHistory(bytes32)"], textWord(agency));
      return call(registry, data, asOf, (answer) => readList(answer, readEntitlementChange));
    },
  };
}

/** A registry of before there were several logs lacks the function and reverts: nothing was assigned there. */
async function unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ChainError && error.code === "refused") return undefined;
    throw error;
  }
}

function malformed(name: string, reason: string, cause?: unknown): ChainError {
  return new ChainError("malformed", `${name} does not answer as an Ethereum node: ${reason}`, { cause });
}

function blockTag(asOf: number | undefined): string {
  return asOf === undefined ? "latest" : `0x${asOf.toString(16)}`;
}

/** A JSON-RPC quantity as a safe integer. */
function quantity(answer: unknown, name: string): number {
  if (typeof answer !== "string" || !/^0x(?:0|[1-9a-f][0-9a-f]{0,13})$/.test(answer)) {
    throw malformed(name, "a number is not a hexadecimal quantity");
  }
  const value = Number.parseInt(answer, 16);
  if (!Number.isSafeInteger(value)) throw malformed(name, "a number is too large");
  return value;
}

// The decoders below follow the member order of the structs in IAnchorRegistry and IAgencyRegistry.

function readFoundAnchor(answer: AbiReader): Anchor | null {
  const found = answer.bool();
  const anchor = readAnchor(answer);
  return found ? anchor : null;
}

function readAnchor(answer: AbiReader): Anchor {
  const [size, indexSize, block, time] = [answer.uint(), answer.uint(), answer.uint(), answer.uint()];
  return { size, indexSize, block, time, root: answer.bytes32(), indexRoot: answer.bytes32() };
}

function readLogKeys(answer: AbiReader): LogKeys {
  return { checkpoint: answer.bytes32(), receipt: answer.bytes32(), vrf: answer.bytes32() };
}

function readLogState(answer: AbiReader): LogState {
  answer.address(); // anchorer
  answer.roundedUint64(); // maxGrowth
  const frozen = answer.bool();
  const [predecessor, predecessorAnchor] = [answer.uint(), answer.uint()];
  return { frozen, predecessor, predecessorAnchor, successor: answer.uint() };
}

function readRecorderKey(answer: AbiReader): RecorderKey | null {
  const found = answer.bool();
  const struct = answer.offset(0);
  const key = readKey(answer, struct, found);
  return found ? key : null;
}

/** The members of a key, which may be all zeros where there is none. */
function readKey(answer: AbiReader, struct: number, isThere: boolean): RecorderKey {
  const algorithm = answer.uint(255);
  const [fromSeq, addedBlock, revokedBlock] = [answer.uint(), answer.uint(), answer.roundedUint64()];
  answer.offset(struct);
  const key = answer.bytes(MAX_KEY_BYTES);
  const alg = ALGORITHMS.get(algorithm);
  if (alg === undefined && isThere) throw new AbiError("a key has an unknown algorithm");
  return { alg: alg ?? "EdDSA", fromSeq, addedBlock, revokedBlock, key };
}

/** Structs of varying length stand behind a table of where each begins; they come in order, and nothing lies between them. */
function readRecorderKeys(answer: AbiReader): RecorderKey[] {
  answer.offset(0);
  const count = answer.uint(MAX_HISTORY);
  const offsets = Array.from({ length: count }, () => answer.uint());
  // The table begins behind the list's own offset and length.
  return offsets.map((offset) => readKey(answer, answer.begin(2, offset), true));
}

/** A list of structs of fixed length. */
function readList<T>(answer: AbiReader, readItem: (answer: AbiReader) => T): T[] {
  answer.offset(0);
  return Array.from({ length: answer.uint(MAX_HISTORY) }, () => readItem(answer));
}

function readKeyVersion(answer: AbiReader): KeyVersion {
  return { fromBlock: answer.uint(), checkpoint: answer.bytes32(), receipt: answer.bytes32() };
}

function readEntitlementChange(answer: AbiReader): EntitlementChange {
  return { fromBlock: answer.uint(), entitlements: answer.uint(255) };
}
