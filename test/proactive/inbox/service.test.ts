import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { WrongSecretError } from "../../../proactive/inbox/disk.ts";
import { openInboxes } from "../../../proactive/inbox/inboxes.ts";
import { readEvents } from "./reader.ts";
import { AN, Around, BINH, codeOf, MESSAGE, SECRET } from "./around.ts";

const DAY_MS = 86_400_000;

describe("proactive/inbox", function () {
  this.timeout(600_000);
  let around: Around;
  beforeEach(async () => (around = await Around.start()));
  afterEach(async () => await around.end());

  it("brings a message to the person it is for, and to nobody else", async () => {
    expect(await around.write()).to.equal(201);
    const page = await around.inboxOf(AN);
    const { key: _, person: __, ...shown } = MESSAGE;
    expect(page.messages).to.deep.equal([{ number: 1, agency: "qn-police", ...shown, at: around.now }]);
    expect((await around.inboxOf(BINH)).messages).to.deep.equal([]);
    expect(await around.answer(BINH, 1, { answer: "accept" }), "another's message").to.equal(
      "no-such-message",
    );
    expect(await around.answersTo()).to.deep.equal([]);
  });

  it("takes the same message once, and no other under its key", async () => {
    expect(await Promise.all([around.write(), around.write(), around.write()])).to.have.members([
      201, 200, 200,
    ]);
    expect(await around.write({ until: around.now + DAY_MS }), "a later attempt, with a later end").to.equal(
      200,
    );
    for (const other of [
      { person: BINH },
      { caseId: "C-2" },
      { text: { vi: "a", en: "b" } },
      { answers: [] },
    ])
      expect(await around.write(other), JSON.stringify(other)).to.equal(409);
    expect(await around.write({}, "qn-health"), "another agency's keys are its own").to.equal(201);
    await around.restart();
    expect(await around.write()).to.equal(200);
    expect((await around.inboxOf(AN)).messages.map(({ number, agency }) => [number, agency])).to.deep.equal([
      [2, "qn-health"],
      [1, "qn-police"],
    ]);
  });

  it("gives the answers to the agency that wrote, and to no other", async () => {
    await around.write();
    await around.write({ key: "m-2", caseId: "C-2" }, "qn-health");
    const correction = { category: "pd:PhysicalAddress", value: "12 Trần Phú", note: "moved in May" };
    expect(await around.answer(AN, 1, { answer: "correct", correction })).to.equal(200);
    expect(await around.answer(AN, 2, { answer: "accept" })).to.equal(200);
    const { key, caseId, procedure } = MESSAGE;
    const first = { number: 1, caseId, procedure, key, at: around.now, answer: "correct", correction };
    expect(await around.answersTo("qn-police")).to.deep.equal([first]);
    expect((await around.answersTo("qn-health")).map((each) => each["caseId"])).to.deep.equal(["C-2"]);
    expect(await around.answersTo("qn-tax")).to.deep.equal([]);
    await around.restart();
    expect(await around.answersTo("qn-police")).to.deep.equal([first]);
    expect(await around.answersTo("qn-police", "?after=1")).to.deep.equal([]);
  });

  it("lets an answer stand: the same again is the same, after later comes another, and an objection always", async () => {
    await around.write();
    for (const answer of ["later", "later", "accept", "accept"])
      expect(await around.answer(AN, 1, { answer }), answer).to.equal(200);
    for (const answer of ["decline", "later"])
      expect(await around.answer(AN, 1, { answer }), answer).to.equal("already-answered");
    expect((await around.inboxOf(AN)).messages[0]?.answers).to.deep.equal(["object"]);
    expect(await around.answer(AN, 1, { answer: "object" })).to.equal(200);
    expect(await around.answer(AN, 1, { answer: "accept" })).to.equal("already-answered");
    const answers = await around.answersTo();
    expect(answers.map(({ number, answer }) => [number, answer])).to.deep.equal([
      [1, "later"],
      [2, "accept"],
      [3, "object"],
    ]);
    expect((await around.inboxOf(AN)).messages[0]?.answers).to.deep.equal([]);
  });

  it("takes one of many answers that come at the same moment", async () => {
    await around.write();
    const given = ["accept", "decline", "accept", "decline"].map(
      async (answer) => await around.answer(AN, 1, { answer }),
    );
    expect((await Promise.all(given)).sort()).to.deep.equal([
      200,
      200,
      "already-answered",
      "already-answered",
    ]);
    expect(await around.answersTo()).to.have.length(1);
  });

  it("loses nothing when many agencies write to one person, and many people answer one agency, at once", async () => {
    const agencies = ["qn-police", "qn-health", "qn-justice", "qn-social", "qn-tax", "qn-land"];
    const person = (each: number) => ({ scheme: "vn-cccd", id: `99919900010${each}` }) as const;
    await Promise.all([
      ...agencies.map(async (agency) => await around.write({}, agency)),
      ...agencies.map(async (_, each) => {
        await around.write({ key: `m-${each}`, caseId: `C-${each}`, person: person(each) });
      }),
    ]);
    const { messages } = await around.inboxOf(AN);
    expect(messages.map(({ number }) => number)).to.deep.equal([6, 5, 4, 3, 2, 1]);
    expect(new Set(messages.map(({ agency }) => agency)).size).to.equal(6);
    await Promise.all(
      agencies.map(async (_, each) => await around.answer(person(each), 1, { answer: "accept" })),
    );
    const answers = await around.answersTo();
    expect(answers.map(({ number }) => number)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(new Set(answers.map(({ caseId }) => caseId)).size).to.equal(6);
  });

  it("takes no answer that was not offered, came too late, or is about a case that is over", async () => {
    await around.write({ answers: ["accept"], until: around.now + DAY_MS });
    expect(await around.answer(AN, 1, { answer: "decline" })).to.equal("not-offered");
    around.now += DAY_MS;
    expect(await around.answer(AN, 1, { answer: "accept" })).to.equal("too-late");
    expect((await around.inboxOf(AN)).messages[0]?.answers).to.deep.equal([]);
    await around.write({ key: "m-2", caseId: "C-2" });
    await around.show("C-2", { state: "completed" });
    expect(await around.answer(AN, 2, { answer: "accept" })).to.equal("case-over");
    expect(await around.answersTo()).to.deep.equal([]);
  });

  it("shows how a case stands, the last state only, and only once the person was written to", async () => {
    expect(await around.show(MESSAGE.caseId, {})).to.equal(404);
    await around.write();
    const steps = [
      { name: "card", state: "done" },
      { name: "post", state: "officer", text: { vi: "Gửi thẻ", en: "The card is sent" } },
    ];
    expect(await around.show(MESSAGE.caseId, { state: "carrying-out", steps })).to.equal(204);
    expect(await around.show(MESSAGE.caseId, { at: around.now - 1 }), "held up on its way").to.equal(204);
    const shown = { agency: "qn-police", caseId: MESSAGE.caseId, procedure: "DRIVER_LIC" };
    expect((await around.inboxOf(AN)).cases).to.deep.equal([
      { ...shown, state: "carrying-out", steps, at: around.now },
    ]);
    expect(await around.show(MESSAGE.caseId, {}, "qn-health"), "another agency's case").to.equal(404);
  });

  it("takes a case from whoever had it when the agency writes to somebody else about it", async () => {
    await around.write();
    await around.show(MESSAGE.caseId, {});
    await around.write({ key: "to the new guardian", person: BINH });
    const before = await around.inboxOf(AN);
    expect(before.cases).to.deep.equal([]);
    expect(before.messages[0]?.answers).to.deep.equal([]);
    expect(await around.answer(AN, 1, { answer: "accept" })).to.equal("superseded");
    await around.show(MESSAGE.caseId, { state: "officer", at: around.now + 1 });
    expect((await around.inboxOf(AN)).cases).to.deep.equal([]);
    expect((await around.inboxOf(BINH)).cases.map(({ state }) => state)).to.deep.equal(["officer"]);
    expect(await around.answer(BINH, 1, { answer: "accept" })).to.equal(200);
  });

  it("lets the last message of a case be answered, not the ones before", async () => {
    await around.write();
    await around.answer(AN, 1, { answer: "later" });
    await around.write({ key: "once more" });
    expect(await around.answer(AN, 1, { answer: "accept" })).to.equal("superseded");
    expect(await around.answer(AN, 1, { answer: "later" }), "the same again").to.equal(200);
    expect(await around.answer(AN, 2, { answer: "accept" })).to.equal(200);
  });

  it("gives an inbox a page at a time, the newest first", async () => {
    for (let each = 1; each <= 7; each += 1) await around.write({ key: `m-${each}`, caseId: `C-${each}` });
    const numbers: number[] = [];
    let before: number | undefined;
    for (let more = true; more;) {
      const page = await around.inboxOf(AN, `?limit=3${before === undefined ? "" : `&before=${before}`}`);
      numbers.push(...page.messages.map(({ number }) => number));
      before = numbers.at(-1);
      more = page.more;
    }
    expect(numbers).to.deep.equal([7, 6, 5, 4, 3, 2, 1]);
  });

  it("tells an agency what a person wants in one procedure, and no more", async () => {
    const wishes = async (person: object, procedure: string): Promise<unknown> =>
      (await around.ask("POST", "/v1/wishes", { token: await around.agency(), body: { person, procedure } }))
        .body;
    const night = { from: "21:00", until: "07:00" };
    expect(await wishes(AN, "DRIVER_LIC")).to.deep.equal({ sms: true, email: true, quiet: night });
    const quiet = { from: "19:30", until: "08:00" };
    const body = {
      language: "en",
      sms: true,
      email: false,
      quiet,
      noSms: ["PASSPORT", "DRIVER_LIC", "PASSPORT"],
    };
    const token = await around.person(AN);
    expect((await around.ask("PUT", "/v1/preferences", { token, body })).status).to.equal(200);
    await around.restart();
    expect((await around.ask("GET", "/v1/preferences", { token })).body).to.deep.equal({
      ...{ ...body, noSms: ["DRIVER_LIC", "PASSPORT"] },
    });
    expect(await wishes(AN, "DRIVER_LIC")).to.deep.equal({ language: "en", sms: false, email: false, quiet });
    expect(await wishes(AN, "ID_CARD")).to.deep.equal({ language: "en", sms: true, email: false, quiet });
    expect(await wishes(BINH, "DRIVER_LIC")).to.deep.equal({ sms: true, email: true, quiet: night });
  });

  it("lets an agency write, and ask, about the procedures that it serves", async () => {
    const procedure = "BUSINESS_REG";
    expect(await around.write({ procedure })).to.equal(403);
    const [token, body] = [await around.agency(), { person: AN, procedure }];
    const asked = await around.ask("POST", "/v1/wishes", { token, body });
    expect([asked.status, codeOf(asked)]).to.deep.equal([403, "not-yours"]);
    expect((await around.inboxOf(AN)).messages).to.deep.equal([]);
  });

  it("waits for an answer as long as it is told", async () => {
    await around.write();
    const begun = performance.now();
    expect(await around.answersTo("qn-police", "?wait=1")).to.deep.equal([]);
    expect(performance.now() - begun).to.be.above(990);
    // Else it waits longer than this test may take.
    const waiting = around.answersTo("qn-police", "?wait=50");
    await around.answer(AN, 1, { answer: "accept" });
    expect(await waiting).to.have.length(1);
  });

  it("lets so many requests wait, and ends them when it closes", async () => {
    const narrow = await Around.start({ waitingPerAgency: 1 });
    const token = await narrow.agency();
    const both = [1, 2].map(async () => await narrow.ask("GET", "/v1/answers?wait=50", { token }));
    // Whichever of them waits, the other one is refused at once.
    expect(codeOf(await Promise.race(both))).to.equal("too-many-open");
    await narrow.restart();
    expect((await Promise.all(both)).map(({ status }) => status).sort()).to.deep.equal([200, 429]);
    await narrow.end();
  });

  it("closes in the middle of everything, and what was answered is kept", async () => {
    const token = await around.agency();
    const people = [AN, BINH];
    const streams = people.map(async (person) => {
      const [url, own] = [`${around.service.url}/v1/messages/events`, await around.person(person)];
      for await (const { id } of readEvents(url, { token: own })) expect(id).to.match(/^[0-9]+$/);
    });
    const kept = Array.from({ length: 40 }, async (_, each) => {
      const person = people[each % 2] ?? AN;
      const body = { ...MESSAGE, key: `m-${each}`, caseId: `C-${each}`, person };
      const bad = each % 5 === 0 ? "{" : body;
      const reply = await around.ask("POST", "/v1/messages", { token, body: bad }).catch(() => undefined);
      return reply?.status === 201 ? `C-${each}` : undefined;
    });
    await Promise.race(kept);
    await around.restart();
    const answered = (await Promise.all(kept)).filter((caseId) => caseId !== undefined);
    await Promise.all(streams);
    const pages = await Promise.all(people.map(async (person) => await around.inboxOf(person, "?limit=100")));
    const there = pages.flatMap(({ messages }) => messages.map(({ caseId }) => caseId));
    expect(there).to.include.members(answered);
    expect(around.logged, "nothing went wrong in it").to.deep.equal([]);
  });

  it("does not pass over answers after it was restored from a backup", async () => {
    const token = await around.agency();
    expect(codeOf(await around.ask("GET", "/v1/answers?after=1&wait=50", { token }))).to.equal("behind");
  });

  it("keeps neither who nor what readable, and opens with its own secret alone", async () => {
    await around.write();
    await around.answer(AN, 1, {
      answer: "correct",
      correction: { category: "pd:Name", note: "Nguyễn Văn Lạ" },
    });
    await around.service.close();
    const files = await readdir(around.directory, { recursive: true });
    const all = Buffer.concat(
      await Promise.all(files.map(async (file) => await readFile(path.join(around.directory, file)))),
    );
    for (const text of [AN.id, MESSAGE.text.vi, "Nguyễn Văn Lạ", "accept"])
      expect(all.includes(text), text).to.equal(false);
    expect(all.includes(MESSAGE.caseId), "what is not personal can be found").to.equal(true);
    const wrong = { directory: around.directory, secret: new Uint8Array(32), now: () => 0 };
    const error = await openInboxes(wrong).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(WrongSecretError);
    const again = await openInboxes({ ...wrong, secret: SECRET });
    await again.close();
    await around.restart();
  });

  it("logs nothing about anybody", async () => {
    await around.write();
    await around.answer(AN, 1, { answer: "decline" });
    await around.answer(AN, 1, { answer: "accept" });
    await around.ask("POST", "/v1/messages", { token: await around.agency(), body: { person: AN } });
    expect(around.logged).to.deep.equal([]);
  });
});
