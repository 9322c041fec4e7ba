import { createHash } from "node:crypto";
import { fromBase64url, toBase64url } from "../../protocol/bytes.ts";
import { complaintAfter, type ComplaintState, isOpenComplaint } from "../../protocol/complaint.ts";
import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
import type { StoreReader } from "../store/store.ts";

/** One act of a complaint, as it stands in the log. */
export interface ComplaintStep {
  readonly index: number;
  /** When it was sequenced, Unix seconds. */
  readonly time: number;
  /** base64url, as in the facets. */
  readonly leaf: string;
  readonly state: ComplaintState;
  readonly outcome?: string;
}

/** A complaint as far as its acts can still be read. Nothing in it names a person. */
export interface ComplaintRecord {
  readonly id: string;
  /** Whom it is about. */
  readonly agency: string;
  /** Leaf hash (base64url) of the event complained of. */
  readonly complainedOf: string;
  /** Tags of the people in it, a character each byte. */
  readonly people: readonly string[];
  /** In log order; the first is the filing. */
  readonly steps: readonly ComplaintStep[];
  readonly state: ComplaintState;
}

/** Whose complaints: everybody's, those about an agency, or those of people, by their tags. */
export type ComplaintScope = "all" | { readonly agency: string } | { readonly people: readonly string[] };

export interface ComplaintQuery {
  readonly scope: ComplaintScope;
  /** `open`: filed or answered. */
  readonly state?: ComplaintState | "open";
  /** Those filed at this log index or later. */
  readonly from: number;
  readonly limit: number;
}

/** The complaints recorded by the desk. Derived from the log and kept in the derived database. */
export interface ComplaintRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** By all that is recorded at the time of asking. @throws LedgerError `starting`, as `list` does. */
  one: (id: string) => Promise<ComplaintRecord | undefined>;
  /** In the order of their filing. */
  list: (query: ComplaintQuery) => Promise<ComplaintRecord[]>;
  /** Of these leaf hashes (base64url) those of events that an open complaint is about or consists of. @throws as `one`. */
  inOpen: (leaves: readonly string[]) => Promise<ReadonlySet<string>>;
}

export interface ComplaintRegisterOptions {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
  readonly store: Pick<StoreReader, "submissionOfIndex">;
  /** Only the desk knows who acted: what others record as complaints is theirs alone. */
  readonly desk: Source;
}

/** Letters of ours among the derived tables (integrate/derived.ts), and what the second byte of a key says. */
const COMPLAINTS_TABLE = 0x6d;
const PROGRESS_TABLE = 0x4d;
const RECORDS = 0;
const LISTS = 1;
/** By the leaf of an act, which an erasure names. */
const ACTS = 2;
/** By the leaves that an open complaint is about and consists of. */
const IN_OPEN = 3;

/** Bytes of the states in the keys of lists: they are stored. */
const LISTED = { any: 0, open: 1, filed: 2, answered: 3, decided: 4, withdrawn: 5 } as const;
const NUMBER_BYTES = 6;
const DIGEST_BYTES = 32;

