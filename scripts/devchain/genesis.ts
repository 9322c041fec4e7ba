import { readFile } from "node:fs/promises";
import { isObject } from "../../server/anchor/json-rpc.ts";
import { replaceFile } from "./snapshot.ts";

/**
 * Takes the block 0 of every start but the first out of a snapshot. anvil makes one at each start and dumps them all; loading several, it
 * takes the hash of any of them for the genesis hash, and the chain would be another one after its second restart.
 * @param restartGasLimit gas limit of the blocks 0 that are not the chain's own
 */
export async function keepOneGenesis(statePath: string, restartGasLimit: number): Promise<void> {
  const state = parse(await readFile(statePath, "utf8"));
  const blocks: unknown = isObject(state) ? state["blocks"] : undefined;
  if (!isObject(state) || !Array.isArray(blocks)) return;
  const kept = blocks.filter((block: unknown) => !isOfRestart(block, restartGasLimit));
  if (kept.length === blocks.length) return;
  await replaceFile(statePath, new TextEncoder().encode(JSON.stringify({ ...state, blocks: kept })));
}

/** Undefined for what is no JSON: the node says better what is wrong with it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isOfRestart(block: unknown, restartGasLimit: number): boolean {
  const header = isObject(block) ? block["header"] : undefined;
  return isObject(header) && Number(header["number"]) === 0 && Number(header["gasLimit"]) === restartGasLimit;
}
