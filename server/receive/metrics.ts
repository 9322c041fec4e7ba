import { Counter, Histogram, type Registry } from "prom-client";

/** What receiving tells about itself. */
export interface ReceiveMetrics {
  /** A submission was answered, with this status or error code. */
  answered: (result: string) => void;
  /** How far a recorder's clock is from ours, in seconds, whichever way. */
  skew: (seconds: number) => void;
}

export function receiveMetrics(registry: Registry): ReceiveMetrics {
  const registers = [registry];
  const answers = new Counter({
    name: "minhbach_submissions_total",
    help: "Submissions by how they were answered: created, known, or an error code.",
    labelNames: ["result"],
    registers,
  });
  const skew = new Histogram({
    name: "minhbach_clock_skew_seconds",
    help: "Distance between the time a submission claims and the time it was received.",
    buckets: [1, 5, 30, 60, 300, 3600, 86_400],
    registers,
  });
  return {
    answered: (result) => answers.inc({ result }),
    skew: (seconds) => skew.observe(seconds),
  };
}
