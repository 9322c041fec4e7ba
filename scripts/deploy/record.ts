import { mkdir, open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { DeployError } from "./error.ts";
import { isObject } from "./json-rpc.ts";

/**
 * A signed transaction, recorded before it was first sent, so that a second one is never made for the same
 * step.
 */
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
  /** Contract name -> keccak256 of the code the chain held when it was deployed. */
  readonly codeHashes: Readonly<Record<string, string>>;
}

/** The record in the file, or undefined when there is none yet. @throws DeployError `record-unreadable`. */
export async function readRecord(file: string): Promise<DeploymentRecord | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw unreadable(file, error);
  }
  try {
    return parseRecord(JSON.parse(text));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * Writes the record so that after a crash the file holds either the old one or the new one, whole and on the
 * disk.
 */
export async function writeRecord(file: string, record: DeploymentRecord): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.new`;
  const handle = await open(temporary, "w");
  try {
    await handle.writeFile(`${JSON.stringify(record, null, 2)}\n`);
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

function unreadable(file: string, cause: unknown): DeployError {
  return new DeployError(
    "record-unreadable",
    `${file} cannot be read as a deployment record. Restore it from a copy: without it the contracts would be deployed again.`,
    { cause },
  );
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
