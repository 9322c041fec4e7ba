import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Transaction, Wallet } from "ethers";
import { deploy, type Deployment } from "../../../scripts/deploy.ts";
import { type Devchain, type DevchainOptions, startDevchain } from "../../../scripts/devchain.ts";
import { anchorRegistryArtifact } from "../../../server/anchor/artifacts.ts";
import { anchorAccount } from "../../../server/anchor/anchor-transaction.ts";
import { httpRpc, isObject, type Rpc } from "../../../server/anchor/json-rpc.ts";

/** Keys of nobody, the same in every test. */
export const ADMIN = new Wallet(`0x${"11".repeat(32)}`);
export const AGENCY = new Wallet(`0x${"22".repeat(32)}`);
const ANCHORER_KEY = new Uint8Array(32).fill(0x33);
export const ANCHORER = anchorAccount(ANCHORER_KEY);

type Artifact = typeof anchorRegistryArtifact;

/** An embedded chain with both registries, one log and one agency. */
export interface TestChain extends Deployment {
  /** The node that runs now; another one after `restart`. */
  readonly node: () => Devchain;
  readonly rpc: Rpc;
  /** Sends a transaction to a registry and waits until it is mined. Rejects when it reverts. */
  readonly send: (
    wallet: Wallet,
    contract: Artifact,
    name: string,
    args: readonly unknown[],
  ) => Promise<void>;
  /** A further log of the same anchorer. */
  readonly newLog: (maxGrowth?: number) => Promise<number>;
  /** Starts the node again on the same port, from what it saved last. */
  readonly restart: () => Promise<void>;
  /** Ends the node and removes its data. */
  readonly end: () => Promise<void>;
}

/** The public keys of every log here. */
export const LOG_KEYS = {
  checkpoint: new Uint8Array(32).fill(1),
  receipt: new Uint8Array(32).fill(2),
  vrf: new Uint8Array(32).fill(3),
};
const AGENCY_CODE = "qn-police";

/** Starts one. `end` it in an `after` hook. */
export async function startTestChain(options: Partial<DevchainOptions> = {}): Promise<TestChain> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "chain-"));
  // No snapshots but those a test asks for.
  const settings: DevchainOptions = { dataDir, snapshotIntervalMs: 3_600_000, ...options };
  let node = await startDevchain(settings);
  const { url } = node;
  const rpc = httpRpc(url, 100_000, 10_000_000);
  try {
    const deployment = await deploy({
      rpc,
      adminKey: ADMIN.privateKey,
      statePath: path.join(dataDir, "deployment.json"),
      log: { anchorer: ANCHORER.address, keys: LOG_KEYS },
      operator: { code: "minhbach", name: "Operator", entitlements: 1, account: { address: ADMIN.address } },
      agencies: [
        { code: AGENCY_CODE, name: "Police", entitlements: 1, account: { privateKey: AGENCY.privateKey } },
      ],
    });
    const addressOf = (contract: Artifact): string =>
      contract.name === "AnchorRegistry" ? deployment.anchorRegistry : deployment.agencyRegistry;
    const send: TestChain["send"] = async (wallet, contract, name, args) => {
      const data = contract.abi.encodeFunctionData(name, args);
      await sendMined(rpc, deployment.chainId, wallet, addressOf(contract), data);
    };
    return {
      ...deployment,
      node: () => node,
      rpc,
      send,
      newLog: async (maxGrowth = 1_000_000) => {
        const keys = [LOG_KEYS.checkpoint, LOG_KEYS.receipt, LOG_KEYS.vrf];
        await send(ADMIN, anchorRegistryArtifact, "createLog", [ANCHORER.address, keys, maxGrowth]);
        return lastLog(rpc, deployment.anchorRegistry);
      },
      restart: async () => {
        node = await startDevchain({ ...settings, port: Number(new URL(url).port) });
      },
      end: async () => {
        await node.kill();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await node.kill();
    throw error;
  }
}

async function lastLog(rpc: Rpc, registry: string): Promise<number> {
  const data = anchorRegistryArtifact.abi.encodeFunctionData("logCount", []);
  return Number(await rpc("eth_call", [{ to: registry, data }, "latest"]));
}

async function sendMined(rpc: Rpc, chainId: number, wallet: Wallet, to: string, data: string): Promise<void> {
  const nonce = Number(await rpc("eth_getTransactionCount", [wallet.address, "latest"]));
  const transaction = Transaction.from({
    ...{ type: 2, chainId, nonce, to, data },
    ...{ gasLimit: 5_000_000, maxFeePerGas: 0, maxPriorityFeePerGas: 0 },
  });
  transaction.signature = wallet.signingKey.sign(transaction.unsignedHash);
  await rpc("eth_sendRawTransaction", [transaction.serialized]);
  for (;;) {
    const receipt = await rpc("eth_getTransactionReceipt", [transaction.hash]);
    if (!isObject(receipt)) continue;
    if (receipt["status"] !== "0x1") throw new Error(`the transaction ${String(transaction.hash)} reverted`);
    return;
  }
}

/** Lets the node mine by itself, one block for each transaction, or only when it is told. */
export async function setAutomine(rpc: Rpc, on: boolean): Promise<void> {
  await rpc("evm_setAutomine", [on]);
}

/** Mines so many blocks now. */
export async function mine(rpc: Rpc, blocks = 1): Promise<void> {
  for (let i = 0; i < blocks; i++) await rpc("evm_mine", []);
}
