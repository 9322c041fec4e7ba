import { useTranslation } from "react-i18next";

import { type Catalogue, useCatalogue } from "../api/catalogue.ts";
import { inLanguage } from "./languages.ts";
import { useLookup } from "./lookup.ts";

/** What codes are called, as the public catalogue has it; a code that it does not know stands for itself. */
export interface Naming {
  readonly agency: (code: string) => string;
  readonly procedure: (code: string) => string;
  readonly categories: (codes: readonly string[]) => readonly string[];
}

/** @param own names what stands in no catalogue */
export function namingBy(
  catalogue: Catalogue | undefined,
  language: string,
  own: (code: string) => string,
): Naming {
  const named = (name: { readonly vi: string; readonly en: string } | undefined, code: string): string =>
    name === undefined ? own(code) : inLanguage(language, name);
  const kindOf = (code: string): string => catalogue?.members[code]?.[0] ?? "";
  const hasTwin = (code: string): boolean =>
    Object.keys(catalogue?.members ?? {}).some((other) => other !== code && kindOf(other) === kindOf(code));
  return {
    agency: (code) => {
      const name = named(catalogue?.agencies[kindOf(code)], code);
      return name !== code && hasTwin(code) ? `${name} (${code})` : name;
    },
    procedure: (code) => named(catalogue?.procedures.find((each) => each.code === code)?.name, code),
    categories: (codes) => codes.map((code) => named(catalogue?.categories[code], code)),
  };
}

/** What codes are called in the page's language. */
export function useNaming(): Naming {
  const { i18n } = useTranslation();
  const { data } = useCatalogue();
  const lookup = useLookup();
  return namingBy(data, i18n.language, (code) => lookup(`names:${code.replaceAll(":", "-")}`, code));
}
