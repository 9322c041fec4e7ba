/**
 * What seals and erasures can close. A seal delays that an event is shown; an erasure empties it for good and for everybody.
 * An order may name any event; where it cannot close one, it has no effect on it.
 */
import { openFacets, type ParsedEvent } from "./event.ts";
import type { EventType } from "./facets.ts";
import { isJsonObject } from "./json.ts";
import { splitSource } from "./source.ts";

/** Why an event cannot be closed. */
export type ClosingBar =
  /** The machine's own events hold nobody's data, and show that the system works or that a source cheated. */
  | "machine"
  /** Seals and erasures must stay readable to those whom they concern; they name nobody. */
  | "order"
  /** A mandate lets somebody into a list, and the list's owner is to see that. */
  | "mandate"
  /** A look into the ledger by those who watch over it: closed, nobody would watch them. */
  | "look"
  /** What an inspectorate or an officer decided and notified has to be documented; emptied, a confirmed breach would be open again. */
  | "inspection";

const BARS: Readonly<Partial<Record<EventType, ClosingBar>>> = {
  catalogue: "machine",
  equivocation: "machine",
  heartbeat: "machine",
  tombstone: "machine",
  seal: "order",
  erasure: "order",
};

/** Recorder part of the source through which people's acts are recorded, and how its own procedures begin. */
const DESK = "desk";
const OWN_PROCEDURES = "minhbach:";

/** What keeps an order of this kind from closing the event; undefined when nothing does. */
export function closingBar(event: ParsedEvent, kind: "seal" | "erasure"): ClosingBar | undefined {
  const bar = BARS[event.type];
  if (bar !== undefined) return bar;
  if (isLook(event)) return "look";
  if (kind === "erasure" && event.type === "inspection" && isDesks(event)) return "inspection";
  // Erased, a mandate lets in nobody.
  return kind === "seal" && event.type === "mandate" ? "mandate" : undefined;
}

function isDesks({ payload }: ParsedEvent): boolean {
  return splitSource(payload.src).recorder === DESK;
}

function isLook(event: ParsedEvent): boolean {
  if (event.type !== "access" || !isDesks(event)) return false;
  const { purpose } = openFacets(event);
  const procedure = isJsonObject(purpose) ? purpose["procedure"] : undefined;
  return typeof procedure === "string" && procedure.startsWith(OWN_PROCEDURES);
}
