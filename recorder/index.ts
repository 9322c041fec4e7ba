import type { PlainEvent } from "../protocol/facet-values.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { FIRST_SEQ } from "../protocol/payload.ts";
import { parseSource, type Source } from "../protocol/source.ts";
import { agreeingReader } from "../verifier/chain-agreement.ts";
import { chainReader, type ChainReader } from "../verifier/chain.ts";
import { jsonRpc } from "../verifier/json-rpc.ts";
import { logOf, type TrustProfile } from "../verifier/trust-profile.ts";
import { RecorderError } from "./errors.ts";
import { type ErasureCheck, erasureChecker } from "./erasure-check.ts";
import { erasureFollower } from "./erasure-follower.ts";
import { evidenceChecker, type EvidenceCheck } from "./evidence-check.ts";
import { EvidenceKeeper, type KeepPolicy } from "./evidence-keeper.ts";
import { type HeartbeatConfig, startHeartbeats } from "./heartbeat.ts";
import { Intake, type IntakeLimits } from "./intake.ts";
import { httpLedger, type Ledger, type LedgerUrl } from "./ledger.ts";
import { facetsAt, facetsOf } from "./plain-event.ts";
import { receiptKeysFromChain } from "./receipt-keys.ts";
import type { ReceiptKeys } from "./receipts.ts";
import { Sender, type RecorderLog, type SenderStatus } from "./sender.ts";
import type { SigningKey } from "./signing-key.ts";
import { openSpoolDisk, type SpoolDisk } from "./spool-disk.ts";
import type { PoisonRecord, StoredReceipt } from "./spool-rows.ts";
import { Spool } from "./spool.ts";
import { systemTiming, type Timing } from "./timing.ts";

export { RecorderError, type RecorderCode } from "./errors.ts";
export { KEEP_POLICIES, type KeepPolicy } from "./evidence-keeper.ts";
export type { HeartbeatConfig } from "./heartbeat.ts";
export type { IntakeLimits } from "./intake.ts";
export { FHIR_MAPPING_SCHEMA, XROAD_MAPPING_SCHEMA } from "./mapping.ts";
export type { RecorderLog, SenderStatus } from "./sender.ts";
export {
  createSigningKey,
  type LocalSigningKey,
  openSigningKey,
  readSigningKey,
  type SigningKey,
} from "./signing-key.ts";
export type { PoisonRecord, StopRecord, StoredReceipt } from "./spool-rows.ts";
export type { PlainEvent } from "../protocol/facet-values.ts";

/** What a recorder is opened with. */
export interface RecorderConfig {
  /** `agency/recorder`, as registered on the chain. */
  source: string;
  key: SigningKey;
  /** Directory of the spool; made when missing. One recorder at a time holds it. */
  directory: string;
  ledgerUrl: LedgerUrl;
  /** Which log this is, and which nodes to ask for its receipt key. */
  trust: TrustProfile;
  /** Backlog at which events are refused; 1,000,000 events or 2 GiB by default. */
  limits?: Partial<IntakeLimits>;
  /** Most events of one submission, 1 to 1,000; 1,000 by default. */
  batchEvents?: number;
  /** How long to gather events for a submission that would not be full, in milliseconds; 50 by default. */
  lingerMs?: number;
  /** What stays in the spool; `evidence` by default. */
  keep?: KeepPolicy;
  /** How often to ask which of its events were erased, in milliseconds; every minute by default. */
  erasurePollMs?: number;
  /** Signs of life when idle, for a recorder that runs all the time; none by default. */
  heartbeat?: HeartbeatConfig;
  logger?: RecorderLog;
  /** Other parts than the real ones, for tests. */
  parts?: Partial<RecorderParts>;
}

export interface RecorderParts {
  ledger: Ledger;
  receiptKeys: ReceiptKeys;
  checkEvidence: EvidenceCheck;
  checkErasure: ErasureCheck;
  openDisk: () => Promise<SpoolDisk>;
  timing: Timing;
}

/** Where an event was recorded. `created` is false when its idempotency key had been recorded before. */
export interface Recorded {
  source: Source;
  seq: number;
  created: boolean;
}

export interface RecordOptions {
  /** The same key records the same request once, also across restarts. */
  idempotencyKey?: string;
}

/** Where an event is on its way: on this disk; on its way to the ledger; promised by the ledger; proven on the chain. */
export type EventState = "spooled" | "sent" | "receipted" | "anchored";

export interface RecorderStatus {
  source: Source;
  log: string;
  spoolId: string;
  /** Numbers: the next event's, the last with a receipt, the last with its evidence kept. */
  nextSeq: number;
  receiptedThrough: number;
  evidenceThrough: number;
  backlogEvents: number;
  backlogBytes: number;
  /** Whether further events are refused for now. */
  full: boolean;
  /** Whether the disk refused the last write. */
  spoolFailed: boolean;
  sending: SenderStatus;
  /** What is wrong with the ledger's evidence, if anything. */
  evidenceFault: string | undefined;
  /** What keeps an erasure of the ledger from being followed here, if anything. */
  erasureFault: string | undefined;
}

