import type { ServerResponse } from "node:http";
import { bell } from "./listeners.ts";
import type { Change } from "./message.ts";
import type { NumberedChange } from "./reading.ts";

/** Where a stream's changes come from. */
export interface ChangeSource {
  readonly changes: (page: {
    readonly after: number;
    readonly limit: number;
  }) => Promise<{ readonly changes: readonly NumberedChange[]; readonly isBehind: boolean }>;
  /** Calls back after each change; returns what ends it. */
  readonly listen: (listener: () => void) => () => void;
}

export interface StreamOptions {
  /** Number of the last change that the reader has. */
  readonly after: number;
  /** Whether the reader may go on. Asked again and again: a token ends, and so does the service. */
  readonly isOpen: () => boolean;
  /** Aborted when the service closes. */
  readonly closing: AbortSignal;
  readonly heartbeatMs: number;
  /** A reader who takes nothing for so long is let go; it comes again and misses nothing. */
  readonly stallMs: number;
}

/** Read at once; what a slow reader has not taken is not read any further. */
const PAGE = 50;
/** How long a browser waits before it comes again. */
const RETRY_MS = 3_000;

/**
 * Answers with Server-Sent Events (HTML standard, section 9.2): every change after a number, once and in order, and then each new one. It keeps its
 * place and nothing else, and reads on only when the reader took what was sent: an open stream costs its connection.
 */
export async function streamChanges(
  response: ServerResponse,
  source: ChangeSource,
  options: StreamOptions,
): Promise<void> {
  const { isOpen, closing, heartbeatMs } = options;
  let { after } = options;
  const { ring, heard } = bell();
  // Heard of from before the first look: nothing falls in between.
  const end = source.listen(ring);
  response.on("close", ring);
  closing.addEventListener("abort", ring);
  const isLive = (): boolean => !response.destroyed && !closing.aborted && isOpen();
  const send = async (text: string): Promise<boolean> => await sent(response, text, options);
  try {
    response.writeHead(200, {
      ...{ "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" },
      // A proxy that gathers answers would keep every event to itself.
      ...{ "x-accel-buffering": "no", "x-content-type-options": "nosniff" },
    });
    if (!(await send(`retry: ${RETRY_MS}\n\n`))) return;
    while (isLive()) {
      const { changes, isBehind } = await source.changes({ after, limit: PAGE });
      if (isBehind) {
        after = 0;
        if (!(await send("id: 0\nevent: reset\ndata: {}\n\n"))) return;
        continue;
      }
      for (const change of changes) {
        if (!isLive() || !(await send(eventOf(change)))) return;
        after = change.number;
      }
      if (changes.length === PAGE) continue;
      // A comment, by which both sides learn that the connection still stands.
      if (!(await heard(heartbeatMs)) && isLive() && !(await send(":\n\n"))) return;
    }
  } finally {
    end();
    closing.removeEventListener("abort", ring);
    response.end();
  }
}

function eventOf({ number, change }: NumberedChange): string {
  return `id: ${number}\nevent: ${change.kind}\ndata: ${JSON.stringify(contentOf(change))}\n\n`;
}

function contentOf(change: Change): object {
  switch (change.kind) {
    case "message":
      return change.message;
    case "case":
      return change.case;
    case "gone":
      return change.gone;
  }
}

/** Whether the reader takes more: once what was written is on its way, or has not moved for too long. */
async function sent(
  response: ServerResponse,
  text: string,
  { stallMs, closing }: StreamOptions,
): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off("drain", done).off("close", done);
      closing.removeEventListener("abort", gone);
      resolve();
    };
    const gone = (): void => {
      response.destroy();
      done();
    };
    const timer = setTimeout(gone, stallMs);
    closing.addEventListener("abort", gone);
    response.on("drain", done).on("close", done);
  });
  return !response.destroyed;
}
