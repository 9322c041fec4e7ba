import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { splitSource } from "../../protocol/source.ts";
import { momentMs } from "../../protocol/moment.ts";

/** How long after an erasure was ordered its keys are destroyed at the latest: it waits for an anchor and its index. What a seal keeps waits for its end. */
export const ERASURE_PROMISE_SECONDS = 24 * 60 * 60;

/** What closes an event to most callers, or empties it for all. */
export interface Closure {
  readonly kind: "seal" | "erasure";
  /** Log index of the event that ordered it. */
  readonly index: number;
  /** When a seal ends by itself, RFC 3339 as ordered; an erasure has no end. */
  readonly until?: string;
}

/** All that was ordered about one leaf and still counts, in log order. */
export interface LeafOrders {
  /** The last placing of each seal that was not lifted. */
  readonly seals: readonly SealOrder[];
  /** The first erasure's index. */
  readonly erasure?: number;
}

interface SealOrder {
  /** Names the seal: an agency lifts or prolongs the seals it placed itself, by their ids. */
  readonly agency: string;
  readonly id: string;
  readonly index: number;
  readonly until: string;
}

export const NO_ORDERS: LeafOrders = { seals: [] };

/** An order to close or open other events, as it was recorded. Its agency was entitled to it, or it would not have been. */
export interface Order {
  readonly index: number;
  readonly agency: string;
  readonly id: string;
  /** Leaf hashes in base64url. */
  readonly leaves: readonly string[];
  readonly act: "seal" | "lift" | "erase";
  /** RFC 3339; empty for an erasure. */
  readonly until: string;
}

/** The order that an event of the log gives, or undefined when it gives none. */
export function orderIn(event: ParsedEvent, index: number): Order | undefined {
  const { agency } = splitSource(event.payload.src);
  const { seal, erasure } = openFacets(event);
  if (isJsonObject(erasure)) {
    return { index, agency, id: "", leaves: texts(erasure["leaves"]), act: "erase", until: "" };
  }
  if (!isJsonObject(seal)) return undefined;
  const { id, state, until, leaves } = seal;
  if (typeof id !== "string" || typeof until !== "string") return undefined;
  return { index, agency, id, leaves: texts(leaves), act: state === "lifted" ? "lift" : "seal", until };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The orders about a leaf after this one, given those before: they must come in log order. */
export function afterOrder(before: LeafOrders, { index, agency, id, act, until }: Order): LeafOrders {
  if (act === "erase") return { ...before, erasure: before.erasure ?? index };
  const others = before.seals.filter((other) => other.agency !== agency || other.id !== id);
  return { ...before, seals: act === "lift" ? others : [...others, { agency, id, index, until }] };
}

/** What closes the leaf at a time, in milliseconds: its erasure, else the seal that ends last. */
export function closureAt({ seals, erasure }: LeafOrders, now: number): Closure | undefined {
  if (erasure !== undefined) return { kind: "erasure", index: erasure };
  const last = sealAt({ seals }, now);
  return last && { kind: "seal", index: last.index, until: last.until };
}

/** The seal in force at a time, in milliseconds, that ends last, whether the leaf was ordered erased or not: what is sealed is not destroyed. */
export function sealAt(
  { seals }: Pick<LeafOrders, "seals">,
  now: number,
): Pick<SealOrder, "index" | "until"> | undefined {
  const [last] = seals
    .filter(({ until }) => momentMs(until) > now)
    .sort((a, b) => momentMs(b.until) - momentMs(a.until));
  return last;
}
