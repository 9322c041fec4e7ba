import { Counter, Histogram, type Registry } from "prom-client";

/** What the sequencer tells about itself. */
export interface SequenceMetrics {
  /** A group became durable. */
  committed: (submissions: number, events: number, milliseconds: number) => void;
  conflict: () => void;
}

export function sequenceMetrics(registry: Registry): SequenceMetrics {
  const registers = [registry];
  const events = new Counter({
    name: "minhbach_sequenced_events_total",
    help: "Events made durable.",
    registers,
  });
  const conflicts = new Counter({
    name: "minhbach_equivocations_total",
    help: "Refused contradictions.",
    registers,
  });
  const groups = new Histogram({
    name: "minhbach_group_submissions",
    help: "Submissions committed together.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const seconds = new Histogram({
    name: "minhbach_commit_seconds",
    help: "Time to make a group durable.",
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  return {
    committed: (submissions, count, milliseconds) => {
      groups.observe(submissions);
      seconds.observe(milliseconds / 1000);
      events.inc(count);
    },
    conflict: () => conflicts.inc(),
  };
}
