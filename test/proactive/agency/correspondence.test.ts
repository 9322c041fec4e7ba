import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { type Correspondence, openCorrespondence } from "../../../proactive/agency/correspondence.ts";
import type { Case } from "../../../proactive/cases/case.ts";
import type { CaseProgress, ReceivedAnswer } from "../../../proactive/inbox/message.ts";

const CASE: Case = {
  ...{ id: "PASSPORT-0123456789abcdef", procedure: "PASSPORT", ruleVersion: "1" },
  occasion: { key: "passport 1", subject: "999199000001", on: "2026-11-22", known: {} },
  ...{ stage: { at: "waiting", until: 9 }, round: 1, readings: [], telling: 1, attempts: [] },
  ...{ steps: [], corrections: [], decisions: [], tries: 0, noticedAt: 0 },
};

function answer(number: number): ReceivedAnswer {
  return {
    ...{ number, caseId: CASE.id, procedure: CASE.procedure, key: `${CASE.id} message`, at: number },
    answer: "accept",
  };
}

describe("proactive/agency/correspondence", () => {
  let directory: string;
  let open: Correspondence;
  let stored: Case;
  /** What people answered; what agencies asked for; what was taken; what is shown. */
  let answers: ReceivedAnswer[];
  let askedAfter: number[];
  let taken: number[];
  let shown: CaseProgress[];
  let isAway = false;
  /** Happens while a case is read to be shown. */
  let meanwhile: () => void;
  let takes: (given: ReceivedAnswer) => Promise<"not-open" | undefined>;

  const opening = async (): Promise<Correspondence> =>
    await openCorrespondence({
      directory,
      inbox: {
        answers: (after) => {
          askedAfter.push(after);
          return Promise.resolve(answers.filter(({ number }) => number > after));
        },
        putCase: (_id, progress) => {
          if (isAway) return Promise.reject(new Error("away"));
          shown.push(progress);
          return Promise.resolve(true);
        },
      },
      store: {
        get: (id) => {
          const found = id === stored.id ? stored : undefined;
          meanwhile();
          return Promise.resolve(found);
        },
        list: ({ before }) => Promise.resolve(before === undefined ? [stored] : []),
      },
      take: async (given) => await takes(given),
      now: () => 5,
      logger: { info: () => undefined },
    });

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "correspondence-"));
    [answers, askedAfter, taken, shown, isAway, stored] = [[], [], [], [], false, CASE];
    meanwhile = () => undefined;
    takes = ({ number }) => {
      taken.push(number);
      return Promise.resolve(undefined);
    };
    open = await opening();
  });
  afterEach(async () => {
    await open.close();
    await rm(directory, { recursive: true });
  });

  it("takes each answer once, in order, over a restart too", async () => {
    answers = [answer(1), answer(2)];
    expect(await open.fetchAnswers()).to.equal(2);
    await open.close();
    open = await opening();
    answers.push(answer(3));
    expect(await open.fetchAnswers()).to.equal(1);
    expect(await open.fetchAnswers()).to.equal(0);
    expect({ taken, askedAfter }).to.deep.equal({ taken: [1, 2, 3], askedAfter: [0, 2, 3] });
  });

  it("asks again for an answer that could not be taken, and passes over none", async () => {
    answers = [answer(1), answer(2)];
    const usual = takes;
    takes = async (given) =>
      given.number === 2 ? await Promise.reject(new Error("disk")) : await usual(given);
    expect(await open.fetchAnswers().catch(String)).to.equal("Error: disk");
    takes = usual;
    await open.fetchAnswers();
    expect(taken).to.deep.equal([1, 2]);
  });

  it("goes on behind an answer that comes too late", async () => {
    answers = [answer(1), answer(2)];
    takes = () => Promise.resolve("not-open");
    await open.fetchAnswers();
    expect(await open.fetchAnswers()).to.equal(0);
  });

  it("shows what is not shown yet, and again only what changed", async () => {
    await open.show();
    open.changed(CASE.id);
    stored = { ...CASE, stage: { at: "closed", outcome: "declined" } };
    await open.show();
    await open.close();
    open = await opening();
    expect(open.waiting(), "everything is shown").to.equal(0);
    expect(shown.map(({ state }) => state)).to.deep.equal(["waiting", "declined"]);
  });

  it("shows after a restart what changed before a crash", async () => {
    await open.show();
    await open.close();
    stored = { ...CASE, stage: { at: "closed", outcome: "completed" } };
    open = await opening();
    await open.show();
    expect(shown.map(({ state }) => state)).to.deep.equal(["waiting", "completed"]);
  });

  it("shows once more what changes while it is read", async () => {
    meanwhile = () => {
      stored = { ...CASE, stage: { at: "closed", outcome: "completed" } };
      open.changed(CASE.id);
      meanwhile = () => undefined;
    };
    await open.show();
    await open.show();
    expect(shown.map(({ state }) => state)).to.deep.equal(["waiting", "completed"]);
  });

  it("keeps what the inbox does not take, and shows it later", async () => {
    isAway = true;
    expect(await open.show().catch(String)).to.equal("Error: away");
    expect(open.waiting()).to.equal(1);
    isAway = false;
    await open.show();
    expect({ waiting: open.waiting(), shown: shown.length }).to.deep.equal({ waiting: 0, shown: 1 });
  });
});
