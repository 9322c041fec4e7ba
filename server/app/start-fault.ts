import { CatalogueError } from "../catalogue/error.ts";
import { ConfigError } from "../config-values.ts";
import { LedgerError } from "../errors.ts";

/** Whether starting the ledger again changes nothing until somebody changes a setting, or what one names. */
export function isSettingFault(error: unknown): error is Error {
  const isOtherKey = error instanceof LedgerError && error.code === "wrong-keys";
  return isOtherKey || error instanceof ConfigError || error instanceof CatalogueError;
}
