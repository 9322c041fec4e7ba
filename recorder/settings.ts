import path from "node:path";
import { isPkcs11Uri } from "../keys/pkcs11-uri.ts";
import { RecorderError } from "./errors.ts";
import { KEEP_POLICIES, type KeepPolicy } from "./evidence-keeper.ts";

/** What a recorder process is told from outside, read once. Holds no secrets: keys and tokens are files. */
export interface RecorderSettings {
  source: string;
  /** Path of the key, or a `pkcs11:` URI. */
  keyFile: string;
  directory: string;
  ledgerUrl: readonly string[];
  trustProfile: string;
  host: string;
  port: number;
  tokensFile: string | undefined;
  keep: KeepPolicy;
  limits: { events: number; bytes: number };
  /** Milliseconds of idleness before a heartbeat; undefined for none. */
  heartbeatMs: number | undefined;
  logLevel: string;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Relative to where the command runs, like the ledger's. */
const DEFAULT_DATA_DIR = "./data";
/** Where the ledger listens by default. */
const DEFAULT_LEDGER_URL = "http://127.0.0.1:8080";
/** The agency's own machine; going beyond is a decision and takes client tokens. */
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8090;
/** Days of a ledger outage at a busy agency, on a few gigabytes of disk. */
const DEFAULT_MAX_EVENTS = 1_000_000;
const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;
/** A third of what the ledger takes for silence, so that one may be late. */
const DEFAULT_HEARTBEAT_MS = 5 * 60_000;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Reads the settings from environment variables. Throws `bad-setting` naming the first unusable one. */
export function readRecorderSettings(env: Env): RecorderSettings {
  const dataDir = path.resolve(env["DATA_DIR"] ?? DEFAULT_DATA_DIR);
  const source = env["RECORDER_SOURCE"];
  if (source === undefined) throw badSetting("RECORDER_SOURCE", "must name the source, such as qn-police/r1");
  const directory = path.resolve(
    env["RECORDER_SPOOL"] ?? path.join(dataDir, "recorder", source.replace("/", "-")),
  );
  return {
    source,
    directory,
    keyFile: keyPlace(env["RECORDER_KEY"] ?? `${directory}.key.pem`),
    ledgerUrl: httpUrls("LEDGER_URL", env["LEDGER_URL"] ?? DEFAULT_LEDGER_URL),
    trustProfile: path.resolve(env["TRUST_PROFILE"] ?? path.join(dataDir, "trust.json")),
    host: env["RECORDER_HOST"] ?? DEFAULT_HOST,
    port: integer("RECORDER_PORT", env["RECORDER_PORT"], DEFAULT_PORT, 0, 65_535),
    tokensFile: env["RECORDER_TOKENS"],
    keep: oneOf("RECORDER_KEEP", env["RECORDER_KEEP"] ?? "evidence", KEEP_POLICIES),
    limits: {
      events: integer("RECORDER_MAX_EVENTS", env["RECORDER_MAX_EVENTS"], DEFAULT_MAX_EVENTS, 1, 1e12),
      bytes: integer("RECORDER_MAX_BYTES", env["RECORDER_MAX_BYTES"], DEFAULT_MAX_BYTES, 1, 1e15),
    },
    heartbeatMs: heartbeat(env["HEARTBEAT_INTERVAL"]),
    logLevel: oneOf("LOG_LEVEL", env["LOG_LEVEL"] ?? "info", LOG_LEVELS),
  };
}

function keyPlace(text: string): string {
  return isPkcs11Uri(text) ? text : path.resolve(text);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw badSetting(name, `must be one of ${allowed.join(", ")}`);
  return found;
}

function integer(
  name: string,
  value: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max))
    throw badSetting(name, `must be a whole number from ${min} to ${max}`);
  return number;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** "30s", "5m", "1h" in milliseconds, or "off". */
function heartbeat(value: string | undefined): number | undefined {
  if (value === undefined) return DEFAULT_HEARTBEAT_MS;
  if (value === "off") return undefined;
  const [, amount, unit = ""] = /^([1-9]\d{0,5})([smh])$/.exec(value) ?? [];
  if (amount === undefined || (unit !== "s" && unit !== "m" && unit !== "h"))
    throw badSetting("HEARTBEAT_INTERVAL", "must be a duration such as 30s, 5m or 1h, or off");
  return Number(amount) * UNIT_MS[unit];
}

/** One or several, with commas between them. */
function httpUrls(name: string, value: string): string[] {
  return value.split(",").map((text) => {
    const url = text.trim();
    const protocol = URL.canParse(url) ? new URL(url).protocol : "";
    if (protocol !== "http:" && protocol !== "https:")
      throw badSetting(name, "must be an http(s) URL, or several with commas between them");
    return url;
  });
}

function badSetting(name: string, rule: string): RecorderError {
  return new RecorderError("bad-setting", `${name} ${rule}.`);
}