/** A source's recorder: takes plain events, keeps them safe, and sees to it that the ledger holds each exactly once. */
export interface Recorder {
  /**
   * Records one event. Resolves only when it is fsynced in the spool; from then on it reaches the ledger whatever crashes. Rejects with
   * RecorderError `invalid-event`, `spool-full`, `spool-failed`, `stopped` or `closed`; then nothing was acknowledged.
   */
  record: (event: PlainEvent, options?: RecordOptions) => Promise<Recorded>;
  /**
   * Records events of unknown shape, such as parsed JSON, in one write: all of them or none. They get consecutive numbers. An
   * `invalid-event` error carries the place of the faulty event as `position`.
   */
  recordAll: (events: readonly unknown[], options?: RecordOptions) => Promise<Recorded[]>;
  status: () => RecorderStatus;
  /** Undefined for a number not given out yet. */
  stateOf: (seq: number) => Promise<EventState | undefined>;
  /** The verified receipt that covers a number, or undefined before there is one. */
  receiptOf: (seq: number) => Promise<StoredReceipt | undefined>;
  /** The evidence file of an event, opened with all its disclosures unless they were erased, or undefined before it is kept. */
  evidenceOf: (seq: number) => Promise<string | undefined>;
  /** The event as spooled, `payload~disclosure~...~`; undefined once pruned or erased. */
  eventOf: (seq: number) => Promise<string | undefined>;
  /** What the ledger refused at a number that a tombstone now takes. */
  refusalOf: (seq: number) => Promise<PoisonRecord | undefined>;
  /** All of those, kept for the operator. */
  refusedEvents: (limit: number) => Promise<{ seq: number; record: PoisonRecord }[]>;
  /** Takes a stop away, after the operator has seen to its cause. Refused for a restored spool: its numbers are used up. */
  resume: () => Promise<void>;
  /** Resolves when everything recorded so far has a receipt, or when `signal` aborts. */
  flush: (signal: AbortSignal) => Promise<void>;
  close: () => Promise<void>;
}

/** A disk of a few gigabytes and some days of outage of a busy agency. */
const DEFAULT_LIMITS: IntakeLimits = { events: 1_000_000, bytes: 2 * 1024 ** 3 };
/** As many as a submission may hold: fewest signatures and round trips. */
const DEFAULT_BATCH_EVENTS = 1_000;
/** Gathers the events of one moment of a busy system; a lone event waits no longer than a person notices. */
const DEFAULT_LINGER_MS = 50;
/** Anchors come every few seconds. */
const EVIDENCE_POLL_MS = 2_000;
/** Soon enough for what may take a day, and seldom enough for a province of recorders. */
const ERASURE_POLL_MS = 60_000;
/** Several poison events may stand side by side; more than this is a fault of another kind. */
const MAX_TOMBSTONES_IN_A_ROW = 10;

const SILENT: RecorderLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Opens the recorder of one source and starts sending what its spool holds. Throws RecorderError `wrong-spool` or
 * `bad-setting`, FormatError `source`, or the disk's error when another process holds the spool.
 */
