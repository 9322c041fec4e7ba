import { Counter, Gauge, type Registry } from "prom-client";
import type { EraserStatus } from "./eraser.ts";

/** What the eraser tells about itself, read whenever the metrics are. */
export function eraserMetrics(registry: Registry, statusNow: () => EraserStatus): void {
  const registers = [registry];
  const gauge = (name: string, help: string, valueOf: (status: EraserStatus) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(valueOf(statusNow()));
      },
    });
  };
  gauge(
    "minhbach_erasures_waiting",
    "Orders to erase that are not executed yet, without those that only wait for a seal's end.",
    ({ waiting }) => waiting,
  );
  gauge(
    "minhbach_erasures_sealed",
    "Orders to erase that only wait for a seal's end.",
    ({ sealed }) => sealed,
  );
  gauge(
    "minhbach_erasure_wait_seconds",
    "How long the oldest order to erase has waited; 0 when none does.",
    ({ oldestSeconds }) => oldestSeconds,
  );
  let counted = 0;
  new Counter({
    name: "minhbach_erased_events_total",
    help: "Events whose keys were destroyed.",
    registers,
    collect() {
      const { destroyed } = statusNow();
      this.inc(destroyed - counted);
      counted = destroyed;
    },
  });
}
