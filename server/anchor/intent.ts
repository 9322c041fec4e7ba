import { type Bytes, fromHex, fromUtf8, toHex, utf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { HASH_BYTES, isSize } from "../../protocol/merkle.ts";
import type { AnchorContent } from "./content.ts";

/** A signed transaction that was or is about to be sent. It stands in the store before the first node sees it. */
export interface AnchorIntent {
  /** The contract's head it extends. */
  readonly expectedSize: number;
  readonly content: AnchorContent;
  readonly transaction: SignedTransaction;
}

export interface SignedTransaction {
  /** 0x and 64 lowercase hexadecimal digits. */
  readonly hash: string;
  readonly nonce: number;
  /** The signed bytes, 0x hex: sent again as they are. */
  readonly raw: string;
}

const VERSION = 1;

/** The intent as the store keeps it. */
export function encodeIntent({ expectedSize, content, transaction }: AnchorIntent): Bytes {
  const { size, root, indexSize, indexRoot } = content;
  return utf8(
    JSON.stringify({
      version: VERSION,
      expectedSize,
      size,
      root: toHex(root),
      indexSize,
      indexRoot: toHex(indexRoot),
      ...transaction,
    }),
  );
}

/**
 * Reads a stored intent. Undefined when it is not readable, as when a newer version wrote it: forgetting an intent is safe, because
 * whatever its transaction did or will do is seen in the contract.
 */
export function parseIntent(bytes: Bytes): AnchorIntent | undefined {
  try {
    return readIntent(parseStrictJson(fromUtf8(bytes), { maxDepth: 1 }));
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function readIntent(value: unknown): AnchorIntent | undefined {
  if (!isJsonObject(value)) return undefined;
  const { version, expectedSize, size, root, indexSize, indexRoot, hash, nonce, raw } = value;
  if (version !== VERSION) return undefined;
  if (!isSize(expectedSize) || !isSize(size) || !isSize(indexSize) || !isSize(nonce)) return undefined;
  if (typeof root !== "string" || typeof indexRoot !== "string") return undefined;
  if (typeof hash !== "string" || !/^0x[0-9a-f]{64}$/.test(hash)) return undefined;
  if (typeof raw !== "string" || !/^0x(?:[0-9a-f]{2})+$/.test(raw)) return undefined;
  const content = { size, root: fromHex(root), indexSize, indexRoot: fromHex(indexRoot) };
  if (content.root.length !== HASH_BYTES || content.indexRoot.length !== HASH_BYTES) return undefined;
  return { expectedSize, content, transaction: { hash, nonce, raw } };
}
