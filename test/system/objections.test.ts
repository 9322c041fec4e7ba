import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Level } from "level";
import { type AskDecision, decisionPoint } from "../../proactive/exchange/decision-point.ts";
import { onceOnlyReader, type Reading } from "../../proactive/exchange/reading.ts";
import { type Decision, parseDecision } from "../../protocol/decision-jws.ts";
import type { Facets, PlainEvent } from "../../protocol/facet-values.ts";
import { parseSignOn } from "../../protocol/sign-on.ts";
import type { Recorder } from "../../recorder/index.ts";
import { auditRecords } from "../../scripts/audit/audit.ts";
import { openState } from "../../scripts/audit/state.ts";
import type { App } from "../../server/app.ts";
import type { AuditReport } from "../../verifier/audit/report.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger, tokenOf } from "./fixture.ts";
import { claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
/** A number that the first person had before. */
const OLD = { scheme: "vn-cmnd", id: "999199001" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const ROUNDS = 5;

type Person = Facets["subject"] & object;

/** What an objection in the API's answers looks like. */
interface Shown {
  readonly id: string;
  readonly person: { readonly scheme: string; readonly id: string };
  readonly procedure?: string;
  readonly objecting: boolean;
  readonly history: readonly {
    readonly state: string;
    readonly index: number;
    readonly leafHash: string;
    readonly source: string;
    readonly indicatedBy?: string;
    readonly erased?: boolean;
  }[];
}

/** Justice's machine registers a birth. */
const REGISTERED: PlainEvent = {
  type: "action",
  subject: FIRST,
  purpose: { procedure: "BIRTH_REG" },
  case: "BIRTH_REG-1",
  rule: { id: "BIRTH_REG", version: "1", inputs: {} },
  outcome: { code: "success", detail: "offer" },
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};

describe("objections to machines", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App | undefined;
  let url: string;
  let justice: Recorder;
  let first: Headers;
  let second: Headers;
  let inspector: Headers;
  let officer: Headers;
  let agency: Headers;

  before(async () => {
    system = await deployed();
    ledger = await startLedger(system, { config: { catalogueDir: CATALOGUE } });
    ({ url } = ledger);
    await fetchUntil(`${url}/ready`);
    await fetchUntil(`${url}/v1/catalogue`);
    first = await tokenNamed(system, "citizen 1");
    second = await tokenNamed(system, "citizen 2");
    inspector = await tokenNamed(system, "inspector");
    officer = await tokenOf(system, "officer", "qn-operator");
    agency = await tokenOf(system, "agency", "qn-justice");
    justice = await openDemoRecorder(system, url, { source: "qn-justice/r1" });
  });
  after(async () => {
    await justice.close();
    await ledger?.close();
    await system.destroy();
  });

  const api = async (where: string, headers: Headers, body?: object): Promise<ApiAnswer> =>
    await call(`${url}/v1/${where}`, headers, body);

  async function shown(answer: Promise<ApiAnswer>, status: number): Promise<Shown> {
    const { status: found, json } = await answer;
    expect(found, JSON.stringify(json)).to.equal(status);
    return json as unknown as Shown;
  }

  async function refusal(answer: Promise<ApiAnswer>): Promise<string> {
    const { status, json } = await answer;
    return `${status} ${String(json["code"])}`;
  }

  const object = async (changes: object = {}, headers = first): Promise<ApiAnswer> =>
    await api("objections", headers, { procedure: "BIRTH_REG", ...changes });
  const withdraw = async (id: string, headers = first): Promise<ApiAnswer> =>
    await api(`objections/${id}/withdrawal`, headers, {});

  async function objectionsOf(headers: Headers): Promise<readonly Shown[]> {
    return (await api("objections", headers)).json["objections"] as Shown[];
  }

  /** May justice read the name of a person for a registration of birth, asked by a machine or an official? */
  async function decide(by: "machine" | "official", person: Person = FIRST): Promise<Decision> {
    const question = {
      subject: { type: "agency", id: "qn-justice" },
      action: { name: "read" },
      resource: {
        ...{ type: "person", id: `${person.scheme}:${person.id}` },
        properties: { personalData: ["pd:Name"] },
      },
      context: {
        procedure: "BIRTH_REG",
        provider: "qn-police",
        ...(by === "machine" && { automated: true }),
      },
    };
    const { status, json } = await call(`${url}/access/v1/evaluation`, agency, question);
    expect(status, JSON.stringify(json)).to.equal(200);
    return parseDecision((json["context"] as { jws: string }).jws).decision;
  }

  /** Records an event of justice's and returns its log index, once it is published. */
  async function recorded(event: PlainEvent): Promise<number> {
    const { seq } = await justice.record(event);
    await justice.flush(AbortSignal.timeout(100_000));
    const receipt = await justice.receiptOf(seq);
    if (receipt === undefined) throw new Error("no receipt");
    const index = receipt.index + seq - receipt.first;
    await fetchUntil(`${url}/v1/events/${index}/evidence`);
    return index;
  }

  async function deskSize(): Promise<number> {
    return Number((await api("sources/qn-operator/desk", first)).json["next"]);
  }

  async function findingsAbout(index: number, headers: Headers): Promise<unknown> {
    const { json } = await api(`events/${index}/findings`, headers);
    return (json["findings"] as { kind: string }[]).map(({ kind }) => kind);
  }

  it("keep machines out and let officials read, and stand in the person's statement with what they signed on with", async () => {
    expect(await decide("machine")).to.include({ decision: true, reason: "law", automated: true });
    const made = await shown(object({ method: "button in the app" }), 201);
    expect(made).to.deep.include({ person: FIRST, procedure: "BIRTH_REG", objecting: true });
    expect(made.history).to.have.length(1);
    expect(made.history[0]).to.include({
      state: "made",
      indicatedBy: "DataSubject",
      source: "qn-operator/desk",
    });
    expect(await decide("machine")).to.include({ decision: false, reason: "objected", automated: true });
    const official = await decide("official");
    expect(official).to.include({ decision: true, reason: "law" }).and.not.have.property("automated");
    expect(await decide("machine", SECOND)).to.include({ decision: true });

    const index = made.history[0]?.index ?? -1;
    const claim = await claimOf(system, await fetchStatement(`${url}/v1/statement`, first, index + 1));
    const own = claim.lists[0]?.events.find((event) => event.indexHint === index);
    expect(own?.facets.objection).to.deep.equal({
      ...{ state: "made", procedure: "BIRTH_REG", indicatedBy: "DataSubject", method: "button in the app" },
    });
    expect(own?.facets, "a citizen does not see tokens").not.to.have.property("signOn");
    const seen = (await api(`events/${index}`, inspector)).json["facets"] as Facets;
    expect(parseSignOn(seen.signOn ?? "").signOn).to.include({ src: "qn-operator/desk", role: "citizen" });
    expect(await objectionsOf(first)).to.deep.equal([made]);
    expect(await objectionsOf(second)).to.deep.equal([]);
    expect(await refusal(withdraw(made.id, second))).to.equal("404 unknown-objection");
    expect(JSON.stringify((await api(`events/${index}`, second)).json)).to.not.include("BIRTH_REG");
    const lifted = await shown(withdraw(made.id), 200);
    expect(lifted).to.include({ objecting: false });
    expect(lifted.history.map(({ state }) => state)).to.deep.equal(["made", "withdrawn"]);
    expect(await decide("machine")).to.include({ decision: true });
  });

  it("reach an agency that reads once only as a refusal with its reason, which it records for the person to read", async () => {
    const { id } = await shown(object(), 201);
    const token = (agency["authorization"] ?? "").replace("Bearer ", "");
    const ask: AskDecision = decisionPoint({
      ...{ url, agency: "qn-justice", token: () => Promise.resolve(token) },
    });
    const read = onceOnlyReader({
      ...{ client: "qn-justice/civil", ask, recorder: justice, now: () => Date.now() },
      send: () => Promise.reject(new Error("nobody is asked")),
    });
    const question: Reading = {
      ...{ procedure: "BIRTH_REG", subject: FIRST, personalData: ["pd:Name"], provider: "qn-police" },
      ...{ service: "qn-police/population", caseId: "BIRTH_REG-1", automated: true },
    };
    const result = await read(question);
    expect(result).to.include({ kind: "refused", reason: "objected" });
    await justice.flush(AbortSignal.timeout(100_000));
    const index = (await justice.receiptOf(justice.status().nextSeq - 1))?.index ?? -1;
    const facets = (await api(`events/${index}`, inspector)).json["facets"] as Facets;
    expect(facets.outcome).to.deep.equal({ code: "refused", detail: "objected" });
    expect(facets.explanation?.vi).to.include("phản đối");
    expect((await shown(withdraw(id), 200)).objecting).to.equal(false);
  });

  it("are made once and taken back once, however many ask at the same time", async () => {
    const before = await deskSize();
    const answers = await Promise.all([object(), object(), object()]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 200, 201]);
    expect(await deskSize()).to.equal(before + 1);
    const [{ id }] = answers.map(({ json }) => json as unknown as Shown) as [Shown];
    const again = await shown(object(), 200);
    for (const { json } of answers) expect(json).to.deep.equal(again);
    const lifted = await Promise.all([withdraw(id), withdraw(id), withdraw(id)]);
    for (const { status, json } of lifted) {
      expect(status).to.equal(200);
      expect(json).to.include({ id, objecting: false });
    }
    expect(await deskSize()).to.equal(before + 2);
  });

  it("are seen by decisions from their answer on, and each decision is right by the log that it cites", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const isMade of [true, false]) {
        let isOver = false;
        const id = (await objectionsOf(first))[0]?.id ?? "";
        const happening = (isMade ? object() : withdraw(id)).finally(() => (isOver = true));
        const asking = Array.from({ length: 4 }, async () => {
          const during: Decision[] = [];
          while (!isOver) during.push(await decide("machine"));
          return during;
        });
        const { json } = await happening;
        const at = (json as unknown as Shown).history.at(-1)?.index ?? -1;
        const last = await decide("machine");
        for (const { decision, reason, size } of [...(await Promise.all(asking)).flat(), last]) {
          const objecting = size <= at ? !isMade : isMade;
          expect([decision, reason]).to.deep.equal(objecting ? [false, "objected"] : [true, "law"]);
        }
        expect(last.size).to.be.greaterThan(at);
      }
    }
  });

  it("are refused where nothing is known by that name, and nothing is recorded then", async () => {
    const before = await deskSize();
    for (const [changes, expected] of [
      [{ procedure: "FISHING" }, "422 unknown-procedure"],
      [{ procedure: "minhbach:inspection" }, "422 unknown-procedure"],
      [{ procedure: ["BIRTH_REG"] }, "400 bad-request"],
      [{ procedure: undefined }, "400 bad-request"],
      [{ also: 1 }, "400 bad-request"],
      [{ person: SECOND }, "403 no-mandate"],
      [{ method: `for ${SECOND.id}` }, "422 schema-violation"],
    ] as const)
      expect(await refusal(object(changes)), JSON.stringify(changes)).to.equal(expected);
    expect(await deskSize()).to.equal(before);
  });

  it("are made for a child by who holds a mandate, and by nobody else", async () => {
    expect(await refusal(object({ person: CHILD }, second))).to.equal("403 no-mandate");
    await recorded({
      type: "mandate",
      subject: { ...CHILD, role: "child" },
      "subject.2": { ...SECOND, role: "parent" },
      mandate: { id: "m-1", state: "granted", basis: "parent", validUntil: "2080-01-01T00:00:00+07:00" },
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    });
    const made = await shown(object({ person: CHILD }, second), 201);
    expect(made).to.deep.include({ person: CHILD, objecting: true });
    expect(made.history[0]).to.include({ indicatedBy: "Guardian" });
    expect(await decide("machine", CHILD)).to.include({ reason: "objected" });
    expect(await decide("machine", SECOND), "nothing of the parent's own").to.include({ decision: true });
    const page = await api("objections?limit=1", second);
    expect((page.json["objections"] as Shown[]).map(({ id }) => id)).to.deep.equal([made.id]);
    expect(await refusal(withdraw(made.id, first))).to.equal("404 unknown-objection");
    expect(await shown(withdraw(made.id, second), 200)).to.include({ objecting: false });
  });

  it("hold for every number that the person is known by", async () => {
    const { id } = await shown(object(), 201);
    expect(await decide("machine", OLD)).to.include({ decision: true });
    await recorded({
      type: "mandate",
      subject: { ...OLD, role: "self" },
      "subject.2": { ...FIRST, role: "self" },
      mandate: { id: "m-2", state: "granted", basis: "same-person" },
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    });
    expect(await decide("machine", OLD)).to.include({ decision: false, reason: "objected" });
    expect((await shown(withdraw(id), 200)).objecting).to.equal(false);
    expect(await decide("machine", OLD)).to.include({ decision: true });
  });

  it("are believed of whoever passes them on, and taken back at the desk alone", async () => {
    const said = (state: "made" | "withdrawn"): PlainEvent => ({
      ...({ type: "objection", subject: FIRST, objection: { state, procedure: "BIRTH_REG" } } as const),
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    });
    await recorded(said("made"));
    expect(await decide("machine")).to.include({ reason: "objected" });
    const [mine] = await objectionsOf(first);
    expect(mine?.history.at(-1)).to.include({ state: "made", source: "qn-justice/r1" });
    await recorded(said("withdrawn"));
    expect(await decide("machine")).to.include({ reason: "objected" });
    expect(await shown(withdraw(mine?.id ?? ""), 200)).to.include({ objecting: false });
    expect(await decide("machine")).to.include({ decision: true });
  });

  it("ignored by a machine are found, for its officer, inspectors and the person; a case that was only closed is not", async () => {
    const before = await recorded(REGISTERED);
    const { id } = await shown(object(), 201);
    const ignored = await recorded({ ...REGISTERED, time: { occurred: new Date().toISOString() } });
    const { rule: _rule, ...official } = REGISTERED;
    const others = [
      before,
      await recorded(official),
      await recorded({ ...REGISTERED, outcome: { code: "refused", detail: "objected" } }),
      await recorded({ ...REGISTERED, subject: SECOND }),
    ];
    expect(await findingsAbout(ignored, inspector)).to.deep.equal(["objection-ignored"]);
    expect(await findingsAbout(ignored, first)).to.deep.equal(["objection-ignored"]);
    for (const index of others) expect(await findingsAbout(index, inspector)).to.deep.equal([]);
    const ofAgency = await tokenOf(system, "officer", "qn-justice");
    const { json } = await api("findings?kind=objection-ignored", ofAgency);
    const found = json["findings"] as { id: string; agency: string }[];
    expect(found).to.have.length(1);
    expect(found[0]).to.include({ id: `objection-ignored:${ignored}`, agency: "qn-justice" });
    expect(JSON.stringify(found)).to.not.include(FIRST.id);
    expect((await shown(withdraw(id), 200)).objecting).to.equal(false);
    expect(await findingsAbout(await recorded(REGISTERED), inspector)).to.deep.equal([]);
    expect(await findingsAbout(ignored, inspector), "what was ignored stays so").to.deep.equal([
      "objection-ignored",
    ]);
  });

  async function erase(made: Shown): Promise<void> {
    const index = made.history.at(-1)?.index ?? -1;
    await fetchUntil(`${url}/v1/events/${index}/evidence`);
    const order = {
      ...{ id: `e-${index}`, events: [index], reason: "Asked for." },
      legalBasis: { law: "91/2025/QH15", article: "4" },
    };
    const answer = await api("erasures", officer, order);
    expect(answer.status, JSON.stringify(answer.json)).to.equal(201);
    const isErased = async (): Promise<boolean> =>
      (await api(`events/${index}`, inspector)).json["erased"] === true;
    while (!(await isErased())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it("erased count all the same, and can still be taken back", async () => {
    const made = await shown(object(), 201);
    const ignored = await recorded(REGISTERED);
    await erase(made);
    expect(await decide("machine")).to.include({ decision: false, reason: "objected" });
    const [mine] = await objectionsOf(first);
    expect(mine).to.include({ id: made.id, objecting: true });
    expect(mine?.history.at(-1)).to.include({ state: "made", erased: true }).and.not.have.property("method");
    expect(await findingsAbout(ignored, inspector)).to.deep.equal(["objection-ignored"]);
    expect(await findingsAbout(await recorded(REGISTERED), inspector)).to.deep.equal(["objection-ignored"]);
    expect(await shown(withdraw(made.id), 200)).to.include({ objecting: false });
    expect(await decide("machine")).to.include({ decision: true });
  });

  it("of which nothing can be read any more count, and are taken back by their id", async () => {
    for (const procedure of ["DEATH_REG", "ID_CARD"])
      await erase(await shown(object({ procedure }, second), 201));
    const died = { ...REGISTERED, subject: SECOND, purpose: { procedure: "DEATH_REG" } };
    expect(await findingsAbout(await recorded(died), inspector)).to.deep.equal(["objection-ignored"]);
    const nameless = (await objectionsOf(second)).filter(({ procedure }) => procedure === undefined);
    expect(nameless.map(({ objecting }) => objecting)).to.deep.equal([true, true]);
    const again = await shown(object({ procedure: "ID_CARD" }, second), 200);
    expect(nameless.map(({ id }) => id)).to.include(again.id);
    const lifted = await shown(withdraw(again.id, second), 200);
    expect(lifted).to.include({ procedure: "ID_CARD", objecting: false });
  });

  describe("in an audit", () => {
    before(async () => {
      // The public counts are derived on their own: wait until the board has everything.
      await api("findings", inspector);
      await ledger?.close();
      ledger = undefined;
    });

    async function audited(
      change?: (rows: Rows) => Promise<void>,
      { hasPepper = true } = {},
    ): Promise<AuditReport> {
      const copy = await mkdtemp(path.join(tmpdir(), "minhbach-audited-"));
      try {
        for (const name of ["records", "derived", "index"])
          await cp(path.join(system.dataDir, name), path.join(copy, name), { recursive: true });
        const rows: Rows = new Level(path.join(copy, "derived"), {
          keyEncoding: "buffer",
          valueEncoding: "buffer",
        });
        await rows.open();
        await change?.(rows);
        await rows.close();
        const state = await openState(undefined, "the tests' log");
        try {
          return await auditRecords({
            ...{ dataDir: copy, profile: system.profile, state, signal: new AbortController().signal },
            chain: chainReader(jsonRpc(system.chain.url, { fetch, name: "the node" }), "the node"),
            secrets: { pepper: hasPepper ? system.secrets.pepper : undefined, vrf: system.secrets.vrf },
            onProgress: () => undefined,
          });
        } finally {
          await state.close();
        }
      } finally {
        await rm(copy, { recursive: true });
      }
    }

    for (const [whose, hasPepper] of [
      ["the operator", true],
      ["somebody who has not the operator's pepper", false],
    ] as const) {
      it(`of ${whose} are judged anew with the same findings, also where an act was erased`, async () => {
        const report = await audited(undefined, { hasPepper });
        expect(report.fault, JSON.stringify(report.fault)).to.equal(null);
        expect(report.checks.find(({ id }) => id === "findings")?.status).to.equal("passed");
      });
    }

    it("are missed where a finding was removed, and told from one that follows from no record", async () => {
      const removed = await audited(async (rows) => {
        for (const [key] of await findingsIn(rows)) await rows.del(key);
      });
      expect(removed.fault?.detail).to.match(/^the finding objection-ignored:\d+ is missing/);
      const invented = await audited(async (rows) => {
        const [[key, row] = []] = await findingsIn(rows);
        if (key === undefined || row === undefined) throw new Error("there is no such finding");
        // About the official's action, which comes after the machine's.
        const [, index = ""] = /:(\d+)$/.exec(key.toString()) ?? [];
        const other = (text: string): Buffer =>
          Buffer.from(
            text.replaceAll(`objection-ignored:${index}`, `objection-ignored:${Number(index) + 1}`),
          );
        await rows.put(other(key.toString()), other(row.toString()));
      });
      expect(invented.fault?.detail).to.match(/^the finding objection-ignored:\d+ follows from no record/);
    });
  });
});

type Rows = Level<Buffer, Buffer>;

/** The kept findings of ignored objections, in the order of the log. */
async function findingsIn(rows: Rows): Promise<[key: Buffer, row: Buffer][]> {
  const found: [Buffer, Buffer][] = [];
  const range = { gte: Buffer.from("kf"), lt: Buffer.from("kg") };
  for await (const [key, row] of rows.iterator(range))
    if (row.toString().includes("objection-ignored")) found.push([key, row]);
  return found;
}
