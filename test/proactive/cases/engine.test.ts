import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { PlainEvent } from "../../../protocol/facet-values.ts";
import { ANSWER_DAYS, type Case } from "../../../proactive/cases/case.ts";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";
import { caseEngine, type Engine, type EngineParts } from "../../../proactive/cases/engine.ts";
import type { OrderResult } from "../../../proactive/orders/order.ts";
import { type Channel, NotSentError } from "../../../proactive/reach/channel.ts";
import type { Fact } from "../../../proactive/registers/facts.ts";
import type { Occasion } from "../../../proactive/rules/rule.ts";
import { concludeAgain, RULES } from "../../../proactive/rules/rules.ts";

const MORNING = Date.parse("2026-11-23T09:00:00+07:00");
const DAY = 86_400_000;
const OCCASION: Occasion = {
  ...{ key: "GPLX-1 2027-01-03", subject: "999199000001", on: "2026-11-23" },
  known: { expires: "2027-01-03" },
};

/** The world around an engine: what registers answer, what was recorded, sent and done. */
class Surroundings {
  now = MORNING;
  readonly recorded: PlainEvent[] = [];
  /** Idempotency keys that the recorder has seen; it keeps them over its own death and ours. */
  private readonly keys = new Set<string>();
  readonly reads: string[] = [];
  readonly sent: string[] = [];
  readonly performed: string[] = [];
  readonly undone: string[] = [];
  readonly corrected: { readonly register: string; readonly value: unknown; readonly messageId: string }[] =
    [];
  readonly asked: unknown[] = [];
  objects: "never" | "now" | "later" = "never";
  register: "up" | "down" | "refuses" | "knows nobody" = "up";
  /** What each register says. */
  answers: Readonly<Record<string, Record<string, Fact>>> = { health: { "pd:HealthRecord": { fit: true } } };
  sms: "delivered" | "failed" | "lost" = "delivered";
  inbox: "delivered" | "down" = "delivered";
  /** Done, where nothing else is said. */
  steps: Readonly<Record<string, string>> = {};
  undoing: "up" | "down" = "up";
  correcting: "up" | "down" | "refuses" = "up";
  knowsAddresses = true;
  /** Who answers for the person. */
  answersFor = OCCASION.subject;
  /** Kills the process at the so-many-th time that something is kept. */
  dieAt = Infinity;

  parts(store: CaseStore): EngineParts {
    const sms: Channel = {
      ...{ name: "sms", disturbs: true, isIdempotent: true, reaches: ({ phone }) => phone !== undefined },
      send: (_to, { key }) => {
        this.sent.push(key);
        if (this.sms === "lost") return Promise.reject(new Error("no answer"));
        return Promise.resolve(this.sms);
      },
    };
    const inbox: Channel = {
      ...{ name: "inbox", disturbs: false, isIdempotent: true, reaches: () => true },
      send: (_to, { key }) => {
        this.sent.push(`inbox ${key}`);
        return this.inbox === "down"
          ? Promise.reject(new NotSentError("not now"))
          : Promise.resolve("delivered");
      },
    };
    let kept = 0;
    return {
      store: {
        ...store,
        put: async (changed: Case) => {
          if (++kept === this.dieAt) throw new Died();
          await store.put(changed);
        },
      },
      ...{ rules: RULES, channels: [sms, inbox], now: () => this.now },
      objects: () => Promise.resolve(this.objects === "later"),
      personOf: (id) => ({ scheme: "vn-cccd", id }),
      addressesOf: (about) => {
        this.asked.push(about);
        const inbox = { scheme: "vn-cccd", id: this.answersFor } as const;
        return this.knowsAddresses
          ? Promise.resolve({ language: "vi", phone: "+84000", inbox })
          : Promise.reject(new Error("no answer"));
      },
      recorder: {
        record: (event, options) => {
          const key = options?.idempotencyKey ?? "";
          const created = !this.keys.has(key);
          if (created) this.recorded.push(event);
          this.keys.add(key);
          return Promise.resolve({ source: "qn-police/r1" as never, seq: this.recorded.length, created });
        },
      },
      read: ({ messageId, register, automated }) => {
        this.reads.push(messageId);
        expect(automated).to.equal(true);
        if (this.register === "down")
          return Promise.resolve({ kind: "failed", reason: "unreachable", messageId });
        if (this.register === "knows nobody")
          return Promise.resolve({ kind: "failed", reason: "unknown-person", messageId });
        const recorded = { source: "qn-police/r1" as never, seq: 1, created: true };
        if (this.register === "refuses")
          return Promise.resolve({ kind: "refused", reason: "not-a-party", messageId, recorded });
        if (this.objects === "now")
          return Promise.resolve({ kind: "refused", reason: "objected", messageId, recorded });
        const answer = this.answers[register] ?? { "pd:Name": "Nguyễn Thị An" };
        const decision = { permits: true, jws: "a.b.c", reason: "law", obligations: [] } as const;
        return Promise.resolve({ kind: "read", answer, messageId, decision, recorded });
      },
      orders: {
        perform: ({ key, step }) => {
          this.performed.push(key);
          return this.outcomeOf(step);
        },
        undo: ({ key }) => {
          this.undone.push(key);
          return this.undoing === "down" ? Promise.reject(new Error("no answer")) : Promise.resolve("done");
        },
      },
      correct: ({ register, value, messageId }) => {
        this.corrected.push({ register, value, messageId });
        if (this.correcting === "down") return Promise.reject(new Error("no answer"));
        if (this.correcting === "refuses") return Promise.resolve(403);
        for (const [category] of Object.entries(this.answers[register] ?? {}))
          this.answers = { ...this.answers, [register]: { ...this.answers[register], [category]: value } };
        return Promise.resolve(204);
      },
    };
  }

  private outcomeOf(step: string): Promise<OrderResult> {
    const outcome = this.steps[step] ?? "done";
    if (outcome === "down") return Promise.reject(new Error("no answer"));
    return Promise.resolve(outcome === "done" ? "done" : { refused: outcome });
  }
}
class Died extends Error {}

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
    expect(await engine.answer(id, { answer: "object" })).to.deep.include({
      stage: { at: "closed", outcome: "objected" },
    });
    await engine.answer(id, { answer: "object" });
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

  it("sends a person's message once, and loses no case, wherever it is killed", async () => {
    for (let dieAt = 1; dieAt < 12; dieAt++) {
      around.dieAt = dieAt;
      engine = caseEngine(around.parts(store));
      const occasion = { ...OCCASION, key: `GPLX-${dieAt}` };
      const id = await engine.notice("DRIVER_LIC", occasion);
      if (id === undefined) throw new Error("the occasion has a case already");
      const died = await engine.advance(id).then(
        () => false,
        (error: unknown) => error instanceof Died,
      );
      around.dieAt = Infinity;
      engine = caseEngine(around.parts(store));
      await engine.advanceAll();
      expect(await stageOf(id), `killed at write ${dieAt}`).to.equal("waiting");
      const sent = around.sent.filter((key) => key === `${id} message`);
      // Killed between the sending and the keeping of its end: once more, under the same key, and never again.
      expect(sent.length, `killed at write ${dieAt}`).to.be.within(1, 2);
      const recorded = around.recorded
        .filter((event) => event.case === id)
        .map(({ outcome }) => outcome?.detail);
      expect(recorded.filter((detail) => detail?.startsWith("offer") === true)).to.have.length(1);
      if (!died) break;
    }
  });
});
