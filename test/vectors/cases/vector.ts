import type { FormatCode } from "../../../protocol/errors.ts";

/** What a parser's error is named by; `index-proof` where a proof shows nothing and `sample` where a sample is not the one that is drawn, which are no errors of a parser. */
export type VectorCode = FormatCode | "index-proof" | "sample";

/** One file of test/vectors: an artefact that every implementation accepts, or refuses for the reason it is named by. */
export interface Vector {
  readonly folder: string;
  readonly extension: string;
  /** What is special about it, in a few words. */
  readonly reason: string;
  /** Why it is refused; valid without one. */
  readonly code?: VectorCode;
  readonly content: string | Uint8Array;
}

/** A folder's way to write vectors down. */
export function vectorsOf(folder: string, extension: string) {
  return {
    valid: (reason: string, content: string | Uint8Array): Vector => ({ folder, extension, reason, content }),
    invalid: (code: VectorCode, reason: string, content: string | Uint8Array): Vector => ({
      folder,
      extension,
      reason,
      code,
      content,
    }),
  };
}

/** Where the file stands below test/vectors. */
export function vectorPath({ folder, extension, reason, code }: Vector): string {
  const name = reason
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return code === undefined
    ? `valid/${folder}/${name}.${extension}`
    : `invalid/${folder}/${code}--${name}.${extension}`;
}
