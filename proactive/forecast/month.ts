/** Months since January 1970: the calendar month is its rest by 12. */
export type Month = number;

const MONTH = /^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$/;

/** The month of a text such as 2026-11; undefined for any other text. */
export function monthOf(text: string): Month | undefined {
  const [, year, number] = MONTH.exec(text) ?? [];
  return year === undefined ? undefined : (Number(year) - 1970) * 12 + Number(number) - 1;
}

/** Such as 2026-11. */
export function monthText(month: Month): string {
  return `${1970 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
}
