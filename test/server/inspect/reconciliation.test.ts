import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { type Pair, pairWith } from "../../../server/inspect/pairs.ts";
import { reconciliation, type Step, type TaggedHalf } from "../../../server/inspect/reconciliation.ts";
import { type DerivedDatabase, openDerived } from "../../../server/integrate/derived.ts";

const ALL = 1_000_000;

function half(side: TaggedHalf["side"], exchange: number, index: number, time = index): TaggedHalf {
  return { side, index, time, tag: Buffer.alloc(32, exchange) };
}

describe("server/inspect/reconciliation", () => {
  let folder: string;
  let db: DerivedDatabase;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-pairs-"));
    db = await openDerived(folder, "test");
  });
  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  async function written(step: Promise<Step>): Promise<readonly Pair[]> {
    const { pairs, rows } = await step;
    await db.write(rows);
    return pairs;
  }

  const waiting = async (): Promise<number[]> =>
    (await reconciliation(db).waitingSince(ALL, ALL)).pairs.map(({ first }) => first.index);

  it("gives a pair when its second half comes, in the same step or in a later one", async () => {
    const pairs = reconciliation(db);
    const first = await written(
      pairs.take([half("client", 1, 0), half("client", 2, 1), half("provider", 1, 2)]),
    );
    expect(first.map((pair) => [pair.first.index, pair.other?.index])).to.deep.equal([[0, 2]]);
    expect(await waiting()).to.deep.equal([1]);
    const second = await written(reconciliation(db).take([half("provider", 2, 3)]));
    expect(second.map((pair) => [pair.first.index, pair.other?.index])).to.deep.equal([[1, 3]]);
    expect(await waiting()).to.deep.equal([]);
  });

  it("gives each half that waits once, the oldest first, from the second after", async () => {
    const pairs = reconciliation(db);
    await written(
      pairs.take([half("client", 1, 0, 50), half("provider", 2, 1, 40), half("client", 3, 2, 60)]),
    );
    const indexes = async (time: number, limit: number): Promise<number[]> =>
      (await written(pairs.waitingSince(time, limit))).map(({ first }) => first.index);
    expect(await indexes(40, 10)).to.deep.equal([]);
    expect(await indexes(60, 1)).to.deep.equal([1]);
    expect(await indexes(60, 10)).to.deep.equal([0]);
    expect(await indexes(61, 10)).to.deep.equal([2]);
    // Given once, and still completed by a late half.
    const late = await written(pairs.take([half("provider", 1, 9, 99)]));
    expect(late.map(({ first, other }) => [first, other?.index])).to.deep.equal([
      [{ side: "client", index: 0, time: 50 }, 9],
    ]);
  });

  it("forgets nothing of a pair that was complete: a half recorded again waits for nothing", async () => {
    const pairs = reconciliation(db);
    await written(pairs.take([half("client", 1, 0), half("provider", 1, 1)]));
    expect(await written(pairs.take([half("client", 1, 2), half("client", 1, 3)]))).to.deep.equal([]);
    expect(await waiting()).to.deep.equal([]);
  });

  it("forgets everything when it is told to", async () => {
    const pairs = reconciliation(db);
    await written(pairs.take([half("client", 1, 0)]));
    await pairs.clear();
    expect(await waiting()).to.deep.equal([]);
    expect(await written(pairs.take([half("provider", 1, 1)]))).to.deep.equal([]);
  });

  it("comes to what the pure rule comes to, however the log is cut into steps", async () => {
    const record = fc.record({
      side: fc.constantFrom("client" as const, "provider" as const),
      exchange: fc.integer({ min: 0, max: 5 }),
      endsStep: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 30 }), async (records) => {
        const pairs = reconciliation(db);
        await pairs.clear();
        const rule = new Map<number, Pair>();
        const complete: Pair[] = [];
        let step: TaggedHalf[] = [];
        for (const [index, { side, exchange, endsStep }] of records.entries()) {
          rule.set(exchange, pairWith(rule.get(exchange), { side, index, time: index }));
          step.push(half(side, exchange, index));
          if (!endsStep) continue;
          complete.push(...(await written(pairs.take(step))));
          step = [];
        }
        complete.push(...(await written(pairs.take(step))));
        const byFirst = (list: readonly Pair[]): Pair[] =>
          list.toSorted((a, b) => a.first.index - b.first.index);
        const all = [...rule.values()];
        expect(byFirst(complete)).to.deep.equal(byFirst(all.filter(({ other }) => other !== undefined)));
        const alone = all.filter(({ other }) => other === undefined).map(({ first }) => first.index);
        expect(await waiting()).to.deep.equal(alone.toSorted((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });
});
