import i18next, { type i18n } from "i18next";
import { initReactI18next } from "react-i18next";

import { type Language, LANGUAGES, rememberLanguage } from "./languages.ts";
import type { Words } from "./vi/index.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "shell";
    resources: Words;
  }
}

/** The words of a language; only those in use are loaded. */
async function wordsOf(language: Language): Promise<object> {
  return language === "en" ? (await import("./en/index.ts")).en : (await import("./vi/index.ts")).vi;
}

async function furtherWordsOf(language: Language): Promise<object> {
  return language === "en"
    ? (await import("./en/further.ts")).further
    : (await import("./vi/further.ts")).further;
}

/** Loads everything in every language, for a page that goes on when the server is gone. */
export async function loadAllWords(): Promise<void> {
  await Promise.all(LANGUAGES.flatMap((language) => [wordsOf(language), furtherWordsOf(language)]));
}

const words = i18next.createInstance();
let needsFurther = false;

async function addWords(language: Language): Promise<void> {
  const areas = await Promise.all([wordsOf(language), needsFurther ? furtherWordsOf(language) : {}]);
  for (const [area, texts] of areas.flatMap((all) => Object.entries(all) as [string, unknown][])) {
    words.addResourceBundle(language, area, texts, true, true);
  }
}

/** Makes the words ready. */
export async function startWords(language: Language): Promise<i18n> {
  await words.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    defaultNS: "shell",
    resources: {},
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await addWords(language);
  document.documentElement.lang = language;
  return words;
}

/** Adds the words that no citizen reads first, for a page that needs them, in this language and whatever it is changed to. */
export async function addFurtherWords(): Promise<void> {
  needsFurther = true;
  await addWords(words.language === "en" ? "en" : "vi");
}

/** Changes the language of the page, and remembers it. */
export async function changeLanguage(language: Language): Promise<void> {
  await addWords(language);
  await words.changeLanguage(language);
  document.documentElement.lang = language;
  rememberLanguage(language);
}
