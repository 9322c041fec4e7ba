import { FormatError } from "./errors.ts";

declare const brand: unique symbol;

/** `agency/recorder`, such as `qn-police/r1`: who signs a gapless sequence of events. */
export type Source = string & { readonly [brand]: "Source" };

const SLUG = "[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?";
const SOURCE = new RegExp(`^${SLUG}/${SLUG}$`);
const AGENCY_CODE = new RegExp(`^${SLUG}$`);

/** A JSON Schema pattern for a source. */
export const SOURCE_PATTERN = SOURCE.source;

/** Whether a text is written as an agency's code: a slug of 1 to 31 characters. */
export function isAgencyCode(text: string): boolean {
  return AGENCY_CODE.test(text);
}

/** Whether a value is a source: two slugs of 1 to 31 characters each, so that each fits a bytes32 on the chain. */
export function isSource(value: unknown): value is Source {
  return typeof value === "string" && SOURCE.test(value);
}

/** Throws FormatError `source` when the text is no `agency/recorder`. */
export function parseSource(text: string): Source {
  if (!isSource(text)) {
    throw new FormatError(
      "source",
      "expected agency/recorder, each of 1 to 31 lowercase letters, digits and inner hyphens, such as qn-police/r1",
    );
  }
  return text;
}

/** The two slugs of a source. */
export function splitSource(source: Source): { agency: string; recorder: string } {
  const slash = source.indexOf("/");
  return { agency: source.slice(0, slash), recorder: source.slice(slash + 1) };
}
