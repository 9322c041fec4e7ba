import { randomBytes } from "node:crypto";
import { makeEvent, parseShownEvent } from "../protocol/event.ts";
import { isEventType, type EventType } from "../protocol/facets.ts";
import type { Source } from "../protocol/source.ts";
import type { PoisonRecord } from "./spool-rows.ts";

/** Longest refusal code a tombstone repeats. */
const MAX_REASON_LENGTH = 64;

/**
 * The event that takes the number of one the ledger refused. It says the refusal's code and the type of the event it
 * stands for, and nothing about a person.
 */
export function makeTombstone(source: Source, seq: number, refused: string, code: string): string {
  const type = typeOf(refused);
  const reason = /^[a-z0-9-]+$/.test(code) ? code.slice(0, MAX_REASON_LENGTH) : "refused";
  return makeEvent({
    source,
    seq,
    facets: { type: "tombstone", tombstone: type === undefined ? { reason } : { reason, type } },
    random: randomBytes,
  });
}

/** Whether an event is a tombstone already. */
export function isTombstone(event: string): boolean {
  return typeOf(event) === "tombstone";
}

/** The refused event with what the ledger said, for the operator. */
export function poisonRecord(
  event: string,
  refusal: { code: string; detail: string },
  since: number,
): PoisonRecord {
  return { event, code: refusal.code, detail: refusal.detail, since };
}

function typeOf(event: string): EventType | undefined {
  try {
    const value = parseShownEvent(event).disclosures.find(({ name }) => name === "type")?.value;
    return isEventType(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