export async function openRecorder(config: RecorderConfig): Promise<Recorder> {
  const { trust, key, directory, ledgerUrl, logger = SILENT, batchEvents = DEFAULT_BATCH_EVENTS } = config;
  if (!Number.isInteger(batchEvents) || batchEvents < 1) {
    throw new RecorderError("bad-setting", "batchEvents must be a whole number from 1 to 1000");
  }
  const source = parseSource(config.source);
  const log = logOf(trust);
  const timing = config.parts?.timing ?? systemTiming;
  const chain = chainOf(trust);
  const openDisk = config.parts?.openDisk ?? (() => openSpoolDisk(directory));
  const spool = await Spool.open(openDisk, source, formatLogId(log), timing.now());

  const closing = new AbortController();
  const ledger = config.parts?.ledger ?? httpLedger({ url: ledgerUrl, source, signal: closing.signal });
  const erasures = erasureFollower({
    ...{ spool, ledger, log, source, key, timing, logger },
    checkErasure: config.parts?.checkErasure ?? erasureChecker(chain, trust),
    pollMs: config.erasurePollMs ?? ERASURE_POLL_MS,
  });
  const keeper = new EvidenceKeeper({
    spool,
    ledger,
    checkEvidence: config.parts?.checkEvidence ?? evidenceChecker(chain, trust),
    timing,
    logger,
    keep: config.keep ?? "evidence",
    followErasures: erasures.follow,
    pollMs: EVIDENCE_POLL_MS,
  });
  const receipted = new Set<() => void>();
  let lastActivity = await lastHeard(spool, timing);
  const sender = new Sender({
    spool,
    ledger,
    receiptKeys: config.parts?.receiptKeys ?? receiptKeysFromChain(spool, chain, trust),
    log,
    source,
    key,
    timing,
    logger,
    batchEvents,
    lingerMs: config.lingerMs ?? DEFAULT_LINGER_MS,
    maxTombstonesInARow: MAX_TOMBSTONES_IN_A_ROW,
    onReceipts: () => {
      lastActivity = timing.now();
      receipted.forEach((notify) => notify());
    },
  });
  const intake = new Intake({
    spool,
    source,
    limits: { ...DEFAULT_LIMITS, ...config.limits },
    timing,
    onAppended: () => {
      lastActivity = timing.now();
      sender.wake();
    },
  });
  sender.start();
  keeper.start();
  const endHeartbeats =
    config.heartbeat &&
    startHeartbeats({
      ...config.heartbeat,
      timing,
      logger,
      // A source that never sent anything is not expected to: its first event is a real one.
      lastActivity: () => (spool.state.nextSeq === FIRST_SEQ ? timing.now() : lastActivity),
      waiting: () => spool.backlogEvents,
      delivers: () => sender.status.state === "sending",
      record: (facets) => intake.record([facets]),
    });

  const recordAll: Recorder["recordAll"] = async (events, options) => {
    if (events.length === 0) return [];
    const { first, count, created } = await intake.record(events.map(facetsAt), options?.idempotencyKey);
    return Array.from({ length: count }, (_, at) => ({ source, seq: first + at, created }));
  };

  return {
    record: async (event, options) => {
      const { first, created } = await intake.record([facetsOf(event)], options?.idempotencyKey);
      return { source, seq: first, created };
    },
    recordAll,
    status: () => ({
      source,
      log: spool.meta.log,
      spoolId: spool.meta.spoolId,
      nextSeq: spool.state.nextSeq,
      receiptedThrough: spool.state.receiptedThrough,
      evidenceThrough: spool.state.evidenceThrough,
      backlogEvents: spool.backlogEvents,
      backlogBytes: spool.backlogBytes,
      full: intake.full,
      spoolFailed: spool.failed,
      sending: sender.status,
      evidenceFault: keeper.fault,
      erasureFault: erasures.fault(),
    }),
    stateOf: (seq) => stateOf(spool, keeper, seq),
    receiptOf: (seq) => spool.receiptOf(seq),
    evidenceOf: (seq) => spool.evidenceOf(seq),
    eventOf: (seq) => spool.event(seq),
    refusalOf: (seq) => spool.poisonOf(seq),
    refusedEvents: (limit) => spool.poison(limit),
    resume: async () => {
      await resume(spool);
      sender.wake();
    },
    flush: async (signal) => {
      // After a failed write only the disk knows what is recorded.
      await spool.recover().catch(() => undefined);
      const last = spool.state.nextSeq - 1;
      const isDone = () => signal.aborted || spool.state.receiptedThrough >= last;
      await new Promise<void>((resolve) => {
        const notify = () => {
          if (!isDone()) return;
          receipted.delete(notify);
          resolve();
        };
        receipted.add(notify);
        signal.addEventListener("abort", notify);
        notify();
      });
    },
    close: async () => {
      await Promise.all([endHeartbeats?.(), intake.close()]);
      // A submission cut off here is stored, and sent again by the next run.
      closing.abort();
      await Promise.all([sender.close(), keeper.close()]);
      await spool.close();
    },
  };
}

/** When the ledger heard of this source last, in milliseconds since 1970; for a new source, now. */
async function lastHeard(spool: Spool, timing: Timing): Promise<number> {
  const last = await spool.lastReceipt();
  return last === undefined ? timing.now() : Math.min(timing.now(), last.time * 1000);
}

async function stateOf(spool: Spool, keeper: EvidenceKeeper, seq: number): Promise<EventState | undefined> {
  const { nextSeq, receiptedThrough, evidenceThrough, pending } = spool.state;
  if (!Number.isSafeInteger(seq) || seq < 1 || seq >= nextSeq) return undefined;
  if (seq <= evidenceThrough) return "anchored";
  if (seq <= receiptedThrough) {
    const receipt = await spool.receiptOf(seq);
    const isAnchored = receipt !== undefined && receipt.index + seq - receipt.first < keeper.anchoredSize;
    return isAnchored ? "anchored" : "receipted";
  }
  return pending !== undefined && seq < pending.first + pending.count ? "sent" : "spooled";
}

async function resume(spool: Spool): Promise<void> {
  const { stop } = spool.state;
  if (stop?.reason === "restored" || stop?.reason === "equivocation")
    throw new RecorderError("stopped", stop.detail);
  if (stop !== undefined) await spool.resume();
}

function chainOf(trust: TrustProfile): ChainReader {
  const [first, ...others] = trust.rpc.map((url) => chainReader(jsonRpc(url, { fetch, name: url }), url));
  if (first === undefined) {
    throw new RecorderError(
      "bad-setting",
      "The trust profile names no node: add a URL to its rpc list, so that receipts can be checked.",
    );
  }
  return agreeingReader(first, ...others);
}
