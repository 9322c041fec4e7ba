import { hex, quantity } from "./chain.ts";
import { isObject, type Rpc } from "./json-rpc.ts";

/** The fee fields of a transaction: type 2 (EIP-1559) where blocks carry a base fee, else type 0. */
export type Fees =
  | { readonly type: 0; readonly gasPrice: bigint }
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/**
 * Fees the chain takes from this account, in wei per gas. On a free-gas chain they are zero: where the node
 * asks for none, and where the base fee is zero and the account owns nothing, which can only mean that it
 * never had to pay.
 */
export async function feesFor(rpc: Rpc, account: string): Promise<Fees> {
  const block = await rpc("eth_getBlockByNumber", ["latest", false]);
  const baseFeeField = isObject(block) ? block["baseFeePerGas"] : undefined;
  const gasPrice = quantity(await rpc("eth_gasPrice", []));
  const baseFee =
    baseFeeField === undefined || baseFeeField === null ? undefined : quantity(hex(baseFeeField));
  const isFree =
    (baseFee ?? 0n) === 0n &&
    (gasPrice === 0n || quantity(await rpc("eth_getBalance", [account, "latest"])) === 0n);
  if (baseFee === undefined) return { type: 0, gasPrice: isFree ? 0n : gasPrice };
  if (isFree) return { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  const tip = gasPrice > baseFee ? gasPrice - baseFee : 0n;
  // Room for the base fee to double while the transaction waits; what is not needed is not paid.
  return { type: 2, maxFeePerGas: 2n * baseFee + tip, maxPriorityFeePerGas: tip };
}
