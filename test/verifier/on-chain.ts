/** The registries on a chain of their own (anvil), for tests of what is read from them. */
import { Contract, ContractFactory, encodeBytes32String, JsonRpcProvider, type JsonRpcSigner } from "ethers";
import { consistencyProof, rootHash } from "../../protocol/merkle.ts";
import {
  agencyRegistryArtifact,
  anchorRegistryArtifact,
  type ContractArtifact,
} from "../../server/anchor/artifacts.ts";
import { chainReader, type ChainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type Anvil, startAnvil } from "../../scripts/devchain/anvil.ts";
import { PROFILE, type SmallLedger } from "./world.ts";

/** The contracts on a chain of their own, deployed the same way, so that two chains give them the same addresses. */
export interface OnChain {
  readonly node: Anvil;
  readonly provider: JsonRpcProvider;
  readonly anchors: Contract;
  readonly agencies: Contract;
  readonly profile: TrustProfile;
  readonly reader: ChainReader;
}

const RECORD = 1;
export const POLICE = [encodeBytes32String("qn-police"), encodeBytes32String("r1")] as const;

export async function startWorld(timestamp: number): Promise<OnChain> {
  const node = await startAnvil(["--host", "127.0.0.1", "--port", "0", "--timestamp", String(timestamp)]);
  const provider = new JsonRpcProvider(node.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const admin = await provider.getSigner(0);
  const anchors = await deployed(anchorRegistryArtifact, admin);
  const agencies = await deployed(agencyRegistryArtifact, admin);
  const genesis = await provider.getBlock(0);
  const profile: TrustProfile = {
    ...PROFILE,
    chainId: Number((await provider.getNetwork()).chainId),
    genesisHash: genesis?.hash ?? "",
    anchorRegistry: (await anchors.getAddress()).toLowerCase(),
    agencyRegistry: (await agencies.getAddress()).toLowerCase(),
    finalityDepth: 1,
  };
  const reader = chainReader(jsonRpc(node.url, { fetch, name: "the node" }), "the node");
  return { node, provider, anchors, agencies, profile, reader };
}

export async function stopWorld({ provider, node }: OnChain): Promise<void> {
  provider.destroy();
  node.signal("SIGTERM");
  await node.ended;
}

async function deployed({ abi, bytecode }: ContractArtifact, admin: JsonRpcSigner): Promise<Contract> {
  const contract = await new ContractFactory(abi, bytecode, admin).deploy(0, admin.address);
  await contract.waitForDeployment();
  return new Contract(await contract.getAddress(), abi, admin);
}

export async function register(
  { anchors, agencies, provider }: OnChain,
  { signers }: SmallLedger,
): Promise<void> {
  const { address } = await provider.getSigner(0);
  const keys = [signers.checkpoint.key, signers.receipt.key, signers.vrf.key];
  await mined(anchors, "createLog", address, keys, 1000);
  const health = [encodeBytes32String("hue-health"), encodeBytes32String("main")] as const;
  await mined(agencies, "admitAgency", POLICE[0], "Công an Quảng Ninh", address, RECORD);
  await mined(agencies, "admitAgency", health[0], "Sở Y tế Huế", address, RECORD);
  await mined(agencies, "addRecorderKey", ...POLICE, 1, signers.police.key, 1);
  await mined(agencies, "addRecorderKey", ...health, 2, signers.health.key, 1);
}

/** Anchors the log from one size to another, and an index where one is given. */
export async function anchor(
  world: OnChain,
  { leafHashes }: SmallLedger,
  from: number,
  to: number,
  index: { readonly size: number; readonly root: Uint8Array } = { size: 0, root: new Uint8Array(32) },
): Promise<void> {
  const tree = leafHashes.slice(0, to);
  const proof = from === 0 ? [] : consistencyProof(tree, from);
  await mined(world.anchors, "anchor", 1, from, to, rootHash(tree), index.size, index.root, proof);
}

export async function mined(contract: Contract, name: string, ...args: readonly unknown[]): Promise<void> {
  const transaction: unknown = await contract.getFunction(name).send(...args);
  if (typeof transaction === "object" && transaction !== null && "wait" in transaction) {
    await (transaction as { wait: () => Promise<unknown> }).wait();
  }
}
