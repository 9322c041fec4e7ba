/** `npm run forecast`: what planners can expect, from counts alone. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { CountsError, parseCounts } from "./counts.ts";
import { type Forecast, forecast } from "./forecast.ts";
import { type Month, monthOf, monthText } from "./month.ts";

const HELP = `Forecasts how often each procedure will be needed, per commune and month, from counts alone (docs/forecasts.md).

npm run -s forecast -- --from counts.csv --begin 2026-12 [options]

  --from FILE      the counts, of this month's past and of what is due
  --begin MONTH    the first month that is forecast
  --months N       how many months (default 12)
  --held-back N    how many of the last past months the error is measured on (default 12)

The forecast goes to the output, the error on the months that were held back to the error output.
`;
const MAX_MONTHS = 120;

class UsageError extends Error {}

async function run(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...{ from: { type: "string" }, begin: { type: "string" }, help: { type: "boolean", default: false } },
      ...{ months: { type: "string", default: "12" }, "held-back": { type: "string", default: "12" } },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const begin = monthOf(values.begin ?? "");
  if (values.from === undefined || begin === undefined)
    throw new UsageError("--from names the counts, and --begin a month such as 2026-12");
  const [months, heldBack] = [
    numberOf(values.months, "--months"),
    numberOf(values["held-back"], "--held-back"),
  ];
  const made = forecast(parseCounts(await readFile(values.from, "utf8")), { from: begin, months, heldBack });
  process.stdout.write(rowsText(made));
  process.stderr.write(errorsText(made, begin, heldBack));
}

function rowsText({ rows }: Forecast): string {
  const lines = rows.map(({ commune, procedure, month, expected, low, high, basis }) =>
    [
      commune,
      procedure,
      monthText(month),
      ...[expected, low, high].map((each) => each.toFixed(1)),
      basis,
    ].join(),
  );
  return ["commune,procedure,month,expected,low,high,basis", ...lines, ""].join("\n");
}

function errorsText({ errors }: Forecast, begin: Month, heldBack: number): string {
  if (errors.length === 0)
    return "Nothing is long enough to hold months back: how wrong this is, nobody knows.\n";
  const [first, last] = [monthText(begin - heldBack), monthText(begin - 1)];
  const lines = errors.map(({ procedure, basis, compared, meanAbsoluteError, naiveError, coverage }) => {
    const what = procedure === "" ? "births" : procedure;
    const errorText = `wrong by ${meanAbsoluteError.toFixed(1)} a month and commune (by looking at the year before: ${naiveError.toFixed(1)})`;
    return `${what} (${basis}): ${errorText}; ${Math.round(100 * coverage)} % within the interval; ${compared} compared`;
  });
  return [`On the months ${first} to ${last}, held back:`, ...lines, ""].join("\n");
}

function numberOf(text: string, name: string): number {
  const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_MONTHS) return number;
  throw new UsageError(`${name} is a number from 1 to ${MAX_MONTHS}`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    error instanceof CountsError ||
    (error instanceof Error && "code" in error && /^(?:ERR_PARSE_ARGS|ENOENT)/.test(String(error.code)));
  if (!isUsage) throw error;
  process.stderr.write(`forecast: ${error.message}\n`);
  process.exitCode = 2;
}
