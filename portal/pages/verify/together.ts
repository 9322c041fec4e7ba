import { fromUtf8, utf8 } from "../../../protocol/bytes.ts";
import { FormatError } from "../../../protocol/errors.ts";
import {
  formatGathered,
  GATHERED_TYPE,
  type GatheredPart,
  parseGathered,
} from "../../../protocol/gathered.ts";
import { formatLogId } from "../../../protocol/log-id.ts";
import { parseStatement } from "../../../protocol/statement.ts";
import type { ChosenFile } from "./chosen-file.ts";

const GATHERED = new RegExp(`^\\s*\\{\\s*"type"\\s*:\\s*"${GATHERED_TYPE}"`);

/**
 * Statements of several logs as one gathered statement (SPEC section 30), each as it came; those that are gathered already bring their parts.
 * The same one twice is one. Undefined where one of the files is nothing of the kind, or a log has two.
 */
export function together(files: readonly ChosenFile[]): ChosenFile | undefined {
  try {
    const parts = files.flatMap(partsOf);
    const statements = new Map(parts.map((part) => [part.statement, part]));
    // Two different ones of one log do not say which is meant.
    if (new Set([...statements.values()].map(({ log }) => formatLogId(log))).size < statements.size)
      return undefined;
    const text = formatGathered([...statements.values()]);
    return { name: files.map(({ name }) => name).join(", "), bytes: new Uint8Array(utf8(text)) };
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function partsOf({ bytes }: ChosenFile): readonly GatheredPart[] {
  const text = fromUtf8(bytes);
  if (GATHERED.test(text)) return parseGathered(text);
  return [{ log: parseStatement(text).log, statement: text }];
}
