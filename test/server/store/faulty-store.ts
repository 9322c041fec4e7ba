import { LedgerError } from "../../../server/errors.ts";
import type { Store } from "../../../server/store/store.ts";

/** What becomes of a write that reports failure: it may have reached the disk all the same. */
export type Fault = "kept" | "lost";

/** A store whose writes fail when `fault` says so, given how many writes came before. */
export function faultyStore(
  store: Store,
  fault: (writesBefore: number) => Fault | undefined,
): Store & { writes: () => number } {
  let writes = 0;
  async function write(operation: () => Promise<void>): Promise<void> {
    const outcome = fault(writes++);
    if (outcome !== "lost") await operation();
    if (outcome !== undefined) throw new LedgerError("store-unavailable", `fails on purpose, ${outcome}`);
  }
  return {
    ...store,
    commit: async (group, expectedSize) => await write(async () => await store.commit(group, expectedSize)),
    recordAnchor: async (anchor) => await write(async () => await store.recordAnchor(anchor)),
    setAnchorIntent: async (intent) => await write(async () => await store.setAnchorIntent(intent)),
    writes: () => writes,
  };
}
