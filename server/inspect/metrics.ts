import { Counter, Gauge, type Registry } from "prom-client";
import type { Clock } from "../clock.ts";
import type { QueueLength, Queues } from "./queues.ts";
import type { SearchStatus } from "./search/search-index.ts";

/** What the search tells about itself, read whenever the metrics are. */
export function searchMetrics(registry: Registry, statusNow: () => SearchStatus): void {
  const registers = [registry];
  const gauge = (name: string, help: string, valueOf: (status: SearchStatus) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(valueOf(statusNow()));
      },
    });
  };
  gauge("minhbach_search_events", "Events that the search covers.", ({ size }) => size);
  gauge(
    "minhbach_search_lag_events",
    "Recorded events that the search does not cover.",
    ({ lagEvents }) => lagEvents,
  );
  gauge(
    "minhbach_search_lag_seconds",
    "How long the oldest event that the search does not cover has waited; 0 when all are covered.",
    ({ lagSeconds }) => lagSeconds,
  );
  gauge(
    "minhbach_search_memory_bytes",
    "Heap and arrays of the search thread, without its database's own memory.",
    ({ memoryBytes }) => memoryBytes,
  );
  let counted = 0;
  new Counter({
    name: "minhbach_search_cpu_seconds_total",
    help: "Processor time that the search thread has used.",
    registers,
    collect() {
      const seconds = statusNow().cpuMs / 1000;
      // A new thread begins at nothing.
      if (seconds > counted) this.inc(seconds - counted);
      counted = seconds;
    },
  });
}

/**
 * How long the queues of work are, for whoever is woken when a deadline of the law nears; agencies and people are not in it. Returns what counts them: the metrics tell
 * what was counted last.
 */
export function queueMetrics(
  registry: Registry,
  { queues, clock }: { readonly queues: Pick<Queues, "lengths">; readonly clock: Clock },
): () => Promise<void> {
  let counted: readonly QueueLength[] = [];
  const gauge = (name: string, help: string, valueOf: (length: QueueLength, now: number) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ["queue"], registers: [registry] },
      collect() {
        for (const length of counted)
          this.set({ queue: length.name }, Math.max(0, valueOf(length, clock.now() / 1000)));
      },
    });
  };
  gauge(
    "minhbach_queue_waiting",
    "What waits in a queue of work, counted up to 1,000.",
    ({ waiting }) => waiting,
  );
  gauge(
    "minhbach_queue_overdue_seconds",
    "How long the first deadline in a queue has been over; 0 when none is.",
    ({ firstDue }, now) => (firstDue === undefined ? 0 : now - firstDue),
  );
  return async () => {
    counted = await queues.lengths(undefined);
  };
}
