import { setTimeout as pause } from "node:timers/promises";
import type { RecorderLog } from "../../recorder/index.ts";
import type { Agency } from "./agency.ts";

/** How often an agency looks by itself whether somebody answered or a day began: people wait no longer for the next step. */
const LOOK_INTERVAL_MS = 2_000;

/** Lets an agency live until the signal: whenever something came, when a case may go on, and every few seconds. What fails is logged, and done later. */
export async function liveOn(
  agency: Pick<Agency, "live" | "onNews">,
  { signal, logger }: { readonly signal: AbortSignal; readonly logger: Pick<RecorderLog, "error"> },
): Promise<void> {
  let news = Promise.withResolvers<undefined>();
  agency.onNews(() => news.resolve(undefined));
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  while (!signal.aborted) {
    news = Promise.withResolvers<undefined>();
    await agency
      .live()
      .catch((error: unknown) => logger.error({ err: error }, "not everything due was done"));
    const looking = new AbortController();
    const look = pause(LOOK_INTERVAL_MS, undefined, { signal: looking.signal }).catch(() => undefined);
    await Promise.race([news.promise, look, ended]);
    looking.abort();
  }
}
