import { randomUUID } from "node:crypto";
import type { Source } from "../protocol/source.ts";
import { RecorderError } from "./errors.ts";
import type { SpoolDisk, SpoolOperation, SpoolRange } from "./spool-disk.ts";
import { withoutDisclosures } from "./evidence-text.ts";
import {
  key,
  numberOfKey,
  parse,
  SPOOL_FORMAT,
  type FollowedErasures,
  type Mark,
  type PendingSubmission,
  type PoisonRecord,
  type SpoolMeta,
  type StopRecord,
  type StoredReceipt,
} from "./spool-rows.ts";

/** What the spool holds, as of the last durable write. Sequence numbers start at 1. */
export interface SpoolState {
  /** Number the next event will get. */
  nextSeq: number;
  /** Every event up to this number has a stored, verified receipt; 0 for none. */
  receiptedThrough: number;
  /** Log index after the last receipted event; a later receipt must not lie below it. */
  nextIndex: number;
  pending: PendingSubmission | undefined;
  stop: StopRecord | undefined;
  /** Bytes of event text ever spooled, and of those receipted: their difference is the backlog. */
  appendedBytes: number;
  settledBytes: number;
  /** The evidence of every event up to this number is kept (or was not wanted). */
  evidenceThrough: number;
  /** Events up to this number were pruned. */
  prunedThrough: number;
}

/** Events recorded together: all of them or none. */
export interface Appended {
  texts: readonly string[];
  /** Hash of the idempotency key they were recorded under, if any. */
  once?: string;
}

/** An event that was erased, by its number and leaf hash (base64url). */
export interface ErasedEvent {
  readonly seq: number;
  readonly leaf: string;
}

/** Numbers given to events recorded together. */
export interface SeqRange {
  first: number;
  count: number;
}

/**
 * The recorder's durable state: events, the submission being sent, receipts, evidence.
 *
 * Every change is one atomic fsynced batch, and `state` moves only after it. When a write fails nobody knows whether it
 * is on the disk, so no further write is made: `recover` opens the disk anew and reads the state from there, the same
 * way as at start. Appending has one caller at a time, settling has one caller at a time; the two may overlap.
 */
export class Spool {
  readonly meta: SpoolMeta;
  #disk: SpoolDisk;
  readonly #open: () => Promise<SpoolDisk>;
  #state: SpoolState;
  #writesUnderWay = new Set<Promise<void>>();
  #failed = false;
  #recovering: Promise<void> | undefined;
  #closed = false;

  private constructor(open: () => Promise<SpoolDisk>, disk: SpoolDisk, meta: SpoolMeta, state: SpoolState) {
    this.#open = open;
    this.#disk = disk;
    this.meta = meta;
    this.#state = state;
  }

  /**
   * Opens the spool of a source and a log; an empty disk becomes a new one. Throws `wrong-spool` when the disk holds
   * another source's, another log's or another format's spool: numbers of one must never be used in the other.
   */
  static async open(
    open: () => Promise<SpoolDisk>,
    source: Source,
    log: string,
    now: number,
  ): Promise<Spool> {
    const disk = await open();
    try {
      const stored = await disk.get(key.meta);
      const meta = stored === undefined ? newMeta(source, log, now) : parse.meta(stored);
      if (stored === undefined) await disk.write([{ put: key.meta, value: JSON.stringify(meta) }]);
      refuseOther(meta, source, log);
      return new Spool(open, disk, meta, await loadState(disk));
    } catch (error) {
      await disk.close();
      throw error;
    }
  }

  /** Opens a spool for reading on, whosever it is. Throws `wrong-spool` when there is none of this format. */
  static async openExisting(open: () => Promise<SpoolDisk>): Promise<Spool> {
    const disk = await open();
    try {
      const meta = parse.meta((await disk.get(key.meta)) ?? "");
      refuseOther(meta, meta.source, meta.log);
      return new Spool(open, disk, meta, await loadState(disk));
    } catch (error) {
      await disk.close();
      throw error;
    }
  }

  get state(): Readonly<SpoolState> {
    return this.#state;
  }

  /** Whether a write failed and `recover` has not yet succeeded. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Events without a receipt. */
  get backlogEvents(): number {
    return this.#state.nextSeq - 1 - this.#state.receiptedThrough;
  }

