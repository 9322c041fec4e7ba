import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { SUBJECT_FACETS } from "../../protocol/facets.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { IndexReader } from "../index/reader.ts";
import type { StoreReader } from "../store/store.ts";

export interface HalvesOptions {
  readonly index: Pick<IndexReader, "keyOf" | "postings">;
  readonly store: Pick<StoreReader, "events">;
}

/** A record of an exchange, and where else the same exchange stands. */
export interface Halves {
  /** Whether another agency should have recorded it too. */
  readonly isHalf: boolean;
  /** Log indexes of the other records of it in the lists of the people in it, as far as they are indexed. */
  readonly others: readonly number[];
}

/** Finds the other records of an event's exchange: what would tell the people in it of what the event tells. */
export type FindHalves = (event: ParsedEvent, tags: Uint8Array, index: number) => Promise<Halves>;

const READ_AT_ONCE = 250;

export function halvesFinder({ index: reader, store }: HalvesOptions): FindHalves {
  async function inListOf(id: string, half: string): Promise<number[]> {
    const found: number[] = [];
    const { key } = await reader.keyOf("person", id);
    for (let from = 0; ; from += READ_AT_ONCE) {
      const indexes = (await reader.postings(key, from, from + READ_AT_ONCE)).map((posting) => posting.index);
      const events = await store.events(indexes);
      for (const [at, index] of indexes.entries()) {
        if (halfIn(events[at]?.tags ?? new Uint8Array()) === half) found.push(index);
      }
      if (indexes.length < READ_AT_ONCE) return found;
    }
  }

  return async (event, tags, index) => {
    const half = halfIn(tags);
    if (half === undefined) return { isHalf: false, others: [] };
    const lists = await Promise.all(peopleIn(event).map(async (id) => await inListOf(id, half)));
    return { isHalf: true, others: [...new Set(lists.flat())].filter((other) => other !== index) };
  };
}

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
