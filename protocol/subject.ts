import { FormatError } from "./errors.ts";

/** Numbering schemes of people, each with the grammar of its canonical ids. One person's number has one spelling. */
export const SUBJECT_ID_PATTERNS = {
  /** Personal identification number: 12 digits. */
  "vn-cccd": "^[0-9]{12}$",
  /** The older identity card: 9 digits. The 12 digits on the last ones issued are the personal identification number: `vn-cccd`. */
  "vn-cmnd": "^[0-9]{9}$",
  /** Vietnamese passport: a letter and 7 digits. */
  "vn-passport": "^[A-Z][0-9]{7}$",
  /** Any other passport: ISO 3166-1 alpha-3 issuer and number. A Vietnamese one is a `vn-passport`. */
  passport: "^(?!VNM:)[A-Z]{3}:[A-Z0-9]{5,15}$",
  /** A newborn without a number yet: the birth notice, `facility.GCS.serial.year`, as hospitals report it. */
  "vn-newborn": "^[0-9]{5}\\.GCS\\.[0-9]{5}\\.[0-9]{2}$",
} as const;

export type SubjectScheme = keyof typeof SUBJECT_ID_PATTERNS;

const GRAMMARS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries(SUBJECT_ID_PATTERNS).map(([scheme, pattern]) => [scheme, new RegExp(pattern)]),
);

/** Whether a value is the name of a numbering scheme. */
export function isSubjectScheme(value: unknown): value is SubjectScheme {
  return typeof value === "string" && GRAMMARS.has(value);
}

/** Whether `id` is a canonical id of the scheme. */
export function isCanonicalSubjectId(scheme: SubjectScheme, id: string): boolean {
  return GRAMMARS.get(scheme)?.test(id) === true;
}

const PERSONAL_NUMBER = /(?<![0-9])[0-9]{12}(?![0-9])/;

/** Whether a text that anybody may read holds what can be a citizen's number: 12 digits in a row, and no more. */
export function holdsPersonalNumber(text: string): boolean {
  return PERSONAL_NUMBER.test(text);
}

/**
 * The canonical spelling of an id as people type it: without spaces and hyphens, in capitals. Throws FormatError
 * `subject-id`, without repeating the id, when the result is none of the scheme's.
 */
export function canonicalSubjectId(scheme: SubjectScheme, typed: string): string {
  const id = typed.replace(/[\s-]/g, "").toUpperCase();
  if (!isCanonicalSubjectId(scheme, id)) {
    throw new FormatError("subject-id", `this is no ${scheme} number; check the scheme and the digits`);
  }
  return id;
}

/** Whether two ids are of one scheme and the same. Two numbers of one person are two ids: mandates join them. */
export function isSamePerson(
  a: { readonly scheme: string; readonly id: string },
  b: { readonly scheme: string; readonly id: string },
): boolean {
  return a.scheme === b.scheme && a.id === b.id;
}
