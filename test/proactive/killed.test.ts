import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { dayIn } from "../../proactive/agency/living.ts";
import { headersOf } from "../../proactive/exchange/message.ts";
import { LEADS, occasionId } from "../../proactive/noticing/notice.ts";
import { occasionsOn } from "../../proactive/noticing/occasions.ts";
import { addDays } from "../../proactive/population/calendar.ts";
import { population } from "../../proactive/population/population.ts";
import { firstWakingMoment } from "../../proactive/reach/channel.ts";
import { REGISTER_CODES, REGISTERS } from "../../proactive/registers/configurations.ts";
import { society } from "../../proactive/registers/facts.ts";
import { register } from "../../proactive/registers/register.ts";
import { RULES } from "../../proactive/rules/rules.ts";
import { demand } from "../../scripts/demo/calls.ts";
import { type LedgerView, ledgerView, type SeenEvent } from "../../scripts/demo/ledger-view.ts";
import { type SmsGateway, startSmsGateway } from "../../scripts/demo/sms-gateway.ts";
import { PROVINCE } from "../../scripts/start/agencies.ts";
import { freePorts } from "../../scripts/start/ports.ts";
import { clientKeyFile, keptKey } from "../../server/identity/development/keys.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  type LedgerProcess,
  spawnLedger,
  tokenOf,
} from "../system/fixture.ts";

/** More for a soak. */
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 6);
const SECONDS_PER_ROUND = 80;
/** A case takes about that long on a busy machine; and after that nothing is under way. */
const MAX_LIFE_MS = 2_500;
const SETTLING_MS = 240_000;
/** Their minutes pass in seconds, so that what is tried again after a minute is tried again in this test. */
const FAST = pathToFileURL(path.join(import.meta.dirname, "fast-date.mjs")).href;
const ROOT = path.resolve(import.meta.dirname, "../..");

/** The agencies that the police's cases read from, and the police. */
const AGENCIES = ["qn-police", "qn-health", "qn-justice", "qn-tax"] as const;
type Part = "ledger" | "inbox" | (typeof AGENCIES)[number];

interface Running {
  readonly url: string;
  readonly kill: () => Promise<void>;
}

