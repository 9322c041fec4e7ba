import { randomBytes } from "node:crypto";
import path from "node:path";
import { type Agency, openAgency } from "../../proactive/agency/agency.ts";
import { dayIn } from "../../proactive/agency/living.ts";
import type { Surroundings } from "../../proactive/agency/options.ts";
import { surroundingsOf } from "../../proactive/agency/surroundings.ts";
import { startInboxService } from "../../proactive/inbox/service.ts";
import type { Day } from "../../proactive/population/calendar.ts";
import type { Population } from "../../proactive/population/population.ts";
import type { Occurrence } from "../../proactive/population/timeline.ts";
import { REGISTERS } from "../../proactive/registers/configurations.ts";
import { readSigningKey } from "../../recorder/index.ts";
import { clientKeyFile, keptKey } from "../../server/identity/development/keys.ts";
import { recorderKeyFile } from "../start/agencies.ts";
import { freePorts } from "../start/ports.ts";
import type { WorldClock } from "./clock.ts";
import { residentsOf } from "./people.ts";
import { developmentSignOn, type SignOn } from "./sign-on.ts";
import { type SmsGateway, startSmsGateway } from "./sms-gateway.ts";
import { startWorld, type World } from "./world.ts";

export interface ProvinceOptions {
  /** Where everything is kept; made if missing. */
  readonly dataDir: string;
  readonly clock: WorldClock;
  readonly population: Population;
  /** The day on which the population is as described. */
  readonly asOf: Day;
  /** 0 for any free port. */
  readonly ports: { readonly ledger: number; readonly inbox: number };
  readonly onProgress?: (line: string) => void;
}

/** A province: its ledger, its inbox service, a gateway for text messages, and the agencies that keep registers, all real and in one process. */
export interface Province extends World {
  readonly inboxUrl: string;
  readonly gateway: SmsGateway;
  /** Those that run now, by code. */
  readonly agencies: ReadonlyMap<string, Agency>;
  /** @throws RangeError for a code of none, or of one that is away */
  readonly agency: (code: string) => Agency;
  /** An agency ends, in order: nobody reaches it until it is back. */
  readonly stop: (code: string) => Promise<void>;
  /** It is back, at the same address, with everything it kept. */
  readonly start: (code: string) => Promise<void>;
  readonly signOn: SignOn;
  /** The agencies' own token for their officers, by code. */
  readonly staffTokens: ReadonlyMap<string, string>;
  /** Everybody does what is due now, until nothing is. */
  readonly live: () => Promise<void>;
  /** Something happens, on its day, which is today or later. */
  readonly happens: (occurrence: Occurrence) => void;
}

