import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { KeyError } from "./errors.ts";

/** Any permission of others. */
const OTHERS = 0o007;
/** Any permission of the file's group. */
const GROUP = 0o070;
/** A key or a PIN is far shorter. */
const MAX_BYTES = 8192;

/**
 * The text of a file that holds a secret, without white space at its ends. Refused when anybody but its owner may read it; a file of root's own
 * group counts as root's alone, for so systemd's credentials look. The check is of the open file, so links are followed first (not on Windows).
 * @throws KeyError `bad-file`
 */
export function readSecretFile(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (cause) {
    throw new KeyError("bad-file", `The file ${file} cannot be read.`, { cause });
  }
  try {
    const { mode, uid, gid, size } = fstatSync(descriptor);
    const isRoots = uid === 0 && gid === 0;
    if (process.platform !== "win32" && (mode & (isRoots ? OTHERS : OTHERS | GROUP)) !== 0)
      throw new KeyError(
        "bad-file",
        `The file ${file} holds a secret and can be read by other users; run: chmod 600 ${file}`,
      );
    if (size > MAX_BYTES) throw new KeyError("bad-file", `The file ${file} is too large for a key.`);
    return readFileSync(descriptor, "utf8").trim();
  } finally {
    closeSync(descriptor);
  }
}
