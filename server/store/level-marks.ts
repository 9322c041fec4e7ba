import { type EventType, isEventType } from "../../protocol/facets.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { markKinds, TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { bundleEntries, bundleOf } from "./bundle.ts";
import { indexOfKey, isLogRow, logKey, registerKey } from "./level-keys.ts";
import type { Database, Databases } from "./level-reader.ts";
import { eventKeyOf, indexTagsOf, numberOf, u64 } from "./rows.ts";
import { openDisclosures } from "./sealing.ts";

/** Rows between two points from which a migration that was cut off goes on: some tenths of a second's work. */
const STEP_ROWS = 1024;

/**
 * To format 3: events of the rare types, which are followed by the marks beside their keys (protocol/tag-kinds.ts), have them, as those that
 * were recorded since have from the beginning. Opens every event once. Goes on where it was cut off, and marks nothing twice.
 */
export async function markEvents({ log, register }: Databases): Promise<void> {
  const progress = registerKey("migrated");
  const [saved]: (Buffer | undefined)[] = await register.getMany([progress]);
  let from = saved === undefined ? 0 : numberOf(saved);
  for (;;) {
    const starts = await rowStartsFrom(log, from);
    const [last] = starts.slice(-1);
    if (last === undefined) break;
    const rows = await markedRows(log, starts);
    await log.batch(
      rows.map(({ key, value }) => ({ type: "put", key, value })),
      { sync: true },
    );
    from = last + 1;
    await register.put(progress, u64(from), { sync: true });
  }
  await register.del(progress);
}

async function rowStartsFrom(log: Database, from: number): Promise<number[]> {
  const starts: number[] = [];
  for await (const key of log.keys({ gte: logKey(from) })) {
    if (isLogRow(key, "eventKeys")) starts.push(indexOfKey(key));
    if (starts.length === STEP_ROWS) break;
  }
  return starts;
}

/** The key rows that change, as they are with their events' marks. */
async function markedRows(
  log: Database,
  starts: readonly number[],
): Promise<readonly { readonly key: Buffer; readonly value: Buffer }[]> {
  const keys = starts.map((start) => logKey(start, "eventKeys"));
  const secretRows: (Buffer | undefined)[] = await log.getMany(keys);
  const sealedRows: (Buffer | undefined)[] = await log.getMany(
    starts.map((start) => logKey(start, "disclosures")),
  );
  return keys.flatMap((key, at) => {
    const secrets = entriesOf(secretRows[at]);
    const sealed = entriesOf(sealedRows[at]);
    const marked = secrets.map((entry, n) => withMarks(entry, sealed[n]));
    return marked.some((entry, n) => entry.length !== secrets[n]?.length)
      ? [{ key, value: bundleOf(marked) }]
      : [];
  });
}

function entriesOf(row: Buffer | undefined): Uint8Array[] {
  return row === undefined ? [] : bundleEntries(row, 0, Infinity);
}

function withMarks(entry: Uint8Array, sealed: Uint8Array | undefined): Uint8Array {
  const has = kindsIn(indexTagsOf(entry));
  const missing = (marksInside(entry, sealed) ?? marksByTags(has)).filter((kind) => !has.includes(kind));
  return missing.length === 0
    ? entry
    : Buffer.concat([entry, ...missing.map((kind) => Buffer.concat([Buffer.of(kind)], TAG_BYTES))]);
}

/** The marks by what the event says; undefined where nobody can read it any more. */
function marksInside(entry: Uint8Array, sealed: Uint8Array | undefined): readonly number[] | undefined {
  const key = eventKeyOf(entry);
  if (key === undefined || sealed === undefined) return undefined;
  let facets: ReadonlyMap<unknown, unknown>;
  try {
    facets = facetsIn(openDisclosures(key.key, sealed));
  } catch {
    // The records are damaged there, as every reader of the event will be told. They can be opened all the same.
    return undefined;
  }
  const [type, handling] = [facets.get("type"), facets.get("handling")];
  const isEmergency = isJsonObject(handling) && handling["emergency"] === true;
  return isEventType(type) ? markKinds(type, isEmergency) : undefined;
}

/** By name. They were checked when they were received: only what is needed is read of them here, as these may be many millions. */
function facetsIn(disclosures: string): ReadonlyMap<unknown, unknown> {
  return new Map(
    disclosures
      .split("~")
      .slice(0, -1)
      .map((text) => {
        const disclosure: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
        return Array.isArray(disclosure) ? [disclosure[1], disclosure[2]] : [undefined, undefined];
      }),
  );
}

/** An erased event of two people may have been a mandate, one of a consent a withdrawal: whoever follows those must hear of it. */
function marksByTags(has: readonly number[]): readonly number[] {
  const people = has.filter((kind) => kind === TAG_KINDS.person).length;
  const types: readonly (readonly [type: EventType, mayBe: boolean])[] = [
    ["mandate", people > 1],
    ["consent", has.includes(TAG_KINDS.consent)],
    ["seal", has.includes(TAG_KINDS.seals) || has.includes(TAG_KINDS.lifts)],
    ["erasure", has.includes(TAG_KINDS.erases)],
  ];
  return types.flatMap(([type, mayBe]) => (mayBe ? markKinds(type, false) : []));
}

function kindsIn(tags: Uint8Array): number[] {
  return Array.from({ length: tags.length / TAG_BYTES }, (_, n) => tags[n * TAG_BYTES] ?? 0);
}
