import { network } from "hardhat";
import { anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { consistencyProofLength, syntheticConsistency } from "./synthetic-proof.ts";

/** Gas used by whole transactions. */
export interface AnchorGas {
  /** A log's first anchor. */
  readonly first: number;
  /** The index grows at an unchanged log size. */
  readonly indexOnly: number;
  readonly growths: readonly GrowthGas[];
}

export interface GrowthGas {
  /** About how many leaves the log had. */
  readonly size: number;
  /**
   * The shortest, a median or the longest proof among the sampled growths, or the dearest pair of sizes there
   * is.
   */
  readonly extent: "shortest" | "median" | "longest" | "worst";
  /** Nodes in the proof. */
  readonly elements: number;
  readonly withoutIndex: number;
  readonly withIndex: number;
}

/** Growths looked at for each size. */
export const SAMPLED_GROWTHS = 2_000;
const LARGEST_GROWTH = 10_000;
const NO_ROOT = `0x${"00".repeat(32)}`;
const INDEX_ROOT = `0x${"a5".repeat(32)}`;
const MAX_GROWTH = 2n ** 48n - 1n;

/** Anchors to logs of about these sizes on a simulated chain. */
export async function measureAnchorGas(sizes: readonly bigint[]): Promise<AnchorGas> {
  const { ethers } = await network.create();
  const [admin] = await ethers.getSigners();
  if (admin === undefined) throw new Error("the simulated chain has no accounts");
  const { abi, bytecode } = anchorRegistryArtifact;
  const registry = await new ethers.ContractFactory(abi, bytecode, admin).deploy(0, admin.address);
  const createLog = registry.getFunction("createLog");
  const anchor = registry.getFunction("anchor");
  let logs = 0;

  const newLog = async (): Promise<number> => {
    const keys = [1, 2, 3].map((n) => `0x${String(n).repeat(64)}`);
    await createLog.send(admin.address, keys, MAX_GROWTH);
    logs += 1;
    return logs;
  };

  const gasOf = async (...args: readonly unknown[]): Promise<number> => {
    const receipt = await (await anchor.send(...args)).wait();
    return Number(receipt?.gasUsed ?? NaN);
  };

  const growth = async (from: bigint, to: bigint, hasIndex: boolean): Promise<number> => {
    const logId = await newLog();
    const { oldRoot, newRoot, proof } = syntheticConsistency(from, to, "gas");
    const index = (size: bigint): [bigint, string] => (hasIndex ? [size, INDEX_ROOT] : [0n, NO_ROOT]);
    await gasOf(logId, 0, from, oldRoot, ...index(from), []);
    return gasOf(logId, from, to, newRoot, ...index(to), proof);
  };

  const growths: GrowthGas[] = [];
  for (const size of sizes) {
    for (const { extent, from, to } of sampledGrowths(size)) {
      growths.push({
        size: Number(size),
        extent,
        elements: consistencyProofLength(from, to),
        withoutIndex: await growth(from, to, false),
        withIndex: await growth(from, to, true),
      });
    }
  }

  const logId = await newLog();
  const first = await gasOf(logId, 0, 1_000, INDEX_ROOT, 0, NO_ROOT, []);
  await gasOf(logId, 1_000, 1_000, INDEX_ROOT, 500, INDEX_ROOT, []);
  const indexOnly = await gasOf(logId, 1_000, 1_000, INDEX_ROOT, 1_000, INDEX_ROOT, []);
  return { first, indexOnly, growths };
}

function sampledGrowths(size: bigint): { extent: GrowthGas["extent"]; from: bigint; to: bigint }[] {
  // A fixed stride instead of chance: the report is the same on every run.
  const growths = Array.from({ length: SAMPLED_GROWTHS }, (_, i) => {
    const from = size + BigInt((i * 7_919) % Math.ceil(Number(size) / 10));
    const to = from + BigInt(1 + ((i * 104_729) % LARGEST_GROWTH));
    return { from, to, elements: consistencyProofLength(from, to) };
  }).toSorted((a, b) => a.elements - b.elements);
  const sampled = (["shortest", "median", "longest"] as const).flatMap((extent, i) => {
    const chosen = growths[Math.round(((growths.length - 1) * i) / 2)];
    return chosen === undefined ? [] : [{ extent, from: chosen.from, to: chosen.to }];
  });
  // One leaf short of a power of two: as long as proofs get, and all but two of its nodes are hashed into
  // both roots.
  const power = 1n << BigInt(size.toString(2).length);
  return [...sampled, { extent: "worst", from: power - 1n, to: power }];
}
