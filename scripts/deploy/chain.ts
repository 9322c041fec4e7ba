import type { Interface } from "ethers";
import { DeployError } from "./error.ts";
import { isObject, type Rpc } from "./json-rpc.ts";

/**
 * Typed reads of the few things a deployment asks a node. Quantities are checked, so that a strange node
 * fails here by name.
 */
export interface ChainReader {
  readonly rpc: Rpc;
  chainId: () => Promise<number>;
  /** Hash of block 0: two chains may share a chain id, not this. */
  genesisHash: () => Promise<string>;
  /** Code at an address in 0x hex, `0x` where there is none. */
  code: (address: string) => Promise<string>;
  /** Transactions the account has had mined, or with those waiting. */
  nonce: (account: string, state: "latest" | "pending") => Promise<number>;
  /** What a contract's view function answers at the latest block. */
  read: (
    contract: { address: string; abi: Interface },
    name: string,
    args: readonly unknown[],
  ) => Promise<readonly unknown[]>;
}

export function chainReader(rpc: Rpc): ChainReader {
  return {
    rpc,
    chainId: async () => Number(quantity(await rpc("eth_chainId", []))),
    genesisHash: async () => {
      const block = await rpc("eth_getBlockByNumber", ["0x0", false]);
      return hex(isObject(block) ? block["hash"] : undefined);
    },
    code: async (address) => hex(await rpc("eth_getCode", [address, "latest"])),
    nonce: async (account, state) => Number(quantity(await rpc("eth_getTransactionCount", [account, state]))),
    read: async ({ address, abi }, name, args) => {
      const data = abi.encodeFunctionData(name, args);
      const answer = hex(await rpc("eth_call", [{ to: address, data }, "latest"]));
      const values: readonly unknown[] = abi.decodeFunctionResult(name, answer).toArray(true);
      return values;
    },
  };
}

/** A JSON-RPC quantity. @throws DeployError `chain-unavailable`. */
export function quantity(value: unknown): bigint {
  return BigInt(hex(value));
}

/** A 0x hex string. @throws DeployError `chain-unavailable`. */
export function hex(value: unknown): string {
  if (typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value)) return value;
  throw new DeployError(
    "chain-unavailable",
    "The chain's node answered with something that is no hexadecimal value.",
  );
}
