import { encodeBytes32String, getAddress, ZeroAddress } from "ethers";
import type { AnchorAccount } from "../../server/anchor/anchor-transaction.ts";
import { list, number, text } from "../../server/anchor/chain-values.ts";
import { RpcFailure } from "../../server/anchor/json-rpc.ts";
import { KeysError } from "../keys/error.ts";
import type { Registries } from "../keys/registries.ts";

/** The agency registry's view of which log holds an agency now; 0 where none was assigned. */
export async function presentLog({ read }: Registries, agency: string): Promise<number> {
  const [history] = await read("agencies", "logHistory", [encodeBytes32String(agency)]);
  const last = list(history).at(-1);
  return last === undefined ? 0 : number(list(last)[1]);
}

/** Whether the agencies' logs are those of the trust profile's registry. @throws KeysError where they never will be */
export async function isRegistryOfLogsNamed({ read, profile }: Registries): Promise<boolean> {
  const named = await read("agencies", "anchorRegistry", []).then(
    ([address]) => text(address),
    (cause: unknown) => {
      if (!(cause instanceof RpcFailure)) throw cause;
      throw new KeysError(
        `The registry at ${profile.agencyRegistry} is older than assignments of logs, and contracts are not upgraded: each agency may record in any log there.`,
        { cause },
      );
    },
  );
  if (named === ZeroAddress) return false;
  if (named === getAddress(profile.anchorRegistry)) return true;
  throw new KeysError(
    `The agencies' logs are those of ${named} for ever; the trust profile names ${profile.anchorRegistry}.`,
  );
}

/**
 * Says on the chain in which log an agency records from now on; what is so already is left alone.
 * @throws KeysError with the registry's reason, or where no registry of logs is named
 */
export async function assignLog(
  registries: Registries,
  registrar: AnchorAccount,
  agency: string,
  logId: number,
  print: (line: string) => void,
): Promise<void> {
  if (!(await isRegistryOfLogsNamed(registries)))
    throw new KeysError(
      "No registry of logs is named on the chain yet. The administrator names it: npm run deploy with the plan once more.",
    );
  if ((await presentLog(registries, agency)) === logId) {
    print(`${agency} has log ${logId} already.`);
    return;
  }
  await registries.send(registrar, "agencies", "assignLog", [encodeBytes32String(agency), logId]);
  print(`${agency} records in log ${logId} from now on.`);
}
