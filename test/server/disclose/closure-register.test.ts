import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { type ClosureRegister, closureRegister } from "../../../server/disclose/closure-register.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { access, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const time = { occurred: "2026-11-22T08:00:00Z" };
const NOW = Date.parse("2026-11-22T00:00:00Z");

describe("server/disclose/closure-register", () => {
  let log: RecordedLog;
  let reads: number[];

  beforeEach(async () => {
    log = await recordedLog();
    reads = [];
  });
  afterEach(async () => {
    await log.close();
  });

  /** What `npm start` makes of the same databases after a restart. */
  function register(store: Partial<RecordedLog["store"]> = {}): ClosureRegister {
    const counted = {
      ...log.store,
      indexTags: async (from: number, to: number) => {
        reads.push(from);
        return await log.store.indexTags(from, to);
      },
      ...store,
    };
    const logger = createLog({ logLevel: "silent" });
    return closureRegister({
      follow: followLog({ store: counted, db: log.derived, log: logger }),
      db: log.derived,
      clock: { now: () => NOW },
      log: logger,
    });
  }

  async function leafAt(index: number): Promise<Uint8Array> {
    const [payload] = await log.store.payloads(index, index + 1);
    return leafHash(payload ?? new Uint8Array());
  }

  async function seal(...indexes: number[]): Promise<number> {
    const leaves: string[] = [];
    for (const index of indexes) leaves.push(toBase64url(await leafAt(index)));
    const facets: Facets = {
      type: "seal",
      seal: {
        id: `s-${indexes.join("-")}`,
        state: "placed",
        leaves,
        authority: "court",
        until: "2027-01-01T00:00:00Z",
      },
      time,
    };
    return await log.append("qn-police/r1", [facets]);
  }

  const closing = async (closures: ClosureRegister, ...indexes: number[]): Promise<unknown[]> =>
    (await closures.closuresOf(await Promise.all(indexes.map(leafAt)))).map((closure) => closure?.index);

  it("knows every seal that was recorded before it is asked", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    const closures = register();
    expect(await closing(closures, 0, 1, 2)).to.deep.equal([undefined, undefined, undefined]);
    const [first, second] = [await seal(0, 2), await seal(1)];
    expect(await closing(closures, 0, 1, 2)).to.deep.equal([first, second, first]);
  });

  it("looks again when what it was reading had ended before the seal came", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const gate = Promise.withResolvers<undefined>();
    const atEnd = Promise.withResolvers<undefined>();
    const closures = register({
      indexTags: async (from, to) => {
        const tags = await log.store.indexTags(from, to);
        if (from === 0) {
          atEnd.resolve(undefined);
          await gate.promise;
        }
        return tags;
      },
    });
    const leaf = await leafAt(0);
    const reading = closures.update();
    await atEnd.promise;
    const ordered = await seal(0);
    const asked = closures.closuresOf([leaf]);
    // Time for the question to join the reading that is under way.
    for (let times = 0; times < 10; times++) await log.store.head();
    gate.resolve(undefined);
    await reading;
    expect((await asked)[0]?.index).to.equal(ordered);
  });

  it("keeps what it read over a restart, and reads only what is new", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    const first = await seal(0);
    expect(await closing(register(), 0, 1)).to.deep.equal([first, undefined]);
    const second = await seal(1);
    reads = [];
    expect(await closing(register(), 0, 1)).to.deep.equal([first, second]);
    expect(Math.min(...reads)).to.equal(3);
  });

  it("is made again from the records when the derived database is lost", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const first = await seal(0);
    expect(await closing(register(), 0)).to.deep.equal([first]);
    await log.derived.clear();
    expect(await closing(register(), 0)).to.deep.equal([first]);
  });

  it("begins anew when it has read more than the records hold", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    const ordered = await seal(0);
    await register().update();
    const head = await log.store.head();
    const older = register({
      head: async () => await Promise.resolve({ ...head, size: 2 }),
      indexTags: async (from, to) => await log.store.indexTags(from, Math.min(to, 2)),
    });
    expect(await closing(older, 0)).to.deep.equal([undefined]);
    expect(await closing(register(), 0)).to.deep.equal([ordered]);
  });

  it("opens nothing while it cannot read the records, and goes on when it can", async () => {
    await log.append("qn-police/r1", [access("a")]);
    let isBroken = true;
    const closures = register({
      indexTags: async (from, to) => {
        if (isBroken) throw new Error("disk");
        return await log.store.indexTags(from, to);
      },
    });
    const ordered = await seal(0);
    const refused = await closing(closures, 0).catch((error: unknown) => String(error));
    expect(refused).to.contain("disk");
    isBroken = false;
    expect(await closing(closures, 0)).to.deep.equal([ordered]);
  });

  it("asks to wait while a long log is read again", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const head = await log.store.head();
    const closures = register({ head: async () => await Promise.resolve({ ...head, size: 1_000_000 }) });
    const refused: unknown = await closing(closures, 0).catch((error: unknown) => error);
    expect(refused).to.have.property("code", "starting");
  });

  it("closes nothing by an order that nobody can read any more", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const leaves = [toBase64url(await leafAt(0))];
    const order = {
      id: "s",
      state: "placed",
      leaves,
      authority: "court",
      until: "2027-01-01T00:00:00Z",
    } as const;
    await log.append("qn-police/r1", [{ type: "seal", seal: order, time }], { erased: true });
    expect(await closing(register(), 0)).to.deep.equal([undefined]);
  });
});
