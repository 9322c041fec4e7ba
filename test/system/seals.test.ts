import { expect } from "chai";
import { toBase64url, fromHex } from "../../protocol/bytes.ts";
import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { type ApiAnswer, call } from "./api.ts";
import { onBothStores } from "./both-stores.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const DAY_MS = 86_400_000;
const LEGAL_BASIS = { law: "Bộ luật Tố tụng hình sự", article: "177" };

interface Seal {
  readonly id: string;
  readonly agency: string;
  readonly state: string;
  readonly until: string | null;
  readonly events: number;
  readonly orders: number;
}

onBothStores("seals through the ledger", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  let justice: Recorder;
  let citizen: Headers;
  let inspector: Headers;
  let aheadMs = 0;

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system, { clock: { now: () => Date.now() + aheadMs } });
    await fetchUntil(`${ledger.url}/ready`);
    citizen = await tokenNamed(system, "citizen 1");
    inspector = await tokenNamed(system, "inspector");
    police = await openDemoRecorder(system, ledger.url);
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
  });
  after(async () => {
    await police.close();
    await justice.close();
    await ledger.close();
    await system.destroy();
  });

  const api = async (where: string, headers: Headers, body?: object): Promise<ApiAnswer> =>
    await call(`${ledger.url}/v1/${where}`, headers, body);
  const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
  const terms = (days: number): { until: string; legalBasis: object } => ({
    until: inDays(days),
    legalBasis: LEGAL_BASIS,
  });

  /** Records an event and returns its log index. */
  async function recorded(by: Recorder, event: PlainEvent): Promise<number> {
    const { seq } = await by.record(event);
    await by.flush(AbortSignal.timeout(100_000));
    const receipt = await by.receiptOf(seq);
    if (receipt === undefined) throw new Error("no receipt");
    return receipt.index + seq - receipt.first;
  }

  const half = async (messageId: string, by: Recorder): Promise<number> =>
    await recorded(by, { ...ACCESS, exchange: { ...ACCESS.exchange, messageId } });

  /** Both records of an exchange, found in the index by now. */
  async function exchanged(messageId: string): Promise<[number, number]> {
    const both: [number, number] = [await half(messageId, police), await half(messageId, justice)];
    await statement(Math.max(...both));
    return both;
  }

  /** The person's own, once it covers a log index. */
  const statement = async (index: number): Promise<string> =>
    await fetchStatement(`${ledger.url}/v1/statement`, citizen, index + 1);

  async function placed(indexes: readonly number[], days = 10): Promise<Seal> {
    const { status, json } = await api("seals", inspector, { events: indexes, ...terms(days) });
    expect(status, JSON.stringify(json)).to.equal(201);
    return json["seal"] as Seal;
  }

  async function sealOf(id: string): Promise<Seal | undefined> {
    const { json } = await api("seals?limit=200", inspector);
    return (json["seals"] as Seal[]).find((seal) => seal.id === id);
  }

  async function isOpen(index: number): Promise<boolean> {
    const { json } = await api(`events/${index}`, citizen);
    return Object.keys(json["facets"] as object).length > 0;
  }

  it("close both halves of an exchange at once; the statement counts them and proves by whose order and until when", async () => {
    const [asked, answered] = await exchanged("both halves");
    const { status, json } = await api("seals", inspector, { events: [asked], ...terms(10) });
    expect(status).to.equal(201);
    expect(json).to.deep.include({ sealed: [asked, answered], waiting: [] });
    const seal = json["seal"] as Seal;
    expect(seal).to.include({
      agency: "qn-operator",
      state: "placed",
      authority: "qn-inspectorate",
      events: 2,
    });
    expect([await isOpen(asked), await isOpen(answered)]).to.deep.equal([false, false]);
    const later = await half("later", police);
    const { lists } = await claimOf(system, await statement(later));
    const closed = (lists[0]?.events ?? []).filter(({ indexHint }) => [asked, answered].includes(indexHint));
    for (const entry of closed) {
      expect(entry.closed).to.deep.equal({ type: "seal", authority: "qn-inspectorate", until: seal.until });
      expect(entry.facets).to.deep.equal({});
    }
    expect(closed).to.have.length(2);
  });

  it("say which half is still to come", async () => {
    const alone = await half("one side only", police);
    await statement(alone);
    const { json } = await api("seals", inspector, { events: [alone], ...terms(10) });
    expect(json).to.deep.include({ sealed: [alone], waiting: [alone] });
  });

  it("are extended and lifted by events, and never shortened", async () => {
    const [index] = await exchanged("extended and lifted");
    const seal = await placed([index], 10);
    const earlier = await api(`seals/${seal.id}/extension`, inspector, terms(5));
    expect(earlier.json).to.include({ code: "bad-request" });
    const later = terms(20);
    expect((await api(`seals/${seal.id}/extension`, inspector, later)).status).to.equal(201);
    expect(await sealOf(seal.id)).to.include({ state: "placed", orders: 2, until: later.until });
    expect((await api(`seals/${seal.id}/lift`, inspector, { legalBasis: LEGAL_BASIS })).status).to.equal(201);
    expect(await isOpen(index), "lifted").to.be.true;
    expect(await sealOf(seal.id)).to.include({ state: "lifted", until: null, orders: 3 });
    const again = await api(`seals/${seal.id}/extension`, inspector, terms(40));
    expect(again.json).to.include({ code: "seal-state", state: "lifted" });
  });

  it("let one of two lifts win", async () => {
    const [index] = await exchanged("two lifts");
    const { id } = await placed([index]);
    const lifts = await Promise.all(
      [1, 2].map(async () => await api(`seals/${id}/lift`, inspector, { legalBasis: LEGAL_BASIS })),
    );
    expect(lifts.map(({ status }) => status).sort()).to.deep.equal([201, 409]);
    expect(await sealOf(id)).to.include({ state: "lifted", orders: 2 });
  });

  it("are refused without a date, beyond what anybody may seal ahead, without a law, and to others than inspectors", async () => {
    const [index] = await exchanged("refused");
    const codeOf = async (body: object, headers = inspector): Promise<unknown> =>
      (await api("seals", headers, body)).json["code"];
    expect(await codeOf({ events: [index], legalBasis: LEGAL_BASIS }), "no date").to.equal("bad-request");
    for (const until of [inDays(-1), inDays(181), "never", "2026-02-31", null])
      expect(await codeOf({ events: [index], until, legalBasis: LEGAL_BASIS }), String(until)).to.equal(
        "bad-request",
      );
    expect(await codeOf({ events: [index], until: inDays(1) }), "no law").to.equal("bad-request");
    expect(await codeOf({ events: [], ...terms(1) })).to.equal("bad-request");
    expect(await codeOf({ events: [1_000_000], ...terms(1) })).to.equal("unknown-event");
    for (const name of ["citizen 1", "officer of qn-police", "qn-police", "operator"])
      expect(await codeOf({ events: [index], ...terms(1) }, await tokenNamed(system, name)), name).to.equal(
        "forbidden",
      );
    expect(await isOpen(index)).to.be.true;
    const facets = { id: "s", state: "placed", leaves: ["A".repeat(43)], authority: "court" };
    const dateless = { type: "seal", seal: facets, time: ACCESS.time };
    const refused = await police.recordAll([dateless]).catch((error: unknown) => error);
    expect(refused, "no recorder takes one either").to.be.instanceOf(Error);
  });

  it("close no look into the ledger, no seal and nothing of the machine", async () => {
    const [index] = await exchanged("looked at");
    await api(`events/${index}`, inspector);
    const seal = await placed([index]);
    // The look, the seal, this.
    const look = (await half("afterwards", police)) - 2;
    expect((await api(`events/${look}`, citizen)).json).to.have.nested.property("facets.purpose");
    expect((await api("seals", inspector, { events: [look], ...terms(1) })).json).to.include({
      code: "not-sealable",
      index: look,
    });
    // An agency's own recorder may name it all the same; it has no effect.
    const { json } = await api(`events/${look}`, citizen);
    const leaf = toBase64url(fromHex(String(json["leaf"])));
    await recorded(police, {
      type: "seal",
      seal: { id: "police-1", state: "placed", leaves: [leaf], authority: "Công an", until: inDays(2) },
      time: ACCESS.time,
    });
    expect(await isOpen(look)).to.be.true;
    expect(await sealOf("police-1"), "in the inspectors' list").to.include({
      agency: "qn-police",
      state: "placed",
    });
    expect(await sealOf(seal.id)).to.include({ state: "placed" });
  });

  it("are all in the inspectors' list, page by page and by state, and it names nobody", async () => {
    const { json } = await api("seals?limit=200", inspector);
    const all = json["seals"] as Seal[];
    expect(all.length).to.be.greaterThan(4);
    const paged: Seal[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const page: ApiAnswer["json"] = (await api(`seals?limit=2&from=${from}`, inspector)).json;
      paged.push(...(page["seals"] as Seal[]));
      from = page["next"] as number | undefined;
    }
    expect(paged).to.deep.equal(all);
    const lifted = (await api("seals?state=lifted&limit=200", inspector)).json["seals"] as Seal[];
    expect(lifted).to.deep.equal(all.filter(({ state }) => state === "lifted"));
    expect(JSON.stringify(all)).to.not.contain("999199");
  });

  it("let inspectors look behind them", async () => {
    const [index] = await exchanged("behind");
    await placed([index]);
    const text = await fetchStatement(ledger.url + about("vn-cccd:999199000001"), inspector, index + 1);
    const { lists } = await claimOf(system, text);
    const entry = lists[0]?.events.find(({ indexHint }) => indexHint === index);
    expect(entry?.facets).to.include.keys("exchange");
  });

  // The last one: a clock does not go back.
  it("end by themselves, and are not brought back", async () => {
    const [index] = await exchanged("life of a seal");
    const { id } = await placed([index], 10);
    expect((await api(`seals/${id}/extension`, inspector, terms(20))).status).to.equal(201);
    aheadMs = 15 * DAY_MS;
    expect(await isOpen(index), "extended").to.be.false;
    aheadMs = 21 * DAY_MS;
    expect(await isOpen(index), "ended").to.be.true;
    expect(await sealOf(id)).to.include({ state: "ended", orders: 2 });
    for (const [act, body] of [
      ["extension", terms(40)],
      ["lift", { legalBasis: LEGAL_BASIS }],
    ] as const) {
      const { json } = await api(`seals/${id}/${act}`, inspector, body);
      expect(json, act).to.include({ code: "seal-state", state: "ended" });
    }
  });
});