export function complaintRegister({ follow, db, store, desk }: ComplaintRegisterOptions): ComplaintRegister {
  const { update, caughtUp } = follow({
    subject: "which complaints there are",
    tables: [COMPLAINTS_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.complaintAct, TAG_KINDS.erases],
    rowsAfter,
  });

  async function recordsOf(ids: readonly string[]): Promise<(ComplaintRecord | undefined)[]> {
    return (await db.getMany(ids.map(recordKey))).map((row) => row && recordOf(row));
  }

  async function rowsAfter(events: readonly FollowedEvent[]): Promise<DerivedRow[]> {
    const pages = new Map<
      string,
      { before: ComplaintRecord | undefined; now: ComplaintRecord | undefined }
    >();
    const known = async (id: string): Promise<ComplaintRecord | undefined> => {
      const [before] = pages.has(id) ? [] : await recordsOf([id]);
      if (!pages.has(id)) pages.set(id, { before, now: before });
      return pages.get(id)?.now;
    };
    const change = (id: string, now: ComplaintRecord | undefined): void => {
      pages.set(id, { before: pages.get(id)?.before, now });
    };
    for (const followed of events) {
      for (const leaf of erasedBy(followed)) {
        const id = await idOfAct(leaf, pages);
        const before = id === undefined ? undefined : await known(id);
        if (before !== undefined) change(before.id, withoutStep(before, leaf));
      }
      const act = actIn(followed, desk);
      if (act === undefined) continue;
      const time = (await store.submissionOfIndex(followed.index))?.time ?? 0;
      change(act.id, withStep(await known(act.id), act, time));
    }
    return [...pages.values()].flatMap(({ before, now }) => changedRows(before, now));
  }

  /** Acts of the page under way are not in the database yet. */
  async function idOfAct(
    leaf: string,
    pages: ReadonlyMap<string, { now: ComplaintRecord | undefined }>,
  ): Promise<string | undefined> {
    for (const { now } of pages.values()) if (now?.steps.some((step) => step.leaf === leaf)) return now.id;
    return (await db.get(actKey(leaf)))?.toString();
  }

  async function listOf(scope: string, { state, from, limit }: ComplaintQuery): Promise<string[]> {
    const listed = LISTED[state ?? "any"];
    const ids = await db.values({
      gte: listKey(scope, listed, from),
      lt: listKey(scope, listed + 1, 0),
      limit,
    });
    return ids.map((id) => id.toString());
  }

  return {
    update,
    one: async (id) => {
      await caughtUp();
      return (await recordsOf([id]))[0];
    },
    list: async (query) => {
      await caughtUp();
      const lists = await Promise.all(scopesOf(query.scope).map(async (scope) => await listOf(scope, query)));
      const records = await recordsOf([...new Set(lists.flat())]);
      return records
        .filter((record) => record !== undefined)
        .sort((a, b) => filingOf(a).index - filingOf(b).index)
        .slice(0, query.limit);
    },
    inOpen: async (leaves) => {
      await caughtUp();
      const found = await Promise.all(
        leaves.map(async (leaf) => await db.values({ ...inOpenRange(leaf), limit: 1 })),
      );
      return new Set(leaves.filter((_, at) => found[at]?.length !== 0));
    },
  };
}

/** The filing of a complaint. */
export function filingOf({ steps }: ComplaintRecord): ComplaintStep {
  const [filing] = steps;
  if (filing === undefined) throw new Error("a complaint without its filing");
  return filing;
}

/** Tags of the people in an event, a character each byte. */
export function peopleTags(tags: Uint8Array): string[] {
  return tagsOf(tags, TAG_KINDS.person);
}

interface ComplaintAct {
  readonly index: number;
  readonly leaf: string;
  readonly people: readonly string[];
  readonly id: string;
  readonly state: string;
  readonly agency: string | undefined;
  readonly complainedOf: string | undefined;
  readonly outcome: string | undefined;
}

function actIn({ index, payload, tags, event }: FollowedEvent, desk: Source): ComplaintAct | undefined {
  if (event === undefined || event.payload.src !== desk) return undefined;
  const complaint = complaintIn(event);
  if (complaint === undefined) return undefined;
  return { ...complaint, index, leaf: toBase64url(leafHash(payload)), people: peopleTags(tags) };
}

function complaintIn(
  event: ParsedEvent,
): Pick<ComplaintAct, "id" | "state" | "agency" | "complainedOf" | "outcome"> | undefined {
  const { complaint } = openFacets(event);
  if (!isJsonObject(complaint)) return undefined;
  const { id, state, agency, leaf, outcome } = complaint;
  if (typeof id !== "string" || typeof state !== "string") return undefined;
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return { id, state, agency: text(agency), complainedOf: text(leaf), outcome: text(outcome) };
}

function withStep(
  before: ComplaintRecord | undefined,
  act: ComplaintAct,
  time: number,
): ComplaintRecord | undefined {
  const state = complaintAfter(before?.state, act.state);
  if (state === undefined) return before;
  const { index, leaf, outcome } = act;
  const step = { index, time, leaf, state, ...(outcome !== undefined && { outcome }) };
  if (before !== undefined) return { ...before, steps: [...before.steps, step], state };
  const { id, agency, complainedOf, people } = act;
  if (agency === undefined || complainedOf === undefined) return undefined;
  return { id, agency, complainedOf, people, steps: [step], state };
}

