import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { StoreReader } from "../store/store.ts";
import { equivocationIn, type Finding, missedAnchor } from "./finding.ts";

export interface FindingsOptions {
  readonly store: StoreReader;
  readonly db: DerivedDatabase;
  /** The ledger's own source: it records equivocations, and answers for missed anchors. */
  readonly ownSource: Source;
  readonly clock: Clock;
}

/** A page of findings, the oldest first. */
export interface FindingsPage {
  readonly findings: readonly Finding[];
  /** Where the next page begins; undefined when this is the last one. */
  readonly next?: string;
}

export interface Findings {
  /** Derives what the records have to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** The findings as of now, after `update`. */
  list: (page: { after?: string; limit: number }) => Promise<FindingsPage>;
}

/** How far the records were read. Stored with the findings made of them, so that a crash repeats nothing and skips nothing. */
interface Progress {
  /** Anchors up to this size. */
  readonly anchoredSize: number;
  /** Next number of the own source to look at. */
  readonly ownNext: number;
}

const START: Progress = { anchoredSize: 0, ownNext: 1 };
/** Letters of ours among the derived tables (integrate/derived.ts). */
const FINDINGS_TABLE = 0x66;
const PROGRESS_TABLE = 0x67;
const READ_AT_ONCE = 100;

/** The findings, kept in the derived database. */
export function findingsRegister({ store, db, ownSource, clock }: FindingsOptions): Findings {
  const progressKey = Buffer.of(PROGRESS_TABLE);
  let updating: Promise<void> | undefined;

  async function progress(): Promise<Progress> {
    const row = await db.get(progressKey);
    if (row === undefined) return START;
    return { anchoredSize: row.readUIntBE(0, 6), ownNext: row.readUIntBE(6, 6) };
  }

  async function save(findings: readonly Finding[], { anchoredSize, ownNext }: Progress): Promise<void> {
    const row = Buffer.alloc(12);
    row.writeUIntBE(anchoredSize, 0, 6);
    row.writeUIntBE(ownNext, 6, 6);
    const rows = findings.map((finding): DerivedRow => {
      const value = Buffer.from(JSON.stringify(finding));
      return { key: cursorKey(cursorOf(finding)), value };
    });
    await db.write([...rows, { key: progressKey, value: row }]);
  }

  async function readAnchors(from: Progress): Promise<Progress> {
    const anchors = await store.anchors({ after: from.anchoredSize, limit: READ_AT_ONCE });
    const findings: Finding[] = [];
    let { anchoredSize } = from;
    for (const anchor of anchors) {
      const first = anchor.size > anchoredSize ? await store.submissionOfIndex(anchoredSize) : undefined;
      const finding = first && missedAnchor(first, anchor, { asOf: anchor.time, operator: ownSource });
      if (finding !== undefined) findings.push(finding);
      anchoredSize = Math.max(anchoredSize, anchor.size);
    }
    const read = { ...from, anchoredSize };
    if (anchors.length > 0) await save(findings, read);
    return read;
  }

  async function readOwnEvents(from: Progress): Promise<Progress> {
    const submissions = await store.submissionsOf(ownSource, { from: from.ownNext, limit: READ_AT_ONCE });
    const findings: Finding[] = [];
    let { ownNext } = from;
    for (const { first, count, index, time } of submissions) {
      for (; ownNext < first + count; ownNext++) {
        const finding = await equivocationAt(index + ownNext - first, time);
        if (finding !== undefined) findings.push(finding);
      }
    }
    const read = { ...from, ownNext };
    if (submissions.length > 0) await save(findings, read);
    return read;
  }

  async function equivocationAt(index: number, time: number): Promise<Finding | undefined> {
    const [payload] = await store.payloads(index, index + 1);
    const disclosures = await store.disclosures(index);
    if (payload === undefined || disclosures === undefined) return undefined;
    return equivocationIn(parseEvent(`${fromUtf8(payload)}~${disclosures}`), index, time);
  }

  async function readAll(): Promise<void> {
    let done = await progress();
    for (;;) {
      const read = await readOwnEvents(await readAnchors(done));
      if (read.anchoredSize === done.anchoredSize && read.ownNext === done.ownNext) return;
      done = read;
    }
  }

  /** The oldest submission without an anchor, if its time is over: not stored, because it changes by itself. */
  async function overdue(): Promise<Finding | undefined> {
    const first = await store.submissionOfIndex((await store.lastAnchor())?.size ?? 0);
    const asOf = Math.floor(clock.now() / 1000);
    return first && missedAnchor(first, undefined, { asOf, operator: ownSource });
  }

  function update(): Promise<void> {
    updating ??= readAll().finally(() => (updating = undefined));
    return updating;
  }

  return {
    update,
    list: async ({ after, limit }) => {
      await update();
      const from = after === undefined ? { gte: Buffer.of(FINDINGS_TABLE) } : { gt: cursorKey(after) };
      const rows = await db.values({ ...from, lt: Buffer.of(FINDINGS_TABLE + 1), limit });
      const stored = rows.map(findingOf);
      const last = stored.length === limit ? stored.at(-1) : undefined;
      if (last !== undefined) return { findings: stored, next: cursorOf(last) };
      const open = await overdue();
      return { findings: open === undefined ? stored : [...stored, open] };
    },
  };
}

/** By time, then by id. */
function cursorOf({ since, id }: Finding): string {
  return `${String(since).padStart(12, "0")}:${id}`;
}

function cursorKey(cursor: string): Buffer {
  return Buffer.concat([Buffer.of(FINDINGS_TABLE), Buffer.from(cursor)]);
}

function findingOf(row: Buffer): Finding {
  const value: unknown = JSON.parse(row.toString());
  if (!isFinding(value)) throw new Error("the derived database holds a finding of no known kind");
  return value;
}

/** The format of the derived database vouches for the rest. */
function isFinding(value: unknown): value is Finding {
  return isJsonObject(value) && (value["kind"] === "equivocation" || value["kind"] === "missed-anchor");
}
