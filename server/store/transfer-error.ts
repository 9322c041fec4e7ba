/** Why records could not be moved. A script branches on it; the message says what to do. */
export type TransferCode =
  /** The target holds records that no transfer began. */
  | "not-empty"
  /** A server runs on the target. */
  | "in-use"
  /** What is read is a half-written target itself. */
  | "half-written"
  /** What is read is marked as behind what was promised. */
  | "behind"
  /** A backup, or a file of keys, that is cut off, altered, or no such file. */
  | "damaged"
  | "newer-format"
  /** The file of keys is not of this log, or does not reach to the end of the backup. */
  | "wrong-keys"
  /** An event that another VRF key would need opened was erased. */
  | "erased"
  /** The records contradict themselves: a root, a number, a receipt. */
  | "inconsistent"
  /** The target does not hold what was read. */
  | "differs";

export class TransferError extends Error {
  readonly code: TransferCode;

  constructor(code: TransferCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "TransferError";
    this.code = code;
  }
}
