import { setTimeout as sleep } from "node:timers/promises";
import { type Interface, Transaction, type Wallet } from "ethers";
import { hex, number, revertName } from "../../server/anchor/chain-values.ts";
import { feesFor } from "../../server/anchor/fees.ts";
import { isObject, RpcFailure } from "../../server/anchor/json-rpc.ts";
import type { ChainReader } from "./chain.ts";
import { DeployError } from "./error.ts";
import type { RecordKeeper, SignedTransaction } from "./record.ts";

/** One change the chain must show in the end. */
export interface Step {
  /** Unique and the same on every run: the transaction is recorded under it. */
  readonly name: string;
  readonly wallet: Wallet;
  /** The contract called, null to create one. */
  readonly to: string | null;
  readonly data: string;
  /** Names the custom errors of a revert. */
  readonly abi: Interface;
  /** Whether the chain shows the change already, whoever made it. */
  readonly isDone: () => Promise<boolean>;
}

export interface SenderOptions {
  readonly chain: ChainReader;
  readonly chainId: number;
  readonly keeper: RecordKeeper;
  readonly mineTimeoutMs: number;
  readonly onProgress: (message: string) => void;
}

/** Short against any block time. */
const POLL_MS = 100;
/** A node may have dropped what it was sent; the same bytes are offered again this often. */
const REBROADCAST_MS = 3_000;
/** State may differ a little between the estimate and the block. */
const GAS_MARGIN = 1.25;

/**
 * Makes every step of a batch that is not done yet happen exactly once. The steps of a batch must not need
 * each other. Each transaction is signed and recorded on the disk before it is first sent; a run after a
 * crash finds either the effect on the chain or the recorded bytes, and sends those again: they carry the
 * same nonce and can take effect only once.
 * @throws DeployError when the chain refuses a step or does not mine it in time. A later run goes on from
 * there.
 */
export async function perform(steps: readonly Step[], options: SenderOptions): Promise<void> {
  const open = await stepsToDo(steps);
  if (open.length === 0) return;
  const signed = await signMissing(open, options);
  await options.keeper.update((record) => ({
    ...record,
    transactions: { ...record.transactions, ...Object.fromEntries(signed) },
  }));
  for (const step of open) {
    const transaction = signed.get(step.name);
    if (transaction !== undefined) await broadcast(step, transaction, options.chain);
  }
  for (const step of open) {
    const transaction = signed.get(step.name);
    if (transaction !== undefined) await settle(step, transaction, options);
    options.onProgress(`${step.name}: done`);
  }
}

async function stepsToDo(steps: readonly Step[]): Promise<Step[]> {
  const open: Step[] = [];
  for (const step of steps) if (!(await step.isDone())) open.push(step);
  return open;
}

/**
 * For every step the transaction recorded for it, where it can still be mined, else a new one. A recorded number
 * below the account's was used up without the effect; one above it has a gap before it, because the chain lost
 * blocks, and would wait for ever.
 */
async function signMissing(
  steps: readonly Step[],
  options: SenderOptions,
): Promise<Map<string, SignedTransaction>> {
  const signed = new Map<string, SignedTransaction>();
  const accounts = new Map(steps.map(({ wallet }) => [wallet.address, wallet]));
  for (const account of accounts.keys()) {
    const mined = await options.chain.nonce(account, "latest");
    let next = await options.chain.nonce(account, "pending");
    const own = steps
      .filter(({ wallet }) => wallet.address === account)
      .map((step) => ({ step, known: options.keeper.current().transactions[step.name] }))
      .sort((a, b) => (a.known?.nonce ?? Infinity) - (b.known?.nonce ?? Infinity));
    for (const { step, known } of own) {
      const isUsable =
        known !== undefined && known.nonce >= mined && known.nonce <= next && isFor(step, known);
      const transaction = isUsable ? known : await sign(step, next, options);
      next = Math.max(next, transaction.nonce + 1);
      signed.set(step.name, transaction);
    }
  }
  return signed;
}

/** A call to a registry is of no use once the chain lost that registry and it was deployed at another address. */
function isFor({ wallet, to }: Step, { from, raw }: SignedTransaction): boolean {
  return from === wallet.address && Transaction.from(raw).to === to;
}

async function sign(
  step: Step,
  nonce: number,
  { chain, chainId }: SenderOptions,
): Promise<SignedTransaction> {
  const { wallet, to, data } = step;
  const from = wallet.address;
  const fees = await feesFor(chain.rpc, from);
  const gas = await estimateGas(step, chain);
  const transaction = Transaction.from({
    ...fees,
    chainId,
    nonce,
    to,
    data,
    gasLimit: Math.ceil(gas * GAS_MARGIN),
  });
  transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
  return { from, nonce, hash: hex(transaction.hash), raw: transaction.serialized };
}

async function estimateGas({ name, wallet, to, data, abi }: Step, { rpc }: ChainReader): Promise<number> {
  const call = to === null ? { from: wallet.address, data } : { from: wallet.address, to, data };
  try {
    return number(await rpc("eth_estimateGas", [call]));
  } catch (cause) {
    if (!(cause instanceof RpcFailure)) throw cause;
    const reason = revertName(cause, abi) ?? cause.message;
    throw new DeployError("reverted", `${name}: the contract refuses this: ${reason}`, { cause });
  }
}

/**
 * Offers the bytes to the node. An error answer is none when the node holds the transaction already or has
 * mined it; nodes word that in many ways, so the chain is asked instead.
 */
async function broadcast(step: Step, transaction: SignedTransaction, chain: ChainReader): Promise<void> {
  try {
    await chain.rpc("eth_sendRawTransaction", [transaction.raw]);
  } catch (cause) {
    if (!(cause instanceof RpcFailure)) throw cause;
    if (isObject(await chain.rpc("eth_getTransactionByHash", [transaction.hash]))) return;
    if ((await chain.nonce(transaction.from, "latest")) > transaction.nonce) return;
    throw new DeployError(
      "chain-refused",
      `${step.name}: the chain's node refuses the transaction of ${transaction.from}: ${cause.message}`,
      { cause },
    );
  }
}

/** Waits until the step's effect is on the chain. */
async function settle(step: Step, transaction: SignedTransaction, options: SenderOptions): Promise<void> {
  const { chain, mineTimeoutMs } = options;
  const startedAt = performance.now();
  let offeredAt = startedAt;
  for (;;) {
    const isMined = (await chain.nonce(transaction.from, "latest")) > transaction.nonce;
    if (await step.isDone()) return;
    if (isMined) throw await whyWithoutEffect(step, transaction, chain);
    const now = performance.now();
    if (now - startedAt > mineTimeoutMs) {
      throw new DeployError(
        "not-mined",
        `${step.name}: not mined within ${Math.round(mineTimeoutMs / 1000)} s. Check that the chain makes blocks, then run the deployment again: it goes on from here.`,
      );
    }
    if (now - offeredAt > REBROADCAST_MS) {
      await broadcast(step, transaction, chain);
      offeredAt = now;
    }
    await sleep(POLL_MS);
  }
}

async function whyWithoutEffect(
  { name }: Step,
  { hash }: SignedTransaction,
  { rpc }: ChainReader,
): Promise<DeployError> {
  const receipt = await rpc("eth_getTransactionReceipt", [hash]);
  if (isObject(receipt) && receipt["status"] === "0x0") {
    return new DeployError("reverted", `${name}: the transaction ${hash} was mined and failed.`);
  }
  return new DeployError(
    "replaced",
    `${name}: the account used the transaction's number for something else meanwhile. Run the deployment again.`,
  );
}
