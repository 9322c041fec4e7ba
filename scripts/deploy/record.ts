import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { isObject } from "../../server/anchor/json-rpc.ts";
import { DeployError } from "./error.ts";

/** A signed transaction, recorded before it was first sent, so that a second one is never made for the same step. */
export interface SignedTransaction {
  readonly from: string;
  readonly nonce: number;
  readonly hash: string;
  /** The signed bytes in hexadecimal. */
  readonly raw: string;
}

/** What the deployment has done on a chain, or is about to do. */
export interface DeploymentRecord {
  readonly format: 1;
  readonly chainId: number;
  readonly genesisHash: string;
  /** Step name -> its transaction, sent or about to be. */
  readonly transactions: Readonly<Record<string, SignedTransaction>>;
  /** Contract address -> keccak256 of the code the chain held there when it was deployed. */
  readonly codeHashes: Readonly<Record<string, string>>;
}

/** The record in memory and on the disk. `update` resolves when the new one is on the disk. */
export interface RecordKeeper {
  current: () => DeploymentRecord;
  update: (change: (record: DeploymentRecord) => DeploymentRecord) => Promise<void>;
}

/**
 * The record in the file, or an empty one for this chain when there is none yet.
 * @throws DeployError `record-unreadable`, or `other-chain` when the file is about another chain.
 */
export async function openRecord(
  file: string,
  { chainId, genesisHash }: Pick<DeploymentRecord, "chainId" | "genesisHash">,
): Promise<RecordKeeper> {
  const empty = { format: 1, chainId, genesisHash, transactions: {}, codeHashes: {} } as const;
  let record: DeploymentRecord = (await readRecord(file)) ?? empty;
  if (record.chainId !== chainId || record.genesisHash !== genesisHash) {
    throw new DeployError(
      "other-chain",
      `${file} belongs to another chain than the one at this URL (chain id ${record.chainId}, genesis ${record.genesisHash}). Point to that chain, or keep this chain's deployment in another file.`,
    );
  }
  return {
    current: () => record,
    update: async (change) => {
      const next = change(record);
      await replaceFile(file, `${JSON.stringify(next, null, 2)}\n`);
      record = next;
    },
  };
}

/** Replaces a file: a crash leaves the old text or the new one, and only the new one once this resolved. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const folder = await open(path.dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readRecord(file: string): Promise<DeploymentRecord | undefined> {
  try {
    return parseRecord(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new DeployError(
      "record-unreadable",
      `${file} cannot be read as a deployment record. Restore it from a copy: without it the contracts would be deployed again.`,
      { cause },
    );
  }
}

function parseRecord(value: unknown): DeploymentRecord {
  const { format, chainId, genesisHash, transactions, codeHashes } = asObject(value);
  if (format !== 1) throw new TypeError("format is not 1");
  return {
    format,
    chainId: asInteger(chainId),
    genesisHash: asText(genesisHash),
    transactions: mapValues(asObject(transactions), parseTransaction),
    codeHashes: mapValues(asObject(codeHashes), asText),
  };
}

function parseTransaction(value: unknown): SignedTransaction {
  const { from, nonce, hash, raw } = asObject(value);
  return { from: asText(from), nonce: asInteger(nonce), hash: asText(hash), raw: asText(raw) };
}

function mapValues<T>(
  object: Readonly<Record<string, unknown>>,
  parse: (value: unknown) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, parse(value)]));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new TypeError("expected an object");
  return value;
}

function asText(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("expected a string");
  return value;
}

function asInteger(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new TypeError("expected an integer");
  return value;
}
