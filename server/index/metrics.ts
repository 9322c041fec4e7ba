import { Counter, Gauge, type Registry } from "prom-client";
import type { IndexStatus } from "./log-index.ts";

/** What the index tells about itself, read whenever the metrics are. */
export function indexMetrics(registry: Registry, statusNow: () => IndexStatus): void {
  const registers = [registry];
  const gauge = (name: string, help: string, valueOf: (status: IndexStatus) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(valueOf(statusNow()));
      },
    });
  };
  gauge("minhbach_indexed_events", "Events that the index covers.", ({ size }) => size);
  gauge(
    "minhbach_index_lag_events",
    "Published events that the index does not cover.",
    ({ lagEvents }) => lagEvents,
  );
  gauge(
    "minhbach_index_lag_seconds",
    "Age of the oldest checkpoint that the index does not cover; 0 when all are covered.",
    ({ lagSeconds }) => lagSeconds,
  );
  gauge("minhbach_index_keys", "Persons, officials and consents that have events.", ({ keys }) => keys);
  gauge(
    "minhbach_index_versions",
    "Versions of the index that proofs are given from.",
    ({ versions }) => versions,
  );
  gauge("minhbach_index_nodes", "Nodes of all versions in memory.", ({ nodes }) => nodes);
  gauge(
    "minhbach_index_memory_bytes",
    "Heap and arrays of the index thread, without its database's own memory.",
    ({ memoryBytes }) => memoryBytes,
  );
  let counted = 0;
  new Counter({
    name: "minhbach_index_vrfs_total",
    help: "Outputs and proofs of the log's verifiable random function that were computed.",
    registers,
    collect() {
      const { vrfs } = statusNow();
      this.inc(vrfs - counted);
      counted = vrfs;
    },
  });
}
