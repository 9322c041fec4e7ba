import { decodeBytes32String, getAddress, hexlify } from "ethers";
import type { AnchorAccount } from "../../server/anchor/anchor-transaction.ts";
import { anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { list, number, revertName, text } from "../../server/anchor/chain-values.ts";
import { RpcFailure } from "../../server/anchor/json-rpc.ts";
import { KeysError } from "../keys/error.ts";
import type { Registries } from "../keys/registries.ts";
import { assignLog, isRegistryOfLogsNamed, presentLog } from "./assign.ts";

export interface SuccessorOptions {
  /** Place of the anchor that the successor goes on from, from 0; the last one where it is left out. */
  readonly anchor?: number;
  /** What changes with the new log; the rest stays as it is. Ed25519 public keys of 32 bytes. */
  readonly keys: { readonly [K in "checkpoint" | "receipt" | "vrf"]?: Uint8Array };
  /** The account that anchors. */
  readonly anchorer?: string;
}

/** A log's present facts on the chain, as `createSuccessor` takes them. */
interface LogNow {
  readonly anchorer: string;
  readonly maxGrowth: bigint;
  readonly frozen: boolean;
  readonly predecessorAnchor: number;
  readonly successor: number;
  readonly keys: readonly [checkpoint: string, receipt: string, vrf: string];
  readonly anchors: number;
}

/**
 * Freezes the log of the trust profile for ever, and creates the one that continues it from one of its anchors. A log that was frozen or succeeded already
 * is gone on with, so this may be repeated.
 * @returns the successor's number
 * @throws KeysError where the registry refuses, or the log is continued by another than this one
 */
export async function createSuccessor(
  registries: Registries,
  admin: AnchorAccount,
  { anchor, keys, anchorer }: SuccessorOptions,
  print: (line: string) => void,
): Promise<number> {
  const { logId } = registries.profile;
  const now = await logNow(registries, logId);
  const [checkpoint, receipt, vrf] = now.keys;
  const wanted = {
    anchorer: anchorer ?? now.anchorer,
    keys: [hexed(keys.checkpoint) ?? checkpoint, hexed(keys.receipt) ?? receipt, hexed(keys.vrf) ?? vrf],
  };
  if (now.successor !== 0) {
    await requireSame(registries, { ...wanted, anchor: anchor ?? now.anchors - 1 }, now.successor);
    print(`log ${logId} is frozen; log ${now.successor} continues it already.`);
    return now.successor;
  }
  const argumentsFrom = (place: number): readonly unknown[] => [
    ...[logId, place, wanted.anchorer, wanted.keys, now.maxGrowth],
  ];
  if (now.anchors === 0)
    throw new KeysError(`Log ${logId} has no anchor that another could go on from: deploy a new log.`);
  // Freezing cannot be undone: whatever the registry would refuse it has to refuse before.
  await wouldSucceed(registries, admin, argumentsFrom(anchor ?? now.anchors - 1));
  if (!now.frozen) {
    await registries.send(admin, "anchors", "freeze", [logId]);
    print(`log ${logId} is frozen for ever.`);
  }
  // The ledger may have anchored until the freeze; a successor of an earlier anchor would leave that out.
  const place = anchor ?? (await logNow(registries, logId)).anchors - 1;
  await registries.send(admin, "anchors", "createSuccessor", argumentsFrom(place));
  const { successor } = await logNow(registries, logId);
  print(`log ${successor} continues it from anchor ${place}.`);
  return successor;
}

/**
 * Assigns the successor every agency that has the old log. Where the account is no registrar, it says what the registrar has to do.
 * @throws KeysError with the registry's reason
 */
export async function moveAgencies(
  registries: Registries,
  account: AnchorAccount,
  successor: number,
  print: (line: string) => void,
): Promise<void> {
  const { read, profile } = registries;
  if (!(await isRegistryOfLogsNamed(registries))) return;
  const moving: string[] = [];
  const [count] = await read("agencies", "agencyCount", []);
  for (let place = 0; place < number(count); place++) {
    const [code] = await read("agencies", "agencyCodeAt", [place]);
    const agency = decodeBytes32String(text(code));
    if ((await presentLog(registries, agency)) === profile.logId) moving.push(agency);
  }
  const [role] = await read("agencies", "REGISTRAR_ROLE", []);
  const [isRegistrar] = await read("agencies", "hasRole", [role, account.address]);
  if (isRegistrar !== true && moving.length > 0)
    print(`${account.address} is no registrar. The registrar has to move the agencies:`);
  for (const agency of moving) {
    if (isRegistrar === true) await assignLog(registries, account, agency, successor, print);
    else print(`  npm run assign -- ${agency} ${successor}`);
  }
}

async function logNow({ read }: Registries, logId: number): Promise<LogNow> {
  const [state] = await read("anchors", "logState", [logId]);
  const [anchorer, maxGrowth, frozen, , predecessorAnchor, successor] = list(state);
  const [versions] = await read("anchors", "keyVersions", [logId]);
  const [fromBlock] = list(list(versions).at(-1));
  const [keys] = await read("anchors", "logKeysAt", [logId, fromBlock]);
  const [checkpoint, receipt, vrf] = list(keys).map(text);
  const [anchors] = await read("anchors", "anchorCount", [logId]);
  return {
    ...{ anchorer: text(anchorer), maxGrowth: BigInt(String(maxGrowth)), frozen: frozen === true },
    ...{ predecessorAnchor: number(predecessorAnchor), successor: number(successor) },
    anchors: number(anchors),
    keys: [checkpoint ?? "", receipt ?? "", vrf ?? ""],
  };
}

/** The successor that is there must be the one that was asked for: there is no second. */
async function requireSame(
  registries: Registries,
  wanted: { readonly anchorer: string; readonly keys: readonly string[]; readonly anchor: number },
  successor: number,
): Promise<void> {
  const there = await logNow(registries, successor);
  const differs = [
    ...(there.predecessorAnchor === wanted.anchor ? [] : [`from anchor ${there.predecessorAnchor}`]),
    ...(there.keys.every((key, at) => key === wanted.keys[at]) ? [] : ["with other keys"]),
    ...(getAddress(there.anchorer) === getAddress(wanted.anchorer) ? [] : [`anchored by ${there.anchorer}`]),
  ];
  if (differs.length > 0)
    throw new KeysError(
      `Log ${successor} continues log ${registries.profile.logId} already, ${differs.join(", ")}. A log has one successor.`,
    );
}

async function wouldSucceed(
  { rpc, profile }: Registries,
  { address: from }: AnchorAccount,
  args: readonly unknown[],
): Promise<void> {
  const { abi } = anchorRegistryArtifact;
  const data = abi.encodeFunctionData("createSuccessor", args);
  try {
    await rpc("eth_call", [{ from, to: profile.anchorRegistry, data }, "latest"]);
  } catch (cause) {
    if (!(cause instanceof RpcFailure)) throw cause;
    throw new KeysError(
      `The registry refuses createSuccessor: ${revertName(cause, abi) ?? cause.message}. Nothing was frozen.`,
      { cause },
    );
  }
}

function hexed(key: Uint8Array | undefined): string | undefined {
  return key === undefined ? undefined : hexlify(key);
}
