import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Level } from "level";
import type { Facets, PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { auditRecords } from "../../scripts/audit/audit.ts";
import { openState } from "../../scripts/audit/state.ts";
import type { App } from "../../server/app.ts";
import type { AuditReport } from "../../verifier/audit/report.ts";
import { chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger, tokenOf } from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const HOURS_72 = 72 * 3600;

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly agency?: string;
  readonly evidence: { readonly index: number; readonly leaf: string };
  readonly notifyBy?: number;
  readonly notifiedAt?: number;
}
interface Answer {
  readonly index: number;
  readonly answer: string;
  readonly reason?: string;
  readonly basis?: object;
  readonly byDecision?: boolean;
  readonly findings: readonly { readonly id: string; readonly state: string }[];
}

/** Justice reads from the police about a birth: as the catalogue has it. */
const BIRTH: PlainEvent = {
  type: "access",
  subject: FIRST,
  exchange: { messageId: "m-birth", client: "qn-justice", service: "qn-police/residents" },
  agent: { id: "officer-17", role: "registry officer" },
  data: { action: "R", personalData: ["pd:Name", "pd:BirthDate"] },
  purpose: { procedure: "BIRTH_REG" },
  case: "HS-2026-1",
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};

describe("findings by the catalogue", function () {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;
  let ledger: App;
  let justice: Recorder;
  let health: Recorder;
  let version: string;
  let inspector: Headers;
  let officer: Headers;
  let citizen: Headers;
  let other: Headers;

  before(async () => {
    system = await deployed();
    catalogue = await catalogueFolder();
    // Agencies that the demo chain knows, in the roles of those that the procedure with consent has.
    await catalogue.replace(
      "catalogue.json",
      '"qn-police": ["police"',
      '"qn-police": ["construction", "police"',
    );
    await catalogue.replace("catalogue.json", '"qn-health": ["health"', '"qn-health": ["utility", "health"');
    ledger = await startLedger(system, { config: { catalogueDir: catalogue.folder } });
    await fetchUntil(`${ledger.url}/ready`);
    ({ version } = (await (await fetchUntil(`${ledger.url}/v1/catalogue`)).json()) as { version: string });
    inspector = await tokenNamed(system, "inspector");
    officer = await tokenNamed(system, "officer of qn-justice");
    citizen = await tokenNamed(system, "citizen 1");
    other = await tokenNamed(system, "citizen 2");
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
    health = await openDemoRecorder(system, ledger.url, { source: "qn-health/r1" });
  });
  after(async () => {
    await justice.close();
    await health.close();
    await ledger.close();
    await catalogue.remove();
    await system.destroy();
  });

  const api = async (where: string, headers: Headers, body?: object): Promise<ApiAnswer> =>
    await call(`${ledger.url}/v1/${where}`, headers, body);

  let messages = 0;
  /** Records an event and returns its log index. */
  async function recorded(event: PlainEvent, by = justice): Promise<number> {
    const exchange = event.exchange && { ...event.exchange, messageId: `m-${messages++}` };
    const { seq } = await by.record({ ...event, ...(exchange && { exchange }) });
    await by.flush(AbortSignal.timeout(100_000));
    const receipt = await by.receiptOf(seq);
    if (receipt === undefined) throw new Error("no receipt");
    const index = receipt.index + seq - receipt.first;
    // Findings are about what is published.
    await fetchUntil(`${ledger.url}/v1/events/${index}/evidence`);
    return index;
  }

  async function findings(query = "", headers = inspector): Promise<Found[]> {
    const { status, json } = await api(`findings${query}`, headers);
    expect(status, JSON.stringify(json)).to.equal(200);
    return json["findings"] as Found[];
  }

  /** The findings about one event, by kind. */
  async function kindsOf(index: number): Promise<string[]> {
    return (await findings()).filter(({ evidence }) => evidence.index === index).map(({ kind }) => kind);
  }

  async function allowed(index: number, headers = citizen): Promise<Answer> {
    return (await api(`events/${index}/findings`, headers)).json as unknown as Answer;
  }

  it("tells the person on which law an access rests, and an inspector nothing more", async () => {
    const index = await recorded(BIRTH);
    expect(await kindsOf(index)).to.deep.equal([]);
    expect(await allowed(index)).to.deep.equal({
      index,
      answer: "allowed",
      basis: { law: "63/2024/NĐ-CP" },
      catalogue: version,
      findings: [],
    });
    expect((await allowed(index, inspector)).answer).to.equal("allowed");
  });

  it("tells nobody about events that are none of theirs", async () => {
    const index = await recorded(BIRTH);
    expect((await api(`events/${index}/findings`, other)).status).to.equal(404);
    expect((await api(`events/99999/findings`, citizen)).status).to.equal(404);
    expect(
      (await api(`events/${index}/findings`, await tokenOf(system, "agency", "qn-health"))).status,
    ).to.equal(404);
    expect(
      (await api(`events/${index}/findings`, await tokenOf(system, "agency", "qn-police"))).status,
    ).to.equal(200);
    const { json } = await api("events/findings", other, { indexes: [index, 99_999] });
    expect((json["answers"] as Answer[]).map(({ reason }) => reason)).to.deep.equal(["unknown", "unknown"]);
  });

  it("finds what is wrong, for the officer of the agency alone and for inspectors", async () => {
    const { case: _, ...noCase } = BIRTH;
    const wrong: readonly (readonly [PlainEvent, readonly string[]])[] = [
      [{ ...BIRTH, purpose: { procedure: "1.004222" } }, ["no-legal-basis"]],
      [{ ...BIRTH, purpose: { procedure: "PASSPORT" } }, ["no-legal-basis"]],
      [
        { ...BIRTH, exchange: { messageId: "m", client: "qn-justice", service: "qn-land/parcels" } },
        ["outside-purpose"],
      ],
      [
        { ...BIRTH, data: { action: "R", personalData: ["pd:Name", "pd:HealthRecord"] } },
        ["excess-categories"],
      ],
      [noCase, ["no-case"]],
      [{ ...BIRTH, handling: { emergency: true } }, ["emergency-unreviewed"]],
    ];
    for (const [event, kinds] of wrong) expect(await kindsOf(await recorded(event))).to.deep.equal(kinds);
    const text = JSON.stringify(await findings());
    expect(text).not.to.include(FIRST.id).and.not.include("HS-2026-1").and.not.include("officer-17");
    expect(await findings("", officer)).to.have.length(6);
    expect(await findings("", await tokenNamed(system, "officer of qn-health"))).to.deep.equal([]);
    expect(await findings("?agency=qn-justice&kind=no-case&state=open")).to.have.length(1);
    expect(await findings("?agency=qn-tax")).to.deep.equal([]);
    expect(await findings(`?to=1`)).to.deep.equal([]);
    const pages: string[] = [];
    for (let after = ""; ;) {
      const { json } = await api(`findings?limit=1&kind=no-legal-basis${after}`, inspector);
      pages.push(...(json["findings"] as Found[]).map(({ id }) => id));
      if (typeof json["next"] !== "string") break;
      after = `&after=${json["next"]}`;
    }
    expect(pages).to.have.length(2);
    expect(new Set(pages).size).to.equal(2);
  });

  it("follows what becomes of a finding, on the log and in the person's statement", async () => {
    const index = await recorded({ ...BIRTH, purpose: { procedure: "1.004222" } });
    const id = `no-legal-basis:${index}`;
    const into = async (state: string, headers: Headers, note?: string): Promise<ApiAnswer> =>
      await api(`findings/${id}/states`, headers, { state, ...(note !== undefined && { note }) });
    expect((await into("dismissed", officer)).status).to.equal(409);
    expect((await into("explained", officer)).status).to.equal(400);
    expect((await into("explained", await tokenNamed(system, "officer of qn-police"), "no")).status).to.equal(
      404,
    );
    const explained = await into("explained", officer, "A code of the old list was typed.");
    expect(explained.status, JSON.stringify(explained.json)).to.equal(201);
    // Two inspectors decide at once: one of them has not seen the other's decision.
    const raced = await Promise.all([into("confirmed", inspector), into("dismissed", inspector)]);
    expect(raced.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
    const { json } = await api(`findings/${id}`, inspector);
    const history = json["history"] as readonly Record<string, unknown>[];
    expect(history.map(({ state }) => state)).to.deep.equal([
      "explained",
      raced[0].status === 201 ? "confirmed" : "dismissed",
    ]);
    expect(history.at(0)).to.include({ note: "A code of the old list was typed.", authority: "qn-justice" });
    const step = Number(history.at(1)?.["index"]);
    expect((await findings(`?state=${String(history.at(1)?.["state"])}`)).map((each) => each.id)).to.include(
      id,
    );
    const text = await fetchStatement(ledger.url + about(`${FIRST.scheme}:${FIRST.id}`), citizen, step + 1);
    const claim = await claimOf(system, text);
    const said = claim.lists
      .flatMap(({ events }) => events)
      .map(({ facets }) => JSON.stringify(facets.inspection));
    expect(said.join()).to.include(JSON.stringify({ id, state: history.at(1)?.["state"] }));
  });

  it("starts the clock when unlawful use is confirmed, and fills in what the authority has to be told", async () => {
    const index = await recorded({ ...BIRTH, data: { action: "R", personalData: ["pd:Name", "pd:Tax"] } });
    const id = `excess-categories:${index}`;
    const notify = async (): Promise<ApiAnswer> =>
      await api(`findings/${id}/notification`, officer, { recipient: "A05", reference: "7" });
    expect((await notify()).status).to.equal(409);
    const { json } = await api(`findings/${id}/states`, inspector, { state: "confirmed" });
    const [found] = (await findings("?state=confirmed")).filter((each) => each.id === id);
    expect(found?.notifyBy).to.equal(Number(json["time"]) + HOURS_72);
    const facts = (await api(`findings/${id}/notification`, officer)).json;
    expect(facts).to.deep.include({
      agency: "qn-justice",
      provider: "qn-police",
      procedure: "BIRTH_REG",
      data: { people: 1, personalData: ["pd:Name", "pd:Tax"], action: "R" },
      occurred: BIRTH.time?.occurred,
      notifyBy: found?.notifyBy,
      measures: "",
    });
    expect(JSON.stringify(facts)).not.to.include(FIRST.id);
    expect((await notify()).status).to.equal(201);
    expect((await notify()).status).to.equal(409);
    const again = (await findings("?state=confirmed")).find((each) => each.id === id);
    expect(again?.notifiedAt).to.be.a("number");
  });

  it("waits for an emergency to be reviewed", async () => {
    for (const [outcome, state] of [
      ["justified", "dismissed"],
      ["unjustified", "confirmed"],
    ] as const) {
      const index = await recorded({ ...BIRTH, handling: { emergency: true } });
      const id = `emergency-unreviewed:${index}`;
      expect((await allowed(index)).findings).to.deep.include.members([
        {
          id,
          kind: "emergency-unreviewed",
          state: "open",
          since: (await findings()).find((each) => each.id === id)?.["since" as never],
        },
      ]);
      expect((await api(`findings/${id}/review`, officer, { outcome })).status).to.equal(403);
      expect((await api(`findings/${id}/review`, inspector, { outcome })).status).to.equal(201);
      expect((await api(`findings/${id}/review`, inspector, { outcome })).status).to.equal(409);
      expect((await allowed(index)).findings.map((each) => each.state)).to.deep.equal([state]);
    }
  });

  it("judges by consents in the order of the log, and by decisions where one is cited", async () => {
    const water: PlainEvent = {
      ...BIRTH,
      exchange: { messageId: "m", client: "qn-health", service: "qn-police/permits" },
      data: { action: "R", personalData: ["pd:Name", "pd:PhysicalAddress"] },
      purpose: { procedure: "BUILD_PERMIT" },
      time: { occurred: new Date().toISOString() },
    };
    expect(await kindsOf(await recorded(water, health))).to.deep.equal(["consent-missing"]);
    const given = await api("consents", citizen, {
      ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: ["qn-health"] },
      ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], controller: "qn-police" },
      ...{ notice: "connection-2026-1", language: "vi", catalogue: version },
      validUntil: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect(given.status, JSON.stringify(given.json)).to.equal(201);
    const id = String(given.json["id"]);
    const within = await recorded(water, health);
    expect(await kindsOf(within)).to.deep.equal([]);
    expect((await allowed(within)).basis).to.deep.equal({ consent: id });
    const asked = await call(
      `${ledger.url}/access/v1/evaluation`,
      await tokenOf(system, "agency", "qn-health"),
      {
        subject: { type: "agency", id: "qn-health" },
        action: { name: "read" },
        resource: {
          ...{ type: "person", id: `${FIRST.scheme}:${FIRST.id}` },
          properties: { personalData: ["pd:Name", "pd:PhysicalAddress"] },
        },
        context: { procedure: "BUILD_PERMIT" },
      },
    );
    const decision = jwsIn(asked.json);
    const decided = {
      ...water,
      decision,
      time: { occurred: new Date().toISOString() },
    } satisfies Partial<Facets>;
    expect((await api(`consents/${id}/withdrawal`, citizen, {})).status).to.equal(200);
    const byDecision = await recorded(decided, health);
    expect(await allowed(byDecision)).to.deep.include({
      answer: "allowed",
      byDecision: true,
      basis: { consent: id },
    });
    const after = await recorded(water, health);
    expect(await kindsOf(after)).to.deep.equal(["consent-withdrawn"]);
    expect((await allowed(after)).answer).to.equal("finding");
    const { json } = await api("events/findings", citizen, { indexes: [after, within, byDecision] });
    expect((json["answers"] as Answer[]).map(({ answer }) => answer)).to.deep.equal([
      "finding",
      "allowed",
      "allowed",
    ]);
  });

  it("finds nothing any more about an event that was ordered to be erased", async () => {
    const index = await recorded({ ...BIRTH, purpose: { procedure: "PASSPORT" } });
    expect(await kindsOf(index)).to.deep.equal(["no-legal-basis"]);
    const asked = {
      ...{ id: "e-1", events: [index], reason: "Recorded by mistake." },
      legalBasis: { law: "Law 91/2025/QH15", article: "14" },
    };
    expect((await api("erasures", officer, asked)).json).to.include({ code: "not-erasable", why: "finding" });
    await api(`findings/no-legal-basis:${index}/states`, inspector, { state: "dismissed" });
    const order = await api("erasures", officer, asked);
    expect(order.status, JSON.stringify(order.json)).to.equal(201);
    const [{ index: at } = { index: 0 }] = order.json["orders"] as { index: number }[];
    await fetchUntil(`${ledger.url}/v1/events/${at}/evidence`);
    expect(await kindsOf(index)).to.deep.equal([]);
    expect(await allowed(index)).to.deep.include({ answer: "not-judged", reason: "erased" });
  });

  it("tells the public no exact number of what was found about uses", async () => {
    expect((await findings("?state=open&agency=qn-justice")).length).to.be.above(0);
    const { sources } = (await (await fetch(`${ledger.url}/v1/sources`)).json()) as {
      sources: { source: string; openFindings: Record<string, number> }[];
    };
    const justice = sources.find(({ source }) => source.startsWith("qn-justice/"));
    const kinds = Object.keys(justice?.openFindings ?? { none: 1 });
    expect(kinds.filter((kind) => kind !== "unmatched-exchange" && kind !== "silent-source")).to.deep.equal(
      [],
    );
  });

  it("counts what it judged, and shows how far behind it is", async () => {
    await findings();
    const metrics = await (await fetch(`${ledger.url}/metrics`)).text();
    expect(metrics).to.match(/minhbach_judging_lag_events \d/);
    expect(metrics).to.match(/minhbach_uses_judged_total\{answer="finding"\} [1-9]/);
  });

  describe("an audit", () => {
    before(async () => {
      await findings();
      await ledger.close();
    });

    /** What the audit says of a copy of the records, changed in the derived database. */
    async function audited(change?: (rows: Rows) => Promise<void>): Promise<AuditReport> {
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
            secrets: { pepper: system.secrets.pepper, vrf: system.secrets.vrf },
            onProgress: () => undefined,
          });
        } finally {
          await state.close();
        }
      } finally {
        await rm(copy, { recursive: true });
      }
    }

    /** Where the ledger notes how far it looked. */
    const PROGRESS = Buffer.from("K");

    const outcome = ({ checks }: AuditReport): string | undefined =>
      checks.find(({ id }) => id === "findings")?.status;

    it("finds the same anew", async () => {
      const report = await audited();
      expect(report.fault, JSON.stringify(report.fault)).to.equal(null);
      expect(outcome(report)).to.equal("passed");
    });

    for (const [what, change] of [
      ["a finding that was removed", changed("kf", "consent-withdrawn", () => undefined)],
      [
        "a finding that names another agency",
        changed("kf", "no-case", (text) => text.replace("qn-justice", "qn-police")),
      ],
      [
        "a finding of another kind",
        changed("kf", "outside-purpose", (text) => text.replaceAll("outside-purpose", "no-case")),
      ],
      [
        "a confirmation that nobody recorded",
        changed("nf", "confirmed", (text) => text.replace("confirmed", "dismissed")),
      ],
      ["a step that was removed", changed("nf", "notified", () => undefined)],
    ] as const) {
      it(`finds ${what}`, async () => {
        const report = await audited(change);
        expect(outcome(report)).to.equal("failed");
        expect(report.fault?.detail).to.match(/^(the finding|what was said of) /);
      });
    }

    for (const [what, change] of [
      ["how far they were looked for is gone", async (rows: Rows) => await rows.del(PROGRESS)],
      [
        "another version looked for them",
        async (rows: Rows) => {
          const progress = await rows.get(PROGRESS);
          await rows.put(PROGRESS, Buffer.from(progress.toString().replace("uses/", "others/")));
        },
      ],
    ] as const)
      it(`does not say that they are right where ${what}`, async () => {
        expect(outcome(await audited(change))).to.equal("not-checked");
      });
  });
});

type Rows = Level<Buffer, Buffer>;

/** Changes the first row whose value has this in it. */
function changed(prefix: string, having: string, change: (text: string) => string | undefined) {
  return async (rows: Rows): Promise<void> => {
    for await (const [key, row] of rows.iterator({
      gte: Buffer.from(prefix),
      lt: Buffer.from(`${prefix}\xff`, "latin1"),
    })) {
      if (!row.toString().includes(having)) continue;
      const text = change(row.toString());
      await (text === undefined ? rows.del(key) : rows.put(key, Buffer.from(text)));
      return;
    }
    throw new Error(`there is no row with ${having}`);
  };
}

/** The signed decision, wherever the answer has it. */
function jwsIn(answer: object): string {
  const [found] = /[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/.exec(JSON.stringify(answer)) ?? [];
  if (found === undefined) throw new Error(`no decision in ${JSON.stringify(answer)}`);
  return found;
}
