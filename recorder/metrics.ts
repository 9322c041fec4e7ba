import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Recorder } from "./index.ts";

/** What the service counts itself; the rest is read from the recorder when somebody asks. */
export interface RecorderMetrics {
  registry: Registry;
  /** Counts events by what became of them: `accepted`, or the code of the refusal. */
  countEvents: (outcome: string, events: number) => void;
  /** Seconds from a request's arrival to its durable answer. */
  observeAcknowledged: (seconds: number) => void;
}

/** A registry of its own, so that several recorders can live in one process. Labels are codes, never names or ids. */
export function recorderMetrics(recorder: Recorder): RecorderMetrics {
  const registry = new Registry();
  const registers = [registry];
  const events = new Counter({
    name: "minhbach_recorder_events_total",
    help: "Events handed in, by outcome",
    labelNames: ["outcome"],
    registers,
  });
  const acknowledged = new Histogram({
    name: "minhbach_recorder_acknowledged_seconds",
    help: "Time from a request's arrival to its durable answer",
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const gauges: [name: string, help: string, read: () => number][] = [
    ["backlog_events", "Events without a receipt", () => recorder.status().backlogEvents],
    ["backlog_bytes", "Bytes of events without a receipt", () => recorder.status().backlogBytes],
    ["next_seq", "Number the next event gets", () => recorder.status().nextSeq],
    ["receipted_through", "Last number with a receipt", () => recorder.status().receiptedThrough],
    ["evidence_through", "Last number with its evidence kept", () => recorder.status().evidenceThrough],
    [
      "submissions_sent",
      "Requests made to the ledger in this run",
      () => recorder.status().sending.submissionsSent,
    ],
    ["tombstones", "Events replaced by tombstones in this run", () => recorder.status().sending.tombstones],
    ["spool_full", "1 while events are refused", () => Number(recorder.status().full)],
    ["spool_failed", "1 while the disk refuses writes", () => Number(recorder.status().spoolFailed)],
    [
      "evidence_fault",
      "1 while something is wrong with the ledger's evidence",
      () => Number(recorder.status().evidenceFault !== undefined),
    ],
    [
      "erasure_fault",
      "1 while an erasure cannot be followed here",
      () => Number(recorder.status().erasureFault !== undefined),
    ],
  ];
  for (const [name, help, read] of gauges) {
    new Gauge({
      name: `minhbach_recorder_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  new Gauge({
    name: "minhbach_recorder_sending",
    help: "1 for the present state of sending",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      this.set({ state: recorder.status().sending.state }, 1);
    },
  });
  return {
    registry,
    countEvents: (outcome, count) => events.inc({ outcome }, count),
    observeAcknowledged: (seconds) => acknowledged.observe(seconds),
  };
}
