import { hash } from "node:crypto";
import type { Disclosure } from "../../protocol/disclosure.ts";
import type { ParsedEvent } from "../../protocol/event.ts";
import { DECOY, isEventType, isFacetName } from "../../protocol/facets.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Payload } from "../../protocol/payload.ts";
import { isSource } from "../../protocol/source.ts";

/**
 * An event of the records, whose disclosures end with a tilde each. It was parsed strictly when it was received, and its disclosures are authenticated by the key they were sealed
 * with: read here is only what it says, in a third of the time. That it still is one event is checked: each digest is opened, by one disclosure.
 * Throws Error where it is not: the records are damaged.
 */
export function recordedEvent(payload: Uint8Array, disclosures: string): ParsedEvent {
  const payloadText = asBuffer(payload).toString("latin1");
  const parsed = payloadIn(payloadText);
  const unopened = new Set(parsed.sd);
  const opened = disclosures.split("~").slice(0, -1).map(disclosureIn);
  for (const { digest } of opened) if (!unopened.delete(digest)) throw damaged();
  const type = opened.find(({ name }) => name === "type")?.value;
  if (unopened.size > 0 || !isEventType(type)) throw damaged();
  return { payload: parsed, payloadText, disclosures: opened, type };
}

function payloadIn(text: string): Payload {
  const value = jsonIn(text);
  if (!isJsonObject(value)) throw damaged();
  const { src, seq, _sd: sd } = value;
  if (!isSource(src) || typeof seq !== "number" || !isTextList(sd)) throw damaged();
  return { v: 1, src, seq, sd };
}

function disclosureIn(text: string): Disclosure {
  const parts = jsonIn(text);
  if (!isList(parts)) throw damaged();
  const [salt, name, value] = parts;
  if (typeof salt !== "string" || !(name === DECOY || isFacetName(name))) throw damaged();
  return { text, digest: hash("sha256", text, "base64url"), salt, name, value };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString());
  } catch {
    throw damaged();
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isTextList(value: unknown): value is string[] {
  return isList(value) && value.every((item) => typeof item === "string");
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Without the cause, which may quote the event. */
function damaged(): Error {
  return new Error("the records hold an event whose parts do not belong together");
}
