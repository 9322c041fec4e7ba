import { expect } from "chai";
import type { Notice } from "../../../proactive/noticing/notice.ts";
import { scan, type ScanParts } from "../../../proactive/noticing/scan.ts";
import { addDays, type Day } from "../../../proactive/population/calendar.ts";
import { population } from "../../../proactive/population/population.ts";
import type { RegisterCode } from "../../../proactive/registers/configurations.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";
import { RULES } from "../../../proactive/rules/rules.ts";

const AS_OF = "2026-08-22";
const DAYS = 40;
const END = addDays(AS_OF, DAYS);
const PEOPLE = population({ seed: 5, persons: 400, asOf: AS_OF, days: DAYS, registers: ["health"] });
const SOCIETY = society(PEOPLE, AS_OF);

/** An agency whose cases and notices are kept in memory, so that a crash can be put anywhere. */
function agencyWith(code: RegisterCode, agency: string) {
  const held: Register = register(code, SOCIETY, PEOPLE.documents);
  const kept = {
    cases: new Map<string, Day>(),
    notices: new Map<string, Notice>(),
    until: undefined as Day | undefined,
  };
  let untilCrash = Number.POSITIVE_INFINITY;
  const survives = async (): Promise<void> => {
    await Promise.resolve();
    if (--untilCrash < 0) throw new Error("killed");
  };
  const parts: Omit<ScanParts, "to"> = {
    ...{ register: held, rules: RULES, agency, from: AS_OF },
    notice: async (procedure, { key, on }) => {
      await survives();
      const name = `${procedure} ${key}`;
      if (!kept.cases.has(name)) kept.cases.set(name, on);
    },
    outbox: {
      scannedUntil: () => kept.until,
      put: async (notices, until) => {
        await survives();
        for (const each of notices) kept.notices.set(`${each.procedure} ${each.occasion.key}`, each);
        kept.until = until;
      },
    },
  };
  return {
    ...{ held, kept, parts },
    scanTo: async (to: Day, crashAfter = Number.POSITIVE_INFINITY) => {
      untilCrash = crashAfter;
      await scan({ ...parts, to });
    },
  };
}

describe("proactive/noticing: the daily scan", () => {
  it("begins cases of what the agency leads, and notices of all else", async () => {
    const police = agencyWith("population", "qn-police");
    await police.held.hear(PEOPLE.timeline, END);
    await police.scanTo(END);
    const procedures = (all: Iterable<string>): string[] => [
      ...new Set([...all].map((each) => each.split(" ")[0] ?? "")),
    ];
    expect(procedures(police.kept.cases.keys()).sort()).to.deep.equal(["DRIVER_LIC", "ID_CARD", "PASSPORT"]);
    expect(procedures(police.kept.notices.keys())).to.deep.equal(["SCHOOL_ADM"]);
    expect(police.kept.until).to.equal(END);
  });

  it("looks at no day that the register has not heard everything of, and at every one in the end", async () => {
    const health = agencyWith("health", "qn-health");
    await health.scanTo(END);
    expect(health.kept.until).to.equal(undefined);
    await health.held.hear(PEOPLE.timeline, addDays(AS_OF, 3));
    await health.scanTo(END);
    expect(health.kept.until).to.equal(addDays(AS_OF, 3));
    await health.held.hear(PEOPLE.timeline, END);
    await health.scanTo(addDays(AS_OF, 5));
    expect(health.kept.until).to.equal(addDays(AS_OF, 5));
    await health.scanTo(END);
    const happened = PEOPLE.timeline.filter(({ kind }) => kind === "birth" || kind === "death");
    expect(health.kept.notices.size).to.equal(happened.length);
  });

  it("says how far it is", async () => {
    const health = agencyWith("health", "qn-health");
    await health.held.hear(PEOPLE.timeline, END);
    const said: string[] = [];
    await scan({
      ...health.parts,
      to: addDays(AS_OF, 3),
      progress: (days, of) => said.push(`${days}/${of}`),
    });
    expect(said).to.deep.equal(["1/3", "2/3", "3/3"]);
  });

  const DEATHS_OF_PROCESS = [
    ["population", "qn-police", [0, 7, 60]],
    ["health", "qn-health", Array.from({ length: DAYS + 1 }, (_, at) => at)],
  ] as const;
  for (const [code, agency, places] of DEATHS_OF_PROCESS)
    it(`finds the same in the ${code} register, each on the day that showed it first, wherever it is killed`, async () => {
      const calm = agencyWith(code, agency);
      await calm.held.hear(PEOPLE.timeline, END);
      await calm.scanTo(END);
      expect(calm.kept.cases.size + calm.kept.notices.size).to.be.greaterThan(0);
      // What was looked through is not looked through again.
      await calm.scanTo(END, 0);
      for (const after of places) {
        const killed = agencyWith(code, agency);
        await killed.held.hear(PEOPLE.timeline, END);
        await killed.scanTo(END, after).catch(() => undefined);
        await killed.scanTo(END, after).catch(() => undefined);
        await killed.scanTo(END);
        expect(killed.kept, `killed after ${after}`).to.deep.equal(calm.kept);
      }
    });
});
