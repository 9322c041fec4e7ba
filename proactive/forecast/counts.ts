import { type Month, monthOf, monthText } from "./month.ts";

/**
 * What was counted. `served`: how often a procedure was begun in the month. `due`: occasions of a procedure that fall in it and are known in advance, such as documents
 * that end and children who reach school age. `born`: children born in it; of no procedure.
 */
export const COUNTED = ["served", "due", "born"] as const;
export type Counted = (typeof COUNTED)[number];

/** How many, as it leaves an agency: a multiple of STEP, or that it was fewer. Where there was nothing there is no row. */
export type RoundedCount = number | `<${number}`;

/** A count of a commune and a month: all that forecasts are made from. */
export interface CountRow {
  readonly counted: Counted;
  /** Code of the commune. */
  readonly commune: string;
  /** Code of the procedure; empty for births. */
  readonly procedure: string;
  readonly month: Month;
  readonly count: RoundedCount;
}

/** Counts leave in steps of so many, rounded down, as those of the ledger's public statistics do. */
export const STEP = 5;

/** A count as it leaves an agency. @throws RangeError unless it is a whole number from 1 */
export function rounded(count: number): RoundedCount {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError("only what happened is counted");
  return count < STEP ? `<${STEP}` : count - (count % STEP);
}

/** How many it was, as far as that is known: the middle of what is rounded to it. */
export function middleOf(count: RoundedCount): number {
  return typeof count === "number" ? count + (STEP - 1) / 2 : STEP / 2;
}

/** A line is no counts file; the message names it. */
export class CountsError extends Error {
  override readonly name = "CountsError";
}

export const COUNTS_HEADER = "counted,commune,procedure,month,count";
const CODE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Communes times procedures times months. */
const MAX_ROWS = 1_000_000;

/** The rows of a counts file: comma-separated lines under COUNTS_HEADER, none twice. @throws CountsError */
export function parseCounts(text: string): CountRow[] {
  const [header, ...lines] = text
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r?\n/);
  if (header !== COUNTS_HEADER) throw new CountsError(`the first line is not ${COUNTS_HEADER}`);
  if (lines.length > MAX_ROWS) throw new CountsError(`there are more than ${MAX_ROWS} lines`);
  const seen = new Set<string>();
  return lines.map((line, at) => {
    const row = rowIn(line);
    const name = line.slice(0, line.lastIndexOf(","));
    if (row === undefined || seen.has(name))
      throw new CountsError(
        `line ${at + 2} is no count such as due,hoi-an,DRIVER_LIC,2026-11,15, or counts the same again; counts are multiples of ${STEP} or <${STEP}`,
      );
    seen.add(name);
    return row;
  });
}

export function formatCounts(rows: readonly CountRow[]): string {
  const lines = rows.map(
    ({ counted, commune, procedure, month, count }) =>
      `${counted},${commune},${procedure},${monthText(month)},${count}`,
  );
  return [COUNTS_HEADER, ...lines, ""].join("\n");
}

function rowIn(line: string): CountRow | undefined {
  const [what, commune = "", procedure = "", date = "", text = "", ...rest] = line.split(",");
  const counted = COUNTED.find((each) => each === what);
  const [month, count] = [monthOf(date), countIn(text)];
  const isNamed = CODE.test(commune) && (counted === "born" ? procedure === "" : CODE.test(procedure));
  if (counted === undefined || month === undefined || count === undefined || !isNamed || rest.length > 0)
    return undefined;
  return { counted, commune, procedure, month, count };
}

function countIn(text: string): RoundedCount | undefined {
  if (text === `<${STEP}`) return `<${STEP}`;
  const count = /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 0;
  return count > 0 && count % STEP === 0 ? count : undefined;
}
