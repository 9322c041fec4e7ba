import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Day } from "./population/calendar.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** A setting that cannot be used; the message names the variable and what it takes. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/** What every part of the proactive services is told from outside. Keys and tokens are files. */
interface CommonSettings {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly ledgerUrl: string;
  /** The sign-on service, exactly as it writes itself. */
  readonly issuer: string;
  readonly logLevel: string;
}

export interface AgencySettings extends CommonSettings {
  readonly agency: string;
  readonly recorderKeyFile: string;
  readonly signOnKeyFile: string;
  readonly trustProfile: string;
  /** A JSON file with the base URL of each agency's services, by its code. */
  readonly urlsFile: string;
  readonly inboxUrl: string;
  readonly smsUrl: string | undefined;
  readonly staffTokenFile: string | undefined;
  readonly population: {
    readonly seed: number;
    readonly persons: number;
    readonly asOf: Day;
    readonly days: number;
  };
}

export interface InboxSettings extends CommonSettings {
  readonly secretFile: string;
  readonly audience: readonly string[];
}

const DEFAULT_DATA_DIR = "./data";
const DEFAULT_LEDGER_URL = "http://127.0.0.1:8080";
const DEFAULT_INBOX_URL = "http://127.0.0.1:8190";
/** Loopback: opening an agency to a network is for the security server before it. */
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PERSONS = 1000;
/** How long something happens to the people; whoever runs for longer starts with more. */
const DEFAULT_DAYS = 365;
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/** @throws SettingError naming the first unusable variable */
export function readAgencySettings(env: Env): AgencySettings {
  const common = commonSettings(env);
  const agency = required(env, "AGENCY", "the code of the agency, such as qn-police");
  const keys = path.join(common.dataDir, "keys");
  return {
    ...common,
    agency,
    recorderKeyFile: path.resolve(env["RECORDER_KEY"] ?? path.join(keys, `${agency}-r1.pem`)),
    signOnKeyFile: path.resolve(env["SIGN_ON_KEY"] ?? path.join(keys, `client-${agency}.pem`)),
    trustProfile: path.resolve(env["TRUST_PROFILE"] ?? path.join(common.dataDir, "trust.json")),
    urlsFile: path.resolve(required(env, "AGENCY_URLS", "a JSON file with the URL of each agency")),
    inboxUrl: httpUrl("INBOX_URL", env["INBOX_URL"] ?? DEFAULT_INBOX_URL),
    smsUrl: env["SMS_URL"] === undefined ? undefined : httpUrl("SMS_URL", env["SMS_URL"]),
    staffTokenFile: env["STAFF_TOKEN"],
    population: {
      seed: wholeNumber("POPULATION_SEED", env["POPULATION_SEED"] ?? "1", { min: 0, max: 2 ** 31 }),
      persons: wholeNumber("POPULATION", env["POPULATION"] ?? String(DEFAULT_PERSONS), {
        ...{ min: 200, max: 400_000 },
      }),
      asOf: day(
        "POPULATION_AS_OF",
        required(env, "POPULATION_AS_OF", "the day on which the registers were filled"),
      ),
      days: wholeNumber("POPULATION_DAYS", env["POPULATION_DAYS"] ?? String(DEFAULT_DAYS), {
        ...{ min: 30, max: 3650 },
      }),
    },
  };
}

/** @throws SettingError naming the first unusable variable */
export function readInboxSettings(env: Env): InboxSettings {
  const common = commonSettings(env);
  return {
    ...common,
    secretFile: path.resolve(
      required(env, "INBOX_SECRET", "a file with 32 random bytes or more, kept for ever"),
    ),
    audience: (env["INBOX_AUDIENCE"] ?? common.ledgerUrl).split(",").map((each) => each.trim()),
  };
}

/**
 * The officers' token in the file that STAFF_TOKEN names.
 * @throws SettingError without what the variable says: somebody may have put the token itself there, and errors are logged
 */
export async function readStaffToken(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) throw new SettingError("STAFF_TOKEN must be the path of a file that can be read");
  return text.trim();
}

function commonSettings(env: Env): CommonSettings {
  const ledgerUrl = httpUrl("LEDGER_URL", env["LEDGER_URL"] ?? DEFAULT_LEDGER_URL);
  const logLevel = env["LOG_LEVEL"] ?? "info";
  if (!LOG_LEVELS.includes(logLevel))
    throw new SettingError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(", ")}`);
  return {
    dataDir: path.resolve(env["DATA_DIR"] ?? DEFAULT_DATA_DIR),
    host: env["HOST"] ?? DEFAULT_HOST,
    port: wholeNumber("PORT", env["PORT"] ?? "0", { min: 0, max: 65_535 }),
    ledgerUrl,
    issuer: httpUrl("OIDC_ISSUER", env["OIDC_ISSUER"] ?? `${ledgerUrl}/oidc`),
    logLevel,
  };
}

function required(env: Env, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw new SettingError(`${name} must be set: ${what}`);
  return value;
}

function httpUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return value.replace(/\/+$/, "");
  throw new SettingError(`${name} must be an http(s) URL`);
}

function wholeNumber(
  name: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new SettingError(`${name} must be a whole number from ${min} to ${max}`);
}

function day(name: string, text: string): Day {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new SettingError(`${name} must be a day such as 2026-08-22`);
}
