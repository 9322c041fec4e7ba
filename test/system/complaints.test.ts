import { rm } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { toBase64url, fromHex } from "../../protocol/bytes.ts";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";
import { claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const DAY_MS = 86_400_000;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const CHILD = { scheme: "vn-cccd", id: "999225000003" } as const;

interface Complaint {
  readonly id: string;
  readonly state: string;
  readonly agency: string;
  readonly outcome?: string;
  readonly event: { readonly leaf: string; readonly index: number };
  readonly due: Readonly<Record<"answer" | "remedy" | "decision", { by: number; state: string }>>;
  readonly history: readonly { state: string; index: number; facets: Readonly<Record<string, unknown>> }[];
}

describe("complaints", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  let justice: Recorder;
  let first: Headers;
  let second: Headers;
  let inspector: Headers;
  let officer: Headers;
  let aheadMs = 0;

  before(async () => {
    system = await deployed();
    ledger = await start();
    first = await tokenNamed(system, "citizen 1");
    second = await tokenNamed(system, "citizen 2");
    inspector = await tokenNamed(system, "inspector");
    officer = await tokenNamed(system, "officer of qn-police");
    police = await openDemoRecorder(system, ledger.url);
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
  });
  after(async () => {
    await police.close();
    await justice.close();
    await ledger.close();
    await system.destroy();
  });

  async function start(): Promise<App> {
    const app = await startLedger(system, {
      clock: { now: () => Date.now() + aheadMs },
      config: { catalogueDir: CATALOGUE },
    });
    await fetchUntil(`${app.url}/v1/catalogue`);
    await fetchUntil(`${app.url}/ready`);
    return app;
  }

  const api = async (where: string, headers: Headers, body?: object): Promise<ApiAnswer> =>
    await call(`${ledger.url}/v1/${where}`, headers, body);

  /** Records an access and returns its log index. */
  async function accessed(name: string, changes: Partial<PlainEvent> = {}, by = police): Promise<number> {
    const event = { ...ACCESS, exchange: { ...ACCESS.exchange, messageId: name }, ...changes };
    const { seq } = await by.record(event);
    await by.flush(AbortSignal.timeout(100_000));
    const receipt = await by.receiptOf(seq);
    if (receipt === undefined) throw new Error("no receipt");
    return receipt.index + seq - receipt.first;
  }

  async function filed(index: number, headers = first): Promise<string> {
    const answer = await api("complaints", headers, {
      index,
      text: "Vì sao cơ quan này đọc dữ liệu của tôi?",
    });
    expect(answer.status, JSON.stringify(answer.json)).to.equal(201);
    return (answer.json["complaint"] as Complaint).id;
  }

  async function complaint(id: string, headers = first): Promise<Complaint> {
    const { status, json } = await api(`complaints/${id}`, headers);
    expect(status, JSON.stringify(json)).to.equal(200);
    return json as unknown as Complaint;
  }

  async function listed(query: string, headers: Headers): Promise<string[]> {
    const { status, json } = await api(`complaints?${query}`, headers);
    expect(status).to.equal(200);
    return (json["complaints"] as Complaint[]).map(({ id }) => id);
  }

  /** Places in the log are known when all that is recorded is in a published checkpoint. */
  async function published(): Promise<void> {
    const health: unknown = await (await fetch(`${ledger.url}/health`)).json();
    const { recorded } = (health as { events: { recorded: number } }).events;
    await fetchUntil(`${ledger.url}/v1/events/${recorded - 1}/evidence`);
  }

  const answer = async (id: string, text = "Theo quy trình."): Promise<ApiAnswer> =>
    await api(`complaints/${id}/answer`, officer, { text });
  const decision = async (id: string): Promise<ApiAnswer> =>
    await api(`complaints/${id}/decision`, inspector, { outcome: "upheld", text: "Không có căn cứ." });
  const withdrawal = async (id: string, headers = first): Promise<ApiAnswer> =>
    await api(`complaints/${id}/withdrawal`, headers, {});

  it("go from the person over the agency to the inspector, every step on the log and in the person's statement", async () => {
    const index = await accessed("whole way");
    const id = await filed(index);
    expect(await complaint(id)).to.deep.include({ id, state: "filed", agency: "qn-police" });
    expect((await answer(id)).status).to.equal(201);
    expect((await decision(id)).status).to.equal(201);
    await published();
    const done = await complaint(id);
    expect(done).to.deep.include({ state: "decided", outcome: "upheld" });
    expect(done.event.index).to.equal(index);
    expect(done.history.map(({ state }) => state)).to.deep.equal(["filed", "answered", "decided"]);
    expect(JSON.stringify(done), "officials' names are not the person's").to.not.contain("agent.id");

    const last = done.history.at(-1)?.index ?? 0;
    const text = await fetchStatement(`${ledger.url}/v1/statement`, first, last + 1);
    const { lists } = await claimOf(system, text);
    const acts = (lists[0]?.events ?? []).filter(({ facets }) => facets.type === "complaint");
    expect(acts.map(({ indexHint }) => indexHint)).to.deep.equal(done.history.map((act) => act.index));
    expect(acts[0]?.facets.complaint).to.deep.include({
      ...{ id, state: "filed", agency: "qn-police" },
      leaf: toBase64url(fromHex(done.event.leaf)),
    });
  });

  it("are seen by whom they concern, and by nobody else", async () => {
    const id = await filed(await accessed("seen by"));
    const [others, agency] = [
      await tokenNamed(system, "officer of qn-justice"),
      await tokenNamed(system, "qn-police"),
    ];
    for (const headers of [second, others, await tokenNamed(system, "qn-operator")]) {
      expect((await api(`complaints/${id}`, headers)).json).to.include({ code: "unknown-complaint" });
      expect(await listed("", headers)).to.not.include(id);
    }
    for (const headers of [first, officer, agency, inspector])
      expect(await listed("", headers)).to.include(id);
    expect((await complaint(id, officer)).history[0]?.facets).to.have.nested.property("subject.id");
    expect((await api(`complaints/${id}/answer`, others, { text: "?" })).json).to.include({
      code: "unknown-complaint",
    });
    expect((await withdrawal(id, second)).json).to.include({ code: "unknown-complaint" });
    expect((await withdrawal(id)).status).to.equal(201);
  });

  it("are about an entry of one's own list, once at a time, and name nobody by number", async () => {
    const [own, other] = [await accessed("own"), await accessed("other's", { subject: SECOND })];
    const refusal = async (body: object, headers = first): Promise<unknown> =>
      (await api("complaints", headers, body)).json["code"];
    expect(await refusal({ index: other, text: "?" })).to.equal("unknown-event");
    expect(await refusal({ index: 1_000_000, text: "?" })).to.equal("unknown-event");
    expect(await refusal({ index: 0, text: "the catalogue" })).to.equal("unknown-event");
    expect(await refusal({ index: own, text: "It was 999199000002!" })).to.equal("bad-request");
    expect(await refusal({ index: own, text: "x".repeat(2001) })).to.equal("bad-request");
    expect(await refusal({ index: own, text: "?", agency: "qn-health" })).to.equal("bad-request");
    const { event } = await complaint(await filed(own));
    expect(await refusal({ index: own, text: "again" })).to.equal("complaint-exists");
    await published();
    expect(await refusal({ leaf: event.leaf, text: "again" })).to.equal("complaint-exists");
  });

  it("tell whom a sealed event is about no more than its statement does", async () => {
    // The justice department recorded what the police asked for: who asked is what the seal hides.
    const index = await accessed("sealed", {}, justice);
    const open = await filed(index);
    expect((await complaint(open)).agency, "who asked for the data").to.equal("qn-police");
    expect((await withdrawal(open)).status).to.equal(201);
    const { status } = await api("seals", inspector, {
      events: [index],
      until: new Date(Date.now() + DAY_MS).toISOString(),
      legalBasis: { law: "Bộ luật Tố tụng hình sự", article: "1" },
    });
    expect(status).to.equal(201);
    const named = await api("complaints", first, { index, text: "?", agency: "qn-police" });
    expect(named.json, "not even by asking").to.include({ code: "bad-request" });
    expect(JSON.stringify(named.json)).to.not.contain("qn-police");
    const id = await filed(index);
    const seen = await complaint(id);
    expect(seen.agency).to.equal("qn-justice");
    expect(JSON.stringify(seen)).to.not.contain("registry");
  });

  it("are a guardian's for a child as long as the mandate is in force, and then the child's alone", async () => {
    const mandate = async (state: "granted" | "revoked"): Promise<void> => {
      await justice.record({
        type: "mandate",
        subject: { ...CHILD, role: "child" },
        "subject.2": { ...SECOND, role: "parent" },
        mandate: { id: "m-1", state, basis: "parent", validUntil: "2040-01-01T00:00:00+07:00" },
        time: ACCESS.time,
      });
      await justice.flush(AbortSignal.timeout(100_000));
    };
    await mandate("granted");
    const id = await filed(await accessed("child's", { subject: CHILD }), second);
    expect((await complaint(id, second)).state).to.equal("filed");
    expect(await listed("limit=200", second)).to.include(id);
    await mandate("revoked");
    expect((await api(`complaints/${id}`, second)).json).to.include({ code: "unknown-complaint" });
    expect(await listed("limit=200", second)).to.not.include(id);
    expect((await withdrawal(id, second)).json).to.include({ code: "unknown-complaint" });
    expect((await answer(id)).status).to.equal(201);
    const [filing, answered] = (await complaint(id, inspector)).history;
    expect(filing?.facets["subject.2"]).to.include(SECOND);
    expect(answered?.facets, "who is no guardian any more").to.include.keys("subject", "complaint");
    expect(answered?.facets).to.not.have.property("subject.2");
  });

  it("let one of two answers win, and one of a decision and a withdrawal", async () => {
    const answered = await filed(await accessed("race of answers"));
    const answers = await Promise.all([answer(answered, "one"), answer(answered, "two")]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
    for (let round = 0; round < 5; round++) {
      const id = await filed(await accessed(`race ${round}`));
      const both = round % 2 === 0 ? [decision(id), withdrawal(id)] : [withdrawal(id), decision(id)];
      const ends = await Promise.all(both);
      expect(ends.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
      expect(ends.find(({ status }) => status === 409)?.json).to.include({ code: "complaint-state" });
      const { history } = await complaint(id);
      expect(history, "on the log").to.have.length(2);
    }
    const index = await accessed("filed twice");
    const twice = await Promise.all(
      [1, 2].map(async () => await api("complaints", first, { index, text: "?" })),
    );
    expect(twice.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
  });

  it("are the same after everything derived was lost", async () => {
    await published();
    const before = (await api("complaints?limit=200", inspector)).json;
    await ledger.close();
    await rm(path.join(system.dataDir, "derived"), { recursive: true });
    ledger = await start();
    await published();
    const again = (await api("complaints?limit=200", inspector)).json;
    expect(again).to.deep.equal(before);
  });

  it("page by page are all of them", async () => {
    const all = await listed("limit=200", inspector);
    const paged: string[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const { json }: ApiAnswer = await api(`complaints?limit=3&from=${from}`, inspector);
      paged.push(...(json["complaints"] as Complaint[]).map(({ id }) => id));
      from = json["next"] as number | undefined;
    }
    expect(all.length).to.be.greaterThan(8);
    expect(paged).to.deep.equal(all);
  });

  it("show what the law gives whom until when, and inspectors what is overdue", async () => {
    const recorder = await openDemoRecorder(system, ledger.url, {
      directory: path.join(system.dataDir, "recorder", "deadlines"),
      source: "qn-health/r1",
    });
    const index = await accessed("deadlines", {}, recorder);
    await recorder.close();
    const id = await filed(index);
    const { due } = await complaint(id);
    expect(due.answer).to.include({ days: 2, unit: "working", law: "356/2025/NĐ-CP", verified: false });
    expect([due.answer.state, due.decision.state]).to.deep.equal(["pending", "pending"]);
    expect((due.answer.by - Date.now() / 1000) / 86_400).to.be.within(2, 10);
    expect(await listed("state=answerOverdue&limit=200", inspector)).to.not.include(id);
    aheadMs = 12 * DAY_MS;
    expect(await listed("state=answerOverdue&limit=200", inspector)).to.include(id);
    expect(await listed("state=decisionOverdue&limit=200", inspector)).to.not.include(id);
    expect((await complaint(id)).due.answer.state).to.equal("overdue");
    expect((await answer(id)).status).to.equal(201);
    expect((await complaint(id)).due.answer.state).to.equal("late");
    aheadMs = 60 * DAY_MS;
    expect(await listed("state=decisionOverdue&limit=200", inspector)).to.include(id);
    aheadMs = 0;
  });
});
