/** The checks of a statement that need the file alone, and the earlier one that it continues: what it says in itself. */
import { equal, toHex } from "../protocol/bytes.ts";
import {
  openFacets,
  parseShownEvent,
  payloadLeafHash,
  payloadOf,
  type ShownEvent,
} from "../protocol/event.ts";
import type { OpenedFacets } from "../protocol/facet-values.ts";
import { appendAll, emptyFrontier, type Frontier, frontierRoot } from "../protocol/frontier.ts";
import { type IndexKind, shownIndexKeys } from "../protocol/index-keys.ts";
import { entryCommitment } from "../protocol/index-tree.ts";
import { isJsonObject } from "../protocol/json.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { FormatError } from "../protocol/errors.ts";
import { splitSource } from "../protocol/source.ts";
import {
  parseStatement,
  type Statement,
  type StatementEntry,
  type StatementList,
} from "../protocol/statement.ts";
import { established, failed, notChecked, type Outcome, passed, warning } from "./checks.ts";

/** A list with the leaf hashes of the events it shows. */
export interface ListInHand extends StatementList {
  readonly leafHashes: readonly Uint8Array[];
}

export interface StatementInHand extends Statement {
  readonly lists: readonly ListInHand[];
}

/** An entry whose shown disclosures open. */
export interface OpenedEntry extends StatementEntry {
  readonly shown: ShownEvent;
  readonly facets: OpenedFacets;
  readonly leafHash: Uint8Array;
}

/** The opened entries of each list. */
export type OpenedLists = readonly (readonly OpenedEntry[])[];

interface Given {
  readonly statement: StatementInHand;
}

/** Reads a statement in either spelling. Throws FormatError. */
function inHand(input: Uint8Array | string): StatementInHand {
  const statement = parseStatement(input);
  const lists = statement.lists.map((list) => ({
    ...list,
    leafHashes: list.events.map(({ event }) => payloadLeafHash(payloadOf(event))),
  }));
  return { ...statement, lists };
}

export function readStatement(input: Uint8Array | string): Outcome<StatementInHand> {
  const statement = inHand(input);
  const events = statement.lists.reduce((sum, list) => sum + list.events.length, 0);
  return established(`${plural(statement.lists.length, "list")} with ${plural(events, "event")}`, statement);
}

/** The first list is of the id that was asked for. An honest list of a neighbouring number would pass every other check. */
export function isAbout(
  { statement }: Given,
  about: { readonly kind: IndexKind; readonly id: string } | undefined,
): Outcome<true> {
  const [first] = statement.lists;
  if (first === undefined) return failed("it has no list");
  if (about === undefined) return passed(`it is about the ${first.kind} ${first.id}; compare the number`);
  return first.kind === about.kind && first.id === about.id
    ? passed(`it is about the ${first.kind} ${first.id}`)
    : failed(`it is about the ${first.kind} ${first.id}, and was asked for the ${about.kind} ${about.id}`);
}

/** The number of events, and the tree over them, are what the leaf of the index commits to. */
export function entriesAreAll({ statement }: Given): Outcome<true> {
  for (const [at, list] of statement.lists.entries()) {
    const fault = countFault(list) ?? commitmentFault(list);
    if (fault !== undefined) return failed(`${listName(statement, at)}${fault}`);
  }
  const counts = statement.lists.map(({ entry }) => plural(entry?.count ?? 0, "event"));
  return passed(`${counts.join(", ")}: none is missing, none was added`);
}

function countFault({ entry, since, events }: ListInHand): string | undefined {
  const shown = (since?.size ?? 0) + events.length;
  if (entry === undefined)
    return shown === 0 ? undefined : "events were added to a list that is said to be empty";
  if (shown < entry.count)
    return `entries were removed or cut off: ${entry.count} are proven, ${shown} are there`;
  if (shown > entry.count) return `entries were added: ${entry.count} are proven, ${shown} are there`;
  return undefined;
}

function commitmentFault({ entry, since, leafHashes, proof }: ListInHand): string | undefined {
  if (entry === undefined) return undefined;
  const treeRoot = frontierRoot(appendAll(since ?? emptyFrontier(), leafHashes));
  const commitment = entryCommitment({ ...entry, treeRoot });
  if (proof.leaf !== undefined && equal(commitment, proof.leaf.commitment)) return undefined;
  return "an entry was changed, swapped, replaced or left out: these are not the events that the index commits to";
}

