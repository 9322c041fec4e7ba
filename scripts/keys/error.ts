/** Why a command about keys did nothing; the message says what to do. */
export class KeysError extends Error {
  override readonly name = "KeysError";
}
