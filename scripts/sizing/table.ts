/** The sizing of a country on paper: unit costs times what is assumed of the country. */
import type { UnitCosts } from "./unit-costs.ts";

/** What nobody measured. */
const COUNTRY = {
  persons: 100_000_000,
  /** All day and all night: what a country has at its busiest is taken for what it always has. */
  eventsPerSecond: 20_000,
  /** One log for each province, as there are since 2025. */
  logs: 34,
  /** Of the people and the events, in the largest province. */
  largestShare: 0.15,
  /** Keys of the index that an event changes: a person, an official, and every second a consent or another person. */
  keysPerEvent: 2.5,
  /** Everybody asks once a year, a tenth of a busy day's in its busiest hour, that day having five times its share. */
  gatheringsPerSecond: ((100_000_000 / 365) * 5 * 0.1) / 3600,
  blockSeconds: 2,
  blockGasLimit: 30_000_000,
} as const;

interface Share {
  readonly name: string;
  readonly share: number;
}

const DAY = 86_400;
const YEAR = 365 * DAY;

/** The columns: one of 34 equal provinces, the largest, and the country in one log, which shows why there are several. */
const SHARES: readonly Share[] = [
  { name: "one of 34", share: 1 / COUNTRY.logs },
  { name: "the largest (15 %)", share: COUNTRY.largestShare },
  { name: "all in one log", share: 1 },
];

/** The measured costs and what they come to, as Markdown. */
export function sizingTables(costs: UnitCosts): string {
  return `${unitTable(costs)}\n\n${countryTable(costs)}`;
}

function unitTable(costs: UnitCosts): string {
  const rows: readonly (readonly [string, string, string])[] = [
    ["events/s into one server on 2 cores, 100 per submission", round(costs.eventsPerSecond), "atLarge"],
    [
      "server processor time for an event, everything on but search",
      micro(costs.eventCpuSeconds),
      "steadyMemory, steady",
    ],
    [
      "index: its thread's time for a changed key, at a million keys",
      micro(costs.changedKeySeconds),
      "index",
    ],
    ["index: memory for a key, at a million keys", bytes(costs.keyBytes), "index"],
    ["index: reading a key at a start", micro(costs.keyLoadSeconds), "index"],
    ["VRF of new persons, per second and core", round(costs.vrfPerSecond), "vrf"],
    [
      "database files for an event (those the server had mapped: at least)",
      bytes(costs.eventDiskBytes),
      "usage, largeSize",
    ],
    [
      "a whole event in a statement, every disclosure opened",
      bytes(costs.eventBytes),
      "statements, largeSize",
    ],
    ["statement of about 1,058 events, p50", milli(costs.statementSeconds), "statements"],
    ["statement that there is nothing, p50", milli(costs.absenceSeconds), "absences"],
    ["making the tiles anew, for an event", micro(costs.integrateSeconds), "integrateSeconds"],
    [
      "plain inserts into PostgreSQL on the same disk, nothing checked",
      `${round(costs.plainInsertsPerSecond)}/s`,
      "hashChainedTable",
    ],
    [
      "plain events into one recorder, in lists of 100",
      `${round(costs.recorderPerSecond)}/s`,
      "recorderLists",
    ],
    ["gas of an anchor at a billion leaves, the worst", round(costs.anchorGas), "gas.md"],
  ];
  return table(["measured", "figure", "where"], rows);
}

function countryTable(costs: UnitCosts): string {
  const row = (name: string, of: (events: number, persons: number, share: Share) => string): string[] => [
    name,
    ...SHARES.map((each) => of(COUNTRY.eventsPerSecond * each.share, COUNTRY.persons * each.share, each)),
  ];
  const { keysPerEvent, blockGasLimit, blockSeconds, gatheringsPerSecond } = COUNTRY;
  const logsIn = ({ share }: Share): number => (share === 1 ? 1 : COUNTRY.logs);
  const rows = [
    row("persons", (_, persons) => round(persons)),
    row("events/s", (events) => round(events)),
    row("of what one server took", (events) => percent(events / costs.eventsPerSecond)),
    row("processor cores for the events", (events) => decimal(events * costs.eventCpuSeconds)),
    row("of the index's one thread, 2.5 keys an event", (events) =>
      percent(events * keysPerEvent * costs.changedKeySeconds),
    ),
    row("index in memory (persons)*", (_, persons) => large(persons * costs.keyBytes)),
    row("reading the index at a start*", (_, persons) => time(persons * costs.keyLoadSeconds)),
    row("enrolling everybody, on one core", (_, persons) => time(persons / costs.vrfPerSecond)),
    row("network in", (events) => `${large(events * costs.eventBytes)}/s`),
    row("disk a day, at least", (events) => large(events * DAY * costs.eventDiskBytes)),
    row("disk a year, at least*", (events) => large(events * YEAR * costs.eventDiskBytes)),
    row("events a year*", (events) => `${decimal((events * YEAR) / 1e9)} billion`),
    row("a year's tiles made anew*", (events) => time(events * YEAR * costs.integrateSeconds)),
    row("of plain PostgreSQL inserts on that disk", (events) =>
      percent(events / costs.plainInsertsPerSecond),
    ),
    row("recorders at least (lists of 100)", (events) => round(Math.ceil(events / costs.recorderPerSecond))),
    row(
      `gas a block of ${blockSeconds} s, all logs anchoring in each`,
      (_events, _persons, share) =>
        `${decimal((logsIn(share) * costs.anchorGas) / 1e6)} M, ${percent((logsIn(share) * costs.anchorGas) / blockGasLimit)} of 30 M`,
    ),
    row("citizens gathering at the peak: lists with entries/s", (_events, _persons, { share }) =>
      decimal(gatheringsPerSecond * share),
    ),
    row("and empty ones/s", (_events, _persons, { share }) => decimal(gatheringsPerSecond * (1 - share))),
    row("one server's time for both, each second", (_events, _persons, { share }) =>
      percent(gatheringsPerSecond * (share * costs.statementSeconds + (1 - share) * costs.absenceSeconds)),
    ),
  ];
  return table(["for a log of", ...SHARES.map(({ name }) => name)], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), `|---${"|---:".repeat(head.length - 1)}|`, ...rows.map(line)].join("\n");
}

function round(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function decimal(value: number): string {
  return value >= 100 ? round(value) : value.toLocaleString("en-US", { maximumSignificantDigits: 2 });
}

function percent(share: number): string {
  return `${decimal(share * 100)} %`;
}

function micro(seconds: number): string {
  return `${decimal(seconds * 1e6)} microseconds`;
}

function milli(seconds: number): string {
  return `${decimal(seconds * 1e3)} ms`;
}

function bytes(value: number): string {
  return `${round(value)} bytes`;
}

/** Bytes in powers of 1,000, as disks and lines are sold. */
function large(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${decimal(value / 1000 ** power)} ${units[power] ?? ""}`;
}

function time(seconds: number): string {
  if (seconds < 120) return `${decimal(seconds)} s`;
  if (seconds < 2 * 3600) return `${decimal(seconds / 60)} min`;
  return seconds < 2 * DAY ? `${decimal(seconds / 3600)} h` : `${decimal(seconds / DAY)} days`;
}
