import { expect } from "chai";
import type { Facets } from "../../protocol/facet-values.ts";
import { type HeartbeatParts, softwareName, startHeartbeats } from "../../recorder/heartbeat.ts";
import { accessEvent, eventually, flushed, type Premises, premises, SOURCE } from "./fixture.ts";

const MINUTE = 60_000;
const SOFTWARE = "minhbach/0.0.0";

/** A clock that stands still until it is moved; whoever sleeps wakes when their time has come. */
function manualClock(start = 1_000_000) {
  let now = start;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    random: () => 0.5,
    sleep: (milliseconds: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        const sleeper = { until: now + milliseconds, wake: resolve };
        if (signal.aborted) return resolve();
        sleepers.add(sleeper);
        signal.addEventListener("abort", () => resolve());
      }),
    advance: async (milliseconds: number): Promise<void> => {
      await settle();
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...sleepers].filter(({ until }) => until <= end).sort((a, b) => a.until - b.until);
        if (next === undefined) break;
        now = Math.max(now, next.until);
        sleepers.delete(next);
        next.wake();
        await settle();
      }
      now = end;
    },
  };
}

describe("recorder/heartbeat", () => {
  let clock: ReturnType<typeof manualClock>;
  let recorded: { at: number; facets: Facets }[];
  let state: { lastActivity: number; waiting: number; delivers: boolean; full: boolean };
  let warnings: number;
  let end: () => Promise<void>;

  beforeEach(() => {
    clock = manualClock();
    recorded = [];
    warnings = 0;
    state = { lastActivity: clock.now(), waiting: 0, delivers: true, full: false };
    const parts: HeartbeatParts = {
      ...{ intervalMs: 5 * MINUTE, software: SOFTWARE, timing: clock },
      logger: { info: () => undefined, warn: () => (warnings += 1), error: () => undefined },
      lastActivity: () => state.lastActivity,
      waiting: () => state.waiting,
      delivers: () => state.delivers,
      record: async (facets) => {
        if (state.full) throw new Error("spool-full");
        recorded.push({ at: clock.now(), facets });
        state.lastActivity = clock.now();
        await Promise.resolve();
      },
    };
    end = startHeartbeats(parts);
  });
  afterEach(() => end());

  const minutes = (): number[] => recorded.map(({ at }) => (at - 1_000_000) / MINUTE);

  it("comes whenever the recorder was idle for the interval, and says what runs and how much waits", async () => {
    await clock.advance(5 * MINUTE - 1);
    expect(recorded).to.deep.equal([]);
    state.waiting = 3;
    await clock.advance(11 * MINUTE);
    expect(minutes()).to.deep.equal([5, 10, 15]);
    expect(recorded[0]?.facets).to.deep.equal({
      type: "heartbeat",
      heartbeat: { software: SOFTWARE, waiting: 3 },
      time: { occurred: new Date(1_000_000 + 5 * MINUTE).toISOString() },
    });
  });

  it("does not come while there is something else to hear", async () => {
    for (let minute = 0; minute < 20; minute++) {
      await clock.advance(MINUTE);
      state.lastActivity = clock.now();
    }
    expect(recorded).to.deep.equal([]);
    await clock.advance(5 * MINUTE);
    expect(minutes()).to.deep.equal([25]);
  });

  it("does not pile up in an outage: none while something waits, and again when it is over", async () => {
    state.delivers = false;
    await clock.advance(6 * MINUTE);
    expect(minutes()).to.deep.equal([5]);
    state.waiting = 1;
    await clock.advance(120 * MINUTE);
    expect(recorded).to.have.length(1);
    Object.assign(state, { waiting: 0, delivers: true, lastActivity: clock.now() });
    await clock.advance(9 * MINUTE);
    expect(recorded).to.have.length(2);
  });

  it("goes on after one that could not be recorded", async () => {
    state.full = true;
    await clock.advance(11 * MINUTE);
    expect(warnings).to.equal(2);
    state.full = false;
    await clock.advance(5 * MINUTE);
    expect(minutes()).to.deep.equal([15]);
  });

  it("is not silenced by a clock that is put back", async () => {
    state.lastActivity = clock.now() + 600 * MINUTE;
    await clock.advance(5 * MINUTE);
    state.lastActivity = 0;
    await clock.advance(5 * MINUTE);
    expect(recorded.length).to.be.greaterThan(0);
  });
});

describe("recorder/heartbeat: in a recorder", () => {
  let here: Premises;
  beforeEach(async () => {
    here = await premises();
  });
  afterEach(() => here.close());

  it("is spooled, signed and receipted like any event; the first at once when the ledger has not heard for long", async () => {
    const first = await here.open();
    await first.record(accessEvent("m"));
    await flushed(first);
    await first.close();
    // The stub's receipts are of a time long past.
    const heartbeat = { intervalMs: 5 * MINUTE, software: await softwareName() };
    const second = await here.open({ heartbeat });
    await eventually(() => here.ledger.eventsOf(SOURCE).length === 2, "a heartbeat");
    await flushed(second);
    const beat = here.ledger.eventsOf(SOURCE)[1];
    expect(beat).to.deep.include({
      type: "heartbeat",
      heartbeat: { software: heartbeat.software, waiting: 0 },
    });
    expect(heartbeat.software).to.match(/^minhbach\/\d+\.\d+\.\d+/);
    expect(second.status()).to.deep.include({ nextSeq: 3, receiptedThrough: 2 });
  });

  it("does not come before the first event of a source", async () => {
    let now = Date.now();
    const sleep = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const parts = { timing: { now: () => (now += 1000), random: () => 0.5, sleep } };
    const recorder = await here.open({ heartbeat: { intervalMs: 1000, software: SOFTWARE }, parts });
    const start = now;
    await eventually(() => now > start + 100_000, "time passing");
    expect(recorder.status().nextSeq).to.equal(1);
    await recorder.record(accessEvent("m"));
    await eventually(() => recorder.status().nextSeq > 2, "a heartbeat after the first event");
  });

  it("does not come unless it is asked for", async () => {
    const recorder = await here.open();
    await recorder.record(accessEvent("m"));
    await flushed(recorder);
    await recorder.close();
    const again = await here.open();
    await flushed(again);
    expect(again.status().nextSeq).to.equal(2);
  });
});
