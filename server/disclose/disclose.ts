import type { Disclosure } from "../../protocol/disclosure.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";
import { DECOY } from "../../protocol/facets.ts";
import { type ParsedEvent, showEvent } from "../../protocol/event.ts";
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
export function eventAsSeenBy(viewer: Viewer, event: ParsedEvent, isConcerned = false): string {
  const role = capacityOf(viewer, event, isConcerned);
  const { type } = event;
  const maySee = ({ name, value }: Disclosure): boolean =>
    maySeeFacet({ role, type, name, own: isOwn(viewer, value) });
  const showsAll =
    needsAllShown(event) && event.disclosures.every((each) => each.name === DECOY || maySee(each));
  return showEvent(event, showsAll ? () => true : maySee);
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
      return partiesOf(event).has(caller.agency) ? caller.role : "public";
    default:
      return caller.role;
  }
}

/** The agencies that know of the event anyway: the one that recorded it, and both sides of its exchange. */
function partiesOf(event: ParsedEvent): ReadonlySet<string> {
  const parties = new Set([splitSource(event.payload.src).agency]);
  const exchange = event.disclosures.find(({ name }) => name === "exchange")?.value;
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
