import { createHash, type Hash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { equal, utf8 } from "../../protocol/bytes.ts";
import { appendAll } from "../../protocol/frontier.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Source } from "../../protocol/source.ts";
import { LedgerError } from "../errors.ts";
import { bytesOfPart } from "./backup-parts.ts";
import { bundleEntries } from "./bundle.ts";
import { submissionRow } from "./rows.ts";
import type { IndexKeyRow, Store, StoredAnchor, StoreReader } from "./store.ts";
import { checkedParts, nothingCounted, type RecordsCount } from "./transfer-check.ts";
import { TransferError } from "./transfer-error.ts";
import {
  type MovedSubmission,
  nameOfPart,
  type Origin,
  originOf,
  type Part,
  TRANSFER_BINDING,
} from "./transfer-parts.ts";

const UNDER_WAY = utf8("under way");
const WHOLE = utf8("whole");

/** Of a group to write: some tens of milliseconds of work, and few enough megabytes to hold. */
const GROUP_EVENTS = 1000;
const GROUP_BYTES = 8 * 1024 * 1024;
const GROUP_ANCHORS = 200;
const GROUP_KEYS = 4096;
const PAGE = 500;
/** Rows that a LevelDB store may hold twice; a crash leaves a few. */
const MAX_REPEATED_KEYS = 100_000;

/** Longer than the lease of who was killed. */
const LEAD_LOOKS = 100;
const LEAD_LOOK_MS = 100;

export type Stage = "copying" | "comparing";

export interface TransferOptions {
  /** Called now and then: how many of the log's events are done. */
  readonly onProgress?: (stage: Stage, done: number, of: number) => void;
}

/**
 * Writes the records of the origin into an empty store in their order, and compares everything afterwards. Killed at any moment, the same call goes
 * on where it was; until it is done no ledger starts on the target.
 * @throws TransferError; LedgerError as the stores do
 */
export async function transferRecords(
  from: Origin,
  to: Store,
  { onProgress = () => undefined }: TransferOptions = {},
): Promise<RecordsCount> {
  await claim(to, from);
  await load(from, to, (done) => onProgress("copying", done, from.head.size));
  const count = await compareRecords(from, to, (done) => onProgress("comparing", done, from.head.size));
  await to.bind(TRANSFER_BINDING, WHOLE);
  return count;
}

/** For whoever serves these records. @throws LedgerError `store-unavailable` while they are half of what is being moved here */
export async function requireWholeRecords(store: Pick<StoreReader, "bound">): Promise<void> {
  if (!(await isHalfWritten(store))) return;
  throw new LedgerError(
    "store-unavailable",
    "The records were not moved here whole. Run the same `npm run copy` or `npm run restore` again: it goes on where it was.",
  );
}

/** The records of a store that somebody wants to go on with elsewhere: the mark stays behind, so nobody gets rid of it so. @throws TransferError `behind` */
export async function requireNotBehind(store: Pick<StoreReader, "behind">): Promise<void> {
  const reason = await store.behind();
  if (reason !== undefined)
    throw new TransferError(
      "behind",
      `These records are behind what was promised: ${reason} Bring back the newest ones; \`npm run behind\` takes the mark away where it is wrong.`,
    );
}

/** The records of a store that are to be moved elsewhere. @throws TransferError `half-written` */
export async function requireMovable(store: Pick<StoreReader, "bound">): Promise<void> {
  if (await isHalfWritten(store))
    throw new TransferError(
      "half-written",
      "These records were not moved here whole themselves. Take those that they came from.",
    );
}

async function isHalfWritten(store: Pick<StoreReader, "bound">): Promise<boolean> {
  const state = await store.bound(TRANSFER_BINDING);
  return state !== undefined && !equal(state, WHOLE);
}

/** Marks an empty target as half written; one that is so already goes on. */
async function claim(store: Store, { head }: Origin): Promise<void> {
  const { size } = await store.head();
  const state = await store.bound(TRANSFER_BINDING);
  const isOurs = state !== undefined && equal(state, UNDER_WAY) && size <= head.size;
  if (!isOurs && (size > 0 || (await store.bindings()).length > 0))
    throw new TransferError("not-empty", "There are records in the target already. Name an empty one.");
  if (!(await comesToLead(store)))
    throw new TransferError(
      "in-use",
      "Another program has the target open and leads there. End it; it is forgotten some seconds later.",
    );
  await store.bind(TRANSFER_BINDING, UNDER_WAY);
}

/** The lease is sought again and again by itself: a database that is slow to answer gives it with a later try. */
export async function comesToLead(store: Store): Promise<boolean> {
  await store.campaign();
  for (let looks = 0; looks < LEAD_LOOKS && !store.leads(); looks++) await delay(LEAD_LOOK_MS);
  return store.leads();
}

async function load(
  { head, parts }: Origin,
  store: Store,
  onProgress: (done: number) => void,
): Promise<void> {
  let at = await store.head();
  let keysThere = await countKeys(store);
  let submissions: MovedSubmission[] = [];
  let [events, bytes] = [0, 0];
  let anchors: StoredAnchor[] = [];
  let rows: IndexKeyRow[] = [];

  async function writeSubmissions(): Promise<void> {
    if (submissions.length === 0) return;
    const leaves = submissions.flatMap(({ payloads }) => bundleEntries(payloads, 0, Infinity).map(leafHash));
    const frontier = appendAll(at.frontier, leaves);
    const commits = frontier.size === head.size ? head.commits : Math.min(at.commits + 1, head.commits);
    const next = { size: frontier.size, frontier, commits };
    await store.commit({ head: next, submissions }, at.size);
    at = next;
    [submissions, events, bytes] = [[], 0, 0];
    onProgress(at.size);
  }

  async function writeAll(): Promise<void> {
    await writeSubmissions();
    if (anchors.length > 0) await store.addAnchors(anchors);
    if (rows.length > 0) await store.addIndexKeys(rows);
    [anchors, rows] = [[], []];
  }

  for await (const part of parts(at.size)) {
    switch (part.kind) {
      case "binding":
        await store.bind(part.name, part.value);
        break;
      case "submission": {
        const { submission } = part;
        if (submission.index < at.size) break;
        submissions.push(submission);
        events += submission.count;
        bytes += bytesOf(submission);
        if (events >= GROUP_EVENTS || bytes >= GROUP_BYTES) await writeSubmissions();
        break;
      }
      case "anchor":
        anchors.push(part.anchor);
        if (anchors.length >= GROUP_ANCHORS) await writeAll();
        break;
      case "index-key":
        if (keysThere > 0) {
          keysThere--;
          break;
        }
        rows.push(part.row);
        if (rows.length >= GROUP_KEYS) await writeAll();
        break;
      case "anchor-intent":
        await writeAll();
        await store.setAnchorIntent(part.intent);
    }
  }
  await writeAll();
}

function bytesOf({ payloads, sealed, keys, keptAttachment }: MovedSubmission): number {
  return payloads.length + sealed.length + keys.length + (keptAttachment?.sealed.length ?? 0);
}

async function countKeys(store: Pick<StoreReader, "indexKeys">): Promise<number> {
  for (let from = 0; ;) {
    const rows = await store.indexKeys({ from, limit: GROUP_KEYS });
    from += rows.length;
    if (rows.length < GROUP_KEYS) return from;
  }
}

/**
 * Compares everything that the store holds with the origin, byte by byte, checks it against itself, and looks everything up in the ways that a server does.
 * @throws TransferError `differs`, `inconsistent`, or as the origin does
 */
export async function compareRecords(
  origin: Origin,
  store: Store,
  onProgress: (done: number) => void = () => undefined,
): Promise<RecordsCount> {
  const snapshot = await store.snapshot();
  try {
    const { head, parts } = await originOf(snapshot);
    if (
      head.size !== origin.head.size ||
      head.commits !== origin.head.commits ||
      !equal(head.root, origin.head.root)
    )
      throw differs("the head of the log");
    const count = nothingCounted();
    const found = lookedUp(checkedParts(parts(), head, count), snapshot, onProgress);
    const repeated = await compareParts(origin.parts(), found);
    await requireKeys(snapshot, repeated);
    return count;
  } finally {
    await snapshot.close();
  }
}

/** Rejects at the first difference. Resolves with keys of the index that the target does not hold a second time. */
async function compareParts(from: AsyncIterable<Part>, to: AsyncIterable<Part>): Promise<IndexKeyRow[]> {
  const [ours, theirs] = [from[Symbol.asyncIterator](), to[Symbol.asyncIterator]()];
  const repeated: IndexKeyRow[] = [];
  try {
    let [a, b] = [await ours.next(), await theirs.next()];
    while (a.done !== true || b.done !== true) {
      const [read, found] = [a.done === true ? undefined : a.value, b.done === true ? undefined : b.value];
      if (isSame(read, found)) [a, b] = [await ours.next(), await theirs.next()];
      else if (read?.kind === "index-key" && repeated.length < MAX_REPEATED_KEYS) {
        repeated.push(read.row);
        a = await ours.next();
      } else throw differs(nameOfPart(read ?? found));
    }
    return repeated;
  } finally {
    await ours.return?.();
    await theirs.return?.();
  }
}

function isSame(a: Part | undefined, b: Part | undefined): boolean {
  return a !== undefined && b !== undefined && bytesOfPart(a).equals(bytesOfPart(b));
}

/** A LevelDB store may hold a key of the index twice; PostgreSQL passes over the second. */
async function requireKeys(
  store: Pick<StoreReader, "indexKeys">,
  rows: readonly IndexKeyRow[],
): Promise<void> {
  const missing = new Set(rows.map((row) => bytesOfPart({ kind: "index-key", row }).toString("latin1")));
  for (let from = 0; missing.size > 0;) {
    const page = await store.indexKeys({ from, limit: GROUP_KEYS });
    for (const row of page) missing.delete(bytesOfPart({ kind: "index-key", row }).toString("latin1"));
    from += page.length;
    if (page.length < GROUP_KEYS) break;
  }
  if (missing.size > 0) throw differs("a key of the index");
}

/** Passes the parts on, and finds each again by what servers look for: sources and their numbers, attachments' names, anchors' numbers. */
async function* lookedUp(
  parts: AsyncIterable<Part>,
  reader: StoreReader,
  onProgress: (done: number) => void,
): AsyncGenerator<Part> {
  const sources = new Map<Source, { next: number; time: number; digest: Hash }>();
  for await (const part of parts) {
    if (part.kind === "submission") {
      const { submission } = part;
      const { source, first, count, index, time, keptAttachment } = submission;
      const digest = sources.get(source)?.digest ?? createHash("sha256");
      sources.set(source, { next: first + count, time, digest: digest.update(submissionRow(submission)) });
      if (keptAttachment !== undefined && (await reader.attachmentIndex(keptAttachment.name)) !== index)
        throw differs("the list of what is kept beside events");
      onProgress(index + count);
    }
    if (part.kind === "anchor") {
      const [found] = await reader.anchorsFrom({ from: part.anchor.number, limit: 1 });
      if (found?.number !== part.anchor.number) throw differs("the list of the anchors");
    }
    yield part;
  }
  for (let after: Source | undefined; ;) {
    const page = await reader.sources({ limit: PAGE, ...(after !== undefined && { after }) });
    for (const { source, next, lastTime } of page) {
      const known = sources.get(source);
      const digest = await digestOfSource(reader, source);
      if (known?.next !== next || known.time !== lastTime || known.digest.digest("hex") !== digest)
        throw differs(`the source ${source}`);
      sources.delete(source);
    }
    after = page.at(-1)?.source;
    if (page.length < PAGE) break;
  }
  const [missing] = sources.keys();
  if (missing !== undefined) throw differs(`the source ${missing}`);
}

async function digestOfSource(reader: StoreReader, source: Source): Promise<string> {
  const digest = createHash("sha256");
  for (let from = 0; ;) {
    const page = await reader.submissionsOf(source, { from, limit: PAGE });
    for (const submission of page) digest.update(submissionRow(submission));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return digest.digest("hex");
    from = last.first + last.count;
  }
}

function differs(what: string): TransferError {
  return new TransferError(
    "differs",
    `The target does not hold what was read: ${what} differs. Begin again with an empty target.`,
  );
}