/** Notices bring cases, cases bring orders: more rounds than that would be a quarrel. */
const MAX_ROUNDS = 50;
/** Events of one moment are sent together; a moment is short where days are. */
const LINGER_MS = 2;
const FLUSH_TIMEOUT_MS = 60_000;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startProvince(options: ProvinceOptions): Promise<Province> {
  const { dataDir, clock, population, asOf, ports, onProgress = () => undefined } = options;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    onProgress("the chain and the ledger");
    const world = await startWorld({
      ...{ dataDir, clock, residents: residentsOf(population), ledgerPort: ports.ledger },
    });
    closing.push(world.close);
    const gateway = await startSmsGateway();
    closing.push(gateway.close);
    onProgress("the inbox service");
    const issuer = `${world.ledgerUrl}/oidc`;
    const inbox = await startInboxService({
      ...{ directory: path.join(dataDir, "inbox"), secret: randomBytes(32), issuer, now: clock.now },
      ...{ audience: [world.ledgerUrl], logger: SILENT, port: ports.inbox },
    });
    closing.push(inbox.close);
    onProgress("the agencies");
    const occurrences = [...population.timeline];
    const surroundings = surroundingsOf({ population, asOf, occurrences });
    const running = await runAgencies({ world, surroundings, inboxUrl: inbox.url, gateway });
    closing.push(running.close);
    const { agencies } = running;
    return {
      ...{ ...world, inboxUrl: inbox.url, gateway, agencies, staffTokens: running.staffTokens },
      ...{ stop: running.stop, start: running.start },
      settled: async () => {
        await flushed(agencies);
        await world.settled();
      },
      setTo: async (ms) => {
        await flushed(agencies);
        await world.setTo(ms);
      },
      signOn: developmentSignOn(world.ledgerUrl, clock.now),
      agency: (code) => {
        const found = agencies.get(code);
        if (found === undefined) throw new RangeError(`${code} is no agency that runs`);
        return found;
      },
      live: async () => await untilQuiet(running, clock),
      happens: (occurrence) => {
        if (occurrence.on < dayIn(clock.now())) throw new RangeError("what is over happened or did not");
        occurrences.push(occurrence);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Running extends Pick<Province, "agencies" | "staffTokens" | "stop" | "start"> {
  /** Those that were told something since somebody looked. */
  readonly heard: Set<string>;
  readonly close: () => Promise<void>;
}

interface AroundAgencies {
  readonly world: World;
  readonly surroundings: Surroundings;
  readonly inboxUrl: string;
  readonly gateway: SmsGateway;
}

/** Runs every agency that keeps a register, each at a port that stays its own. */
async function runAgencies({ world, surroundings, inboxUrl, gateway }: AroundAgencies): Promise<Running> {
  const codes = Object.values(REGISTERS).map(({ agency }) => agency);
  const wanted = codes.map((code) => ({ variable: code, host: "127.0.0.1", port: 0 }));
  const found = await freePorts(wanted);
  const ports = new Map(codes.map((code, at) => [code, found[at] ?? 0]));
  const urls = Object.fromEntries(codes.map((code) => [code, `http://127.0.0.1:${ports.get(code) ?? 0}`]));
  const { dataDir, keysFolder, ledgerUrl, profile, clock } = world;
  const staffTokens = new Map(codes.map((code) => [code, randomBytes(24).toString("base64url")]));
  const agencies = new Map<string, Agency>();
  const heard = new Set<string>();

  async function start(code: string): Promise<void> {
    if (agencies.has(code)) return;
    const agency = await openAgency({
      ...{ code, directory: path.join(dataDir, "agencies", code), ledgerUrl, trust: profile, urls, inboxUrl },
      ...{ issuer: `${ledgerUrl}/oidc`, world: surroundings, now: clock.now, logger: SILENT },
      recorderKey: await readSigningKey(recorderKeyFile(keysFolder, `${code}/r1`)),
      signOnKey: keptKey(clientKeyFile(keysFolder, code)),
      sms: { url: gateway.url },
      staffToken: staffTokens.get(code) ?? "",
      place: { port: ports.get(code) ?? 0 },
      lingerMs: LINGER_MS,
    });
    agency.onNews(() => heard.add(code));
    agencies.set(code, agency);
  }

  async function stop(code: string): Promise<void> {
    const agency = agencies.get(code);
    agencies.delete(code);
    await agency?.close();
  }

  const close = async (): Promise<void> => {
    for (const code of [...agencies.keys()]) await stop(code);
  };
  try {
    for (const code of codes) await start(code);
  } catch (error) {
    await close();
    throw error;
  }
  return { agencies, staffTokens, start, stop, close, heard };
}

/** Resolves when the ledger has everything that the agencies recorded. @throws Error when that takes too long */
async function flushed(agencies: ReadonlyMap<string, Agency>): Promise<void> {
  const late = AbortSignal.timeout(FLUSH_TIMEOUT_MS);
  await Promise.all([...agencies.values()].map(async ({ recorder }) => await recorder.flush(late)));
  if (late.aborted) throw new Error("the ledger does not take what the agencies recorded");
}

async function untilQuiet(
  { agencies: running, heard }: Pick<Running, "agencies" | "heard">,
  clock: WorldClock,
): Promise<void> {
  let news = true;
  for (let round = 0; round < MAX_ROUNDS && news; round++) {
    heard.clear();
    const agencies = [...running.values()];
    await Promise.all(agencies.map(async (agency) => await agency.live()));
    const due = await Promise.all(agencies.map(async (agency) => await agency.nextDue()));
    news = heard.size > 0 || due.some((at) => at !== undefined && at <= clock.now());
  }
}
