/** A start that the person at the keyboard can mend: the message says how. */
export class StartError extends Error {
  override readonly name = "StartError";
}
