import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { beginWorldClock, type WorldClock } from "../../scripts/demo/clock.ts";

const START = Date.parse("2026-08-22T02:00:00Z");
const DAY_MS = 86_400_000;

describe("scripts/demo: the clock of a world", () => {
  let clock: WorldClock | undefined;

  afterEach(() => {
    clock?.end();
    clock = undefined;
  });

  it("flows like any clock, for everybody in the process who asks what time it is", async () => {
    clock = beginWorldClock(START);
    await pause(50);
    expect(Date.now() - START).to.be.within(30, 60_000);
    expect(new Date().getTime() - clock.now()).to.be.within(-60_000, 60_000);
    // Timers are not of this world.
    expect(new Date(0).toISOString()).to.equal("1970-01-01T00:00:00.000Z");
  });

  it("is set forward, and never back", () => {
    clock = beginWorldClock(START);
    clock.setTo(START + 30 * DAY_MS);
    expect(Date.now() - START - 30 * DAY_MS).to.be.within(0, 60_000);
    const { setTo } = clock;
    expect(() => setTo(START)).to.throw(RangeError);
  });

  it("gives the machine's time back", () => {
    const before = Date.now();
    beginWorldClock(START).end();
    expect(Date.now()).to.be.within(before, before + 60_000);
  });
});
