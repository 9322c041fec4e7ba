import { Transaction } from "ethers";
import { hex, object } from "./chain-values.ts";
import type { Rpc } from "./json-rpc.ts";

/** The fee fields of a transaction in wei per gas: type 2 (EIP-1559) where blocks carry a base fee, else type 0. */
export type Fees =
  | { readonly type: 0; readonly gasPrice: bigint }
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Nodes take a replacement only with a tenth more; a little above that is taken everywhere. */
const REPLACEMENT_PERCENT = 113n;

/**
 * Fees the chain takes from this account at present. On a free-gas chain they are zero: where the node asks for none, and where the
 * base fee is zero and the account owns nothing, which can only mean that it never had to pay.
 */
export async function feesFor(rpc: Rpc, account: string): Promise<Fees> {
  const block = object(await rpc("eth_getBlockByNumber", ["latest", false]));
  const baseFeeField = block["baseFeePerGas"] ?? undefined;
  const baseFee = baseFeeField === undefined ? undefined : BigInt(hex(baseFeeField));
  const gasPrice = BigInt(hex(await rpc("eth_gasPrice", [])));
  const isFree =
    (baseFee ?? 0n) === 0n &&
    (gasPrice === 0n || BigInt(hex(await rpc("eth_getBalance", [account, "latest"]))) === 0n);
  if (baseFee === undefined) return { type: 0, gasPrice: isFree ? 0n : gasPrice };
  if (isFree) return { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  const tip = gasPrice > baseFee ? gasPrice - baseFee : 0n;
  // Room for the base fee to double while the transaction waits; what is not needed is not paid.
  return { type: 2, maxFeePerGas: 2n * baseFee + tip, maxPriorityFeePerGas: tip };
}

/** These fees, or as much more than those of a signed transaction (0x hex) as a node asks of its replacement. */
export function replacing(fees: Fees, raw: string): Fees {
  const old = Transaction.from(raw);
  const atLeast = (fee: bigint, oldFee: bigint | null): bigint => {
    const needed = ((oldFee ?? 0n) * REPLACEMENT_PERCENT) / 100n;
    return fee > needed ? fee : needed;
  };
  if (fees.type === 0) return { type: 0, gasPrice: atLeast(fees.gasPrice, old.gasPrice) };
  return {
    type: 2,
    maxFeePerGas: atLeast(fees.maxFeePerGas, old.maxFeePerGas ?? old.gasPrice),
    maxPriorityFeePerGas: atLeast(fees.maxPriorityFeePerGas, old.maxPriorityFeePerGas ?? old.gasPrice),
  };
}

/** Whether a signed transaction (0x hex) offers less per gas than the base fee, so that no block can hold it. */
export function isUnderpriced(raw: string, baseFee: bigint | undefined): boolean {
  const { maxFeePerGas, gasPrice } = Transaction.from(raw);
  return baseFee !== undefined && (maxFeePerGas ?? gasPrice ?? 0n) < baseFee;
}
