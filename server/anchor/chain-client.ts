import type { Interface } from "ethers";
import type { Bytes } from "../../protocol/bytes.ts";
import { equal } from "../../protocol/bytes.ts";
import { anchorRegistryArtifact } from "./artifacts.ts";
import {
  byteString,
  cappedNumber,
  contractReader,
  hash,
  hex,
  isTrue,
  list,
  number,
  object,
  quantity,
  revertName,
  text,
} from "./chain-values.ts";
import { isObject, type Rpc, unavailable } from "./json-rpc.ts";

/** A checkpoint the contract accepted, as its storage has it. */
export interface ChainAnchor {
  readonly size: number;
  /** 32 bytes, as is `indexRoot`. */
  readonly root: Bytes;
  readonly indexSize: number;
  readonly indexRoot: Bytes;
  readonly block: number;
  /** The block's time in Unix seconds. */
  readonly time: number;
}

export interface ChainBlock {
  readonly number: number;
  /** 0x and 64 lowercase hexadecimal digits. */
  readonly hash: string;
  /** Unix seconds. */
  readonly time: number;
  /** Wei per gas; undefined on chains without a base fee. */
  readonly baseFee: bigint | undefined;
}

/** What the registry knows of the log beside its anchors. */
export interface LogState {
  /** Lowercase address of the account that may anchor. */
  readonly anchorer: string;
  readonly maxGrowth: number;
  readonly frozen: boolean;
  /** The log that continues this one, 0 when there is none. */
  readonly successor: number;
}

/** The log's public keys, 32 bytes of Ed25519 each. */
export interface LogKeys {
  readonly checkpoint: Bytes;
  readonly receipt: Bytes;
  readonly vrf: Bytes;
}

/** The keys that can be rotated, and from when on the log had them. */
export interface KeyVersion {
  readonly fromBlock: number;
  readonly checkpoint: Bytes;
  readonly receipt: Bytes;
}

/** Where on the chain an anchor was accepted. */
export interface AnchorPlace {
  readonly block: number;
  readonly blockHash: string;
  readonly transaction: string;
}

export type TransactionState = "unknown" | "waiting" | "mined" | "reverted";

/**
 * Reads of one log in the AnchorRegistry, and the few things the anchorer asks of the chain. All state is read at the latest
 * block of one node. Everything rejects with LedgerError `chain-unavailable` when no node answers or the registry is not there.
 */
export interface ChainClient {
  latestBlock: () => Promise<ChainBlock>;
  /** The block of that number on the present chain; undefined when there is none yet. */
  block: (number: number) => Promise<ChainBlock | undefined>;
  /** The last anchor of the log; undefined when it has none. */
  logHead: () => Promise<ChainAnchor | undefined>;
  logState: () => Promise<LogState>;
  anchorCount: () => Promise<number>;
  /** The anchor at a place of the history, from 0; undefined beyond its end. */
  anchorAt: (place: number) => Promise<ChainAnchor | undefined>;
  /** The first anchor of exactly this size. */
  anchorOfSize: (size: number) => Promise<ChainAnchor | undefined>;
  /** The first anchor whose tree holds the leaf at `index`. */
  anchorCovering: (index: number) => Promise<ChainAnchor | undefined>;
  /** The block and the transaction of an anchor, by its event; undefined when the chain has moved on from what was read. */
  placeOf: (anchor: ChainAnchor) => Promise<AnchorPlace | undefined>;
  /** The keys in force at the end of a block. Rejects with RpcFailure before the log's creation and for a block to come. */
  logKeysAt: (block: number) => Promise<LogKeys>;
  /** Every checkpoint and receipt key the log ever had, oldest first. */
  keyVersions: () => Promise<KeyVersion[]>;
  transactionState: (hash: string) => Promise<TransactionState>;
}

export interface ChainClientOptions {
  readonly rpc: Rpc;
  /** 0x addresses of the two registries. */
  readonly anchorRegistry: string;
  readonly logId: number;
}

