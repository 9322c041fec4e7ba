import type { Disclosure } from "../../protocol/disclosure.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";
import { DECOY } from "../../protocol/facets.ts";
import type { ParsedEvent, ShownEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { splitSource } from "../../protocol/source.ts";
import { maySeeFacet, type Role } from "../../protocol/visibility.ts";
import type { Caller, PersonId } from "../identity/caller.ts";

/** A caller, and the people they may see as themselves. */
export interface Viewer {
  readonly caller: Caller;
  /** A citizen's own numbers, and those of whom they hold a mandate for; empty for everybody else. */
  readonly own: readonly PersonId[];
}

/**
 * The event as this viewer may see it: its payload, and those disclosures that protocol/visibility.ts opens to the caller in
 * the capacity they have towards this very event. A citizen who is not in it, or an agency that is no party to it, is the public.
 * Decoys are shown only to prove to who sees everything that an official acted without an exchange.
 * `isConcerned`: whether it is an order (a seal, an erasure) about events of the viewer's own.
 */
export function eventAsSeenBy(viewer: Viewer, event: ParsedEvent, isConcerned = false): ShownEvent {
  const role = capacityOf(viewer, event, isConcerned);
  const { type } = event;
  const maySee = ({ name, value }: Disclosure): boolean =>
    maySeeFacet({ role, type, name, own: isOwn(viewer, value) });
  const showsAll =
    needsAllShown(event) && event.disclosures.every((each) => each.name === DECOY || maySee(each));
  return showsAll ? event : { ...event, disclosures: event.disclosures.filter(maySee) };
}

/**
 * Which official acted hangs on the exchange: where there is none, only the last digest opened proves it, and without that an official's
 * statement could not show why the event is in it.
 */
function needsAllShown({ disclosures }: ParsedEvent): boolean {
  const names = new Set(disclosures.map(({ name }) => name));
  return names.has("agent.id") && !names.has("exchange");
}

/** In which of the roles the viewer looks at this event. */
export function capacityOf({ caller, own }: Viewer, event: ParsedEvent, isConcerned: boolean): Role {
  switch (caller.role) {
    case "citizen":
      return isConcerned || own.some((person) => namesPerson(event, person)) ? caller.role : "public";
    case "agency":
    case "officer":
      return partiesOf(event, caller.role).has(caller.agency) ? caller.role : "public";
    default:
      return caller.role;
  }
}

/** Recorder part of the source through which people's acts are recorded. */
const DESK = "desk";

/**
 * The agencies that know of the event anyway: the one that recorded it, both sides of its exchange, and whom a complaint is about. What the desk
 * recorded is what people did, and who looked at them: the operator's systems are no party to it; its officer is, and is watched.
 */
function partiesOf(event: ParsedEvent, role: "agency" | "officer"): ReadonlySet<string> {
  const { agency: recordedBy, recorder } = splitSource(event.payload.src);
  const facet = (named: string): unknown => event.disclosures.find(({ name }) => name === named)?.value;
  const parties = new Set<string>();
  const complaint = facet("complaint");
  if (isJsonObject(complaint) && typeof complaint["agency"] === "string") parties.add(complaint["agency"]);
  if (recorder === DESK && role === "agency") return parties;
  parties.add(recordedBy);
  const exchange = facet("exchange");
  if (!isJsonObject(exchange)) return parties;
  for (const side of [exchange["client"], exchange["service"]]) {
    const agency = typeof side === "string" ? agencyOfSide(side) : undefined;
    if (agency !== undefined) parties.add(agency);
  }
  return parties;
}

function namesPerson({ disclosures }: ParsedEvent, person: PersonId): boolean {
  return disclosures.some(({ name, value }) => /^subject(?:\.[2-8])?$/.test(name) && isPerson(value, person));
}

function isOwn({ own }: Viewer, value: unknown): boolean {
  return own.some((person) => isPerson(value, person));
}

function isPerson(value: unknown, { scheme, id }: PersonId): boolean {
  return isJsonObject(value) && value["scheme"] === scheme && value["id"] === id;
}