/** The entries stand in the order of the log, below the horizon, each once. */
export function inOrder({ statement }: Given): Outcome<true> {
  const { horizon, lists } = statement;
  for (const [at, { events, leafHashes }] of lists.entries()) {
    const places = new Map<string, number>();
    let previous = -1;
    for (const [place, { index }] of events.entries()) {
      const name = entryName(statement, at, place);
      const leaf = toHex(leafHashes[place] ?? new Uint8Array());
      const twin = places.get(leaf);
      if (twin !== undefined) return failed(`${name} repeats entry ${twin + 1}`);
      if (index <= previous)
        return failed(`${name} stands before the entry in front of it in the log: they were swapped`);
      if (index >= horizon) return failed(`${name} lies beyond the horizon, ${horizon}`);
      places.set(leaf, place);
      previous = index;
    }
  }
  return passed(`in the order of the log, below ${horizon}, each once`);
}

/** What is shown of each entry opens digests of its event, and shows that the event is the id's, unless a closure says why not. */
export function openEntries({ statement }: Given): Outcome<OpenedLists> {
  const opened: OpenedEntry[][] = [];
  let closed = 0;
  for (const [at, list] of statement.lists.entries()) {
    const entries: OpenedEntry[] = [];
    for (const [place, entry] of list.events.entries()) {
      const found = openEntry(list, entry);
      if (typeof found === "string") return failed(`${entryName(statement, at, place)} ${found}`);
      entries.push(found);
      if (found.closedBy !== undefined) closed++;
    }
    opened.push(entries);
  }
  const shown = opened.reduce((sum, entries) => sum + entries.length, 0) - closed;
  return established(`${shown} shown, ${closed} closed`, opened);
}

/** The entry opened, or what is wrong with it. */
function openEntry({ kind, id }: ListInHand, entry: StatementEntry): OpenedEntry | string {
  let shown: ShownEvent;
  try {
    shown = parseShownEvent(entry.event);
  } catch (error) {
    if (error instanceof FormatError) return `cannot be read: ${error.message} (${error.code})`;
    throw error;
  }
  const facets = openFacets(shown);
  const isWhole = shown.disclosures.length === shown.payload.sd.length;
  const keys = shownIndexKeys(shown.payload.src, facets, isWhole);
  const names = keys.some((key) => key.kind === kind && key.id === id);
  if (!names && entry.closedBy === undefined) {
    return "does not show why it is in this list, and no closure says why it cannot";
  }
  return { ...entry, shown, facets, leafHash: payloadLeafHash(shown.payloadText) };
}

/** A mandate that joins another number to a list's, or that did. */
interface Link {
  /** Of the entry that says so last. */
  readonly index: number;
  readonly granted: boolean;
  /** The number joined; undefined where it is not shown. */
  readonly joined: string | undefined;
}

/**
 * Every number that a mandate in a list joins to that list's id has a list of its own, and no entry hides whether it does. Only two entries may
 * excuse a list that is missing, and its reader is told: a shown revocation, of which evidence proves that its agency signed it, and a
 * later entry that was ordered erased, which nobody can read any more.
 */
export function coversLinked({
  statement,
  opened,
  orders,
}: Given & {
  readonly opened: OpenedLists;
  readonly orders: readonly { readonly type: "seal" | "erasure" }[];
}): Outcome<true> {
  const covered = new Set(statement.lists.filter(({ kind }) => kind === "person").map(({ id }) => id));
  const warnings: string[] = [];
  let joined = 0;
  for (const [at, entries] of opened.entries()) {
    const list = statement.lists[at];
    if (list?.kind !== "person") continue;
    const silent = entries.findIndex(hidesLink);
    if (silent !== -1)
      return failed(`${entryName(statement, at, silent)} does not show whether it joins another number`);
    const isErased = ({ closedBy }: OpenedEntry): boolean =>
      closedBy !== undefined && orders[closedBy]?.type === "erasure";
    const lastErased = entries.findLast(isErased)?.index ?? -1;
    const name = listName(statement, at);
    for (const link of linksTo(list.id, entries)) {
      const isCovered = link.joined !== undefined && covered.has(link.joined);
      const place = `(log index ${link.index})`;
      if (!link.granted) {
        if (!isCovered)
          warnings.push(
            `${name}an entry ${place} says that another number is not this person's any more; evidence of that entry proves who said so`,
          );
      } else if (isCovered) joined++;
      // What it joined need not be shown any more once it may have ended.
      else if (link.index < lastErased)
        warnings.push(`${name}another number was joined to this one, unless an erased entry ended that`);
      else if (link.joined === undefined)
        return failed(`${name}a mandate ${place} joins another number, but does not show which`);
      else
        return failed(`${name}a mandate ${place} joins another number to this one, but its list is missing`);
    }
  }
  if (warnings.length > 0) return warning(warnings.join("; "));
  return passed(
    joined === 0 ? "no other number is joined to it" : `${plural(joined, "number")} joined to it`,
  );
}

/** Whether an open entry may be a mandate without saying so: whoever hides it hides the list of another number with it. */
function hidesLink({ facets, closedBy }: OpenedEntry): boolean {
  const { type, mandate } = facets;
  return closedBy === undefined && (type === undefined || (type === "mandate" && mandate === undefined));
}

