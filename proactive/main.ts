/**
 * One part of the proactive services as a process: `main.ts agency` runs one agency, `main.ts inbox` the inbox service of the province. What they are
 * told by environment variables is in settings.ts. Runs until SIGTERM or SIGINT, and goes on after any other end with everything it acknowledged.
 */
import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type Logger, pino } from "pino";
import { exitCodeOf } from "../keys/exit-code.ts";
import { isJsonObject } from "../protocol/json.ts";
import { readSigningKey, RecorderError } from "../recorder/index.ts";
import { parseTrustProfile } from "../verifier/trust-profile.ts";
import { openAgency } from "./agency/agency.ts";
import { liveOn } from "./agency/forever.ts";
import { surroundingsOf } from "./agency/surroundings.ts";
import { startInboxService } from "./inbox/service.ts";
import { population } from "./population/population.ts";
import { REGISTER_CODES } from "./registers/configurations.ts";
import { readAgencySettings, readInboxSettings, readStaffToken, SettingError } from "./settings.ts";

const now = (): number => Date.now();

async function runAgency(signal: AbortSignal): Promise<void> {
  const settings = readAgencySettings(process.env);
  const { agency: code, dataDir, ledgerUrl, issuer, inboxUrl, smsUrl, staffTokenFile } = settings;
  const logger = logTo(settings);
  const { asOf } = settings.population;
  const people = population({ ...settings.population, registers: REGISTER_CODES });
  const agency = await openAgency({
    ...{ code, directory: path.join(dataDir, "agencies", code), ledgerUrl, issuer, inboxUrl, now, logger },
    trust: parseTrustProfile(await readFile(settings.trustProfile, "utf8")),
    recorderKey: await readSigningKey(settings.recorderKeyFile),
    signOnKey: createPrivateKey(await readFile(settings.signOnKeyFile)),
    urls: urlsIn(await readFile(settings.urlsFile, "utf8")),
    world: surroundingsOf({ population: people, asOf, occurrences: people.timeline }),
    ...(smsUrl !== undefined && { sms: { url: smsUrl } }),
    ...(staffTokenFile !== undefined && { staffToken: await readStaffToken(staffTokenFile) }),
    place: { host: settings.host, port: settings.port },
  });
  logger.info({ agency: code, url: agency.url }, "listening");
  await liveOn(agency, { signal, logger });
  await agency.close();
}

async function runInbox(signal: AbortSignal): Promise<void> {
  const settings = readInboxSettings(process.env);
  const { dataDir, issuer, audience, host, port } = settings;
  const logger = logTo(settings);
  const service = await startInboxService({
    ...{ directory: path.join(dataDir, "inbox"), issuer, audience, host, port, now, logger },
    secret: new Uint8Array(await readFile(settings.secretFile)),
  });
  logger.info({ url: service.url }, "listening");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await service.close();
}

/** @throws SettingError */
function urlsIn(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text);
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  if (entries.length === 0 || !entries.every(([, url]) => typeof url === "string" && URL.canParse(url)))
    throw new SettingError("AGENCY_URLS must be a JSON object with the URL of each agency, by its code");
  return Object.fromEntries(entries.map(([code, url]) => [code, String(url)]));
}

function logTo({ logLevel }: { readonly logLevel: string }): Logger {
  return pino({ level: logLevel, base: null });
}

const PARTS: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>> = {
  ...{ agency: runAgency, inbox: runInbox },
};

// Records, keys and tokens are for this user alone.
process.umask(0o077);
const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => ending.abort());
try {
  const part = PARTS[process.argv[2] ?? ""];
  if (part === undefined) throw new SettingError("say which part is to run: agency, or inbox");
  await part(ending.signal);
  process.exit(0);
} catch (error) {
  if (!(error instanceof SettingError || error instanceof RecorderError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error instanceof SettingError ? exitCodeOf(error) : 2);
}
