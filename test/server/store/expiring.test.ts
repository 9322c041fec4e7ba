import { expect } from "chai";
import { type Expiring, type ExpiringEntry, expiringInMemory } from "../../../server/store/expiring.ts";
import { openPostgresStore, type PostgresStore } from "../../../server/store/postgres-store.ts";
import { skipBecause } from "../../skip-because.ts";
import { sharedDatabase } from "../../system/shared-postgres.ts";

const START = Date.parse("2026-11-22T04:00:00Z");
const HOUR = 3_600_000;

/** What every keeper promises. @param opened two ways to the same things */
function keeping(opened: (clock: { now: () => number }) => readonly [Expiring, Expiring]): void {
  let now: number;
  let one: Expiring;
  let two: Expiring;
  /** Different in each test, as they share a database. */
  let run = 0;
  beforeEach(() => {
    now = START;
    run++;
    [one, two] = opened({ now: () => now });
  });

  const entry = (name: string, until = START + 1000, owner = "an owner"): ExpiringEntry => ({
    kind: "session",
    ...{ name: `${run} ${name}`, owner: `${run} ${owner}`, value: Buffer.from(name), until },
  });
  const found = async (name: string): Promise<string | undefined> => {
    const kept = await two.get(entry(name));
    return kept && Buffer.from(kept.value).toString();
  };

  it("keeps a thing once until its end", async () => {
    expect(await found("a")).to.equal(undefined);
    const asked = await Promise.all([one, two, one, two].map(async ({ add }) => await add(entry("a"))));
    expect(asked.filter(Boolean)).to.have.length(1);
    expect(await found("a")).to.equal("a");
    now += 999;
    expect(await two.add(entry("a", now + 1000))).to.equal(false);
    now += 1;
    expect(await found("a")).to.equal(undefined);
    expect(await two.add(entry("a", now + 1000))).to.equal(true);
    expect((await one.get(entry("a")))?.until).to.equal(now + 1000);
    // However much ended meanwhile.
    now += HOUR;
    expect(await one.add(entry("b", now + 1))).to.equal(true);
    expect(await found("a")).to.equal(undefined);
  });

  it("tells kinds apart", async () => {
    await one.add(entry("a"));
    expect(await two.get({ ...entry("a"), kind: "proof" })).to.equal(undefined);
    expect(await two.add({ ...entry("a"), kind: "proof" })).to.equal(true);
  });

  it("moves the end of what is kept, and of nothing else", async () => {
    await one.add(entry("a"));
    await two.extend(entry("a"), START + 5000);
    await two.extend(entry("b"), START + 5000);
    now += 4999;
    expect(await found("a")).to.equal("a");
    now += 1;
    await one.extend(entry("a"), START + HOUR);
    expect(await found("a")).to.equal(undefined);
    expect(await found("b")).to.equal(undefined);
  });

  it("removes one, and those of an owner that end first", async () => {
    for (const [at, name] of ["a", "b", "c", "d"].entries()) await one.add(entry(name, START + HOUR - at));
    await one.add(entry("other", START + 1, "somebody else"));
    await two.remove(entry("a"));
    await two.remove(entry("unknown"));
    await two.keepNewest({ kind: "session", owner: entry("").owner }, 2);
    const names = await Promise.all(["a", "b", "c", "d", "other"].map(found));
    expect(names).to.deep.equal([undefined, "b", "c", undefined, "other"]);
    await one.add(entry("last", START + 9 * HOUR));
    await one.keepNewest({ kind: "session" }, 1);
    expect(await Promise.all(["b", "c", "other", "last"].map(found))).to.deep.equal([
      ...[undefined, undefined, undefined, "last"],
    ]);
  });
}

describe("server/store/expiring", () => {
  describe("in memory", () => {
    keeping((clock) => {
      const kept = expiringInMemory(clock);
      return [kept, kept];
    });
  });

  describe("in PostgreSQL, at two servers", function () {
    this.timeout(600_000);
    let stores: readonly [PostgresStore, PostgresStore] | undefined;
    before(async function () {
      const { url } = await sharedDatabase().catch(() => ({ url: undefined }));
      if (url === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
      stores = [await openPostgresStore({ url }), await openPostgresStore({ url })];
    });
    after(async () => {
      for (const { close } of stores ?? []) await close();
    });
    keeping((clock) => {
      if (stores === undefined) throw new Error("not opened");
      return [stores[0].expiring(clock), stores[1].expiring(clock)];
    });
  });
});
