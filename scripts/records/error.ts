/** What the person who runs the command has to put right: it is shown without a stack. */
export class RecordsInputError extends Error {
  override readonly name = "RecordsInputError";
}