/** What the mandates of a list say last about other numbers of its person. Who is the same person does not end with time. */
function linksTo(id: string, entries: readonly OpenedEntry[]): readonly Link[] {
  const links = new Map<string, Link>();
  for (const { index, shown, facets } of entries) {
    const { mandate } = facets;
    if (!isJsonObject(mandate) || mandate["basis"] !== "same-person") continue;
    const [before, present] = [idIn(facets.subject), idIn(facets["subject.2"])];
    // A mandate's id is its agency's own.
    const name = JSON.stringify([splitSource(shown.payload.src).agency, mandate["id"]]);
    const granted = mandate["state"] === "granted";
    const joined = before === id ? present : before;
    // A revocation of what was never granted joined nothing.
    if (granted || links.has(name))
      links.set(name, { index, granted, joined: joined ?? links.get(name)?.joined });
  }
  return [...links.values()];
}

function idIn(subject: unknown): string | undefined {
  if (!isJsonObject(subject)) return undefined;
  const { scheme, id } = subject;
  return typeof scheme === "string" && typeof id === "string" ? `${scheme}:${id}` : undefined;
}

/**
 * Where the statement leaves out what an earlier one listed, that one's events are the very ones whose tree it goes on from. The earlier
 * statement need not be proven anew: its events are, by this.
 */
export function continuesEarlier(
  { statement }: Given,
  earlierInput: Uint8Array | string | undefined,
): Outcome<true> {
  if (earlierInput === undefined) return standsAlone(statement);
  const earlier = inHand(earlierInput);
  if (formatLogId(earlier.log) !== formatLogId(statement.log))
    return failed("the earlier statement is of another log");
  if (earlier.horizon > statement.horizon) {
    return failed(
      `this statement is the older one: it covers ${statement.horizon} entries, the one it should continue ${earlier.horizon}`,
    );
  }
  for (const [at, list] of statement.lists.entries()) {
    const before = sameList(earlier, list);
    const fault = before === undefined ? missingBefore(list) : continuationFault(list, before);
    if (fault !== undefined) return failed(`${listName(statement, at)}${fault}`);
  }
  const lost = earlier.lists.findIndex((list) => sameList(statement, list) === undefined);
  if (lost === 0) return failed("the list of the earlier statement has none here that continues it");
  if (lost !== -1) {
    // Its number may not be the person's any more, which only the whole list of the first one can tell.
    return notChecked(
      `list ${lost + 1} of the earlier statement has no list here that continues it: ask for this statement without since, and see why`,
    );
  }
  return passed(`it goes on from the statement that covers ${earlier.horizon} entries`);
}

function standsAlone(statement: StatementInHand): Outcome<true> {
  const left = statement.lists.reduce((sum, { since }) => sum + (since?.size ?? 0), 0);
  return left === 0
    ? passed("it lists everything from the first event on")
    : notChecked(`it leaves out ${plural(left, "earlier event")}: name the statement that lists them`);
}

function sameList(statement: StatementInHand, { kind, id }: ListInHand): ListInHand | undefined {
  return statement.lists.find((list) => list.kind === kind && list.id === id);
}

function missingBefore({ since }: ListInHand): string | undefined {
  return since === undefined ? undefined : "it leaves out events that the earlier statement does not list";
}

function continuationFault(list: ListInHand, before: ListInHand): string | undefined {
  const known = appendAll(before.since ?? emptyFrontier(), before.leafHashes);
  const { since, events, leafHashes } = list;
  if (since !== undefined && since.size !== known.size) {
    return `it leaves out ${plural(since.size, "event")}, the earlier statement lists ${known.size}`;
  }
  const total = (since?.size ?? 0) + leafHashes.length;
  if (total < known.size)
    return `the earlier statement lists ${plural(known.size, "event")}, this one only ${total}`;
  const start = since ?? appendAll(emptyFrontier(), leafHashes.slice(0, known.size));
  if (!isSameTree(start, known))
    return "the events of the earlier statement are not those that this one goes on from";
  const last = before.events.at(-1)?.index ?? -1;
  const next = events[known.size - (since?.size ?? 0)]?.index ?? Infinity;
  return next > last ? undefined : "it adds an event in front of those of the earlier statement";
}

function isSameTree(a: Frontier, b: Frontier): boolean {
  return a.size === b.size && equal(frontierRoot(a), frontierRoot(b));
}

/** Nothing where there is only one list. */
export function listName({ lists }: Statement, at: number): string {
  return lists.length === 1 ? "" : `list ${at + 1}: `;
}

export function entryName(statement: Statement, list: number, place: number): string {
  const index = statement.lists[list]?.events[place]?.index ?? 0;
  return `${listName(statement, list)}entry ${place + 1} (log index ${index})`;
}

export function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