describe("the proactive services, killed at random instants", function () {
  this.timeout(SETTLING_MS + ROUNDS * SECONDS_PER_ROUND * 1000);
  const since = Date.now();
  const from = wakingHours(since);
  const fastDate = { FAST_DATE_FROM: String(from), FAST_DATE_SINCE: String(since) };
  const asOf = addDays(dayIn(from), -1);
  const people = { seed: 11, persons: 200, asOf, days: 60 };
  const made = population({ ...people, registers: REGISTER_CODES });
  const staffToken = randomBytes(24).toString("hex");
  const running = new Map<Part, Running>();
  /** Rejects when a part ends that nobody killed. */
  const crashed = Promise.withResolvers<never>();
  crashed.promise.catch(() => undefined);
  let system: Deployed;
  let gateway: SmsGateway;
  let ports: Record<Part, number>;

  before(async () => {
    system = await deployed({ agencies: PROVINCE });
    gateway = await startSmsGateway();
    const parts: readonly Part[] = ["ledger", "inbox", ...AGENCIES];
    const free = await freePorts(parts.map((part) => ({ variable: part, host: "127.0.0.1", port: 0 })));
    ports = Object.fromEntries(parts.map((part, at) => [part, free[at]])) as Record<Part, number>;
    const urls = Object.fromEntries(AGENCIES.map((code) => [code, urlOf(code)]));
    await writeFile(path.join(system.dataDir, "agencies.json"), JSON.stringify(urls));
    await writeFile(path.join(system.dataDir, "inbox.secret"), randomBytes(32));
    await writeFile(path.join(system.dataDir, "staff.token"), staffToken);
    for (const code of AGENCIES) keptKey(clientKeyFile(path.join(system.dataDir, "keys"), code));
  });
  after(async () => {
    for (const { kill } of running.values()) await kill();
    await gateway.close();
    await system.destroy();
  });

  const urlOf = (part: Part): string => `http://127.0.0.1:${ports[part]}`;

  async function start(part: Part): Promise<void> {
    if (running.has(part)) return;
    if (part === "ledger") {
      const env = { PORT: String(ports.ledger), CATALOGUE: path.join(ROOT, "catalogue"), LOG_LEVEL: "info" };
      const ledger = await spawnLedger(system, { ...env, ...fastDate }, [`--import=${FAST}`]);
      watch(part, ledger.process);
      running.set(part, { url: ledger.url, kill: async () => await ended(ledger) });
      return;
    }
    const child = spawn(
      process.execPath,
      [
        ...["--disable-warning=ExperimentalWarning", `--import=${FAST}`, "proactive/main.ts"],
        part === "inbox" ? "inbox" : "agency",
      ],
      { cwd: ROOT, env: envOf(part), stdio: ["ignore", "ignore", "inherit"] },
    );
    watch(part, child);
    running.set(part, { url: urlOf(part), kill: async () => await killed(child) });
  }

  function watch(part: Part, child: ChildProcess): void {
    child.once("exit", (code, signal) => {
      if (!child.killed) crashed.reject(new Error(`${part} ended by itself: ${String(code ?? signal)}`));
    });
  }

  function envOf(part: Part): NodeJS.ProcessEnv {
    const { dataDir } = system;
    return {
      ...{ PATH: process.env["PATH"], ...fastDate, DATA_DIR: dataDir, LOG_LEVEL: "silent" },
      ...{ PORT: String(ports[part]), LEDGER_URL: urlOf("ledger"), AGENCY: part, INBOX_URL: urlOf("inbox") },
      ...{ INBOX_SECRET: path.join(dataDir, "inbox.secret"), STAFF_TOKEN: path.join(dataDir, "staff.token") },
      ...{ AGENCY_URLS: path.join(dataDir, "agencies.json"), SMS_URL: gateway.url },
      ...{ POPULATION: String(people.persons), POPULATION_SEED: String(people.seed) },
      ...{ POPULATION_AS_OF: asOf, POPULATION_DAYS: String(people.days) },
    };
  }

  async function kill(part: Part): Promise<void> {
    await running.get(part)?.kill();
    running.delete(part);
  }

  it(`loses no case and bothers nobody twice, in ${ROUNDS} rounds`, async () => {
    const victims: readonly Part[] = ["qn-police", "inbox", "qn-police", "ledger", "qn-health", "qn-police"];
    await start("ledger");
    await fetchUntil(`${urlOf("ledger")}/v1/catalogue`, 200, SETTLING_MS);
    for (let round = 0; round < ROUNDS; round++) {
      for (const part of ["ledger", "inbox", ...AGENCIES] as const) await start(part);
      await untilLive();
      await delay(randomInt(MAX_LIFE_MS));
      await kill(victims[round % victims.length] ?? "qn-police");
    }
    for (const part of ["ledger", "inbox", ...AGENCIES] as const) await start(part);
    const cases = await untilSettled();
    expect(cases.map(({ id }) => id)).to.have.members(expected());
    for (const { id, stage } of cases) expect(stage.why ?? "", id).to.equal("");

    const { authorization = "" } = await tokenOf(system, "inspector");
    const view = ledgerView(urlOf("ledger"), () => Promise.resolve(authorization.slice("Bearer ".length)));
    await untilDelivered(view);
    for (const { id } of cases) {
      const details = (await eventsOf(view, { case: id, type: "action" })).map(
        ({ facets }) => (facets.outcome as { detail?: string }).detail ?? "",
      );
      const concluded = details.filter((detail) => /^(offer|notify|none|officer)/.test(detail));
      expect(concluded, `${id}: ${details.join("; ")}`).to.have.lengthOf(1);
    }
    const sent = gateway.sent.map(({ key }) => key);
    const byPolice = sent.filter((key) => LEADS[key.split("-", 1)[0] ?? ""] === "qn-police");
    expect(byPolice, "nobody was told").to.not.deep.equal([]);
    expect(cases.map(({ id }) => `${id} message`)).to.include.members(byPolice);
    // One attempt, and one more when nobody knew what had come of it.
    for (const key of sent) expect(gateway.requestsFor(key), key).to.be.within(1, 2);
  });

  async function untilLive(): Promise<void> {
    await Promise.race([crashed.promise, fetchUntil(`${urlOf("qn-police")}/live`, 200, SETTLING_MS)]);
  }

  /** Has the police record one more event, the refusal of a question without a decision, and waits until the ledger finds it: all before it is there then. */
  async function untilDelivered(view: LedgerView): Promise<void> {
    const { holds } = REGISTERS.population;
    const asked = await fetch(`${urlOf("qn-police")}/read`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headersOf({ client: "qn-justice/civil", messageId: "m-1", issue: "HS-1", procedure: "BIRTH_REG" }),
      },
      body: JSON.stringify({ subject: { scheme: "vn-cccd", id: "999199000001" }, personalData: holds }),
    });
    expect(asked.status).to.equal(403);
    const deadline = performance.now() + SETTLING_MS;
    while ((await eventsOf(view, { case: "HS-1" })).length === 0) {
      if (performance.now() > deadline) throw new Error("the police's records do not come to the ledger");
      await delay(100);
    }
  }

  /** The ledger was killed too: it searches once it has read everything again. */
  async function eventsOf(
    view: LedgerView,
    filter: Parameters<LedgerView["events"]>[0],
  ): Promise<readonly SeenEvent[]> {
    const deadline = performance.now() + SETTLING_MS;
    for (;;) {
      try {
        return await view.events(filter);
      } catch (error) {
        if (!String(error).includes("503") || performance.now() > deadline) throw error;
        await delay(100);
      }
    }
  }

  /** What the police is to notice, reckoned here from the same people. */
  function expected(): string[] {
    const own = register("population", society(made, asOf), made.documents);
    return RULES.filter(({ procedure }) => LEADS[procedure] === "qn-police").flatMap((rule) =>
      occasionsOn(rule, own, asOf).map((occasion) => occasionId({ procedure: rule.procedure, occasion })),
    );
  }

  interface Listed {
    readonly id: string;
    readonly stage: { readonly at: string; readonly why?: string };
  }

  /** The police's cases once none of them goes on by itself, but by an answer. */
  async function untilSettled(): Promise<readonly Listed[]> {
    await untilLive();
    const deadline = performance.now() + SETTLING_MS;
    for (;;) {
      const asked = demand(`${urlOf("qn-police")}/cases?limit=100`, staffToken);
      const { cases } = (await Promise.race([crashed.promise, asked])) as unknown as {
        cases: readonly Listed[];
      };
      const isSettled =
        cases.length > 0 && cases.every(({ stage }) => ["waiting", "officer", "closed"].includes(stage.at));
      if (isSettled && cases.length >= expected().length) return cases;
      if (performance.now() > deadline)
        throw new Error(`the cases do not settle: ${JSON.stringify(cases.map(({ stage }) => stage))}`);
      await delay(200);
    }
  }
});

/** This moment, or the next from which nobody is asleep for half a day: at night messages wait for the morning. */
function wakingHours(now: number): number {
  const hours = Array.from({ length: 13 }, (_, ahead) => now + ahead * 3_600_000);
  const asleep = hours.find((hour) => firstWakingMoment(hour) !== hour);
  return asleep === undefined ? now : firstWakingMoment(asleep);
}

async function ended(ledger: LedgerProcess): Promise<void> {
  await ledger.end("SIGKILL");
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await ended;
}
