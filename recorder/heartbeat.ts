import { readFile } from "node:fs/promises";
import type { Facets } from "../protocol/facet-values.ts";
import { isJsonObject } from "../protocol/json.ts";
import type { RecorderLog } from "./sender.ts";
import type { Timing } from "./timing.ts";

/** Signs of life of a recorder that has nothing to report. */
export interface HeartbeatConfig {
  /** How long nothing is recorded or receipted before one is recorded, in milliseconds. Much less than the ledger's limit for silent sources. */
  intervalMs: number;
  /** What the recorder runs, such as `minhbach/0.1.0`; at most 64 characters, no person's number. */
  software: string;
}

export interface HeartbeatParts extends HeartbeatConfig {
  timing: Timing;
  logger: RecorderLog;
  /** When something was recorded or receipted last, in milliseconds since 1970. */
  lastActivity: () => number;
  /** Events without a receipt. */
  waiting: () => number;
  /** Whether what is recorded now gets to the ledger, as far as is known. */
  delivers: () => boolean;
  /** Spools the event like any other. */
  record: (facets: Facets) => Promise<unknown>;
}

/**
 * Records a heartbeat whenever the recorder was idle for the interval, so that the ledger can tell an agency that has nothing to report from
 * one that does not report. None while sending is interrupted and something waits already: that will be the sign of life, and an
 * outage of days would fill the spool with them.
 * @returns the function that ends it; resolves when nothing of it is under way
 */
export function startHeartbeats(parts: HeartbeatParts): () => Promise<void> {
  const closing = new AbortController();
  const running = beat(parts, closing.signal);
  return async () => {
    closing.abort();
    await running;
  };
}

async function beat(parts: HeartbeatParts, closing: AbortSignal): Promise<void> {
  const { intervalMs, software, timing, logger, lastActivity, waiting, delivers, record } = parts;
  for (;;) {
    // A clock that was put back must not silence the recorder for longer than the interval.
    const idleMs = Math.max(0, timing.now() - lastActivity());
    const isDue = idleMs >= intervalMs;
    if (isDue && (delivers() || waiting() === 0)) {
      await record(heartbeat(software, waiting(), timing.now())).catch((error: unknown) => {
        // The next one is tried after the interval: until then whoever hands in events is told the same.
        if (!closing.aborted) logger.warn({ err: error }, "a heartbeat could not be recorded");
      });
      await timing.sleep(intervalMs, closing);
    } else {
      await timing.sleep(isDue ? intervalMs : intervalMs - idleMs, closing);
    }
    if (closing.aborted) return;
  }
}

function heartbeat(software: string, waiting: number, now: number): Facets {
  return {
    type: "heartbeat",
    heartbeat: { software, waiting },
    time: { occurred: new Date(now).toISOString() },
  };
}

/** Name and version of this software, as heartbeats say it. */
export async function softwareName(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const version = isJsonObject(manifest) ? manifest["version"] : undefined;
  return typeof version === "string" ? `minhbach/${version}` : "minhbach";
}
