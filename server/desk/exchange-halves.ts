import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { SUBJECT_FACETS } from "../../protocol/facets.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { IndexReader } from "../index/reader.ts";
import type { StoreReader } from "../store/store.ts";

export interface HalvesOptions {
  readonly index: Pick<IndexReader, "keyOf" | "newest" | "postings">;
  readonly store: Pick<StoreReader, "events" | "head" | "indexTags">;
}

/** An event that may be one record of an exchange. */
export interface MayBeHalf {
  readonly index: number;
  readonly event: ParsedEvent;
  readonly tags: Uint8Array;
}

/** A record of an exchange, and where else the same exchange stands. */
export interface Halves {
  /** Whether another agency should have recorded it too. */
  readonly isHalf: boolean;
  /** Log indexes of the other records of it: in the lists of the people in it, and behind what is indexed. */
  readonly others: readonly number[];
}

/** Finds the other records of each event's exchange: what would tell the people in it of what the event tells. Reads each person's list once. */
export type FindHalves = (events: readonly MayBeHalf[]) => Promise<Halves[]>;

const READ_AT_ONCE = 250;
const TAGS_AT_ONCE = 1024;

export function halvesFinder({ index: reader, store }: HalvesOptions): FindHalves {
  return async (events) => {
    const halves = events.map(({ tags }) => halfIn(tags));
    const found = new Map<string, Set<number>>();
    for (const half of halves) if (half !== undefined) found.set(half, new Set());
    const note = (tags: Uint8Array, index: number): void => void found.get(halfIn(tags) ?? "")?.add(index);
    const people = events.flatMap(({ event }, at) => (halves[at] === undefined ? [] : peopleIn(event)));
    for (const id of new Set(people)) await readList(id, note);
    if (found.size > 0) await readNewest(note);
    return events.map(({ index }, at) => {
      const half = halves[at];
      const all = half === undefined ? [] : [...(found.get(half) ?? [])];
      return { isHalf: half !== undefined, others: all.filter((other) => other !== index) };
    });
  };

  async function readList(id: string, note: Note): Promise<void> {
    const { key } = await reader.keyOf("person", id);
    for (let from = 0; ; from += READ_AT_ONCE) {
      const indexes = (await reader.postings(key, from, from + READ_AT_ONCE)).map((posting) => posting.index);
      for (const [at, event] of (await store.events(indexes)).entries())
        if (event !== undefined) note(event.tags, indexes[at] ?? 0);
      if (indexes.length < READ_AT_ONCE) return;
    }
  }

  async function readNewest(note: Note): Promise<void> {
    const { size } = await store.head();
    for (let from = reader.newest()?.size ?? 0; from < size; from += TAGS_AT_ONCE) {
      const page = await store.indexTags(from, Math.min(size, from + TAGS_AT_ONCE));
      for (const [at, tags] of page.entries()) note(tags, from + at);
    }
  }
}

type Note = (tags: Uint8Array, index: number) => void;

/** What both halves of an exchange have in common. */
function halfIn(tags: Uint8Array): string | undefined {
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const kind = tags[at];
    if (kind === TAG_KINDS.clientHalf || kind === TAG_KINDS.providerHalf)
      return Buffer.from(tags.subarray(at + 1, at + TAG_BYTES)).toString("latin1");
  }
  return undefined;
}

function peopleIn(event: ParsedEvent): string[] {
  const facets = openFacets(event);
  return SUBJECT_FACETS.flatMap((name) => {
    const subject = facets[name];
    return isJsonObject(subject) ? [`${String(subject["scheme"])}:${String(subject["id"])}`] : [];
  });
}
