import { Counter, Gauge, type Registry } from "prom-client";
import type { JudgedAs } from "./uses/from-uses.ts";
import type { UsesStatus } from "./uses/register.ts";

/** What judging uses tells about itself. */
export interface UseMetrics {
  judged: (answer: JudgedAs) => void;
}

export function useMetrics(registry: Registry, status: () => Promise<UsesStatus>): UseMetrics {
  const registers = [registry];
  new Gauge({
    name: "minhbach_judging_lag_events",
    help: "Recorded events that were not yet looked at for whether the catalogue and consents allowed them.",
    registers,
    async collect() {
      this.set((await status()).lagEvents);
    },
  });
  const judged = new Counter({
    name: "minhbach_uses_judged_total",
    help: "Accesses and actions judged since the start, by what came of it; one may be judged again.",
    labelNames: ["answer"],
    registers,
  });
  return { judged: (answer) => judged.inc({ answer }) };
}
