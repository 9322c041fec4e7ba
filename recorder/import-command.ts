import { stat } from "node:fs/promises";
import { SingleBar } from "cli-progress";
import { isJsonObject } from "../protocol/json.ts";
import { RecorderError } from "./errors.ts";
import { fhirRecords } from "./import-fhir.ts";
import { importRecords, type ImportSink, type ImportSummary } from "./import-records.ts";
import { xroadRecords } from "./import-xroad.ts";
import type { Recorder } from "./index.ts";
import { readFhirMapping, readXroadMapping } from "./mapping.ts";
import { systemTiming } from "./timing.ts";

export interface ImportOptions {
  kind: "xroad" | "fhir";
  file: string;
  /** File of the mapping; without it events carry only what the records know. */
  mapping?: string;
  sink: ImportSink;
  /** Where a progress bar is drawn, when it is a terminal. */
  terminal?: NodeJS.WriteStream;
  signal?: AbortSignal;
}

/** Puts imported events into a recorder opened by this process. */
export function recorderSink(recorder: Recorder): ImportSink {
  return async (event, idempotencyKey) => {
    const [recorded] = await recorder.recordAll([event], { idempotencyKey });
    return { created: recorded?.created === true };
  };
}

/** Sends imported events to a recorder that runs as a service; `token` where it listens beyond loopback. */
export function serviceSink(url: string, token?: string): ImportSink {
  return async (event, idempotencyKey) => {
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "idempotency-key": idempotencyKey,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(event),
    }).catch((cause: unknown) => {
      throw new RecorderError("closed", `No recorder answers at ${url}; start it, then import again.`, {
        cause,
      });
    });
    const answer: unknown = await response.json();
    if (response.status === 202) return { created: response.headers.get("idempotent-replayed") !== "true" };
    const { code, detail } = isJsonObject(answer) ? answer : {};
    const known = (["invalid-event", "spool-full", "spool-failed", "stopped"] as const).find(
      (name) => name === code,
    );
    const message = typeof detail === "string" ? detail : `the recorder answered ${response.status}`;
    throw new RecorderError(known ?? "closed", message);
  };
}

/**
 * Imports one file, with a progress bar on a terminal. Throws RecorderError when nothing can be imported (`bad-import`,
 * `bad-mapping`) or going on is useless; single bad records are in the summary.
 */
export async function importFile(options: ImportOptions): Promise<ImportSummary> {
  const { kind, file, mapping, sink, terminal } = options;
  const bar = await progressBar(file, terminal);
  try {
    const onProgress = (bytes: number) => bar?.update(bytes);
    const records =
      kind === "xroad"
        ? xroadRecords(file, mapping === undefined ? undefined : await readXroadMapping(mapping), onProgress)
        : fhirRecords(file, mapping === undefined ? undefined : await readFhirMapping(mapping), onProgress);
    return await importRecords(records, sink, systemTiming, options.signal ?? new AbortController().signal);
  } finally {
    bar?.stop();
  }
}

/** The summary as lines for people: counts first, then each bad record with its place. */
export function describeImport(summary: ImportSummary): string {
  const { read, recorded, known, ignored, withoutSubject, failed, failures } = summary;
  const lines = [
    `${read} records read: ${recorded} recorded, ${known} imported before, ${ignored} left out by the mapping, ${failed} refused.`,
  ];
  if (withoutSubject > 0) {
    lines.push(
      `${withoutSubject} have no data subject: they serve reconciliation, and show up in nobody's list.`,
    );
  }
  lines.push(...failures.map(({ place, message }) => `  ${place}: ${message}`));
  if (failed > failures.length) lines.push(`  and ${failed - failures.length} more`);
  return lines.join("\n");
}

/** 0 when every record was recorded, known or left out; 1 when some were refused. */
export function importExitCode(summary: ImportSummary): 0 | 1 {
  return summary.failed === 0 ? 0 : 1;
}

async function progressBar(
  file: string,
  terminal: NodeJS.WriteStream | undefined,
): Promise<SingleBar | undefined> {
  if (terminal?.isTTY !== true) return undefined;
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new RecorderError("bad-import", `${file} cannot be read.`, { cause });
  });
  const bar = new SingleBar({
    stream: terminal,
    format: "{bar} {percentage}% of the file, {eta_formatted} left",
    hideCursor: true,
  });
  bar.start(size, 0);
  return bar;
}
