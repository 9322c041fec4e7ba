import { agencyOfSide } from "../../protocol/exchange.ts";
import { type ParsedEvent, showEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { splitSource } from "../../protocol/source.ts";
import { maySeeFacet, type Role } from "../../protocol/visibility.ts";
import type { Caller, PersonId } from "../identity/caller.ts";

/**
 * The event as this caller may see it: its payload, and those disclosures that protocol/visibility.ts opens to the caller in
 * the capacity they have towards this very event. A citizen who is not in it, or an agency that is no party to it, is the public.
 */
export function eventAsSeenBy(caller: Caller, event: ParsedEvent): string {
  const role = capacityOf(caller, event);
  const { type } = event;
  return showEvent(event, ({ name, value }) => maySeeFacet({ role, type, name, own: isOwn(caller, value) }));
}

/** In which of the roles the caller looks at this event. */
function capacityOf(caller: Caller, event: ParsedEvent): Role {
  switch (caller.role) {
    case "citizen":
      return event.disclosures.some((disclosure) => namesPerson(disclosure, caller.subject))
        ? caller.role
        : "public";
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

function namesPerson({ name, value }: ParsedEvent["disclosures"][number], person: PersonId): boolean {
  return /^subject(?:\.[2-8])?$/.test(name) && isPerson(value, person);
}

function isOwn(caller: Caller, value: unknown): boolean {
  return caller.role === "citizen" && isPerson(value, caller.subject);
}

function isPerson(value: unknown, { scheme, id }: PersonId): boolean {
  return isJsonObject(value) && value["scheme"] === scheme && value["id"] === id;
}
