import { parseReceipt } from "../../protocol/receipt.ts";
import { type Source, splitSource } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import type { SourceRecords } from "../inspect/heard.ts";
import type { Reconciliation } from "../inspect/reconciliation.ts";
import type { DerivedDatabase } from "../integrate/derived.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { SourceState, StoreReader } from "../store/store.ts";
import { cursorOf, type Finding, FINDING_KINDS, type FindingKind } from "./finding.ts";
import { readAnchor } from "./from-anchors.ts";
import { readLog, readWaiting } from "./from-log.ts";
import { overduePromises, presentFindings, presentSilence } from "./now.ts";
import { forgetProgress, noProgress, type Progress, storedProgress } from "./progress.ts";
import { findingTable, type OpenFindings } from "./table.ts";

export interface FindingsOptions {
  readonly store: StoreReader;
  readonly db: DerivedDatabase;
  readonly reconciliation: Reconciliation;
  readonly sources: SourceRecords;
  readonly keys: Pick<KeyDirectory, "keys">;
  /** The ledger's own source: it records equivocations, and answers for missed promises. */
  readonly ownSource: Source;
  /** Sources whose silence means nothing: the ledger's own. */
  readonly exempt: readonly Source[];
  /** How long the second half of an exchange may take. */
  readonly graceSeconds: number;
  /** Longest time between two submissions of a source. */
  readonly silenceSeconds: number;
  readonly clock: Clock;
}

/** A page of findings, the oldest first. */
export interface FindingsPage {
  readonly findings: readonly Finding[];
  /** Unix seconds: the findings are those of this moment. */
  readonly asOf: number;
  /** They are derived from so many events of the log. */
  readonly size: number;
  /** Where the next page begins; undefined when this is the last one. */
  readonly next?: string;
}

export interface Findings {
  /** Derives what the records have to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** The findings as of now, after `update` unless that is far behind the records (`size` tells). */
  list: (page: { after?: string; limit: number }) => Promise<FindingsPage>;
  /** The finding with this id, which names an event of this log index; undefined when there is none. */
  find: (id: string, index: number) => Promise<Finding | undefined>;
  /** The open findings a source answers for, itself or as one of its agency's, as far as they were derived. */
  openOf: (source: SourceState) => Promise<OpenFindings>;
  /** Stops after the step under way. */
  close: () => Promise<void>;
}

/** Deriving from so many events takes less than a second; nobody is kept waiting for more. */
const SOON_EVENTS = 50_000;

/** The findings, kept in the derived database. */
export function findingsRegister(options: FindingsOptions): Findings {
  const { store, db, reconciliation, sources, ownSource, clock, graceSeconds, silenceSeconds } = options;
  const table = findingTable(db);
  const isExempt = (source: Source): boolean => options.exempt.includes(source);
  const reading = { ...options, table, isExempt };
  const terms = ["findings/1", ownSource, ...options.exempt, graceSeconds, silenceSeconds].join(" ");
  let updating: Promise<void> | undefined;
  let closed = false;
  let size = 0;

  const asOf = (): number => Math.floor(clock.now() / 1000);

  /** Where to go on; everything derived from other records, or under other terms, is forgotten. */
  async function begin(): Promise<Progress> {
    const stored = await storedProgress(db, store, terms);
    if (stored !== undefined) return stored;
    // First of all, so that a crash in between begins anew too.
    await db.write([forgetProgress]);
    await table.clear();
    await reconciliation.clear();
    await sources.clear();
    return noProgress(terms);
  }

  /** Repeats a step until it changes nothing. */
  async function exhaust(from: Progress, step: (progress: Progress) => Promise<Progress>): Promise<Progress> {
    let done = from;
    for (let next = await step(done); next !== done && !closed; next = await step(done)) {
      done = next;
      size = done.index;
    }
    return done;
  }

  async function derive(): Promise<void> {
    // Before the log is read to its end: what comes later is not missed by a moment that has passed already.
    const now = asOf();
    const begun = await begin();
    size = begun.index;
    const anchored = await exhaust(begun, (from) => readAnchor({ store, table, operator: ownSource }, from));
    await exhaust(anchored, (from) => readLog(reading, from, now));
    while (!closed && (await readWaiting(reading, now)));
  }

  function update(): Promise<void> {
    updating ??= derive().finally(() => (updating = undefined));
    return updating;
  }

  /** A run that began before the call may have missed what the caller knows of: it waits for one that begins after. */
  async function upToDate(): Promise<void> {
    if ((await store.head()).size - size > SOON_EVENTS) return;
    await updating?.catch(() => undefined);
    await update();
  }

  return {
    update,
    list: async ({ after, limit }) => {
      await upToDate();
      const now = asOf();
      // One more than asked for shows whether there is another page.
      const stored = await table.list({ limit: limit + 1, ...(after !== undefined && { after }) });
      const present = await presentFindings(reading, now);
      const rest = [
        ...stored,
        ...present.filter((finding) => after === undefined || cursorOf(finding) > after),
      ].sort((a, b) => (cursorOf(a) < cursorOf(b) ? -1 : 1));
      const findings = rest.slice(0, limit);
      const last = rest.length > limit ? findings.at(-1) : undefined;
      return { findings, asOf: now, size, ...(last && { next: cursorOf(last) }) };
    },
    find: async (id, index) => {
      await upToDate();
      const submission = await store.submissionOfIndex(index);
      if (submission === undefined) return undefined;
      const { anchorBy, indexBy } = parseReceipt(submission.receipt).receipt;
      const { time } = submission;
      // When each kind of finding about an event begins.
      const since = [time, time + graceSeconds, time + silenceSeconds, anchorBy, indexBy];
      const stored = await table.at(since.map((each) => cursorOf({ id, since: each })));
      const found = stored.find((finding) => finding.id === id);
      return found ?? (await presentFindings(reading, asOf())).find((finding) => finding.id === id);
    },
    openOf: async (state) => {
      const now = asOf();
      const { source } = state;
      const ofSource = await table.openOf(source);
      const ofAgency = await table.openOf(splitSource(source).agency);
      const promises = source === ownSource ? await overduePromises(reading, now) : [];
      const silent = await presentSilence(reading, state, now);
      return sum([ofSource, ofAgency, ...promises.map(one), ...(silent === undefined ? [] : [one(silent)])]);
    },
    close: async () => {
      closed = true;
      await updating?.catch(() => undefined);
    },
  };
}

function one({ kind }: Finding): OpenFindings {
  return { [kind]: 1 };
}

function sum(counts: readonly OpenFindings[]): OpenFindings {
  const total: Partial<Record<FindingKind, number>> = {};
  for (const kind of FINDING_KINDS) {
    const count = counts.reduce((all, each) => all + (each[kind] ?? 0), 0);
    if (count > 0) total[kind] = count;
  }
  return total;
}
