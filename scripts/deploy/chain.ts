import type { Interface } from "ethers";
import { contractReader, hash, hex, number, object } from "../../server/anchor/chain-values.ts";
import type { Rpc } from "../../server/anchor/json-rpc.ts";

/** The few things a deployment asks a node, as of the latest block. */
export interface ChainReader {
  readonly rpc: Rpc;
  chainId: () => Promise<number>;
  /** Hash of block 0: two chains may share a chain id, not this. */
  genesisHash: () => Promise<string>;
  /** Code at an address in 0x hex, `0x` where there is none. */
  code: (address: string) => Promise<string>;
  /** How many transactions of the account are mined, or mined or waiting. */
  nonce: (account: string, state: "latest" | "pending") => Promise<number>;
  /** What a contract's view function answers. */
  read: (contract: Contract, name: string, args: readonly unknown[]) => Promise<readonly unknown[]>;
}

export interface Contract {
  readonly address: string;
  readonly abi: Interface;
}

/** Reads the chain by JSON-RPC. The methods reject with LedgerError `chain-unavailable` or RpcFailure. */
export function chainReader(rpc: Rpc): ChainReader {
  return {
    rpc,
    chainId: async () => number(await rpc("eth_chainId", [])),
    genesisHash: async () => hash(object(await rpc("eth_getBlockByNumber", ["0x0", false]))["hash"]),
    code: async (address) => hex(await rpc("eth_getCode", [address, "latest"])),
    nonce: async (account, state) => number(await rpc("eth_getTransactionCount", [account, state])),
    read: ({ address, abi }, name, args) => contractReader(rpc, address, abi)(name, args),
  };
}
