import { type Interface, getBytes, isError } from "ethers";
import type { Bytes } from "../../protocol/bytes.ts";
import { isObject, type Rpc, RpcFailure, unavailable } from "./json-rpc.ts";

/*
 * What nodes and contracts answer, read into types. A strange answer is a node that cannot be used: `chain-unavailable`.
 */

/** Reads a view function at the latest block and returns its decoded results. A revert rejects with RpcFailure. */
export type ContractReader = (name: string, args: readonly unknown[]) => Promise<readonly unknown[]>;

/** Reads of one contract. */
export function contractReader(rpc: Rpc, address: string, abi: Interface): ContractReader {
  return async (name, args) => {
    const data = abi.encodeFunctionData(name, args);
    const answer = hex(await rpc("eth_call", [{ to: address, data }, "latest"]));
    if (answer === "0x")
      throw unavailable(`there is no contract at ${address}; deploy it or correct the address`);
    try {
      return list(abi.decodeFunctionResult(name, answer).toArray(true));
    } catch (cause) {
      throw unavailable(`the contract at ${address} does not answer as ours does`, cause);
    }
  };
}

/** The custom error a call failed with, by its name in the ABI; undefined where it failed for another reason. */
export function revertName(error: unknown, abi: Interface): string | undefined {
  if (!(error instanceof RpcFailure) || error.data === undefined) return undefined;
  try {
    return abi.parseError(error.data)?.name;
  } catch (cause) {
    if (isError(cause, "INVALID_ARGUMENT") || isError(cause, "BAD_DATA")) return undefined;
    throw cause;
  }
}

/** A whole number up to 2^53 - 1. */
export function number(value: unknown): number {
  const parsed = whole(value);
  if (!Number.isSafeInteger(parsed)) throw unavailable("a number in the chain's answer is too large");
  return parsed;
}

/** A whole number; what is larger than 2^53 - 1 becomes that. */
export function cappedNumber(value: unknown): number {
  return Math.min(whole(value), Number.MAX_SAFE_INTEGER);
}

function whole(value: unknown): number {
  if (typeof value === "bigint" && value >= 0n) return Number(value);
  return Number(BigInt(hex(value)));
}

/** A 0x hex string. */
export function hex(value: unknown): string {
  if (typeof value === "string" && /^0x[0-9a-fA-F]*$/.test(value)) return value;
  throw unavailable("the chain's node answered with something that is no hexadecimal value");
}

/** 0x and 64 lowercase hexadecimal digits. */
export function hash(value: unknown): string {
  const digits = hex(value).toLowerCase();
  if (digits.length !== 66) throw unavailable("a hash in the chain's answer has not 32 bytes");
  return digits;
}

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw unavailable("a text is missing in the chain's answer");
}

/** The bytes of a `bytes` or `bytes32` value. */
export function byteString(value: unknown): Bytes {
  const digits = hex(value);
  if (digits.length % 2 !== 0) throw unavailable("a byte string in the chain's answer is cut");
  return getBytes(digits);
}

export function isTrue(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw unavailable("a yes or no is missing in the chain's answer");
}

export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unavailable("a list is missing in the chain's answer");
}

export function object(value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw unavailable("an object is missing in the chain's answer");
}

/** A number as JSON-RPC writes it: 0x hex without leading zeros. */
export function quantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