/** The typed reads over a JSON-RPC connection (see `chainNodes`). */
export function chainClient({ rpc, anchorRegistry, logId }: ChainClientOptions): ChainClient {
  const { abi } = anchorRegistryArtifact;
  const read = contractReader(rpc, anchorRegistry, abi);

  async function anchorCount(): Promise<number> {
    const [count] = await read("anchorCount", [logId]);
    return number(count);
  }

  async function found(
    name: "anchorOfSize" | "anchorCovering",
    argument: number,
  ): Promise<ChainAnchor | undefined> {
    const [isFound, anchor] = await read(name, [logId, argument]);
    return isTrue(isFound) ? parseAnchor(anchor) : undefined;
  }

  return {
    latestBlock: async () => {
      const block = parseBlock(await rpc("eth_getBlockByNumber", ["latest", false]));
      if (block === undefined) throw unavailable("the node has no latest block");
      return block;
    },
    block: async (blockNumber) =>
      parseBlock(await rpc("eth_getBlockByNumber", [quantity(blockNumber), false])),
    logHead: async () => {
      const [anchor] = await read("head", [logId]);
      const head = parseAnchor(anchor);
      return head.block === 0 ? undefined : head;
    },
    logState: async () => {
      const [state] = await read("logState", [logId]);
      const [anchorer, maxGrowth, frozen, , , successor] = list(state);
      return {
        anchorer: text(anchorer).toLowerCase(),
        maxGrowth: cappedNumber(maxGrowth),
        frozen: isTrue(frozen),
        successor: number(successor),
      };
    },
    anchorCount,
    anchorAt: async (place) => {
      try {
        const [anchor] = await read("anchorAt", [logId, place]);
        return parseAnchor(anchor);
      } catch (error) {
        if (revertName(error, abi) === "UnknownAnchor") return undefined;
        throw error;
      }
    },
    anchorOfSize: (size) => found("anchorOfSize", size),
    anchorCovering: (index) => found("anchorCovering", index),
    placeOf: async (anchor) => {
      const topics = abi.encodeFilterTopics("Anchored", [logId, anchor.size]);
      const block = quantity(anchor.block);
      const logs = await rpc("eth_getLogs", [
        { address: anchorRegistry, fromBlock: block, toBlock: block, topics },
      ]);
      return list(logs)
        .map((log) => parsePlace(log, anchor, abi))
        .find((place) => place !== undefined);
    },
    logKeysAt: async (blockNumber) => {
      const [keys] = await read("logKeysAt", [logId, blockNumber]);
      const [checkpoint, receipt, vrf] = list(keys);
      return { checkpoint: byteString(checkpoint), receipt: byteString(receipt), vrf: byteString(vrf) };
    },
    keyVersions: async () => {
      const [versions] = await read("keyVersions", [logId]);
      return list(versions).map((version) => {
        const [fromBlock, checkpoint, receipt] = list(version);
        return {
          fromBlock: number(fromBlock),
          checkpoint: byteString(checkpoint),
          receipt: byteString(receipt),
        };
      });
    },
    transactionState: async (hash) => {
      const receipt = await rpc("eth_getTransactionReceipt", [hash]);
      if (isObject(receipt)) return receipt["status"] === "0x1" ? "mined" : "reverted";
      return isObject(await rpc("eth_getTransactionByHash", [hash])) ? "waiting" : "unknown";
    },
  };
}

function parseAnchor(value: unknown): ChainAnchor {
  const [size, indexSize, block, time, root, indexRoot] = list(value);
  return {
    size: number(size),
    root: byteString(root),
    indexSize: number(indexSize),
    indexRoot: byteString(indexRoot),
    block: number(block),
    time: number(time),
  };
}

function parseBlock(value: unknown): ChainBlock | undefined {
  if (value === null) return undefined;
  const block = object(value);
  const baseFee = block["baseFeePerGas"];
  return {
    number: number(block["number"]),
    hash: hash(block["hash"]),
    time: number(block["timestamp"]),
    baseFee: baseFee === undefined || baseFee === null ? undefined : BigInt(hex(baseFee)),
  };
}

/** The place an event log names, when the event is that anchor's. */
function parsePlace(log: unknown, anchor: ChainAnchor, abi: Interface): AnchorPlace | undefined {
  const { data, topics, blockNumber, blockHash, transactionHash } = object(log);
  const values = list(abi.decodeEventLog("Anchored", hex(data), list(topics).map(hex)).toArray(true));
  const [root, indexSize, indexRoot] = values.slice(2);
  const isThisOne =
    number(indexSize) === anchor.indexSize &&
    equal(byteString(root), anchor.root) &&
    equal(byteString(indexRoot), anchor.indexRoot);
  if (!isThisOne) return undefined;
  return { block: number(blockNumber), blockHash: hash(blockHash), transaction: hash(transactionHash) };
}
