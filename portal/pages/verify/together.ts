import { fromUtf8, utf8 } from "../../../protocol/bytes.ts";
import { FormatError } from "../../../protocol/errors.ts";
import {
  formatGathered,
  GATHERED_TYPE,
  type GatheredPart,
  parseGathered,
} from "../../../protocol/gathered.ts";
import { parseStatement } from "../../../protocol/statement.ts";
import type { ChosenFile } from "./chosen-file.ts";

const GATHERED = new RegExp(`^\\s*\\{\\s*"type"\\s*:\\s*"${GATHERED_TYPE}"`);

/**
 * Statements of several logs as one gathered statement (SPEC section 30), each as it came; those that are gathered already bring their parts.
 * Undefined where one of the files is nothing of the kind, or all of them are too much for one file.
 */
export function together(files: readonly ChosenFile[]): ChosenFile | undefined {
  try {
    const text = formatGathered(files.flatMap(partsOf));
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
