import { readFile } from "node:fs/promises";
import { pino } from "pino";
import { parseTrustProfile, TrustProfileError, type TrustProfile } from "../verifier/trust-profile.ts";
import { readClientTokens } from "./client-tokens.ts";
import { RecorderError } from "./errors.ts";
import { openRecorder, type Recorder } from "./index.ts";
import type { RecorderLog } from "./sender.ts";
import { createRecorderService } from "./service.ts";
import type { RecorderSettings } from "./settings.ts";
import { readSigningKey } from "./signing-key.ts";

export interface RunningRecorder {
  recorder: Recorder;
  /** Where its HTTP service listens. */
  url: string;
  close: () => Promise<void>;
}

/**
 * Opens the recorder the settings describe, without its HTTP service. Logs to standard error unless told otherwise, so that a
 * command's output stays its own. Throws RecorderError, naming what to set right.
 */
export async function openConfiguredRecorder(
  settings: RecorderSettings,
  logger: RecorderLog = pino({ name: "recorder", level: settings.logLevel }, pino.destination(2)),
): Promise<Recorder> {
  return openRecorder({
    source: settings.source,
    key: await readSigningKey(settings.keyFile),
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
  const recorder = await openConfiguredRecorder(settings, logger);
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
