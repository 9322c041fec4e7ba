import { fromUtf8 } from "../../../protocol/bytes.ts";
import { FormatError } from "../../../protocol/errors.ts";
import { MAX_STATEMENT_BYTES } from "../../../protocol/statement.ts";
import {
  MAX_PROFILE_LENGTH,
  parseTrustProfile,
  type TrustProfile,
  TrustProfileError,
} from "../../../verifier/trust-profile.ts";

/** A file in this browser's memory. */
export interface ChosenFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The longest file there is. */
export const MAX_FILE_BYTES = MAX_STATEMENT_BYTES;

/** Reads a file that a person chose; or says why not. */
export async function readChosen(file: File): Promise<ChosenFile | "too-long" | "unread"> {
  if (file.size > MAX_FILE_BYTES) return "too-long";
  try {
    return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    return "unread";
  }
}

const PROFILE_TYPE = /^\s*\{[^{}[\]]*"type"\s*:\s*"minhbach\/trust-profile"/;

/** Whether a file says that it is a trust profile. */
export function saysItIsAProfile({ bytes }: ChosenFile): boolean {
  return bytes.length <= 4 * MAX_PROFILE_LENGTH && PROFILE_TYPE.test(new TextDecoder().decode(bytes));
}

/** The profile in a file, or in the verifier's words (English) why it is none. */
export function profileIn({ bytes }: ChosenFile): TrustProfile | string {
  try {
    return parseTrustProfile(fromUtf8(bytes));
  } catch (error) {
    if (error instanceof TrustProfileError || error instanceof FormatError) return error.message;
    throw error;
  }
}
