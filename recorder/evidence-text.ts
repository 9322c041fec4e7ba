import { FormatError } from "../protocol/errors.ts";
import { payloadOf } from "../protocol/event.ts";
import { formatEvidence, parseEvidenceFile } from "../protocol/evidence.ts";

/** The evidence with the event as we spooled it; undefined when it is unreadable or about another payload. */
export function withDisclosures(text: string, event: string): string | undefined {
  try {
    const file = parseEvidenceFile(text);
    return payloadOf(file.event) === payloadOf(event) ? formatEvidence({ ...file, event }) : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** The evidence that shows nothing of what happened: it still proves that the event was recorded. Throws FormatError. */
export function withoutDisclosures(text: string): string {
  const file = parseEvidenceFile(text);
  return formatEvidence({ ...file, event: `${payloadOf(file.event)}~` });
}

/** The payload that a piece of evidence is about; undefined when it is unreadable. */
export function payloadIn(text: string): string | undefined {
  try {
    return payloadOf(parseEvidenceFile(text).event);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
