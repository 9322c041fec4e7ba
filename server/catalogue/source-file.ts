import { FormatError } from "../../protocol/errors.ts";
import { parseStrictJson } from "../../protocol/json.ts";
import { CatalogueError } from "./error.ts";
import { jsonPlaces } from "./json-places.ts";

/** A file of the catalogue's folder. */
export interface SourceFile {
  /** Relative to the folder, such as `procedures/PASSPORT.json`. */
  readonly name: string;
  readonly text: string;
}

/** A parsed file that still knows its lines. */
export interface ParsedFile {
  readonly name: string;
  readonly value: unknown;
  /** The error of the value at this JSON pointer, which begins with its file and line: `procedures/PASSPORT.json:12: reason`. */
  readonly fault: (pointer: string, reason: string) => CatalogueError;
}

/** Deeper than any file of the catalogue. */
const MAX_DEPTH = 16;

/** Parses strict JSON. @throws CatalogueError naming the line where it is none. */
export function parseSourceFile({ name, text }: SourceFile): ParsedFile {
  const { places, faultAt } = jsonPlaces(text);
  const errorAt = (place: number, reason: string): CatalogueError =>
    new CatalogueError(`${name}:${text.slice(0, place).split("\n").length}: ${reason}`);
  try {
    return {
      name,
      value: parseStrictJson(text, { maxDepth: MAX_DEPTH }),
      fault: (pointer, reason) => errorAt(places.get(pointer) ?? 0, reason),
    };
  } catch (error) {
    throw error instanceof FormatError ? errorAt(faultAt ?? 0, error.message) : error;
  }
}
