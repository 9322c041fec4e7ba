/** The audit cannot begin; the message says what to do. */
export class AuditInputError extends Error {
  override readonly name = "AuditInputError";
}
