/** Vietnamese first. */
export const LANGUAGES = ["vi", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "minhbach.language";

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

/** What the person chose here before, else Vietnamese unless the browser prefers English to it. */
export function preferredLanguage(stored: string | null, browser: readonly string[]): Language {
  if (isLanguage(stored)) return stored;
  const known = browser.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return known ?? "vi";
}

/** The language to begin with. */
export function firstLanguage(): Language {
  return preferredLanguage(localStorage.getItem(STORED), navigator.languages);
}

/** Remembers the choice on this device. */
export function rememberLanguage(language: Language): void {
  localStorage.setItem(STORED, language);
}

/** The text of the language, of a pair as the catalogue has them. */
export function inLanguage(language: string, text: { readonly vi: string; readonly en: string }): string {
  return language === "en" ? text.en : text.vi;
}
