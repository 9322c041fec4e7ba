import type { Suite } from "mocha";
import { hasPostgres } from "../../scripts/postgres.ts";

/** Where the records of a system are. */
export type StoreKind = "level" | "postgres";

const NAMES = { level: "LevelDB", postgres: "PostgreSQL" } as const;

/** The same tests for each store, for promises that the store carries. Where there is no PostgreSQL, that is said in the report. */
export function onBothStores(title: string, tests: (this: Suite, store: StoreKind) => void): void {
  for (const store of ["level", "postgres"] as const) {
    const full = `${title}, on ${NAMES[store]}`;
    if (store === "level" || hasPostgres) {
      describe(full, function () {
        tests.call(this, store);
      });
    } else {
      // Without a function: pending.
      it(`${full} (skipped: there is no PostgreSQL for this platform)`);
    }
  }
}
