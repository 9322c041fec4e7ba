import { getAddress, hexlify, type Wallet } from "ethers";
import { list, number } from "../../server/anchor/chain-values.ts";
import type { ChainReader, Contract } from "./chain.ts";
import { DeployError } from "./error.ts";
import type { LogPlan } from "./plan.ts";
import type { Step } from "./sender.ts";

/**
 * What one anchor may add at most: a day of 1,000 events/s after an outage. A stolen anchorer key gets no further
 * with one transaction.
 */
const DEFAULT_MAX_GROWTH = 100_000_000;

/** Creates the log. */
export function createLogStep(admin: Wallet, log: LogPlan, registry: Contract, chain: ChainReader): Step {
  const { checkpoint, receipt, vrf } = log.keys;
  const keys = [hexlify(checkpoint), hexlify(receipt), hexlify(vrf)];
  return {
    name: "create the log",
    wallet: admin,
    to: registry.address,
    data: registry.abi.encodeFunctionData("createLog", [
      log.anchorer,
      keys,
      log.maxGrowth ?? DEFAULT_MAX_GROWTH,
    ]),
    abi: registry.abi,
    isDone: async () => (await findLog(log, registry, chain)) !== undefined,
  };
}

/** The newest log with our VRF key: ours, or the successor that continues it under the same one. */
async function findLog(
  log: LogPlan,
  registry: Contract,
  chain: ChainReader,
): Promise<{ logId: number; checkpoint: string; receipt: string } | undefined> {
  const vrf = hexlify(log.keys.vrf);
  const [count] = await chain.read(registry, "logCount", []);
  for (let logId = number(count); logId >= 1; logId -= 1) {
    const [versions] = await chain.read(registry, "keyVersions", [logId]);
    const [fromBlock, checkpoint, receipt] = list(list(versions).at(-1));
    const [keys] = await chain.read(registry, "logKeysAt", [logId, fromBlock]);
    if (list(keys)[2] === vrf) {
      return { logId, checkpoint: String(checkpoint), receipt: String(receipt) };
    }
  }
  return undefined;
}

/** The number of our log, whose keys and anchorer on the chain must be the ones we would use. */
export async function requireLog(log: LogPlan, registry: Contract, chain: ChainReader): Promise<number> {
  const found = await findLog(log, registry, chain);
  if (found === undefined) throw new Error("the log is not there although its step is done");
  if (found.checkpoint !== hexlify(log.keys.checkpoint) || found.receipt !== hexlify(log.keys.receipt)) {
    throw new DeployError(
      "other-log",
      `Log ${found.logId} has another checkpoint or receipt key on the chain than here. Restore the keys, or let the administrator call rotateKeys first.`,
    );
  }
  const [state] = await chain.read(registry, "logState", [found.logId]);
  const [anchorer] = list(state);
  if (anchorer !== getAddress(log.anchorer)) {
    throw new DeployError(
      "other-log",
      `Log ${found.logId} is anchored by ${String(anchorer)}, not by ${log.anchorer}. Restore that key, or let the administrator call setAnchorer first.`,
    );
  }
  return found.logId;
}
