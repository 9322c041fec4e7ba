import { useTranslation } from "react-i18next";

/** Writes moments and numbers as people of the language do; times with their zone, which is the reader's own. */
export interface Writing {
  /** Day and time with the zone, of Unix seconds. */
  readonly moment: (unixSeconds: number) => string;
  readonly day: (unixSeconds: number) => string;
  readonly month: (unixSeconds: number) => string;
  /** Hours and minutes with the zone. */
  readonly time: (unixSeconds: number) => string;
  /** "in 3 days", "2 hours ago". */
  readonly relative: (unixSeconds: number, nowSeconds: number) => string;
  readonly count: (number: number) => string;
  readonly list: (items: readonly string[]) => string;
}

const LOCALES: Readonly<Record<string, string>> = { vi: "vi-VN", en: "en-GB" };
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

export function writingIn(language: string, timeZone?: string): Writing {
  const locale = LOCALES[language] ?? "vi-VN";
  const zoned = timeZone === undefined ? {} : { timeZone };
  const format = (options: Intl.DateTimeFormatOptions) => {
    const formatter = new Intl.DateTimeFormat(locale, { ...zoned, ...options });
    return (unixSeconds: number): string => formatter.format(unixSeconds * 1000);
  };
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const count = new Intl.NumberFormat(locale);
  const list = new Intl.ListFormat(locale, { type: "conjunction" });
  const day = { day: "numeric", month: "long", year: "numeric" } as const;
  const time = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } as const;
  const dayOf = format(day);
  const timeOf = format(time);
  return {
    moment: (unixSeconds) => `${dayOf(unixSeconds)}, ${timeOf(unixSeconds)}`,
    day: dayOf,
    month: format({ month: "long", year: "numeric" }),
    time: timeOf,
    relative: (unixSeconds, nowSeconds) => {
      const seconds = unixSeconds - nowSeconds;
      const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["minute", 60];
      return relative.format(Math.trunc(seconds / size), unit);
    },
    count: (number) => count.format(number),
    list: (items) => list.format(items),
  };
}

const KEPT = new Map<string, Writing>();

/** The writing of the page's language. */
export function useWriting(): Writing {
  const { i18n } = useTranslation();
  const { language } = i18n;
  const kept = KEPT.get(language) ?? writingIn(language);
  KEPT.set(language, kept);
  return kept;
}
