import { readFile } from "node:fs/promises";
import { pino } from "pino";
import { parseTrustProfile, TrustProfileError, type TrustProfile } from "../verifier/trust-profile.ts";
import { readClientTokens } from "./client-tokens.ts";
import { RecorderError } from "./errors.ts";
import { softwareName } from "./heartbeat.ts";
import { openRecorder, type HeartbeatConfig, type Recorder } from "./index.ts";
import type { RecorderLog } from "./sender.ts";
import { createRecorderService } from "./service.ts";
import type { RecorderSettings } from "./settings.ts";
import { openSigningKey } from "./signing-key.ts";

export interface RunningRecorder {
  recorder: Recorder;
  /** Where its HTTP service listens. */
  url: string;
  close: () => Promise<void>;
}

/**
 * Opens the recorder the settings describe, without its HTTP service and without heartbeats: a command is soon done. Logs to standard error unless told otherwise, so that a
 * command's output stays its own. Throws RecorderError, naming what to set right.
 */
export async function openConfiguredRecorder(
  settings: RecorderSettings,
  logger: RecorderLog = pino({ name: "recorder", level: settings.logLevel }, pino.destination(2)),
): Promise<Recorder> {
  return openWith(settings, logger, undefined);
}

async function openWith(
  settings: RecorderSettings,
  logger: RecorderLog,
  heartbeat: HeartbeatConfig | undefined,
): Promise<Recorder> {
  return openRecorder({
    ...(heartbeat && { heartbeat }),
    source: settings.source,
    key: await openSigningKey(settings.keyFile),
    directory: settings.directory,
    ledgerUrl: settings.ledgerUrl,
    trust: await readTrustProfile(settings.trustProfile),
    limits: settings.limits,
    keep: settings.keep,
    logger,
  });
}

/** Opens the recorder and serves it. Throws RecorderError, naming what to set right; nothing is left open then. */
export async function startRecorder(settings: RecorderSettings): Promise<RunningRecorder> {
  const logger = pino({ name: "recorder", level: settings.logLevel });
  const tokens = settings.tokensFile === undefined ? undefined : await readClientTokens(settings.tokensFile);
  const { heartbeatMs } = settings;
  const heartbeat =
    heartbeatMs === undefined ? undefined : { intervalMs: heartbeatMs, software: await softwareName() };
  const recorder = await openWith(settings, logger, heartbeat);
  try {
    const { host, port } = settings;
    const service = await createRecorderService({
      recorder,
      logger,
      host,
      port,
      ...(tokens === undefined ? {} : { tokens }),
    });
    logger.info({ url: service.url, source: settings.source }, "recorder listening");
    return {
      recorder,
      url: service.url,
      close: async () => {
        await service.close();
        await recorder.close();
      },
    };
  } catch (error) {
    await recorder.close();
    throw error;
  }
}

async function readTrustProfile(path: string): Promise<TrustProfile> {
  try {
    return parseTrustProfile(await readFile(path, "utf8"));
  } catch (cause) {
    const what = cause instanceof TrustProfileError ? cause.message : "the file cannot be read";
    throw new RecorderError("bad-setting", `The trust profile ${path} is unusable: ${what}.`, { cause });
  }
}
