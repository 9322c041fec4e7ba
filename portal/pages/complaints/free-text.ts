/** Characters of a text about a complaint at most. */
export const MAX_TEXT = 2000;

/** What the ledger refuses in free text: a run of exactly twelve digits. */
const PERSONAL_NUMBER = /(?<!\d)\d{12}(?!\d)/;

/** What is wrong with a text that is to be written into the record; undefined when nothing. */
export function faultIn(text: string): "missing" | "number" | undefined {
  if (text.trim() === "") return "missing";
  return PERSONAL_NUMBER.test(text) ? "number" : undefined;
}
