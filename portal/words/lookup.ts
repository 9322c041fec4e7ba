import { useTranslation } from "react-i18next";

/**
 * Looks a word up by a key that comes from data, such as `data:findings.no-case`; what is not there is called by the fallback. `context`: which of several
 * words for it, where there are several.
 */
export type Lookup = (key: string, fallback: string, context?: string) => string;

export function useLookup(): Lookup {
  const { t, i18n } = useTranslation();
  // Any key that is there stands for all: they are texts.
  const isThere = (key: string): key is "loading" => i18n.exists(key);
  return (key, fallback, context) =>
    isThere(key) ? t(key, { ...(context !== undefined && { context }) }) : fallback;
}
