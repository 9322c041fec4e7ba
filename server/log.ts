import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import type { Config } from "./config.ts";

/** Where a secret could get into a line by mistake, it is cut out. Personal data has no field at all. */
const REDACTED = ["authorization", "token", "*.authorization", "*.token", "headers.*"];

/** Structured log lines (JSON) on standard output, or on `destination` in tests. */
export function createLog({ logLevel }: Pick<Config, "logLevel">, destination?: DestinationStream): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: REDACTED, censor: "(redacted)" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
