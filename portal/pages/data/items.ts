/** What a statement's events are to a person: one item for each thing that happened, whoever recorded it. Pure. */
import { agencyOfSide } from "../../../protocol/exchange.ts";
import { momentMs } from "../../../protocol/moment.ts";
import type { Entry } from "../../verify/entries.ts";

/**
 * `use`: an agency had data of another. `act`: an agency did something. `look`: somebody looked into this ledger itself. `sealed`, `erased`:
 * it is not shown. The others are the acts of the person, of agencies and of inspectors about them.
 */
export const ITEM_KINDS = [
  "use",
  "act",
  "look",
  "consent",
  "mandate",
  "complaint",
  "inspection",
  "sealed",
  "erased",
  "other",
] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

export interface Item {
  /** Leaf hash of the first entry. */
  readonly key: string;
  readonly kind: ItemKind;
  /** One, or the two records of one exchange; the one of who used the data first. */
  readonly entries: readonly [Entry, ...Entry[]];
  /** Code of the agency that did it; of a closed entry, the one that recorded it. */
  readonly agency: string;
  /** Code of the agency that gave the data. */
  readonly provider?: string;
  readonly procedure?: string;
  /** When it happened, as the record claims, Unix seconds; of a closed entry, when what stands before it in the log did. */
  readonly when: number;
  /** Whether the moment is only that of the entry before. */
  readonly isAbout: boolean;
}

/** Procedures that begin so are the ledger's own. */
const OWN_PROCEDURES = "minhbach:";

/** The items of a statement's entries (in the order of the log), newest first. */
export function itemsOf(entries: readonly Entry[]): readonly Item[] {
  const items: Item[] = [];
  const halves = new Map<string, number>();
  let last = 0;
  for (const entry of entries) {
    const claimed = occurredAt(entry);
    const item = itemOf(entry, claimed ?? last, claimed === undefined);
    last = item.when;
    const pair = pairOf(entry);
    const at = pair === undefined ? undefined : halves.get(pair);
    const first = at === undefined ? undefined : items[at];
    if (pair !== undefined && at !== undefined && first?.entries.length === 1) {
      items[at] = joined(first, item);
      halves.delete(pair);
      continue;
    }
    if (pair !== undefined) halves.set(pair, items.length);
    items.push(item);
  }
  return items.reverse().sort((a, b) => b.when - a.when);
}

function itemOf(entry: Entry, when: number, isAbout: boolean): Item {
  const { facets, agency } = entry;
  const { exchange, purpose } = facets;
  const client = exchange && agencyOfSide(exchange.client);
  const provider = exchange && agencyOfSide(exchange.service);
  const kind = kindOf(entry);
  return {
    key: entry.leaf,
    kind,
    entries: [entry],
    agency: kind === "use" ? (client ?? agency) : agency,
    ...(kind === "use" && provider !== undefined && { provider }),
    ...(purpose !== undefined && { procedure: purpose.procedure }),
    when,
    isAbout,
  };
}

function kindOf({ facets, closure }: Entry): ItemKind {
  if (closure !== undefined) return closure.kind === "seal" ? "sealed" : "erased";
  switch (facets.type) {
    case "access":
      return facets.purpose?.procedure.startsWith(OWN_PROCEDURES) === true ? "look" : "use";
    case "action":
      return "act";
    case "consent":
    case "mandate":
    case "complaint":
    case "inspection":
      return facets.type;
    default:
      return "other";
  }
}

/** Both records of an exchange have the same. */
function pairOf({ facets: { type, exchange } }: Entry): string | undefined {
  if (type !== "access" || exchange === undefined) return undefined;
  return JSON.stringify([exchange.client, exchange.messageId, exchange.service]);
}

/** One item of both records; the one of who asked for the data comes first. */
function joined(first: Item, second: Item): Item {
  const [a, b] = [first.entries[0], second.entries[0]];
  if (a.source === b.source) return { ...first, entries: [a, b] };
  const isFirstClient = a.agency === first.agency;
  const whole = isFirstClient ? first : second;
  return { ...whole, key: first.key, entries: isFirstClient ? [a, b] : [b, a] };
}

function occurredAt({ facets }: Entry): number | undefined {
  const ms = momentMs(facets.time?.occurred ?? "");
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}

/** Whether both sides of an exchange recorded it; undefined where there is only one side to expect. */
export function isByBothSides({ kind, agency, provider, entries }: Item): boolean | undefined {
  if (kind !== "use" || provider === undefined || provider === agency) return undefined;
  return new Set(entries.map((entry) => entry.agency)).size > 1;
}

/** Log indexes of an item's entries. */
export function indexesOf({ entries }: Item): readonly number[] {
  return entries.map(({ index }) => index);
}
