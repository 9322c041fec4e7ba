import type { Logger } from "pino";
import { Gauge, type Registry } from "prom-client";
import type { Store, StoreRiskKind } from "../store/store.ts";

const KINDS: readonly StoreRiskKind[] = [
  "asynchronous-replica",
  "torn-pages",
  "recycled-log",
  "kept-log",
  "old-rows-kept",
  "missing-rights",
];

/** Who leads is news at once; how the database is set up is looked at now and then. */
export const RISKS_INTERVAL_MS = 30_000;

/**
 * Shows whether this server leads, and what is wrong with how the database is set up. Resolves when it was looked at; each finding is a line of the log when it
 * comes and when it goes.
 */
export function storeRisks(
  store: Pick<Store, "risks" | "leads">,
  { registry, log }: { readonly registry: Registry; readonly log: Logger },
): () => Promise<void> {
  const registers = [registry];
  new Gauge({
    name: "minhbach_leader",
    help: "1 where this server leads: it publishes checkpoints, anchors and destroys. Of all servers of a log one does.",
    registers,
    collect() {
      this.set(store.leads() ? 1 : 0);
    },
  });
  const gauge = new Gauge({
    name: "minhbach_store_risk",
    help: "1 for what is wrong with how the database is set up; the log says what to do.",
    labelNames: ["kind"],
    registers,
  });
  for (const kind of KINDS) gauge.set({ kind }, 0);
  let known: ReadonlySet<StoreRiskKind> = new Set();
  return async () => {
    const risks = await store.risks();
    const now = new Set(risks.map(({ kind }) => kind));
    for (const { kind, message } of risks) if (!known.has(kind)) log.error({ kind }, message);
    for (const kind of KINDS) {
      gauge.set({ kind }, now.has(kind) ? 1 : 0);
      if (known.has(kind) && !now.has(kind)) log.info({ kind }, "the database is set up better now");
    }
    known = now;
  };
}
