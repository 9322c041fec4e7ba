import { Counter, Gauge, type Registry } from "prom-client";
import type { AnchorStatus } from "./anchor-status.ts";

/** What the anchorer tells about itself. */
export interface AnchorMetrics {
  /** Where to look whenever the metrics are read: the lag grows between two looks at the chain too. */
  watch: (status: () => AnchorStatus) => void;
  /** An anchor became final. */
  recorded: () => void;
}

export function anchorMetrics(registry: Registry): AnchorMetrics {
  const registers = [registry];
  let statusNow: (() => AnchorStatus) | undefined;
  const gauge = (name: string, help: string, valueOf: (status: AnchorStatus) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (statusNow !== undefined) this.set(valueOf(statusNow()));
      },
    });
  };
  gauge(
    "minhbach_anchor_lag_seconds",
    "Age of the oldest receipt whose events no final anchor covers; 0 when all are covered.",
    ({ lagSeconds }) => lagSeconds,
  );
  gauge("minhbach_anchored_events", "Events under the last final anchor.", ({ finalSize }) => finalSize);
  gauge(
    "minhbach_pending_anchored_events",
    "Events under the contract's head, which may not be final yet.",
    ({ pendingSize }) => pendingSize,
  );
  gauge(
    "minhbach_missing_anchors",
    "Final anchors that the chain lost and that are being anchored again.",
    ({ missingAnchors }) => missingAnchors,
  );
  const anchors = new Counter({
    name: "minhbach_anchors_total",
    help: "Anchors that became final.",
    registers,
  });
  return { watch: (status) => (statusNow = status), recorded: () => anchors.inc() };
}
