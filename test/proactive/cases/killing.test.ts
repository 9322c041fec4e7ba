import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Case } from "../../../proactive/cases/case.ts";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";
import { caseEngine, type Engine } from "../../../proactive/cases/engine.ts";
import type { Fact } from "../../../proactive/registers/facts.ts";
import { DAY, Died, MORNING, OCCASION, Surroundings } from "./surroundings.ts";

/** More than any of these lives takes. */
const MOST_DEATHS = 200;
const CHILD_BORN = "2021-03-04";
const CHILD = {
  ...{ key: "SCHOOL 2027", subject: OCCASION.subject, on: "2026-11-23" },
  known: { year: 2027 },
};
const SCHOOL: Readonly<Record<string, Record<string, Fact>>> = {
  population: { "pd:BirthDate": CHILD_BORN, "pd:Residency": "Thôn 1" },
  "civil-status": { "pd:BirthDate": "2021-04-03", "pd:Parent": { guardian: OCCASION.subject } },
  social: { "pd:SocialStatus": { b1: 200 } },
};

describe("proactive/cases: an engine that is killed at anything it does", function () {
  this.timeout(600_000);
  let directory: string;
  let store: CaseStore;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-killed-"));
    store = await openCaseStore(directory);
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  /** Does something again and again as an agency does that is started again whenever it dies. */
  async function insist(around: Surroundings, work: (engine: Engine) => Promise<unknown>): Promise<void> {
    try {
      await work(caseEngine(around.parts(store)));
    } catch (error) {
      if (!isDeath(error)) throw error;
      around.restart();
      await work(caseEngine(around.parts(store)));
    }
  }

  async function died(around: Surroundings, live: (around: Surroundings) => Promise<void>): Promise<boolean> {
    const isToDie = around.dieAt;
    await live(around);
    return around.dieAt !== isToDie;
  }

  async function only(): Promise<Case> {
    const [latest] = await store.list({ limit: 1 });
    return latest ?? expect.fail("there is no case");
  }

  for (const dies of ["before", "after"] as const) {
    it(`${dies} it: an offer that is accepted is done once, told once, granted once`, async () => {
      const live = async (around: Surroundings, at: number): Promise<void> => {
        around.steps = { water: "down" };
        around.answers = {
          land: { "pd:Ownership": { parcel: "P" } },
          construction: { "pd:Location": { zone: "residential" } },
          tax: { "pd:Tax": { owed: 0 } },
        };
        const occasion = { ...OCCASION, key: `GPXD ${dies} ${at}`, known: {} };
        await insist(around, async (engine) => await engine.notice("BUILD_PERMIT", occasion));
        await insist(around, async (engine) => await engine.advanceAll());
        const { id } = await only();
        await insist(around, async (engine) => await engine.answer(id, { answer: "accept" }));
        await insist(around, async (engine) => await engine.advanceAll());
        around.steps = {};
        around.now += 3_600_000;
        await insist(around, async (engine) => await engine.advanceAll());
      };
      for (let at = 1, goesOn = true; goesOn; at++) {
        const around = new Surroundings();
        Object.assign(around, { dieAt: at, dies, now: MORNING + at * 7 * DAY });
        goesOn = await died(around, async (each) => await live(each, at));
        const label = `${dies} ${at}`;
        const { id, stage } = await only();
        expect(stage, label).to.deep.equal({ at: "closed", outcome: "completed" });
        const details = around.recorded.map(({ outcome }) => outcome?.detail ?? "");
        expect(
          details.filter((detail) => detail === "granted"),
          label,
        ).to.have.length(1);
        expect(
          details.filter((detail) => detail.startsWith("offer")),
          label,
        ).to.have.length(1);
        // Every attempt under the one key: gateway and inbox have it once. One more after an uncertain end, never two.
        expect(new Set(around.sent), label).to.deep.equal(new Set([`inbox ${id} message`, `${id} message`]));
        expect(around.sent.filter((key) => key === `${id} message`).length, label).to.be.within(1, 2);
        expect(new Set(around.performed), label).to.deep.equal(new Set([`${id}/electricity`, `${id}/water`]));
        expect(new Set(around.reads).size, label).to.equal(4);
        expect(at).to.be.below(MOST_DEATHS);
      }
    });

    it(`${dies} it: what an officer corrects is told to the register, and all is read and told anew`, async () => {
      const live = async (around: Surroundings, at: number): Promise<void> => {
        around.answers = SCHOOL;
        const child = { ...CHILD, key: `${dies} ${at}` };
        await insist(around, async (engine) => await engine.notice("SCHOOL_ADM", child));
        await insist(around, async (engine) => await engine.advanceAll());
        const { id } = await only();
        const decision = { decide: "correct", category: "pd:BirthDate", value: CHILD_BORN } as const;
        await insist(around, async (engine) => await engine.decide(id, decision, "officer-7"));
        await insist(around, async (engine) => await engine.advanceAll());
        await insist(around, async (engine) => await engine.answer(id, { answer: "accept" }));
        around.steps = { commune: "not-resident" };
        await insist(around, async (engine) => await engine.advanceAll());
      };
      for (let at = 1, goesOn = true; goesOn; at++) {
        const around = new Surroundings();
        Object.assign(around, { dieAt: at, dies, now: MORNING + at * 7 * DAY });
        goesOn = await died(around, async (each) => await live(each, at));
        const label = `${dies} ${at}`;
        const { id, stage, steps, round } = await only();
        expect(stage, label).to.deep.equal({ at: "officer", why: "step-refused", retry: "steps" });
        expect(round, label).to.equal(2);
        expect(
          steps.map(({ state }) => state),
          label,
        ).to.deep.equal(["undone", "officer", "waiting"]);
        expect(new Set(around.undone), label).to.deep.equal(new Set([`${id}/school`]));
        const corrected = new Set(
          around.corrected.map(({ register, messageId }) => `${register} ${messageId}`),
        );
        expect(corrected, label).to.deep.equal(new Set([`civil-status ${id}/correction/1`]));
        expect(
          around.recorded
            .map(({ outcome }) => outcome?.detail ?? "")
            .filter((text) => !text.startsWith("told")),
          label,
        ).to.deep.equal([
          ...["officer: registers-disagree", "officer: correct", "offer: of-school-age (concluded anew)"],
        ]);
        expect(at).to.be.below(MOST_DEATHS);
      }
    });
  }

  it("after every text message: it tries once more, under the same key, and never a third time", async () => {
    const around = new Surroundings();
    around.diesAtSms = true;
    await caseEngine(around.parts(store)).notice("PASSPORT", OCCASION);
    for (let restarts = 0; restarts < 5; restarts++) {
      around.restart();
      await caseEngine(around.parts(store))
        .advanceAll()
        .catch((error: unknown) => {
          if (!isDeath(error)) throw error;
        });
    }
    const { id, stage, attempts } = await only();
    expect(around.sent.filter((key) => !key.startsWith("inbox"))).to.deep.equal(
      Array(2).fill(`${id} message`),
    );
    expect(attempts.find(({ channel }) => channel === "sms")).to.deep.include({
      state: "unknown",
      attempts: 2,
    });
    expect(stage).to.deep.equal({ at: "closed", outcome: "told" });
  });
});

function isDeath(error: unknown): boolean {
  return error instanceof Died || (error instanceof AggregateError && error.errors.every(isDeath));
}
