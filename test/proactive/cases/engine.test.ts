import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { ANSWER_DAYS } from "../../../proactive/cases/case.ts";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";
import { caseEngine, type Engine } from "../../../proactive/cases/engine.ts";
import { concludeAgain, RULES } from "../../../proactive/rules/rules.ts";
import { DAY, MORNING, OCCASION, Surroundings } from "./surroundings.ts";

describe("proactive/cases/engine", () => {
  let directory: string;
  let store: CaseStore;
  let around: Surroundings;
  let engine: Engine;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-cases-"));
    store = await openCaseStore(directory);
    around = new Surroundings();
    engine = caseEngine(around.parts(store));
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  async function noticed(procedure = "DRIVER_LIC"): Promise<string> {
    const id = await engine.notice(procedure, OCCASION);
    if (id === undefined) throw new Error("the occasion has a case already");
    return id;
  }

  async function stageOf(id: string): Promise<string> {
    const { stage } = (await store.get(id)) ?? { stage: undefined };
    return stage === undefined ? "none" : stage.at === "closed" ? `closed: ${stage.outcome}` : stage.at;
  }

  it("reads, concludes, records, tells, and waits for the person", async () => {
    const id = await noticed();
    await engine.advance(id);
    expect(await stageOf(id)).to.equal("waiting");
    // An offer is answered in the inbox: there it lies before anything rings.
    expect(around.sent).to.deep.equal([`inbox ${id} message`, `${id} message`]);
    const [action, telling, ...others] = around.recorded;
    expect(others).to.deep.equal([]);
    expect(telling?.outcome).to.deep.equal({
      ...{ code: "success", detail: "told: inbox delivered, sms delivered" },
    });
    expect(telling).not.to.have.property("rule");
    expect(action).to.deep.include({
      type: "action",
      outcome: { code: "success", detail: "offer: renewal-prepared" },
      // Should the person object before the ledger hears of it, this says that they had not when it was read.
      decision: "a.b.c",
    });
    const { rule } = action ?? {};
    expect(rule?.inputs?.["access.1"]).to.equal(`${id}/1`);
    expect(concludeAgain(rule?.id ?? "", rule?.version ?? "", rule?.inputs ?? {})?.outcome).to.equal("offer");
  });

  it("passes on to the ledger that a person objects, once, and whose word it was", async () => {
    const id = await noticed();
    await engine.advance(id);
    around.recorded.length = 0;
    for (let times = 0; times < 2; times++) {
      await engine.answer(id, { answer: "object" });
      await engine.advance(id);
      expect(await stageOf(id)).to.equal("closed: objected");
    }
    expect(around.recorded).to.deep.equal([
      {
        ...{ type: "objection", subject: { scheme: "vn-cccd", id: OCCASION.subject }, case: id },
        objection: {
          ...{ state: "made", procedure: "DRIVER_LIC", method: "answer in the inbox" },
          indicatedBy: "DataSubject",
        },
        time: { occurred: new Date(around.now).toISOString() },
      },
    ]);
  });

  it("names who answers for a child beside the child, whose objection it is", async () => {
    around.answersFor = "999199000009";
    const id = await noticed();
    await engine.advance(id);
    around.recorded.length = 0;
    await engine.answer(id, { answer: "object" });
    await engine.advance(id);
    expect(around.recorded[0]).to.deep.include({
      subject: { scheme: "vn-cccd", id: OCCASION.subject, role: "represented" },
      "subject.2": { scheme: "vn-cccd", id: "999199000009", role: "representative" },
    });
    expect(around.recorded[0]?.objection).to.include({ indicatedBy: "Guardian" });
  });

  it("acts on an occasion once, however often and by however many it is noticed", async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => await engine.notice("DRIVER_LIC", OCCASION)));
    expect(ids.filter((id) => id !== undefined)).to.have.length(1);
    expect(await engine.notice("PASSPORT", OCCASION)).to.be.a("string");
  });

  it("waits for a register that is away, under the same message id, and goes on when it is back", async () => {
    around.register = "down";
    const id = await noticed();
    const due = await engine.advance(id);
    expect(due).to.equal(MORNING + 60_000);
    around.now = due ?? 0;
    expect(await engine.advance(id)).to.equal(around.now + 120_000);
    expect(await stageOf(id)).to.equal("reading");
    around.now += 120_000;
    around.register = "up";
    await engine.advance(id);
    expect(await stageOf(id)).to.equal("waiting");
    expect(around.reads.slice(0, 3)).to.deep.equal([`${id}/1`, `${id}/1`, `${id}/1`]);
  });

  it("leaves it to an officer when a reading is refused", async () => {
    around.register = "refuses";
    const id = await noticed();
    await engine.advance(id);
    expect(await stageOf(id)).to.equal("officer");
    expect(around.sent).to.deep.equal([]);
  });

  it("reads nothing about who objected to being served unasked", async () => {
    around.objects = "now";
    const id = await noticed();
    await engine.advance(id);
    expect([await stageOf(id), around.reads]).to.deep.equal(["closed: objected", [`${id}/1`]]);
    expect([around.recorded, around.sent]).to.deep.equal([[], []]);
  });

  it("wakes nobody at night, and sends in the morning", async () => {
    around.now = Date.parse("2026-11-23T22:30:00+07:00");
    const id = await noticed();
    const due = await engine.advance(id);
    expect(around.sent).to.deep.equal([`inbox ${id} message`]);
    expect(due).to.equal(Date.parse("2026-11-24T07:00:00+07:00"));
    around.now = due ?? 0;
    await engine.advance(id);
    expect(around.sent).to.deep.equal([`inbox ${id} message`, `${id} message`]);
  });

  it("takes another way when one fails for certain, and does not repeat one whose end is unknown for ever", async () => {
    around.sms = "failed";
    const id = await noticed();
    await engine.advance(id);
    expect(around.sent).to.deep.equal([`inbox ${id} message`, `${id} message`]);
    expect(await stageOf(id)).to.equal("waiting");
  });

  it("does what was accepted, keeps what an agency refuses for an officer, and loses no step", async () => {
    const id = await noticed("BUILD_PERMIT");
    const current = await store.get(id);
    if (current === undefined) throw new Error("there is no case");
    const conclusion = RULES.find(({ procedure }) => procedure === "BUILD_PERMIT")?.conclude({
      ...{ ownsParcel: true, zone: "residential", owed: 0 },
    });
    if (conclusion === undefined) throw new Error("there is no rule");
    await store.put({ ...current, conclusion, stage: { at: "waiting", until: MORNING + DAY } });
    around.steps = { electricity: "down", water: "down" };
    expect(await engine.answer(id, { answer: "accept" })).to.be.an("object");
    expect(await engine.answer(id, { answer: "accept" }), "again").to.be.an("object");
    const due = await engine.advance(id);
    expect(due).to.equal(MORNING + 60_000);
    [around.now, around.steps] = [due ?? 0, {}];
    await engine.advance(id);
    expect(await stageOf(id)).to.equal("closed: completed");
    expect(new Set(around.performed)).to.deep.equal(new Set([`${id}/electricity`, `${id}/water`]));
  });

  it("lets an offer lapse that nobody answers", async () => {
    const id = await noticed();
    const due = await engine.advance(id);
    around.now = due ?? 0;
    expect(around.now).to.equal(MORNING + ANSWER_DAYS * DAY);
    await engine.advance(id);
    expect(await stageOf(id)).to.equal("closed: unanswered");
    expect(await engine.answer(id, { answer: "accept" })).to.equal("not-open");
  });
});
