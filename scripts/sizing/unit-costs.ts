/** The unit costs that were measured, read from the results of the benchmark and from the gas report. */
import { isJsonObject } from "../../protocol/json.ts";

/** What one of something costs; every figure is of one machine with 2 cores. */
export interface UnitCosts {
  /** Machine and date of the measurement, as it stands in the results. */
  readonly measured: string;
  /** Events a second that one server took over HTTP, on top of the large log. */
  readonly eventsPerSecond: number;
  /** Events of that log. */
  readonly largeLog: number;
  /** Processor seconds of the server for an event with everything on, search left out. */
  readonly eventCpuSeconds: number;
  /** Seconds of the index's one thread for a key that changed, at a million keys. */
  readonly changedKeySeconds: number;
  /** Memory of the index for a key, at a million. */
  readonly keyBytes: number;
  /** Seconds a start reads for a key, at a million. */
  readonly keyLoadSeconds: number;
  /** VRF outputs of new persons, a second and core. */
  readonly vrfPerSecond: number;
  /** Database files that the server had mapped at the large log, for an event: what is on the disk is at least that. */
  readonly eventDiskBytes: number;
  /** A whole event as a statement shows it, every disclosure opened. */
  readonly eventBytes: number;
  readonly statementSeconds: number;
  readonly absenceSeconds: number;
  /** Seconds to make the tiles anew, for an event. */
  readonly integrateSeconds: number;
  /** Plain inserts of the same rows into PostgreSQL on the same disk, a second. */
  readonly plainInsertsPerSecond: number;
  /** Plain events into one recorder, in lists. */
  readonly recorderPerSecond: number;
  /** An anchor at a billion leaves, the worst pair of sizes, with an index. */
  readonly anchorGas: number;
}

/** Reads `docs/bench/results.json` and `docs/gas.md`. Throws where a figure is not there. */
export function unitCosts(results: string, gasReport: string): UnitCosts {
  const file: unknown = JSON.parse(results);
  const at = (...path: readonly (string | number)[]): number => {
    const value = path.reduce<unknown>(memberOf, file);
    if (typeof value !== "number" || !(value > 0)) throw new Error(`the results have no ${path.join(".")}`);
    return value;
  };
  const text = (name: string): string => {
    const value = memberOf(file, name);
    if (typeof value !== "string") throw new Error(`the results have no ${name}`);
    return value;
  };
  const [, gas = ""] = /^\| 1e9, worst \|[^|]*\|[^|]*\| ([\d,]+) \|$/m.exec(gasReport) ?? [];
  const anchorGas = Number(gas.replaceAll(",", ""));
  if (!(anchorGas > 0)) throw new Error("the gas report has no worst anchor at a billion leaves");
  const largeLog = at("details", "largeSize");
  const mostKeys = at("details", "index", 2, "keys");
  const megabyte = 1024 * 1024;
  return {
    measured: `${text("machine")}, ${text("date")}`,
    ...{ largeLog, anchorGas },
    eventsPerSecond: at("details", "atLarge", "perSecond"),
    eventCpuSeconds:
      at("details", "steadyMemory", "cpuSeconds") / at("details", "steady", "acknowledged", "count"),
    changedKeySeconds: at("details", "index", 2, "perChangedKeyUs") / 1e6,
    keyBytes: at("details", "index", 2, "memoryBytes") / mostKeys,
    keyLoadSeconds: at("details", "index", 2, "reloadMs") / 1000 / mostKeys,
    vrfPerSecond: at("details", "vrf", "libsodium"),
    eventDiskBytes: (at("details", "usage", "mappedMegabytes") * megabyte) / largeLog,
    eventBytes: at("details", "statements", "bytes") / (largeLog / PERSONS_OF_LARGE_LOG),
    statementSeconds: at("details", "statements", "p50Milliseconds") / 1000,
    absenceSeconds: at("details", "absences", "p50Milliseconds") / 1000,
    integrateSeconds: at("details", "integrateSeconds") / largeLog,
    plainInsertsPerSecond: at("details", "hashChainedTable", "eventsPerSecond"),
    recorderPerSecond: at("details", "recorderLists", "perSecond"),
  };
}

/** People that the events of the large log are about, in turn (scripts/bench/workload.ts). */
const PERSONS_OF_LARGE_LOG = 10_000;

function memberOf(value: unknown, name: string | number): unknown {
  if (Array.isArray(value) && typeof name === "number") return value[name];
  return isJsonObject(value) ? value[name] : undefined;
}
