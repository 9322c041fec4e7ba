import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { Wallet } from "ethers";
import type { deploy } from "../../../scripts/deploy.ts";
import { httpRpc } from "../../../scripts/deploy/json-rpc.ts";
import type { DeployOptions, Plan } from "../../../scripts/deploy/plan.ts";
import { type Anvil, startAnvil } from "../../../scripts/devchain/anvil.ts";
import type { Rpc } from "../../../server/anchor/json-rpc.ts";

/** What a free-gas chain is started with. */
export const FREE_GAS = ["--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"];

/** A private key made from one number. */
export function privateKey(n: number): string {
  return `0x${n.toString(16).padStart(64, "0")}`;
}

export const ADMIN_KEY = privateKey(0xad);
export const ADMIN = new Wallet(ADMIN_KEY).address;

const edKey = (n: number): Uint8Array => ed25519.getPublicKey(new Uint8Array(32).fill(n));

/** Two agencies with three recorders between them. */
export const PLAN: Plan = {
  log: {
    anchorer: new Wallet(privateKey(0xa0)).address,
    keys: { checkpoint: edKey(1), receipt: edKey(2), vrf: edKey(3) },
  },
  operator: {
    code: "operator",
    name: "Người vận hành",
    entitlements: 5,
    account: { privateKey: privateKey(0x0b) },
    recorders: [{ name: "ledger", alg: "EdDSA", key: edKey(4), fromSeq: 1 }],
  },
  agencies: [
    {
      code: "police",
      name: "Công an",
      entitlements: 11,
      account: { privateKey: privateKey(0x0c) },
      recorders: [
        { name: "r1", alg: "ES256", key: p256.getPublicKey(new Uint8Array(32).fill(5), false), fromSeq: 1 },
        { name: "r2", alg: "EdDSA", key: edKey(6), fromSeq: 1 },
      ],
    },
  ],
};

/** Transactions that PLAN takes from the administrator: two contracts, the log, the name of the logs' registry, two agencies. */
export const ADMIN_TRANSACTIONS = 6;
/** Transactions that PLAN takes from the account of the agency `police`. */
export const POLICE_TRANSACTIONS = 2;
export const POLICE = new Wallet(privateKey(0x0c)).address;

/** A chain for the tests of one file, and a folder for what they write. */
export class TestChain {
  readonly rpc: Rpc;
  readonly url: string;
  readonly folder: string;
  readonly #anvil: Anvil;
  #files = 0;

  static async start(...args: readonly string[]): Promise<TestChain> {
    const anvil = await startAnvil(["--port", "0", "--accounts", "1", ...args]);
    return new TestChain(anvil, await mkdtemp(path.join(tmpdir(), "minhbach-deploy-")));
  }

  private constructor(anvil: Anvil, folder: string) {
    this.#anvil = anvil;
    this.url = anvil.url;
    this.rpc = httpRpc(anvil.url);
    this.folder = folder;
  }

  /** A file name in the folder that no test has used. */
  newFile(): string {
    this.#files += 1;
    return path.join(this.folder, `${this.#files}.json`);
  }

  /** How many transactions of the account are mined. */
  async mined(account: string): Promise<number> {
    return Number(await this.rpc("eth_getTransactionCount", [account, "latest"]));
  }

  /** Brings the chain back to where it is now. */
  async bookmark(): Promise<() => Promise<void>> {
    let id = await this.rpc("evm_snapshot", []);
    return async () => {
      await this.rpc("evm_revert", [id]);
      // A snapshot is used up by going back to it.
      id = await this.rpc("evm_snapshot", []);
    };
  }

  async stop(): Promise<void> {
    this.#anvil.signal("SIGKILL");
    await this.#anvil.ended;
    await rm(this.folder, { recursive: true });
  }
}

/** What `deploy` is told in the tests. */
export function options(rpc: Rpc, statePath: string, changes: Partial<DeployOptions> = {}): DeployOptions {
  return { ...PLAN, rpc, adminKey: ADMIN_KEY, statePath, ...changes };
}

/** The error a deployment ends with. */
export async function failureOf(deployment: ReturnType<typeof deploy>): Promise<unknown> {
  try {
    await deployment;
  } catch (error) {
    return error;
  }
  throw new Error("the deployment succeeded");
}