/** What is left when nobody can read an act any more: the same as when it had never been read. */
function withoutStep(before: ComplaintRecord, leaf: string): ComplaintRecord | undefined {
  let state: ComplaintState | undefined;
  const steps: ComplaintStep[] = [];
  for (const step of before.steps) {
    const next = step.leaf === leaf ? undefined : complaintAfter(state, step.state);
    if (next === undefined) continue;
    steps.push(step);
    state = next;
  }
  return state === undefined ? undefined : { ...before, steps, state };
}

function changedRows(before: ComplaintRecord | undefined, now: ComplaintRecord | undefined): DerivedRow[] {
  const gone = before === undefined ? [] : rowsOf(before).map(({ key }) => ({ key, value: undefined }));
  // The last row of a key counts within one write.
  return [...gone, ...(now === undefined ? [] : rowsOf(now))];
}

function rowsOf(record: ComplaintRecord): DerivedRow[] {
  const { id, agency, complainedOf, people, steps, state } = record;
  const value = Buffer.from(id);
  const isOpen = isOpenComplaint(state);
  const scopes = [...scopesOf("all"), ...scopesOf({ agency }), ...scopesOf({ people })];
  const states = ["any", state, ...(isOpen ? (["open"] as const) : [])] as const;
  const filed = filingOf(record).index;
  return [
    { key: recordKey(id), value: Buffer.from(JSON.stringify(record)) },
    ...steps.map(({ leaf }) => ({ key: actKey(leaf), value })),
    ...(isOpen ? [complainedOf, ...steps.map(({ leaf }) => leaf)] : []).map((leaf) => ({
      key: Buffer.concat([inOpenRange(leaf).gte, digestOf(id)]),
      value,
    })),
    ...scopes.flatMap((scope) => states.map((each) => ({ key: listKey(scope, LISTED[each], filed), value }))),
  ];
}

/** The names of the lists that a scope stands for. */
function scopesOf(scope: ComplaintScope): string[] {
  if (scope === "all") return ["all"];
  if ("agency" in scope) return [`agency ${scope.agency}`];
  return scope.people.map((tag) => `person ${tag}`);
}

function recordKey(id: string): Buffer {
  return Buffer.concat([Buffer.of(COMPLAINTS_TABLE, RECORDS), digestOf(id)]);
}

function actKey(leaf: string): Buffer {
  return Buffer.concat([Buffer.of(COMPLAINTS_TABLE, ACTS), fromBase64url(leaf)]);
}

/** The rows of the open complaints that one leaf is in. */
function inOpenRange(leaf: string): { gte: Buffer; lt: Buffer } {
  const gte = Buffer.concat([Buffer.of(COMPLAINTS_TABLE, IN_OPEN), digestOf(leaf)]);
  return { gte, lt: Buffer.concat([gte, Buffer.alloc(DIGEST_BYTES + 1, 0xff)]) };
}

function listKey(scope: string, listed: number, index: number): Buffer {
  const place = Buffer.alloc(1 + NUMBER_BYTES);
  place.writeUInt8(listed, 0);
  place.writeUIntBE(index, 1, NUMBER_BYTES);
  return Buffer.concat([Buffer.of(COMPLAINTS_TABLE, LISTS), digestOf(scope), place]);
}

/** Of one length, so that no name is the beginning of another. */
function digestOf(name: string): Buffer {
  return createHash("sha256").update(name, "latin1").digest();
}

function recordOf(row: Buffer): ComplaintRecord {
  const value: unknown = JSON.parse(row.toString());
  if (!isRecord(value)) throw new Error("the derived database holds complaints in no known form");
  return value;
}

/** The format of the derived database vouches for the rest. */
function isRecord(value: unknown): value is ComplaintRecord {
  return isJsonObject(value) && Array.isArray(value["steps"]);
}

function erasedBy({ tags }: FollowedEvent): string[] {
  return tagsOf(tags, TAG_KINDS.erases).map((leaf) => toBase64url(Buffer.from(leaf, "latin1")));
}

function tagsOf(tags: Uint8Array, kind: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    if (tags[at] === kind) found.push(Buffer.from(tags.subarray(at + 1, at + TAG_BYTES)).toString("latin1"));
  }
  return found;
}
