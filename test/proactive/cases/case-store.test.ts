import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { type Case, dueAt, type Stage } from "../../../proactive/cases/case.ts";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";

const FIRST: Case = {
  ...{ id: "PASSPORT-0", procedure: "PASSPORT", ruleVersion: "1", stage: { at: "concluding" }, round: 1 },
  ...{ occasion: { key: "k", subject: "999199000001", on: "2026-11-22", known: {} }, readings: [] },
  ...{ telling: 0, attempts: [], steps: [], corrections: [], decisions: [], tries: 0, noticedAt: 0 },
};

const moment = fc.integer({ min: 0, max: 50 });
const stage: fc.Arbitrary<Stage> = fc.oneof(
  moment.map((notBefore): Stage => ({ at: "reading", notBefore })),
  moment.map((until): Stage => ({ at: "waiting", until })),
  fc.constantFrom<Stage>(
    { at: "concluding" },
    { at: "officer", why: "x", retry: "read" },
    { at: "closed", outcome: "told" },
  ),
);
/** Adds and changes of a few cases, with restarts in between. */
const doings = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ number: fc.nat({ max: 7 }), stage, noticedAt: moment }) },
    { weight: 1, arbitrary: fc.constant("restart" as const) },
  ),
  { maxLength: 40 },
);

describe("proactive/cases/case-store", function () {
  this.timeout(600_000);

  it("finds what is due, what is an officer's and what was noticed last, after any changes and restarts", async () => {
    await fc.assert(
      fc.asyncProperty(doings, moment, async (all, at) => {
        const directory = await mkdtemp(path.join(tmpdir(), "minhbach-store-"));
        let store = await openCaseStore(directory);
        const model = new Map<string, Case>();
        try {
          for (const doing of all) {
            if (doing === "restart") {
              await store.close();
              store = await openCaseStore(directory);
              continue;
            }
            const id = `PASSPORT-${doing.number}`;
            const known = model.get(id);
            const occasion = { ...FIRST.occasion, key: id };
            const changed: Case = {
              ...(known ?? { ...FIRST, id, occasion, noticedAt: doing.noticedAt }),
              stage: doing.stage,
            };
            model.set(id, changed);
            if (known !== undefined) await store.put(changed);
            // Two at once about one occasion, under whatever names: one is added.
            const both = [changed, { ...changed, id: `${id}-other` }];
            const added = await Promise.all(both.map(async (each) => await store.add(each)));
            expect(added).to.deep.equal([known === undefined, false]);
          }
          const cases = [...model.values()];
          const due = cases.filter((each) => (dueAt(each) ?? Infinity) <= at);
          const longest = [...due].sort((a, b) => compare([dueAt(a), a.id], [dueAt(b), b.id]));
          expect(await store.due(at, 100)).to.deep.equal(longest.map(({ id }) => id));
          expect(await store.due(at, 2)).to.deep.equal(longest.slice(0, 2).map(({ id }) => id));
          const times = cases.map(dueAt).filter((time) => time !== undefined);
          expect(await store.nextDue()).to.equal(times.length === 0 ? undefined : Math.min(...times));
          const latest = cases.sort((a, b) => compare([b.noticedAt, b.id], [a.noticedAt, a.id]));
          expect(await allPages(store)).to.deep.equal(latest);
          const officers = latest.filter((each) => each.stage.at === "officer");
          expect(await allPages(store, true)).to.deep.equal(officers);
        } finally {
          await store.close();
          await rm(directory, { recursive: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Everything, two at a time. */
async function allPages(store: CaseStore, atOfficer?: true): Promise<Case[]> {
  const cases: Case[] = [];
  for (;;) {
    const before = cases.at(-1)?.id;
    const page = await store.list({
      ...{ limit: 2, ...(before !== undefined && { before }), ...(atOfficer && { atOfficer }) },
    });
    cases.push(...page);
    if (page.length < 2) return cases;
  }
}

function compare(
  [a = 0, first]: readonly [number | undefined, string],
  [b = 0, second]: readonly [number | undefined, string],
): number {
  return a === b ? (first < second ? -1 : 1) : a - b;
}
