import { isJsonObject } from "../../protocol/json.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import { answerableFor, cursorOf, type Finding, FINDING_KINDS, type FindingKind } from "./finding.ts";

/** What deriving came to. */
export interface Change {
  readonly found: readonly Finding[];
  /** Cursors of findings that turned out to be none. */
  readonly gone?: readonly string[];
  /** What is remembered together with it. */
  readonly rows: readonly DerivedRow[];
}

/** How many open findings there are of each kind. */
export type OpenFindings = Readonly<Partial<Record<FindingKind, number>>>;

/** The findings that are kept, in the derived database, in the order of their cursors. */
export interface FindingTable {
  /** All or nothing. */
  write: (change: Change) => Promise<void>;
  list: (page: { after?: string; limit: number }) => Promise<Finding[]>;
  /** Those at these cursors. */
  at: (cursors: readonly string[]) => Promise<Finding[]>;
  /** The open ones that this source or agency answers for. */
  openOf: (answerable: string) => Promise<OpenFindings>;
  /** Forgets everything. */
  clear: () => Promise<void>;
}

/** A letter of ours among the derived tables (integrate/derived.ts). */
const FINDINGS_TABLE = 0x66;
const READ_AT_ONCE = 1000;

type Counts = Map<string, Partial<Record<FindingKind, number>>>;

export function findingTable(db: DerivedDatabase): FindingTable {
  /** Of all open findings; undefined until they were counted, and after a failed write, whose outcome is unknown. */
  let counts: Counts | undefined;

  async function list({ after, limit }: { after?: string; limit: number }): Promise<Finding[]> {
    const from = after === undefined ? { gte: Buffer.of(FINDINGS_TABLE) } : { gt: cursorKey(after) };
    const rows = await db.values({ ...from, lt: Buffer.of(FINDINGS_TABLE + 1), limit });
    return rows.map(findingOf);
  }

  async function counted(): Promise<Counts> {
    if (counts !== undefined) return counts;
    const all: Counts = new Map();
    let page = await list({ limit: READ_AT_ONCE });
    for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
      for (const finding of page) count(all, finding, 1);
      page = await list({ after: cursorOf(last), limit: READ_AT_ONCE });
    }
    return (counts = all);
  }

  return {
    write: async ({ found, gone = [], rows }) => {
      const known = await counted();
      const changed = [...found.map((finding) => cursorOf(finding)), ...gone].map(cursorKey);
      const before = changed.length === 0 ? [] : await db.getMany(changed);
      counts = undefined;
      await db.write([
        ...found.map((finding) => ({
          key: cursorKey(cursorOf(finding)),
          value: Buffer.from(JSON.stringify(finding)),
        })),
        ...gone.map((cursor) => ({ key: cursorKey(cursor), value: undefined })),
        ...rows,
      ]);
      for (const row of before) if (row !== undefined) count(known, findingOf(row), -1);
      for (const finding of found) count(known, finding, 1);
      counts = known;
    },
    list,
    at: async (cursors) =>
      (await db.getMany(cursors.map(cursorKey))).flatMap((row) =>
        row === undefined ? [] : [findingOf(row)],
      ),
    openOf: async (answerable) => (await counted()).get(answerable) ?? {},
    clear: async () => {
      counts = undefined;
      await db.clear({ gte: Buffer.of(FINDINGS_TABLE), lt: Buffer.of(FINDINGS_TABLE + 1) });
    },
  };
}

function count(counts: Counts, finding: Finding, change: 1 | -1): void {
  const answerable = answerableFor(finding);
  if (finding.state !== "open" || answerable === undefined) return;
  const kinds = counts.get(answerable) ?? {};
  kinds[finding.kind] = (kinds[finding.kind] ?? 0) + change;
  counts.set(answerable, kinds);
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
  return isJsonObject(value) && FINDING_KINDS.some((kind) => kind === value["kind"]);
}
