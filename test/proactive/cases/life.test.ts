import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { AnswerToCase, Case, OfficerDecision } from "../../../proactive/cases/case.ts";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";
import { caseEngine, type Engine } from "../../../proactive/cases/engine.ts";
import { onceOnlyOf } from "../../../proactive/cases/once-only.ts";
import { progressOf } from "../../../proactive/cases/progress.ts";
import { concludeAgain } from "../../../proactive/rules/rules.ts";
import { DAY, MORNING, OCCASION, Surroundings } from "./surroundings.ts";

const HOUR = 3_600_000;
const BORN = "2021-03-04";
/** Who answers for the child, and who does after a change. */
const MOTHER = "999165000002";
const GRANDMOTHER = "999140000003";

describe("proactive/cases: awkward lives", () => {
  let directory: string;
  let store: CaseStore;
  let around: Surroundings;
  let engine: Engine;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-life-"));
    store = await openCaseStore(directory);
    around = new Surroundings();
    engine = caseEngine(around.parts(store));
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  async function begun(procedure: string, known: Case["occasion"]["known"]): Promise<string> {
    const id = await engine.notice(procedure, { ...OCCASION, known });
    if (id === undefined) throw new Error("the occasion has a case already");
    await engine.advanceAll();
    return id;
  }

  async function permit(): Promise<string> {
    around.answers = {
      land: { "pd:Ownership": { parcel: "P" } },
      construction: { "pd:Location": { zone: "residential" } },
      tax: { "pd:Tax": { owed: 0 } },
    };
    return await begun("BUILD_PERMIT", {});
  }

  async function admission(bornByCivilStatus = BORN): Promise<string> {
    around.answersFor = MOTHER;
    around.answers = {
      population: { "pd:BirthDate": BORN, "pd:Residency": "Thôn 1" },
      "civil-status": { "pd:BirthDate": bornByCivilStatus, "pd:Parent": { guardian: MOTHER } },
      social: { "pd:SocialStatus": { b1: 200 } },
    };
    return await begun("SCHOOL_ADM", { year: 2027 });
  }

  async function now(id: string): Promise<Case> {
    return (await store.get(id)) ?? expect.fail("there is no case");
  }

  /** Where a case stands, in a word or two. */
  async function standing(id: string): Promise<string> {
    const { stage } = await now(id);
    if (stage.at === "closed") return `closed: ${stage.outcome}`;
    return stage.at === "officer" ? `officer: ${stage.why}` : stage.at;
  }

  async function stepsOf(id: string): Promise<string[]> {
    return (await now(id)).steps.map(({ name, state, reason }) =>
      reason === undefined ? `${name} ${state}` : `${name} ${state} (${reason})`,
    );
  }

  async function answer(id: string, given: AnswerToCase): Promise<void> {
    expect(await engine.answer(id, given)).to.be.an("object");
    await engine.advanceAll();
  }

  async function decide(id: string, decision: OfficerDecision): Promise<void> {
    expect(await engine.decide(id, decision, "officer-7")).to.be.an("object");
    await engine.advanceAll();
  }

  async function later(ms: number): Promise<void> {
    around.now += ms;
    await engine.advanceAll();
  }

  const details = (): string[] => around.recorded.map(({ outcome }) => outcome?.detail ?? "");

  describe("steps", () => {
    it("wait for those they build on, and are granted together when all are done", async () => {
      const id = await admission();
      await answer(id, { answer: "accept" });
      expect(around.performed).to.deep.equal([`${id}/school`, `${id}/commune`, `${id}/education-department`]);
      expect(await standing(id)).to.equal("closed: completed");
      const granted = around.recorded.at(-1);
      expect(granted?.outcome).to.deep.equal({ code: "success", detail: "granted" });
      const { rule } = granted ?? {};
      expect(concludeAgain(rule?.id ?? "", rule?.version ?? "", rule?.inputs ?? {})?.outcome).to.equal(
        "offer",
      );
    });

    it("release the school's place when the commune refuses, and begin anew when an officer says so", async () => {
      const id = await admission();
      around.steps = { commune: "not-resident" };
      await answer(id, { answer: "accept" });
      expect(around.undone).to.deep.equal([`${id}/school`]);
      expect(await standing(id)).to.equal("officer: step-refused");
      expect(await stepsOf(id)).to.deep.equal([
        ...["school undone", "commune officer (not-resident)", "education-department waiting"],
      ]);
      around.steps = {};
      await decide(id, { decide: "retry" });
      expect(await standing(id)).to.equal("closed: completed");
      expect(around.performed.slice(-3)).to.deep.equal([
        ...[`${id}/school/2`, `${id}/commune/2`, `${id}/education-department`],
      ]);
      expect(details().filter((detail) => detail === "granted")).to.have.length(1);
    });

    it("go on being taken back while the school is away, and are an officer's after days of it", async () => {
      const id = await admission();
      [around.steps, around.undoing] = [{ commune: "not-resident" }, "down"];
      await answer(id, { answer: "accept" });
      expect(await stepsOf(id)).to.include("school undoing");
      expect(progressOf(await now(id), 7).steps[0]).to.deep.include({ name: "school", state: "trying" });
      for (let hours = 0; hours < 10 * 24; hours += 12) await later(12 * HOUR);
      expect(await standing(id)).to.equal("officer: step-refused");
      around.undoing = "up";
      await decide(id, { decide: "retry" });
      expect((await stepsOf(id)).slice(0, 2)).to.deep.equal(["school undone", "commune waiting"]);
    });

    it("stay done where the procedure names no undo: a birth stays registered though the residence is refused", async () => {
      around.answers = {
        health: { "pd:Name": "An", "pd:BirthDate": "2026-11-20", "pd:Parent": { mother: MOTHER } },
        population: { "pd:Residency": "Thôn 1", "pd:MaritalStatus": "married" },
        "civil-status": {},
      };
      const id = await begun("BIRTH_REG", {});
      around.steps = { residence: "mother-not-resident" };
      await answer(id, { answer: "accept" });
      expect(await stepsOf(id)).to.deep.equal([
        ...["civil-status done", "residence officer (mother-not-resident)", "health-insurance done"],
      ]);
      expect(around.undone).to.deep.equal([]);
    });

    it("leave the electricity connected when the water utility refuses, and an officer has the water", async () => {
      const id = await permit();
      around.steps = { water: "no-capacity" };
      await answer(id, { answer: "accept" });
      expect(await standing(id)).to.equal("officer: step-refused");
      expect(await stepsOf(id)).to.deep.equal(["electricity done", "water officer (no-capacity)"]);
      expect([around.undone, details().includes("granted")]).to.deep.equal([[], false]);
      expect(progressOf(await now(id), 7)).to.deep.equal({
        state: "officer",
        steps: [
          {
            ...{ name: "electricity", state: "done" },
            text: { vi: "Đấu nối điện", en: "Connection to electricity" },
          },
          { name: "water", state: "officer", text: { vi: "Đấu nối nước", en: "Connection to water" } },
        ],
        at: 7,
      });
      around.steps = {};
      await decide(id, { decide: "retry" });
      expect(around.performed).to.deep.equal([`${id}/electricity`, `${id}/water`, `${id}/water/2`]);
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("are ordered again by the same name while an agency is away, an officer's retry included", async () => {
      const id = await permit();
      around.steps = { water: "down" };
      await answer(id, { answer: "accept" });
      expect(await stepsOf(id)).to.deep.equal(["electricity done", "water waiting"]);
      for (let days = 0; days < 14; days++) await later(DAY / 2);
      expect(await stepsOf(id)).to.include("water officer (unreachable)");
      around.steps = {};
      await decide(id, { decide: "retry" });
      expect(new Set(around.performed)).to.deep.equal(new Set([`${id}/electricity`, `${id}/water`]));
      expect(await standing(id)).to.equal("closed: completed");
    });
  });

  describe("corrections", () => {
    it("reach the one register that is wrong; then everything is read, concluded and told anew", async () => {
      const id = await admission("2021-04-03");
      expect(await standing(id)).to.equal("officer: registers-disagree");
      await decide(id, { decide: "correct", category: "pd:BirthDate", value: BORN });
      expect(around.corrected).to.deep.equal([
        { register: "civil-status", value: BORN, messageId: `${id}/correction/1` },
      ]);
      expect(around.reads.slice(-3)).to.deep.equal([`${id}/2.1`, `${id}/2.2`, `${id}/2.3`]);
      expect(await standing(id)).to.equal("waiting");
      expect(details()).to.deep.equal([
        ...["officer: registers-disagree", "officer: correct", "offer: of-school-age (concluded anew)"],
        "told: inbox delivered, sms delivered",
      ]);
      const [, decision] = around.recorded;
      expect(decision).to.deep.include({ agent: { id: "officer-7" }, case: id });
      expect(JSON.stringify(decision)).not.to.contain(BORN);
    });

    it("follow a person's word that something is wrong, under a message of its own", async () => {
      const id = await admission();
      const correction = { category: "pd:Residency", value: "Thôn 9", note: "chuyển nhà" };
      await answer(id, { answer: "correct", correction, key: `${id} message` });
      expect([await standing(id), (await now(id)).disputed]).to.deep.equal([
        ...["officer: data-disputed", correction],
      ]);
      await decide(id, { decide: "correct", category: "pd:Residency", value: "Thôn 9" });
      expect(around.corrected.map(({ register }) => register)).to.deep.equal(["population"]);
      expect(around.sent.slice(-2)).to.deep.equal([`inbox ${id} message 2`, `${id} message 2`]);
      expect(await engine.answer(id, { answer: "accept", key: `${id} message` })).to.equal("not-open");
      await answer(id, { answer: "accept", key: `${id} message 2` });
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("are sent until the register is back, and are an officer's where it refuses them", async () => {
      const id = await admission("2021-04-03");
      const decision = { decide: "correct", category: "pd:BirthDate", value: BORN } as const;
      around.correcting = "down";
      await decide(id, decision);
      expect(await standing(id)).to.equal("correcting");
      around.correcting = "refuses";
      await later(HOUR);
      expect(await standing(id)).to.equal("officer: correction-refused");
      expect((await now(id)).corrections).to.have.nested.property("[0].reason", "HTTP 403");
      around.correcting = "up";
      await decide(id, { decide: "retry" });
      expect(new Set(around.corrected.map(({ messageId }) => messageId)).size).to.equal(1);
      expect(await standing(id)).to.equal("waiting");
    });

    it("have a name of their own each, also after some that were refused", async () => {
      const id = await admission("2021-04-03");
      around.correcting = "refuses";
      for (const value of ["2021-05-05", "2021-06-06", "2021-07-07"])
        await decide(id, { decide: "correct", category: "pd:BirthDate", value });
      const valueOf = new Map(
        around.corrected.map(({ messageId, register, value }) => [messageId, `${register} ${String(value)}`]),
      );
      expect(valueOf.size).to.equal(around.corrected.length);
    });

    it("are none where every register says so already, and nobody's but an officer's", async () => {
      const id = await admission("2021-04-03");
      const known = { decide: "correct", category: "pd:Residency", value: "Thôn 1" } as const;
      expect(await engine.decide(id, known, "officer-7")).to.equal("nothing-to-correct");
      expect(await engine.decide("SCHOOL_ADM-none", known, "officer-7")).to.equal("no-such-case");
      await decide(id, { decide: "close", reason: "gia đình đã đến trường" });
      expect(await standing(id)).to.equal("closed: settled");
      expect(around.recorded.at(-1)).to.deep.include({
        ...{ outcome: { code: "success", detail: "officer: close" } },
        explanation: { vi: "gia đình đã đến trường" },
      });
      expect(await engine.decide(id, known, "officer-7")).to.equal("not-with-an-officer");
    });
  });

  describe("who is told", () => {
    it("is the new guardian, when the guardian changed between the evening's letter and the morning's", async () => {
      around.now = Date.parse("2026-11-23T22:30:00+07:00");
      const id = await admission();
      expect([...around.inboxes]).to.deep.equal([[`${id} message`, MOTHER]]);
      around.answersFor = GRANDMOTHER;
      await later(9 * HOUR);
      expect([...around.inboxes]).to.deep.equal([
        [`${id} message`, MOTHER],
        [`${id} message 2`, GRANDMOTHER],
      ]);
      expect(around.sent.at(-1)).to.equal(`${id} message 2`);
      expect(await standing(id)).to.equal("waiting");
    });

    it("decides, and nobody who was told before: the former guardian's acceptance starts nothing", async () => {
      const id = await admission();
      around.answersFor = GRANDMOTHER;
      await answer(id, { answer: "accept", key: `${id} message` });
      expect([around.performed, await standing(id)]).to.deep.equal([[], "waiting"]);
      expect(around.inboxes.get(`${id} message 2`)).to.equal(GRANDMOTHER);
      expect(await engine.answer(id, { answer: "accept", key: `${id} message` })).to.equal("not-open");
      await answer(id, { answer: "accept", key: `${id} message 2` });
      expect(await standing(id)).to.equal("closed: completed");
    });

    for (const given of ["decline", "later", "correct", "object"] as const)
      it(`decides, and nobody who was told before: the former guardian's "${given}" changes nothing`, async () => {
        const id = await admission();
        around.answersFor = GRANDMOTHER;
        await answer(id, { answer: given, key: `${id} message` });
        expect(await standing(id)).to.equal("waiting");
        expect(around.recorded.map(({ type }) => type)).not.to.include("objection");
        expect(around.inboxes.get(`${id} message 2`)).to.equal(GRANDMOTHER);
        await answer(id, { answer: "accept", key: `${id} message 2` });
        expect(await standing(id)).to.equal("closed: completed");
      });

    it("objects while steps go on, and no former guardian: the steps go on", async () => {
      const id = await admission();
      around.steps = { school: "down" };
      await answer(id, { answer: "accept" });
      around.answersFor = GRANDMOTHER;
      await answer(id, { answer: "object", key: `${id} message` });
      expect(await standing(id)).to.equal("carrying-out");
      around.steps = {};
      await later(HOUR);
      expect(await standing(id)).to.equal("closed: completed");
      expect(around.recorded.map(({ type }) => type)).not.to.include("objection");
    });

    it("is not known for an hour: the answer waits, the same again changes nothing, an objection takes its place", async () => {
      const id = await admission();
      around.knowsAddresses = false;
      for (let times = 0; times < 2; times++) await answer(id, { answer: "accept", key: `${id} message` });
      expect([await standing(id), around.performed]).to.deep.equal(["answered", []]);
      expect(progressOf(await now(id), 7).state).to.equal("carrying-out");
      expect(await engine.answer(id, { answer: "decline", key: `${id} message` })).to.equal("not-open");
      await answer(id, { answer: "object", key: `${id} message` });
      expect(progressOf(await now(id), 7).state).to.equal("waiting");
      around.knowsAddresses = true;
      await later(HOUR);
      expect([await standing(id), around.performed]).to.deep.equal(["closed: objected", []]);
    });

    it("is not known for a week after an acceptance: an officer gets it, and has it looked at again", async () => {
      const id = await admission();
      around.knowsAddresses = false;
      await answer(id, { answer: "accept" });
      for (let days = 0; days < 10; days++) await later(DAY / 2);
      expect(await standing(id)).to.equal("answered");
      for (let days = 0; days < 10; days++) await later(DAY / 2);
      expect(await standing(id)).to.equal("officer: answerer-unknown");
      expect(await engine.nextDue()).to.equal(undefined);
      around.knowsAddresses = true;
      await decide(id, { decide: "retry" });
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("is nobody any more when the person died after they accepted: an officer looks before any step", async () => {
      const id = await permit();
      around.knowsGone = true;
      await answer(id, { answer: "accept" });
      expect([await standing(id), around.performed]).to.deep.equal(["officer: nobody-to-serve", []]);
    });

    it("is asked for again while that cannot be found out, and is somebody an officer finds after a week", async () => {
      around.knowsAddresses = false;
      const id = await admission();
      expect([await standing(id), around.sent]).to.deep.equal(["telling", []]);
      around.knowsAddresses = true;
      await later(HOUR);
      expect(await standing(id)).to.equal("waiting");
      around.knowsAddresses = false;
      const other = await engine.notice("PASSPORT", OCCASION);
      for (let days = 0; days < 30; days++) await later(DAY / 2);
      expect(await standing(other ?? "")).to.equal("officer: not-reached");
      around.knowsAddresses = true;
      await decide(other ?? "", { decide: "retry" });
      expect(await standing(other ?? "")).to.equal("closed: told");
    });

    it("finds the offer in the inbox before anything rings, though the inbox is down for an hour", async () => {
      around.inbox = "down";
      const id = await permit();
      expect(around.sent).to.deep.equal([`inbox ${id} message`]);
      around.inbox = "delivered";
      await later(HOUR);
      expect(around.sent).to.deep.equal([`inbox ${id} message`, `inbox ${id} message`, `${id} message`]);
      expect(await standing(id)).to.equal("waiting");
    });

    it("is an officer's to reach when the inbox takes no offer for a week, though the phone rang", async () => {
      around.inbox = "down";
      const id = await permit();
      for (let days = 0; days < 30; days++) await later(DAY / 2);
      expect(await standing(id)).to.equal("officer: not-reached");
      expect(around.sent.filter((key) => key === `${id} message`)).to.have.length(1);
    });

    it("accepts what the inbox has, though nobody knew that it came and the case is an officer's by then", async () => {
      around.inbox = "down";
      const id = await permit();
      for (let days = 0; days < 30; days++) await later(DAY / 2);
      expect(await standing(id)).to.equal("officer: not-reached");
      await answer(id, { answer: "accept", key: `${id} message` });
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("accepts what the inbox has, though the text message of the morning found nobody for a week", async () => {
      around.now = Date.parse("2026-11-23T22:30:00+07:00");
      const id = await admission();
      around.knowsAddresses = false;
      for (let days = 0; days < 30; days++) await later(DAY / 2);
      expect(await standing(id)).to.equal("officer: not-reached");
      expect(details()).to.include("told: inbox delivered");
      [around.knowsAddresses, around.answersFor] = [true, GRANDMOTHER];
      const late = { answer: "accept", key: `${id} message` } as const;
      expect(await engine.answer(id, { ...late, at: around.now + 30 * DAY })).to.equal("not-open");
      await answer(id, late);
      await later(9 * HOUR);
      expect([await standing(id), around.performed]).to.deep.equal(["waiting", []]);
      await answer(id, { answer: "accept", key: `${id} message 2` });
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("says later, is told again a week later under another name, and may change their mind before", async () => {
      const id = await permit();
      await answer(id, { answer: "later" });
      await later(6 * DAY);
      expect([await standing(id), around.sent.length]).to.deep.equal(["telling", 2]);
      await later(DAY);
      expect(around.sent.slice(2)).to.deep.equal([`inbox ${id} message 2`, `${id} message 2`]);
      await answer(id, { answer: "later", key: `${id} message 2` });
      await answer(id, { answer: "accept", key: `${id} message 2` });
      expect(await standing(id)).to.equal("closed: completed");
    });

    it("answers at night what is in the inbox, and no text message rings in the morning any more", async () => {
      around.now = Date.parse("2026-11-23T22:30:00+07:00");
      const id = await permit();
      expect([await standing(id), around.sent]).to.deep.equal(["telling", [`inbox ${id} message`]]);
      await answer(id, { answer: "accept", key: `${id} message` });
      expect(await standing(id)).to.equal("closed: completed");
      await later(12 * HOUR);
      expect(around.sent).to.deep.equal([`inbox ${id} message`]);
      expect(details()).to.include("told: inbox delivered");
    });

    it("gets no text message twice because what came of it could not be recorded", async () => {
      const { recorder, ...parts } = around.parts(store);
      let isFull = true;
      engine = caseEngine({
        ...parts,
        recorder: {
          record: async (event, options) =>
            isFull && event.outcome?.detail?.startsWith("told") === true
              ? await Promise.reject(new Error("the spool is full"))
              : await recorder.record(event, options),
        },
      });
      await permit().catch(() => undefined);
      isFull = false;
      await engine.advanceAll();
      expect(around.sent.filter((key) => !key.startsWith("inbox"))).to.have.length(1);
      expect(details().at(-1)).to.equal("told: inbox delivered, sms delivered");
    });

    it("may have got a text message whose end is unknown, though the attempt after it failed for certain", async () => {
      around.diesAtSms = true;
      await permit().catch(() => undefined);
      [around.diesAtSms, around.sms] = [false, "failed"];
      around.restart();
      await engine.advanceAll();
      const [told] = await store.list({ limit: 1 });
      expect(told?.attempts.at(-1)).to.deep.equal({ channel: "sms", state: "unknown", attempts: 2 });
    });

    it("answered in time, though the answer came after the offer had lapsed", async () => {
      const id = await permit();
      const inTime = around.now + 29 * DAY;
      await later(31 * DAY);
      expect(await standing(id)).to.equal("closed: unanswered");
      expect(await engine.answer(id, { answer: "accept" })).to.equal("not-open");
      await answer(id, { answer: "accept", at: inTime });
      expect(await standing(id)).to.equal("closed: completed");
    });
  });

  describe("objections", () => {
    it("that came between reading and telling end the case untold", async () => {
      around.objects = "later";
      const id = await permit();
      expect([await standing(id), around.sent]).to.deep.equal(["closed: objected", []]);
    });

    it("in the night end the case before the text message of the morning", async () => {
      around.now = Date.parse("2026-11-23T22:30:00+07:00");
      const id = await permit();
      around.objects = "later";
      await later(9 * HOUR);
      expect([await standing(id), around.sent]).to.deep.equal(["closed: objected", [`inbox ${id} message`]]);
      expect(details().at(-1)).to.equal("told: inbox delivered");
    });

    it("that were taken back leave nothing to an officer once everything is looked at anew", async () => {
      const id = await permit();
      around.objects = "later";
      await answer(id, { answer: "accept" });
      around.objects = "never";
      await decide(id, { decide: "correct", category: "pd:Ownership", value: { parcel: "Q" } });
      expect(await standing(id)).to.equal("waiting");
      await answer(id, { answer: "accept" });
      expect(around.recorded.at(-1)?.outcome?.detail).to.equal("granted");
      expect(around.recorded.at(-1)).to.have.property("rule");
    });

    it("before an acceptance put an officer in the machine's place", async () => {
      const id = await permit();
      around.objects = "later";
      await answer(id, { answer: "accept" });
      expect([await standing(id), around.performed]).to.deep.equal(["officer: accepted-after-objection", []]);
      await decide(id, { decide: "retry" });
      expect(await standing(id)).to.equal("closed: completed");
      const granted = around.recorded.at(-1);
      expect(granted?.outcome?.detail).to.equal("granted by an officer");
      expect(granted?.agent).to.deep.equal({ id: "officer-7" });
      expect(granted).not.to.have.property("rule");
    });

    it("while steps go on put an officer in the machine's place, who finds what is done", async () => {
      const id = await permit();
      around.steps = { water: "down" };
      await answer(id, { answer: "accept" });
      expect(await standing(id)).to.equal("carrying-out");
      const ordered = around.performed.length;
      [around.steps, around.objects] = [{}, "later"];
      await later(DAY);
      expect(await standing(id)).to.equal("officer: accepted-after-objection");
      expect([await stepsOf(id), around.performed.length]).to.deep.equal([
        ...[["electricity done", "water waiting"], ordered],
      ]);
      await decide(id, { decide: "retry" });
      expect(await standing(id)).to.equal("closed: completed");
      expect(around.recorded.at(-1)).to.deep.include({ agent: { id: "officer-7" } });
    });

    it("given as an answer while steps go on leave what is done to an officer", async () => {
      const id = await permit();
      around.steps = { water: "down" };
      await answer(id, { answer: "accept" });
      await answer(id, { answer: "object" });
      expect(await standing(id)).to.equal("officer: objected-after-steps");
      expect(await stepsOf(id)).to.include("electricity done");
      await later(DAY);
      expect(await standing(id)).to.equal("officer: objected-after-steps");
    });

    it("given as an answer hold, though the case was over when they came; to a message of no telling they do not", async () => {
      const id = await permit();
      await later(31 * DAY);
      const objections = (): number => around.recorded.filter(({ type }) => type === "objection").length;
      expect(await engine.answer(id, { answer: "object", key: `${id} message 0` })).to.equal("not-open");
      expect(objections()).to.equal(0);
      await answer(id, { answer: "object", key: `${id} message` });
      await answer(id, { answer: "object", key: `${id} message` });
      expect([await standing(id), objections()]).to.deep.equal(["closed: unanswered", 1]);
    });

    it("to the first message hold though the second is on its way, and nothing of it rings", async () => {
      const id = await permit();
      await answer(id, { answer: "later" });
      around.now = Date.parse("2026-11-30T22:30:00+07:00");
      around.inbox = "down";
      await engine.advanceAll();
      expect(await now(id)).to.deep.include({ telling: 2 });
      await answer(id, { answer: "object", key: `${id} message` });
      expect(await standing(id)).to.equal("closed: objected");
      expect(around.recorded.map(({ type }) => type)).to.include("objection");
      await later(DAY);
      expect(around.sent).not.to.include(`${id} message 2`);
    });

    it("of a former guardian to the first message stop nothing of what the new one is told", async () => {
      const id = await admission();
      await answer(id, { answer: "later" });
      around.answersFor = GRANDMOTHER;
      around.now = Date.parse("2026-11-30T22:30:00+07:00");
      await engine.advanceAll();
      await answer(id, { answer: "object", key: `${id} message` });
      expect(await standing(id)).to.equal("telling");
      await later(9 * HOUR);
      expect([await standing(id), around.sent.at(-1)]).to.deep.equal(["waiting", `${id} message 2`]);
      around.knowsAddresses = false;
      await answer(id, { answer: "object", key: `${id} message` });
      await answer(id, { answer: "accept", key: `${id} message 2` });
      around.knowsAddresses = true;
      await later(HOUR);
      expect(await standing(id)).to.equal("closed: completed");
      expect(around.recorded.map(({ type }) => type)).not.to.include("objection");
    });

    it("given as an answer end the case wherever it is", async () => {
      const id = await admission("2021-04-03");
      await answer(id, { answer: "object" });
      expect(await standing(id)).to.equal("closed: objected");
      expect(await engine.answer(id, { answer: "accept" })).to.equal("not-open");
    });
  });

  describe("registers", () => {
    it("that are down for an hour are read when they are back, and for days are an officer's", async () => {
      around.register = "down";
      const id = await permit();
      await later(HOUR / 2);
      around.register = "up";
      await later(HOUR / 2);
      expect(await standing(id)).to.equal("waiting");
      around.register = "down";
      const other = await engine.notice("PASSPORT", OCCASION);
      for (let hours = 0; hours < 80; hours++) await later(HOUR);
      expect(await standing(other ?? "")).to.equal("officer: register-unreachable");
      around.register = "up";
      await decide(other ?? "", { decide: "retry" });
      expect(await standing(other ?? "")).to.equal("closed: told");
    });

    it("that hold a mother's number of no known scheme leave her to an officer, who has it put right", async () => {
      const { personOf, read, ...parts } = around.parts(store);
      const isKnown = (subject: string): boolean => /^[0-9]{12}$/.test(subject);
      engine = caseEngine({
        ...parts,
        personOf: (subject) => (isKnown(subject) ? personOf(subject) : undefined),
        read: async (asked) => {
          if (!isKnown(asked.subject)) throw new RangeError("the case is about nobody the ledger could name");
          return await read(asked);
        },
      });
      around.answers = {
        health: { "pd:Name": "An", "pd:BirthDate": "2026-11-20", "pd:Parent": { mother: "B-7" } },
        population: { "pd:Residency": "Thôn 1", "pd:MaritalStatus": "married" },
        "civil-status": {},
      };
      const id = await begun("BIRTH_REG", {});
      expect(await standing(id)).to.equal("officer: mother-unknown");
      await decide(id, { decide: "correct", category: "pd:Parent", value: { mother: MOTHER } });
      expect(await standing(id)).to.equal("waiting");
    });

    it("that know nothing of a person have answered: the rule concludes from that", async () => {
      around.register = "knows nobody";
      const id = await admission();
      expect(await standing(id)).to.equal("officer: registers-disagree");
    });
  });

  it("counts what nobody had to bring, and what somebody still has to", async () => {
    around.answers = { health: { "pd:HealthRecord": { fit: false } } };
    const id = await begun("DRIVER_LIC", { expires: "2027-01-03" });
    expect((await now(id)).documents).to.deep.equal({
      reused: ["population", "health"],
      asked: ["health-certificate"],
    });
    await permit();
    expect(onceOnlyOf(await store.list({ limit: 10 }))).to.deep.equal({
      DRIVER_LIC: { cases: 1, reused: 2, asked: 1 },
      BUILD_PERMIT: { cases: 1, reused: 4, asked: 0 },
    });
  });

  it("goes on with all other cases when one fails in a way nobody expected", async () => {
    const broken = await engine.notice("PASSPORT", OCCASION);
    const good = await engine.notice("ID_CARD", OCCASION);
    const current = await now(broken ?? "");
    await store.put({ ...current, ruleVersion: "0" });
    const failed = await engine.advanceAll().catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(AggregateError);
    expect(await standing(good ?? "")).to.equal("closed: told");
    expect(await engine.nextDue()).to.equal(MORNING);
  });
});
