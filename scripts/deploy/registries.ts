import { getAddress, getCreateAddress, keccak256, type Wallet, ZeroAddress } from "ethers";
import {
  agencyRegistryArtifact,
  anchorRegistryArtifact,
  type ContractArtifact,
} from "../../server/anchor/artifacts.ts";
import { text } from "../../server/anchor/chain-values.ts";
import type { ChainReader, Contract } from "./chain.ts";
import { DeployError } from "./error.ts";
import type { RecordKeeper } from "./record.ts";
import { perform, type SenderOptions, type Step } from "./sender.ts";

/** Deploys both registries unless they are there, and makes sure that they are the ones that were deployed. */
export async function deployRegistries(
  admin: Wallet,
  adminDelaySeconds: number,
  sending: SenderOptions,
): Promise<{ anchor: Contract; agency: Contract }> {
  const artifacts = [anchorRegistryArtifact, agencyRegistryArtifact];
  await perform(
    artifacts.map((artifact) => deployStep(admin, artifact, adminDelaySeconds, sending)),
    sending,
  );
  for (const artifact of artifacts) await requireCode(artifact, sending);
  return {
    anchor: { address: addressOf(anchorRegistryArtifact, sending.keeper), abi: anchorRegistryArtifact.abi },
    agency: { address: addressOf(agencyRegistryArtifact, sending.keeper), abi: agencyRegistryArtifact.abi },
  };
}

/**
 * Says, once and for ever, that the agencies' logs are those of our registry. Nothing to do on a registry of before agencies had logs.
 * @throws DeployError `other-code` where another registry was named
 */
export function nameLogsStep(admin: Wallet, anchor: Contract, agency: Contract, chain: ChainReader): Step {
  return {
    ...{ name: "name the registry of the logs", wallet: admin, to: agency.address, abi: agency.abi },
    data: agency.abi.encodeFunctionData("nameAnchorRegistry", [anchor.address]),
    isDone: async () => {
      const selector = agency.abi.getFunction("anchorRegistry")?.selector ?? "";
      if (!(await chain.code(agency.address)).includes(selector.slice(2))) return true;
      const [answer] = await chain.read(agency, "anchorRegistry", []);
      const named = text(answer);
      if (named === ZeroAddress) return false;
      if (named === getAddress(anchor.address)) return true;
      throw new DeployError(
        "other-code",
        `The agencies' logs are those of ${named} for ever, not of ${anchor.address}. Verifiers refuse gathered statements here.`,
      );
    },
  };
}

function deployStep(admin: Wallet, artifact: ContractArtifact, delay: number, sending: SenderOptions): Step {
  return {
    name: stepOf(artifact),
    wallet: admin,
    to: null,
    data: artifact.bytecode + artifact.abi.encodeDeploy([delay, admin.address]).slice(2),
    abi: artifact.abi,
    isDone: async () => {
      if (sending.keeper.current().transactions[stepOf(artifact)] === undefined) return false;
      return (await sending.chain.code(addressOf(artifact, sending.keeper))) !== "0x";
    },
  };
}

/** The code at the address must be what was put there first, and that must have been ours. */
async function requireCode(artifact: ContractArtifact, { chain, keeper }: SenderOptions): Promise<void> {
  const address = addressOf(artifact, keeper);
  const codeHash = keccak256(await chain.code(address));
  // Contracts are never upgraded: a later version of this program goes on with what an earlier one deployed.
  const recorded = keeper.current().codeHashes[address];
  if (codeHash !== (recorded ?? keccak256(artifact.deployedBytecode))) {
    throw new DeployError(
      "other-code",
      `The code at ${address} is not the ${artifact.name} that was deployed there. Do not use this chain before you know why.`,
    );
  }
  if (recorded !== undefined) return;
  await keeper.update((record) => ({
    ...record,
    codeHashes: { ...record.codeHashes, [address]: codeHash },
  }));
}

function stepOf(artifact: ContractArtifact): string {
  return `deploy ${artifact.name}`;
}

/** The address follows from the recorded transaction's sender and number, so it is known before it is sent. */
function addressOf(artifact: ContractArtifact, keeper: RecordKeeper): string {
  const transaction = keeper.current().transactions[stepOf(artifact)];
  if (transaction === undefined) throw new Error(`${artifact.name} was not deployed`);
  return getCreateAddress(transaction);
}
