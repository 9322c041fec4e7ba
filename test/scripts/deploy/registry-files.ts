/** A chain that PLAN was deployed on, as the commands of administrators and registrars see it: by a trust profile and an environment. */
import { chmod, writeFile } from "node:fs/promises";
import { Wallet } from "ethers";
import { deploy, type Deployment } from "../../../scripts/deploy.ts";
import { writeProfile } from "../../../scripts/deploy/trust-profile.ts";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../../server/anchor/artifacts.ts";
import { contractReader } from "../../../server/anchor/chain-values.ts";
import { ADMIN_KEY, FREE_GAS, options, privateKey, TestChain } from "./fixture.ts";

const ARTIFACTS = { anchors: anchorRegistryArtifact, agencies: agencyRegistryArtifact } as const;
type Registry = keyof typeof ARTIFACTS;

export class RegistryChain {
  readonly chain: TestChain;
  readonly deployment: Deployment;
  /** The administrator's and first registrar's, with the key in a private file. */
  readonly env: Readonly<Record<string, string>>;
  readonly profileFile: string;

  static async start(): Promise<RegistryChain> {
    const chain = await TestChain.start(...FREE_GAS);
    const [deploymentFile, profileFile, keyFile] = [chain.newFile(), chain.newFile(), chain.newFile()];
    const deployment = await deploy(options(chain.rpc, deploymentFile));
    const known = { name: "Thử", environment: "production", finalityDepth: 1, rpc: [chain.url] } as const;
    await writeProfile(profileFile, { ...known, ...deployment });
    await writeFile(keyFile, `${ADMIN_KEY}\n`);
    await chmod(keyFile, 0o600);
    const env = { RPC_URL: chain.url, TRUST_PROFILE: profileFile, ADMIN_KEY_FILE: keyFile };
    return new RegistryChain(chain, deployment, env, profileFile);
  }

  private constructor(
    chain: TestChain,
    deployment: Deployment,
    env: RegistryChain["env"],
    profileFile: string,
  ) {
    this.chain = chain;
    this.deployment = deployment;
    this.env = env;
    this.profileFile = profileFile;
  }

  read(registry: Registry, name: string, ...args: readonly unknown[]): Promise<readonly unknown[]> {
    return contractReader(this.chain.rpc, this.#addressOf(registry), ARTIFACTS[registry].abi)(name, args);
  }

  /** Sends a transaction of the account of a key, and sees that it took effect. */
  async act(key: string, registry: Registry, name: string, ...args: readonly unknown[]): Promise<void> {
    const wallet = new Wallet(key);
    const transaction = {
      ...{ type: 2, maxFeePerGas: 0, maxPriorityFeePerGas: 0, gasLimit: 900_000 },
      ...{ chainId: this.deployment.chainId, nonce: await this.chain.mined(wallet.address) },
      to: this.#addressOf(registry),
      data: ARTIFACTS[registry].abi.encodeFunctionData(name, args),
    };
    const hash = await this.chain.rpc("eth_sendRawTransaction", [await wallet.signTransaction(transaction)]);
    // The chain mines by itself, but may answer before it did.
    let receipt = await this.chain.rpc("eth_getTransactionReceipt", [hash]);
    while (receipt === null) {
      await this.chain.rpc("evm_mine", []);
      receipt = await this.chain.rpc("eth_getTransactionReceipt", [hash]);
    }
    if (typeof receipt !== "object" || !("status" in receipt) || receipt.status !== "0x1")
      throw new Error(`${name} failed`);
  }

  /** Anchors five entries at first, and then an index of so many of them, up to five. */
  async anchor(indexSize: number): Promise<void> {
    const root = `0x${"11".repeat(32)}`;
    const indexRoot = indexSize === 0 ? `0x${"00".repeat(32)}` : `0x${"22".repeat(31)}0${indexSize}`;
    const before = indexSize === 0 ? 0 : 5;
    await this.act(privateKey(0xa0), "anchors", "anchor", 1, before, 5, root, indexSize, indexRoot, []);
  }

  #addressOf(registry: Registry): string {
    return registry === "anchors" ? this.deployment.anchorRegistry : this.deployment.agencyRegistry;
  }
}
