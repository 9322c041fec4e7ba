import type { Clock } from "../clock.ts";
import type { Route } from "../route.ts";
import { bad, requireParameters } from "./asked.ts";
import { MONTH, type MonthStatistics, type Statistics } from "./statistics.ts";

/** Anybody may ask: a month is counted once in so many milliseconds. */
const KEPT_MS = 30_000;
const MONTHS_KEPT = 24;

/** `GET /v1/statistics`, public. */
export function statisticsRoutes(statistics: Statistics, clock: Clock): Route[] {
  const kept = new Map<string, { readonly at: number; readonly made: Promise<MonthStatistics> }>();

  async function ofMonth(month: string): Promise<MonthStatistics> {
    const known = kept.get(month);
    if (known !== undefined && Math.abs(clock.now() - known.at) < KEPT_MS) return await known.made;
    const made = statistics(month);
    kept.delete(month);
    kept.set(month, { at: clock.now(), made });
    made.catch(() => kept.delete(month));
    const [oldest] = kept.size > MONTHS_KEPT ? kept.keys() : [];
    if (oldest !== undefined) kept.delete(oldest);
    return await made;
  }

  return [
    {
      name: "getStatistics",
      method: "get",
      path: "/v1/statistics",
      handle: async (request) => {
        requireParameters(request, ["month"]);
        const month = request.query("month") ?? new Date(clock.now()).toISOString().slice(0, 7);
        if (!MONTH.test(month)) throw bad("The parameter month is a month such as 2026-11.");
        return { json: await ofMonth(month) };
      },
    },
  ];
}
