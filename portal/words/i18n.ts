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
async function wordsOf(language: Language): Promise<Words> {
  return language === "en" ? (await import("./en/index.ts")).en : (await import("./vi/index.ts")).vi;
}

/** Loads every language, for a page that goes on when the server is gone. */
export async function loadAllWords(): Promise<void> {
  await Promise.all(LANGUAGES.map(wordsOf));
}

/** Makes the words ready. */
export async function startWords(language: Language): Promise<i18n> {
  const words = i18next.createInstance();
  await words.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    defaultNS: "shell",
    resources: { [language]: await wordsOf(language) },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
  return words;
}

/** Changes the language of the page, and remembers it. */
export async function changeLanguage(words: i18n, language: Language): Promise<void> {
  for (const [area, texts] of Object.entries(await wordsOf(language))) {
    words.addResourceBundle(language, area, texts, true, true);
  }
  await words.changeLanguage(language);
  document.documentElement.lang = language;
  rememberLanguage(language);
}
