export type EnrolCode = "usage" | "no-file" | "no-records" | "wrong-secrets";

/** What keeps the enrolment from running; the message says what to do. */
export class EnrolError extends Error {
  override readonly name = "EnrolError";
  readonly code: EnrolCode;

  constructor(code: EnrolCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
