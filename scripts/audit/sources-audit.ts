import type { Source } from "../../protocol/source.ts";
import type { StoreReader } from "../../server/store/store.ts";
import { fault } from "./event-audit.ts";

const SOURCES_AT_ONCE = 1000;

/** Compares where the ledger says each source goes on with where the log says so. @throws AuditFault `sources`. */
export async function compareSources(
  { reader, head }: { readonly reader: StoreReader; readonly head: { readonly size: number } },
  next: ReadonlyMap<Source, number>,
): Promise<void> {
  const left = new Set(next.keys());
  let page = await reader.sources({ limit: SOURCES_AT_ONCE });
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    for (const state of page) {
      const { source } = state;
      left.delete(source);
      const expected = next.get(source);
      if (expected === state.next) continue;
      const holding = await reader.submissionHolding(source, Math.min(expected ?? 1, state.next) - 1);
      const message = `${source} goes on with number ${state.next}, and by the log with ${expected ?? "none: it is not in it"}`;
      throw fault("sources", holding?.index ?? Math.max(0, head.size - 1), message);
    }
    page = await reader.sources({ after: last.source, limit: SOURCES_AT_ONCE });
  }
  for (const source of left) {
    const first = await reader.submissionHolding(source, 1);
    throw fault("sources", first?.index ?? 0, `${source} is in the log, and not among the sources`);
  }
}
