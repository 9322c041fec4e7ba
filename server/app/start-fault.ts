import { CatalogueError } from "../catalogue/error.ts";
import { ConfigError } from "../config-values.ts";
import { LedgerError } from "../errors.ts";

/** Whether starting the ledger again changes nothing until somebody changes a setting, or what one names. */
export function isSettingFault(error: unknown): error is Error {
  if (error instanceof CatalogueError) return !isPassing(error.cause);
  const isOtherKey = error instanceof LedgerError && error.code === "wrong-keys";
  return isOtherKey || error instanceof ConfigError;
}

/** What the machine says of a file that is not there, or not for us. Anything else that it says may be over soon. */
const LASTING: readonly unknown[] = ["ENOENT", "ENOTDIR", "EACCES", "EPERM"];

function isPassing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && "errno" in cause && !LASTING.includes(cause.code);
}
