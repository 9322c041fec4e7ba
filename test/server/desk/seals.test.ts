import { expect } from "chai";
import fc from "fast-check";
import { fromBase64url, toBase64url } from "../../../protocol/bytes.ts";
import type { Facets, Seal } from "../../../protocol/facet-values.ts";
import { sealAt, sealedBy, sealRegister, type SealRegister } from "../../../server/desk/seals.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { type FollowLog, followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const DAY_MS = 86_400_000;
const BEGIN = Date.parse("2026-11-22T00:00:00Z");
const LEAVES = [1, 2, 3].map((byte) => toBase64url(new Uint8Array(32).fill(byte)));
const time = { occurred: "2026-11-22T08:00:00Z" };
const onDay = (day: number): string => new Date(BEGIN + day * DAY_MS).toISOString();

function order(id: string, state: Seal["state"], leaves: readonly string[], untilDay: number): Facets {
  return { type: "seal", seal: { id, state, leaves, authority: "court", until: onDay(untilDay) }, time };
}

describe("server/desk/seals", () => {
  let log: RecordedLog;
  let follow: FollowLog;
  let seals: SealRegister;

  beforeEach(async () => {
    log = await recordedLog();
    follow = followLog({ store: log.store, db: log.derived, log: createLog({ logLevel: "silent" }) });
    seals = sealRegister({ follow, db: log.derived });
  });
  afterEach(async () => {
    await log.close();
  });

  it("tells two agencies' seals of one id apart, and lists each where it was placed first", async () => {
    await log.append("qn-police/r1", [order("s", "placed", LEAVES.slice(0, 1), 5)]);
    await log.append("qn-court/r1", [order("s", "placed", LEAVES.slice(1, 2), 5)]);
    await log.append("qn-police/r2", [order("s", "lifted", LEAVES.slice(0, 1), 5)]);
    const all = await seals.list({ from: 0, limit: 10 });
    expect(all.map(({ agency, orders, placed, last }) => [agency, orders, placed, last])).to.deep.equal([
      ["qn-police", 2, 0, 2],
      ["qn-court", 1, 1, 1],
    ]);
    expect(all.map((seal) => sealAt(seal, BEGIN).state)).to.deep.equal(["lifted", "placed"]);
    expect(await seals.list({ from: 1, limit: 10 })).to.have.length(1);
    expect(await seals.one("qn-health", "s")).to.equal(undefined);
  });

  it("ends by itself, at the end of what ends last", async () => {
    await log.append("qn-police/r1", [
      order("s", "placed", LEAVES.slice(0, 2), 5),
      order("s", "placed", LEAVES.slice(0, 1), 9),
    ]);
    const seal = await seals.one("qn-police", "s");
    if (seal === undefined) throw new Error("no seal");
    const at = (day: number): unknown[] => [
      sealAt(seal, BEGIN + day * DAY_MS).state,
      sealedBy(seal, BEGIN + day * DAY_MS).length,
    ];
    expect([at(0), at(5), at(8), at(9)]).to.deep.equal([
      ["placed", 2],
      ["placed", 1],
      ["placed", 1],
      ["ended", 0],
    ]);
    expect(sealAt(seal, BEGIN).until).to.equal(onDay(9));
  });

  it("places nothing by lifting what was never sealed", async () => {
    await log.append("qn-police/r1", [order("s", "lifted", LEAVES, 5)]);
    expect(await seals.list({ from: 0, limit: 10 })).to.deep.equal([]);
  });

  it("says of every event what is shown by (disclose/), whatever was ordered by whomever", async () => {
    const act = fc.record({
      source: fc.constantFrom("qn-police/r1", "qn-court/r1"),
      id: fc.constantFrom("s", "t"),
      state: fc.constantFrom("placed" as const, "lifted" as const),
      leaves: fc.subarray(LEAVES, { minLength: 1 }),
      untilDay: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), fc.nat(10), async (acts, day) => {
        await log.close();
        log = await recordedLog();
        follow = followLog({ store: log.store, db: log.derived, log: createLog({ logLevel: "silent" }) });
        seals = sealRegister({ follow, db: log.derived });
        for (const { source, id, state, leaves, untilDay } of acts)
          await log.append(source, [order(id, state, leaves, untilDay)]);
        const now = BEGIN + day * DAY_MS;
        const closures = closureRegister({
          ...{ follow, db: log.derived, clock: { now: () => now } },
          log: createLog({ logLevel: "silent" }),
        });
        const closed = await closures.closuresOf(LEAVES.map((leaf) => fromBase64url(leaf)));
        const listed = (await seals.list({ from: 0, limit: 100 })).flatMap((seal) => sealedBy(seal, now));
        for (const [at, leaf] of LEAVES.entries())
          expect(listed.includes(leaf), `leaf ${at}`).to.equal(closed[at] !== undefined);
      }),
      { numRuns: 25 },
    );
  });
});
