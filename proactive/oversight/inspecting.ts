import { setTimeout as pause } from "node:timers/promises";
import type { DrawnSample, GrantFilter } from "./drawing.ts";
import type { Examination, Inspectorate } from "./inspectorate.ts";
import { InspectionError } from "./ledger-calls.ts";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Draws a sample once the event that asked for it is anchored, and asks again until then.
 * @throws InspectionError, the last one that it met when `patienceMs` are over; as `draw`
 */
export async function drawnWhenAnchored(
  { draw }: Pick<Inspectorate, "draw">,
  sample: number,
  { patienceMs, ...of }: GrantFilter & { readonly patienceMs: number },
): Promise<DrawnSample> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await draw(sample, of);
    } catch (error) {
      const isTooEarly = error instanceof InspectionError && error.code === "unreachable";
      if (!isTooEarly || performance.now() + pauseMs > deadline) throw error;
      await pause(pauseMs);
    }
  }
}

/**
 * Looks at the first grants of a sample, in the order of drawing, and records each result as it comes when it is to (`record`). Whoever stops on the way has looked at
 * a smaller sample.
 */
export async function* inspectedGrants(
  by: Pick<Inspectorate, "examine" | "record">,
  { sample, granted }: Pick<DrawnSample, "sample" | "granted">,
  { limit, record }: { readonly limit: number; readonly record: boolean },
): AsyncGenerator<Examination> {
  for (const index of granted.slice(0, limit)) {
    const examination = await by.examine(index);
    if (record) await by.record(sample, examination);
    yield examination;
  }
}
