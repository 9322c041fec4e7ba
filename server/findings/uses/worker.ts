import { parentPort, workerData } from "node:worker_threads";
import { decisionOpener } from "./decision-keys.ts";
import type { ReadEvent, ReadingReply, ReadingRequest, ReadingSettings } from "./messages.ts";
import { openedFacets } from "./opening.ts";
import { useIn } from "./use.ts";

/*
 * The reading thread: opens events and says what the rule needs to know of them. It keeps nothing: whatever goes wrong ends it, and the next one
 * begins where the ledger asks it to.
 */

const open = decisionOpener(settingsOf(workerData).log);

parentPort?.on("message", ({ id, events, keys }: ReadingRequest) => {
  parentPort?.postMessage({ id, read: read(events, keys) } satisfies ReadingReply);
});

function read(events: ReadingRequest["events"], keys: ReadingRequest["keys"]): ReadEvent[] {
  const found: ReadEvent[] = [];
  const { from, submissions } = events;
  let at = 0;
  for (const facets of openedFacets(events)) {
    const index = from + found.length;
    while (index >= (submissions[at + 1]?.index ?? Infinity)) at++;
    const submission = submissions[at];
    if (submission === undefined) throw new Error("events came without their submissions");
    const use = facets && (useIn(submission.source, facets, (jws) => open(jws, keys)) ?? "other");
    found.push(use ?? "erased");
  }
  return found;
}

function settingsOf(start: unknown): ReadingSettings {
  if (typeof start === "object" && start !== null && "log" in start && typeof start.log === "string")
    return { log: start.log };
  throw new TypeError("the reading thread is started by the findings stage");
}
