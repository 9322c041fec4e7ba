import { Counter, Gauge, type Registry } from "prom-client";
import type { AnchorStatus } from "./anchorer.ts";

/** What the anchorer tells about itself. */
export interface AnchorMetrics {
  /** After each look at the chain, and each failed one. */
  observed: (status: AnchorStatus) => void;
  /** An anchor became final. */
  recorded: () => void;
}

export function anchorMetrics(registry: Registry): AnchorMetrics {
  const registers = [registry];
  const lag = new Gauge({
    name: "minhbach_anchor_lag_seconds",
    help: "Age of the oldest receipt whose events no final anchor covers; 0 when all are covered.",
    registers,
  });
  const size = new Gauge({
    name: "minhbach_anchored_events",
    help: "Events under the last anchor: final, or in the contract only.",
    labelNames: ["state"],
    registers,
  });
  const missing = new Gauge({
    name: "minhbach_missing_anchors",
    help: "Final anchors that the chain lost and that are being anchored again.",
    registers,
  });
  const anchors = new Counter({
    name: "minhbach_anchors_total",
    help: "Anchors that became final.",
    registers,
  });
  return {
    observed: (status) => {
      lag.set(status.lagSeconds);
      size.set({ state: "final" }, status.finalSize);
      size.set({ state: "pending" }, status.pendingSize);
      missing.set(status.missingAnchors);
    },
    recorded: () => anchors.inc(),
  };
}
