import { fromUtf8, utf8 } from "../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { type IndexKey, shownIndexKeys } from "../../protocol/index-keys.ts";
import { INDEX_KINDS, indexKey } from "../../protocol/index-tree.ts";
import type { IndexKeyRow, Store } from "../store/store.ts";
import type { UnknownTag } from "./builder.ts";
import type { VrfPool } from "./vrf-pool.ts";

export interface EnrolmentParts {
  readonly store: Pick<Store, "events" | "addIndexKeys">;
  readonly vrf: Pick<VrfPool, "output">;
  /** The tag's 32 bytes of an index key as a string of as many characters: what receive/ stored with the events. */
  readonly tagOf: (key: IndexKey) => string;
}

/** What is lost when the process ends in the middle: a second of one core's work. */
const KEYS_AT_ONCE = 256;

/**
 * Gives keys to tags that the log has and the index does not know: opens an event that has the tag, finds the id that the tag stands for,
 * computes its key, and stores it for ever.
 * @throws Error naming the event when its disclosures do not hold the id: erased too early, or another pepper.
 */
export async function enrolTags(
  unknown: readonly UnknownTag[],
  { store, vrf, tagOf }: EnrolmentParts,
): Promise<void> {
  for (let first = 0; first < unknown.length; first += KEYS_AT_ONCE) {
    const part = unknown.slice(first, first + KEYS_AT_ONCE);
    const events = await store.events(part.map(({ index }) => index));
    const rows = part.map(async ({ tag, index }, at): Promise<IndexKeyRow> => {
      const found = idBehind(tag, keysOfEvent(events[at]), tagOf);
      if (found === undefined) throw new Error(`${WITHOUT_ID} The event has the index ${index}.`);
      return { tag, key: await keyOf(found, vrf) };
    });
    await store.addIndexKeys(await Promise.all(rows));
  }
}

/** The tree's key of an id: of its VRF output, or of the consent's id as it is. */
export async function keyOf({ kind, id }: IndexKey, vrf: Pick<VrfPool, "output">): Promise<Uint8Array> {
  return indexKey(kind, kind === "consent" ? utf8(id) : await vrf.output(id));
}

/** The tag as stored: its kind, then the HMAC. */
export function storedTag(key: IndexKey, tagOf: EnrolmentParts["tagOf"]): Buffer {
  return Buffer.concat([Buffer.of(INDEX_KINDS[key.kind]), Buffer.from(tagOf(key), "latin1")]);
}

const WITHOUT_ID =
  "The index cannot go on: an event's tag stands for none of the ids in its disclosures. Either they were erased before the index " +
  "covered the event, or PEPPER is not the one it was recorded with. Restore the records or the pepper.";

function keysOfEvent(event: Awaited<ReturnType<Store["events"]>>[number]): IndexKey[] {
  if (event?.disclosures === undefined) return [];
  const parsed = parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`);
  return shownIndexKeys(parsed.payload.src, openFacets(parsed), true);
}

function idBehind(
  tag: Uint8Array,
  keys: readonly IndexKey[],
  tagOf: EnrolmentParts["tagOf"],
): IndexKey | undefined {
  return keys.find((key) => storedTag(key, tagOf).equals(tag));
}

/** Whether a tag's kind is one of those in the tree; others relate events to each other. */
export function isTreeKind(kind: number | undefined): boolean {
  return KINDS.has(kind ?? 0);
}

const KINDS: ReadonlySet<number> = new Set(Object.values<number>(INDEX_KINDS));
