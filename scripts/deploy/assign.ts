import { encodeBytes32String, getAddress, Wallet, ZeroAddress } from "ethers";
import { agencyRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { list, number, text } from "../../server/anchor/chain-values.ts";
import { type Rpc, RpcFailure } from "../../server/anchor/json-rpc.ts";
import { chainReader, type Contract } from "./chain.ts";
import { DeployError } from "./error.ts";
import { openRecord } from "./record.ts";
import { perform, type Step } from "./sender.ts";

export interface AssignOptions {
  readonly rpc: Rpc;
  /** Private key (0x hex) of the registrar. */
  readonly registrarKey: string;
  /** File that remembers what was about to be sent: that of the deployment. */
  readonly statePath: string;
  readonly agencyRegistry: string;
  /** The registry of the logs, named on the chain by the first assignment. */
  readonly anchorRegistry: string;
  /** The agency's code. */
  readonly agency: string;
  readonly logId: number;
  readonly onProgress?: (message: string) => void;
}

const MINE_TIMEOUT_MS = 60_000;

/**
 * Says on the chain in which log an agency records from now on. What is so already is left alone; a run that was killed is gone on with.
 * @throws DeployError: `other-code` where the registry is older than assignments or names another registry of logs, `reverted`, and those of sending.
 */
export async function assignLog(options: AssignOptions): Promise<void> {
  const chain = chainReader(options.rpc);
  const registry: Contract = { address: options.agencyRegistry, abi: agencyRegistryArtifact.abi };
  const [chainId, genesisHash] = [await chain.chainId(), await chain.genesisHash()];
  const wallet = new Wallet(options.registrarKey);
  const code = encodeBytes32String(options.agency);

  async function named(): Promise<string> {
    try {
      const [address] = await chain.read(registry, "anchorRegistry", []);
      return text(address);
    } catch (cause) {
      if (!(cause instanceof RpcFailure)) throw cause;
      throw new DeployError(
        "other-code",
        `The registry at ${registry.address} is older than assignments of logs, and contracts are not upgraded: each agency may record in any log there.`,
        { cause },
      );
    }
  }

  const steps: readonly Step[] = [
    {
      ...{ name: "name the registry of the logs", wallet, to: registry.address, abi: registry.abi },
      data: registry.abi.encodeFunctionData("nameAnchorRegistry", [options.anchorRegistry]),
      isDone: async () => (await named()) !== ZeroAddress,
    },
    {
      ...{ name: `assign ${options.agency} log ${options.logId}`, wallet },
      ...{ to: registry.address, abi: registry.abi },
      data: registry.abi.encodeFunctionData("assignLog", [code, options.logId]),
      isDone: async () => {
        const [history] = await chain.read(registry, "logHistory", [code]);
        const last = list(history).at(-1);
        return last !== undefined && number(list(last)[1]) === options.logId;
      },
    },
  ];
  const sending = {
    ...{ chain, chainId, mineTimeoutMs: MINE_TIMEOUT_MS },
    keeper: await openRecord(options.statePath, { chainId, genesisHash }),
    onProgress: options.onProgress ?? (() => undefined),
  };
  // One after the other: the second needs the first.
  for (const step of steps) await perform([step], sending);
  const registryOfLogs = await named();
  if (registryOfLogs === getAddress(options.anchorRegistry)) return;
  throw new DeployError(
    "other-code",
    `The agencies' logs are those of ${registryOfLogs} for ever; the trust profile names ${options.anchorRegistry}.`,
  );
}