  /** Bytes of event text without a receipt. */
  get backlogBytes(): number {
    return this.#state.appendedBytes - this.#state.settledBytes;
  }

  /**
   * Appends events at the numbers from `first`, which must be `state.nextSeq`. When this resolves they survive any crash.
   * When it rejects with `spool-failed`, none was acknowledged; after `recover` they are either all there or all absent.
   */
  async append(first: number, bundles: readonly Appended[]): Promise<void> {
    if (first !== this.#state.nextSeq) throw writeFailure(undefined);
    const operations: SpoolOperation[] = [];
    let next = first;
    let bytes = 0;
    for (const { texts, once } of bundles) {
      if (once !== undefined) operations.push({ put: key.once(once), value: `${next}+${texts.length}` });
      for (const text of texts) {
        operations.push({ put: key.event(next), value: text });
        bytes += text.length;
        next += 1;
      }
    }
    operations.push(mark("appended", this.#state.appendedBytes + bytes));
    await this.#write(operations);
    this.#state.nextSeq = next;
    this.#state.appendedBytes += bytes;
  }

  /** The numbers recorded under this idempotency key, or undefined. */
  async seqsOfOnce(hash: string): Promise<SeqRange | undefined> {
    const [first, count] = (await this.#get(key.once(hash)))?.split("+") ?? [];
    return first === undefined || count === undefined
      ? undefined
      : { first: Number(first), count: Number(count) };
  }

  /** Texts of the events `first`, `first+1`, ..., at most `limit`. Throws `wrong-spool` when one is missing in between. */
  async events(first: number, limit: number): Promise<string[]> {
    const end = Math.min(first + limit, this.#state.nextSeq);
    const rows = await this.#rows({ gte: key.event(first), lt: key.event(end) });
    rows.forEach(([stored], at) => {
      if (numberOfKey(stored) !== first + at) throw missingEvent(first + at);
    });
    if (rows.length < end - first) throw missingEvent(first + rows.length);
    return rows.map(([, text]) => text);
  }

  /** The text of one event, or undefined when it was pruned or does not exist yet. */
  event(seq: number): Promise<string | undefined> {
    return this.#get(key.event(seq));
  }

  /** Stores the signed submission before it is sent: whatever happens next, the same bytes are sent again. */
  async putPending(pending: PendingSubmission): Promise<void> {
    await this.#write([{ put: key.pending, value: JSON.stringify(pending) }]);
    this.#state.pending = pending;
  }

  /** Takes back a submission the ledger refused whole, so that its events can be batched anew. */
  async dropPending(): Promise<void> {
    await this.#write([{ del: key.pending }]);
    this.#state.pending = undefined;
  }

  /**
   * Stores verified receipts, in order and without gaps from `receiptedThrough + 1` (the first may begin earlier), and
   * ends the pending submission. `bytes` is the event text they newly cover.
   */
  async settle(receipts: readonly StoredReceipt[], bytes: number): Promise<void> {
    const last = receipts.at(-1);
    if (last === undefined) return;
    await this.#write([
      ...receipts.map((receipt) => ({ put: key.receipt(receipt.first), value: JSON.stringify(receipt) })),
      { del: key.pending },
      mark("settled", this.#state.settledBytes + bytes),
    ]);
    this.#state.pending = undefined;
    this.#state.receiptedThrough = last.first + last.count - 1;
    this.#state.nextIndex = last.index + last.count;
    this.#state.settledBytes += bytes;
  }

  /** Replaces a refused event by its tombstone and keeps the event aside, in one step. */
  async bury(seq: number, tombstone: string, poison: PoisonRecord): Promise<void> {
    // The backlog shrinks by what the tombstone saves; `settled` is this caller's mark, `appended` is append's.
    const settled = this.#state.settledBytes + poison.event.length - tombstone.length;
    await this.#write([
      { put: key.event(seq), value: tombstone },
      { put: key.poison(seq), value: JSON.stringify(poison) },
      { del: key.pending },
      mark("settled", settled),
    ]);
    this.#state.pending = undefined;
    this.#state.settledBytes = settled;
  }

  /** What the ledger refused at this number, or undefined. */
  async poisonOf(seq: number): Promise<PoisonRecord | undefined> {
    const stored = await this.#get(key.poison(seq));
    return stored === undefined ? undefined : parse.poison(stored);
  }

  /** The refused events kept aside, by number. */
  async poison(limit: number): Promise<{ seq: number; record: PoisonRecord }[]> {
    const rows = await this.#rows({ gte: "p/", lt: "p0", limit });
    return rows.map(([stored, value]) => ({ seq: numberOfKey(stored), record: parse.poison(value) }));
  }

  /** The receipt that covers a number, or undefined. */
  async receiptOf(seq: number): Promise<StoredReceipt | undefined> {
    const [row] = await this.#rows({ gte: "r/", lt: key.receipt(seq + 1), reverse: true, limit: 1 });
    const receipt = row === undefined ? undefined : parse.receipt(row[1]);
    return receipt !== undefined && seq < receipt.first + receipt.count ? receipt : undefined;
  }

  /** The newest receipt, or undefined before the first one. */
  lastReceipt(): Promise<StoredReceipt | undefined> {
    return this.receiptOf(this.#state.receiptedThrough);
  }

  evidenceOf(seq: number): Promise<string | undefined> {
    return this.#get(key.evidence(seq));
  }

  /** Keeps the evidence of consecutive events that begin at `evidenceThrough + 1`; undefined for one not wanted. */
  async keepEvidence(first: number, texts: readonly (string | undefined)[]): Promise<void> {
    const through = first + texts.length - 1;
    const operations: SpoolOperation[] = [mark("evidence", through)];
    texts.forEach((text, at) => {
      if (text !== undefined) operations.push({ put: key.evidence(first + at), value: text });
    });
    await this.#write(operations);
    this.#state.evidenceThrough = through;
  }

  /** Removes the events after `prunedThrough` up to `through`, which must be receipted. */
  async prune(through: number): Promise<void> {
    const from = this.#state.prunedThrough + 1;
    if (through < from || through > this.#state.receiptedThrough) return;
    const operations: SpoolOperation[] = [mark("pruned", through)];
    for (let seq = from; seq <= through; seq++) operations.push({ del: key.event(seq) });
    await this.#write(operations);
    this.#state.prunedThrough = through;
  }

  /** The leaf hash (base64url) of an event that was erased, or undefined. */
  erased(seq: number): Promise<string | undefined> {
    return this.#get(key.erased(seq));
  }

  /** How far the ledger's list of erased events was followed. */
  async erasuresFollowed(): Promise<FollowedErasures> {
    const stored = await this.#get(key.erasures);
    return stored === undefined ? { list: "", after: 0 } : parse.erasures(stored);
  }

  /**
   * Destroys what is here of erased events, which must be receipted: the event goes, its evidence stays without disclosures. Resolves when no file
   * holds them any more and how far the list was followed is written down; ended before, it is done again. Not beside `keepEvidence`.
   */
  async erase(events: readonly ErasedEvent[], followed: FollowedErasures): Promise<void> {
    const operations: SpoolOperation[] = [];
    for (const { seq, leaf } of events) {
      operations.push({ del: key.event(seq) }, { put: key.erased(seq), value: leaf });
      const evidence = await this.evidenceOf(seq);
      if (evidence !== undefined)
        operations.push({ put: key.evidence(seq), value: withoutDisclosures(evidence) });
    }
    if (operations.length > 0) {
      await this.#write(operations);
      await this.#disk.forget(events.flatMap(({ seq }) => [key.event(seq), key.evidence(seq)]));
    }
    await this.#write([{ put: key.erasures, value: JSON.stringify(followed) }]);
  }

  receiptKey(kid: string): Promise<string | undefined> {
    return this.#get(key.receiptKey(kid));
  }

  async keepReceiptKey(kid: string, encoded: string): Promise<void> {
    await this.#write([{ put: key.receiptKey(kid), value: encoded }]);
  }

  /** Stops the source for good: the record survives restarts, until the operator acts. */
  async stop(record: StopRecord): Promise<void> {
    await this.#write([{ put: key.stop, value: JSON.stringify(record) }]);
    this.#state.stop = record;
  }

  /** Takes the stop away, by the operator's decision. */
  async resume(): Promise<void> {
    await this.#write([{ del: key.stop }]);
    this.#state.stop = undefined;
  }

  /**
   * After a failed write: waits for the others, opens the disk again and reads the state from it. Callers share one
   * attempt. Rejects with `spool-failed` while the disk cannot be opened; call again later.
   */
  recover(): Promise<void> {
    if (!this.#failed || this.#closed) return Promise.resolve();
    this.#recovering ??= this.#reload().finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#recovering?.catch(() => undefined);
    await Promise.allSettled(this.#writesUnderWay);
    await this.#disk.close();
  }

  async #reload(): Promise<void> {
    await Promise.allSettled(this.#writesUnderWay);
    try {
      await this.#disk.close();
      this.#disk = await this.#open();
      refuseOther(parse.meta((await this.#disk.get(key.meta)) ?? ""), this.meta.source, this.meta.log);
      this.#state = await loadState(this.#disk);
      this.#failed = false;
    } catch (cause) {
      throw new RecorderError(
        "spool-failed",
        "The spool's disk cannot be opened; look at the disk and its free space.",
        {
          cause,
        },
      );
    }
  }

  #get(stored: string): Promise<string | undefined> {
    return this.#disk.get(stored).catch((cause: unknown) => {
      throw readFailure(cause);
    });
  }

  #rows(range: SpoolRange): Promise<[key: string, value: string][]> {
    return this.#disk.rows(range).catch((cause: unknown) => {
      throw readFailure(cause);
    });
  }

  async #write(operations: readonly SpoolOperation[]): Promise<void> {
    if (this.#closed)
      throw new RecorderError("closed", "The recorder is closing; send this to the next one.");
    if (this.#failed) throw writeFailure(undefined);
    const write = this.#disk.write(operations);
    this.#writesUnderWay.add(write);
    try {
      await write;
    } catch (cause) {
      this.#failed = true;
      throw writeFailure(cause);
    } finally {
      this.#writesUnderWay.delete(write);
    }
  }
}

function newMeta(source: string, log: string, created: number): SpoolMeta {
  return { format: SPOOL_FORMAT, spoolId: randomUUID(), source, log, created };
}

function refuseOther(meta: SpoolMeta, source: string, log: string): void {
  const differs =
    meta.format !== SPOOL_FORMAT
      ? `has format ${meta.format}, this version reads ${SPOOL_FORMAT}`
      : meta.source !== source
        ? `belongs to the source ${meta.source}, not to ${source}`
        : meta.log !== log
          ? `belongs to the log ${meta.log}, not to ${log}`
          : undefined;
  if (differs !== undefined) {
    throw new RecorderError(
      "wrong-spool",
      `The spool ${differs}. Give each source and log a directory of its own.`,
    );
  }
}

async function loadState(disk: SpoolDisk): Promise<SpoolState> {
  const [lastEvent] = await disk.rows({ gte: "e/", lt: "e0", reverse: true, limit: 1 });
  const [lastReceipt] = await disk.rows({ gte: "r/", lt: "r0", reverse: true, limit: 1 });
  const pending = await disk.get(key.pending);
  const stop = await disk.get(key.stop);
  const receipt = lastReceipt === undefined ? undefined : parse.receipt(lastReceipt[1]);
  const receiptedThrough = receipt === undefined ? 0 : receipt.first + receipt.count - 1;
  const number = async (name: Mark) => Number((await disk.get(key.mark(name))) ?? "0");
  return {
    nextSeq: Math.max(receiptedThrough, lastEvent === undefined ? 0 : numberOfKey(lastEvent[0])) + 1,
    receiptedThrough,
    nextIndex: receipt === undefined ? 0 : receipt.index + receipt.count,
    pending: pending === undefined ? undefined : parse.pending(pending),
    stop: stop === undefined ? undefined : parse.stop(stop),
    appendedBytes: await number("appended"),
    settledBytes: await number("settled"),
    evidenceThrough: await number("evidence"),
    prunedThrough: await number("pruned"),
  };
}

function mark(name: Mark, value: number): SpoolOperation {
  return { put: key.mark(name), value: String(value) };
}

function missingEvent(seq: number): RecorderError {
  return new RecorderError(
    "wrong-spool",
    `The spool has no event ${seq}: it is damaged. Restore nothing; ask the ledger's operator for help.`,
  );
}

/** The disk is failing, or being opened again after a failed write. */
function readFailure(cause: unknown): RecorderError {
  return new RecorderError("spool-failed", "The spool cannot be read just now. Try again in a moment.", {
    cause,
  });
}

function writeFailure(cause: unknown): RecorderError {
  return new RecorderError(
    "spool-failed",
    "The spool could not be written, so nothing was acknowledged. Send it again.",
    { cause },
  );
}
