/** A catalogue that cannot be used: the message names the file, the line and the reason. The ledger does not start with it. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";
}
