import { expect } from "chai";
import fc from "fast-check";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import {
  type ResultCount,
  type ResultOutcome,
  type ResultRegister,
  resultRegister,
} from "../../../server/inspect/result-register.ts";
import { monthOf } from "../../../server/inspect/search/counts.ts";
import { createLog } from "../../../server/log.ts";
import { type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const DESK = parseSource("qn-operator/desk");
const NOVEMBER = Date.UTC(2026, 10, 30) / 1000;
const DECEMBER = Date.UTC(2026, 11, 1) / 1000;

interface Said {
  readonly sample: number;
  /** Names the event that was looked at. */
  readonly event: number;
  readonly outcome: ResultOutcome;
}

const leafOf = (event: number): string => toBase64url(new Uint8Array(32).fill(event));
/** An event is one agency's, about one procedure. */
const AGENCIES = ["qn-health", "qn-police"];
const agencyOf = (event: number): string => AGENCIES[event % 2] ?? "";
const procedureOf = (event: number): string => (event % 3 === 0 ? "DRIVER_LIC" : "MED_PRAC");

function facetsOf({ sample, event, outcome }: Said): Facets {
  return {
    type: "inspection",
    purpose: { procedure: procedureOf(event) },
    time: { occurred: "2026-11-30T08:00:00+07:00" },
    inspection: {
      ...{ id: "result-1", state: "inspected", authority: "Thanh tra", agencies: [agencyOf(event)] },
      result: { sample, leaf: leafOf(event), outcome },
    },
  };
}

describe("the results of samples", function () {
  this.timeout(600_000);
  let log: RecordedLog;
  beforeEach(async () => {
    log = await recordedLog();
  });
  afterEach(async () => {
    await log.close();
  });

  /** What a start of the server makes of the same databases. */
  function register(): ResultRegister {
    const follow = followLog({ store: log.store, db: log.derived, log: createLog({ logLevel: "silent" }) });
    return resultRegister({ follow, db: log.derived, store: log.store, desk: DESK });
  }

  it("are the last ones about each event, counted once in the month in which they were recorded", async () => {
    const said = fc.record({
      sample: fc.integer({ min: 0, max: 2 }),
      event: fc.integer({ min: 0, max: 4 }),
      outcome: fc.constantFrom<ResultOutcome>("in-order", "not-in-order"),
    });
    const submissions = fc.array(
      fc.record({ list: fc.array(said, { minLength: 1, maxLength: 6 }), isLater: fc.boolean() }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(submissions, async (recorded) => {
        await log.close();
        log = await recordedLog();
        const last = new Map<number, Said & { readonly month: number }>();
        const inSample = new Map<string, ResultOutcome>();
        for (const { list, isLater } of recorded) {
          const time = isLater ? DECEMBER : NOVEMBER;
          await log.append(DESK, list.map(facetsOf), { time });
          if (isLater) await register().update();
          for (const each of list) {
            last.set(each.event, { ...each, month: monthOf(time) });
            inSample.set(`${each.sample} ${each.event}`, each.outcome);
          }
        }
        const results = register();
        const counts = await results.counts();
        const all = [...last.values()];
        expect(counts.reduce((sum, { inspected }) => sum + inspected, 0)).to.equal(all.length);
        for (const count of counts) expect(count).to.deep.equal(countedAs(count, all));
        for (const month of [monthOf(NOVEMBER), monthOf(DECEMBER)])
          expect(await results.counts(month)).to.deep.equal(counts.filter((count) => count.month === month));
        for (const [name, outcome] of inSample) {
          const [sample = 0, event = 0] = name.split(" ").map(Number);
          const [result, none] = await results.ofSample(sample, [leafOf(event), leafOf(9)]);
          expect(result).to.deep.include({ sample, leaf: leafOf(event), outcome, agency: agencyOf(event) });
          expect(none).to.equal(undefined);
        }
      }),
      { numRuns: 12 },
    );
  });

  it("are the desk's alone, and nothing else that is said in inspections", async () => {
    const result = facetsOf({ sample: 1, event: 1, outcome: "in-order" });
    await log.append("qn-police/desk", [result]);
    const inspection = { id: "sample-1", authority: "Thanh tra", state: "sampled" } as const;
    await log.append(DESK, [
      { ...result, inspection: { ...inspection, sample: { from: 0, to: 1, count: 1 } } },
    ]);
    await log.append(DESK, [result], { erased: true });
    expect(await register().counts()).to.deep.equal([]);
  });

  it("are all counted where there are many kinds of them", async () => {
    const facets = Array.from({ length: 1001 }, (_, at): Facets => {
      const leaf = new Uint8Array(32);
      new DataView(leaf.buffer).setUint32(0, at);
      const { inspection, ...rest } = facetsOf({ sample: 1, event: 1, outcome: "not-in-order" });
      if (inspection === undefined) return expect.fail("no inspection");
      const result = { sample: 1, leaf: toBase64url(leaf), outcome: "in-order" } as const;
      return { ...rest, purpose: { procedure: `P-${at}` }, inspection: { ...inspection, result } };
    });
    for (let at = 0; at < facets.length; at += 500) await log.append(DESK, facets.slice(at, at + 500));
    expect(await register().counts()).to.have.length(1001);
  });
});

/** What a count must be. */
function countedAs(
  { month, agency, procedure }: ResultCount,
  all: readonly (Said & { readonly month: number })[],
): ResultCount {
  const own = all.filter(
    ({ event, ...each }) =>
      each.month === month && agencyOf(event) === agency && procedureOf(event) === procedure,
  );
  const notInOrder = own.filter(({ outcome }) => outcome === "not-in-order").length;
  return { month, agency, procedure, inspected: own.length, notInOrder };
}
