/** A failure of the set-up that the person at the keyboard can mend: the message says how. */
export class SetupError extends Error {}

/** The set-up was ended by a signal, or by the end of the process that wanted it. */
export class SetupInterrupted extends Error {
  /** @param {number} exitCode 128 + the number of the signal */
  constructor(exitCode) {
    super("The set-up was interrupted; the same command starts it again.");
    this.exitCode = exitCode;
  }
}
