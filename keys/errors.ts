/** Why a key cannot be used. Only `unavailable`, and mostly `no-token`, pass by themselves. */
export type KeyCode =
  | "bad-uri"
  | "bad-file"
  | "no-library"
  | "no-token"
  | "no-key"
  | "wrong-kind"
  /** The token's private and public key are not of one pair. */
  | "mismatch"
  | "wrong-pin"
  | "unavailable";

/** A key that cannot be had or used. The message says what to do, and holds neither key nor PIN. */
export class KeyError extends Error {
  override readonly name = "KeyError";
  readonly code: KeyCode;

  constructor(code: KeyCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
