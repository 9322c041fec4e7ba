import { useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Select } from "../../parts/select.tsx";
import { useWriting } from "../../words/moments.ts";
import { useNaming } from "../../words/naming.ts";
import { yearAtAGlance, yearOf } from "./filter.ts";
import type { Item } from "./items.ts";
import { useAddressed } from "./whose.ts";

/** A month that was at least this full of the fullest one has this shade. */
const SHADES = [0, 0.25, 0.5, 0.75];

/** How often each agency used the data in each month of a year. It is a table: everybody can read it, and it needs no legend. */
export function Year({ items }: { readonly items: readonly Item[] }) {
  const { t, i18n } = useTranslation("data");
  const { count } = useWriting();
  const naming = useNaming();
  const context = useAddressed();
  const years = [...new Set(items.map(yearOf))];
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const year = chosen !== undefined && years.includes(chosen) ? chosen : (years[0] ?? new Date().getFullYear());
  const { rows, most } = yearAtAGlance(items, year);
  const months = Array.from({ length: 12 }, (_, month) => monthName(i18n.language, month));
  const shadeOf = (number: number): number =>
    number === 0 ? 0 : SHADES.findLastIndex((share) => number / most > share) + 1;
  // Where not all months fit, the last ones are seen first.
  const frame = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    frame.current?.scrollTo({ left: frame.current.scrollWidth });
  }, [year]);
  return (
    <section className="card stack-tight">
      <div className="row row-apart">
        <h2 id="year">{t("year.title")}</h2>
        <Select
          label={t("year.choose")}
          value={year}
          choices={years.map((each) => ({ id: each, name: String(each) }))}
          onChange={setChosen}
        />
      </div>
      <p className="quiet">{t("year.lead", { context })}</p>
      {rows.length === 0 ? (
        <p>{t("year.none")}</p>
      ) : (
        <div ref={frame} className="year-scroll" role="region" aria-labelledby="year" tabIndex={0}>
          <table className="year">
            <thead>
              <tr>
                <th scope="col">{t("year.agency")}</th>
                {months.map((month) => (
                  <th key={month.long} scope="col">
                    <abbr title={month.long}>{month.short}</abbr>
                  </th>
                ))}
                <th scope="col">{t("year.sum")}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ agency, months: counts, sum }) => (
                <tr key={agency}>
                  <th scope="row">{naming.agency(agency)}</th>
                  {counts.map((number, month) => (
                    <td key={months[month]?.long} data-shade={shadeOf(number)}>
                      {number === 0 ? <span className="for-readers">0</span> : count(number)}
                    </td>
                  ))}
                  <td className="year-sum">{count(sum)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function monthName(language: string, month: number): { readonly long: string; readonly short: string } {
  const moment = new Date(2026, month, 1);
  const locale = language === "en" ? "en-GB" : "vi-VN";
  return {
    long: new Intl.DateTimeFormat(locale, { month: "long" }).format(moment),
    short: language === "en" ? new Intl.DateTimeFormat(locale, { month: "short" }).format(moment) : `T${month + 1}`,
  };
}
