import { expect } from "chai";
import { verifyJws } from "../../protocol/jws.ts";
import type { Facets, PlainEvent } from "../../protocol/facet-values.ts";
import { parseSignOn } from "../../protocol/sign-on.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { ownSourceKeys } from "../../server/secrets.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger, tokenOf } from "./fixture.ts";
import { claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

/** What a consent in the API's answers looks like. */
interface Shown {
  readonly id: string;
  readonly state: string;
  readonly permits: boolean;
  readonly person: { readonly scheme: string; readonly id: string };
  readonly terms: Readonly<Record<string, unknown>>;
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

describe("consents of the whole system", function () {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;
  let ledger: App;
  let justice: Recorder;
  let version: string;
  let first: Headers;
  let second: Headers;
  let inspector: Headers;
  const agencies = new Map<string, Headers>();

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
    await start();
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
    first = await tokenNamed(system, "citizen 1");
    second = await tokenNamed(system, "citizen 2");
    inspector = await tokenNamed(system, "inspector");
    for (const code of ["qn-police", "qn-health", "qn-justice"])
      agencies.set(code, await tokenOf(system, "agency", code));
  });
  after(async () => {
    await justice.close();
    await ledger.close();
    await catalogue.remove();
    await system.destroy();
  });

  async function start(): Promise<void> {
    ledger = await startLedger(system, { config: { catalogueDir: catalogue.folder } });
    await fetchUntil(`${ledger.url}/ready`);
    const current = await fetchUntil(`${ledger.url}/v1/catalogue`);
    ({ version } = (await current.json()) as { version: string });
  }

  async function call(
    method: "GET" | "POST",
    path: string,
    headers: Headers,
    body?: unknown,
  ): Promise<Reply> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const init = body === undefined ? { method, headers } : { method, headers, body: text };
    const response = await fetch(ledger.url + path, init);
    return { status: response.status, json: (await response.json()) as Reply["json"] };
  }

  const post = async (path: string, headers: Headers, body?: unknown): Promise<Reply> =>
    await call("POST", path, headers, body);

  async function consentIn(reply: Promise<Reply>, status = 201): Promise<Shown> {
    const { status: found, json } = await reply;
    expect(found, JSON.stringify(json)).to.equal(status);
    return json as unknown as Shown;
  }

  async function refusal(reply: Promise<Reply>): Promise<string> {
    const { status, json } = await reply;
    return `${status} ${String(json["code"])}`;
  }

  /** A consent to the electricity and water connection that goes with a building permit. */
  const giving = (changes: object = {}): object => ({
    ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: ["qn-health"] },
    ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], controller: "qn-police" },
    ...{ notice: "connection-2026-1", language: "vi", catalogue: version, validUntil: inDays(90) },
    ...changes,
  });
  const give = async (changes: object = {}, headers = first): Promise<Reply> =>
    await post("/v1/consents", headers, giving(changes));
  const withdraw = async (id: string, headers = first, body?: unknown): Promise<Reply> =>
    await post(`/v1/consents/${id}/withdrawal`, headers, body);

  async function mayRead(person: { scheme: string; id: string }): Promise<unknown> {
    const { json } = await post("/access/v1/evaluation", agency("qn-health"), {
      subject: { type: "agency", id: "qn-health" },
      action: { name: "read" },
      resource: {
        ...{ type: "person", id: `${person.scheme}:${person.id}` },
        properties: { personalData: ["pd:Name"] },
      },
      context: { procedure: "BUILD_PERMIT" },
    });
    return json["decision"];
  }

  function agency(code: string): Headers {
    const headers = agencies.get(code);
    if (headers === undefined) throw new Error(`no token of ${code}`);
    return { ...headers, "content-type": "application/json" };
  }

  async function logSize(): Promise<number> {
    const checkpoint = await (await fetch(`${ledger.url}/v1/sources/qn-operator/desk`)).json();
    return (checkpoint as { next: number }).next;
  }

  it("are given in the person's own words, shown to nobody else, and stand in their statement with the sign-on", async () => {
    expect(await mayRead(FIRST)).to.equal(false);
    const given = await consentIn(give({ method: "button in the app" }));
    expect(given).to.deep.include({ state: "ConsentGiven", permits: true, person: FIRST });
    expect(given.terms).to.deep.include({ procedures: ["BUILD_PERMIT"], recipients: ["qn-health"] });
    expect(given.history).to.have.length(1);
    expect(given.history[0]).to.include({
      indicatedBy: "DataSubject",
      method: "button in the app",
      counts: true,
    });
    expect(await mayRead(FIRST)).to.equal(true);

    const list = async (headers: Headers): Promise<unknown> =>
      ((await call("GET", "/v1/consents", headers)).json["consents"] as Shown[]).map(({ id }) => id);
    expect(await list(first)).to.deep.equal([given.id]);
    expect(await list(second)).to.deep.equal([]);
    expect(await refusal(withdraw(given.id, second))).to.equal("404 unknown-consent");

    const index = Number(given.history[0]?.["index"]);
    const text = await fetchStatement(`${ledger.url}/v1/statement`, first, index + 1);
    const claim = await claimOf(system, text);
    const own = claim.lists[0]?.events.find((event) => event.indexHint === index);
    expect(own?.facets.consent).to.deep.include({ id: given.id, state: "ConsentGiven", catalogue: version });
    expect(own?.facets, "a citizen does not see tokens").not.to.have.property("signOn");
    const seen = (await call("GET", `/v1/events/${index}`, inspector)).json["facets"] as Facets;
    const { jws, signOn } = parseSignOn(seen.signOn ?? "");
    expect(verifyJws(jws, { alg: "EdDSA", key: ownSourceKeys(system.secrets).desk })).to.equal(true);
    expect(signOn).to.deep.include({ src: "qn-operator/desk", role: "citizen" });
    expect(JSON.stringify(signOn)).not.to.include(FIRST.id);
    await consentIn(withdraw(given.id), 200);
  });

  it("are asked only where the catalogue asks for them, for one purpose, by name, and until an end", async () => {
    const byLaw = { recipients: ["qn-police"], personalData: ["pd:Tax"] };
    const { status, json } = await give(byLaw);
    expect(`${status} ${String(json["code"])}`).to.equal("422 consent-not-needed");
    expect(json["legalBasis"]).to.include("91/2025/QH15 art. 19.1.c");
    const refusals: readonly [changes: object, refusal: string][] = [
      [{ procedure: "NOTHING" }, "422 unknown-procedure"],
      [{ recipients: ["qn-justice"] }, "422 outside-catalogue"],
      [{ recipients: ["qn-health", "qn-nobody"] }, "422 outside-catalogue"],
      [{ personalData: ["pd:Name", "pd:HealthRecord"] }, "422 outside-catalogue"],
      [{ controller: "qn-justice" }, "422 outside-catalogue"],
      [{ catalogue: "2020-01-01" }, "409 catalogue-changed"],
      [{ state: undefined }, "400 bad-request"],
      [{ state: "yes" }, "400 bad-request"],
      [{ procedure: ["BUILD_PERMIT", "TAX"] }, "400 bad-request"],
      [{ validUntil: undefined }, "400 bad-request"],
      [{ validUntil: inDays(-1) }, "400 bad-request"],
      [{ validUntil: inDays(732) }, "400 bad-request"],
      [{ validUntil: "soon" }, "400 bad-request"],
      [{ notice: undefined }, "400 bad-request"],
      [{ language: "fr" }, "400 bad-request"],
      [{ also: 1 }, "400 bad-request"],
      [{ id: "c-1" }, "404 unknown-consent"],
      [{ person: SECOND }, "403 no-mandate"],
      [{ method: `on behalf of ${SECOND.id}` }, "422 schema-violation"],
    ];
    const before = await logSize();
    for (const [changes, expected] of refusals)
      expect(await refusal(give(changes)), JSON.stringify(changes)).to.equal(expected);
    expect(await logSize(), "nothing of it was recorded").to.equal(before);
  });

  it("are given once and withdrawn once, however many ask at the same time, and the next decision knows", async () => {
    const before = await logSize();
    const replies = await Promise.all([give(), give(), give()]);
    expect(replies.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409]);
    const [won] = replies.filter(({ status }) => status === 201);
    const id = String(won?.json["id"]);
    for (const { json } of replies.filter(({ status }) => status === 409))
      expect(json).to.include({ code: "consent-exists", id });
    expect(await logSize()).to.equal(before + 1);
    expect(await mayRead(FIRST)).to.equal(true);
    const ended = await Promise.all([withdraw(id), withdraw(id), withdraw(id, first, { method: "phone" })]);
    expect(await mayRead(FIRST)).to.equal(false);
    const again = await withdraw(id);
    for (const { status, json } of [...ended, again]) {
      expect(status).to.equal(200);
      expect(json).to.deep.equal(again.json);
      expect(json).to.include({ state: "ConsentWithdrawn", permits: false });
    }
    expect(await logSize(), "one giving, one withdrawal").to.equal(before + 2);
    expect(await refusal(give({ id })), "what is over is over").to.equal("409 consent-state");
  });

  it("are asked for by an agency, left for later, and given for what was asked at most", async () => {
    const asking = (changes: object = {}): object => {
      const {
        state: _,
        controller: __,
        ...rest
      } = giving({ person: FIRST, ...changes }) as Record<string, unknown>;
      return rest;
    };
    const request = async (changes: object = {}): Promise<Reply> =>
      await post("/v1/consent-requests", agency("qn-police"), asking(changes));
    const { status, json } = await request();
    expect(status, JSON.stringify(json)).to.equal(201);
    expect(json, "an agency is told where its request stands").to.have.all.keys(
      "id",
      "state",
      "index",
      "leafHash",
      "time",
    );
    const id = String(json["id"]);
    expect(await refusal(request())).to.equal("409 consent-exists");
    expect(await mayRead(FIRST), "silence is no consent").to.equal(false);
    expect(await refusal(withdraw(id)), "nothing was given").to.equal("409 consent-state");
    const deferred = await consentIn(post("/v1/consents", first, { state: "ConsentRequestDeferred", id }));
    expect(deferred).to.include({ state: "ConsentRequestDeferred", permits: false });
    const narrower = { id, personalData: ["pd:Name"] };
    expect(await refusal(give({ id, recipients: ["qn-health", "qn-water"] }))).to.equal("409 consent-state");
    const given = await consentIn(give(narrower));
    expect(given.terms["personalData"]).to.deep.equal(["pd:Name"]);
    expect(given.history.map((step) => step["state"])).to.deep.equal([
      "ConsentRequested",
      "ConsentRequestDeferred",
      "ConsentGiven",
    ]);
    const renewal = { state: "RenewedConsentGiven", id, notice: "n-2", language: "en", catalogue: version };
    const renewed = await consentIn(post("/v1/consents", first, { ...renewal, validUntil: inDays(400) }));
    expect(renewed).to.include({ state: "RenewedConsentGiven", permits: true });
    expect(renewed.terms["personalData"]).to.deep.equal(["pd:Name"]);

    const other = String((await request({ personalData: ["pd:PhysicalAddress"] })).json["id"]);
    await consentIn(post("/v1/consents", first, { state: "ConsentRefused", id: other }));
    expect(await refusal(give({ id: other }))).to.equal("409 consent-state");
    await consentIn(withdraw(id), 200);
  });

  it("are revoked by their controller alone, and invalidated by an authority that says why", async () => {
    const { id } = await consentIn(give());
    const revoke = async (headers: Headers): Promise<Reply> =>
      await post(`/v1/consents/${id}/revocation`, headers);
    expect(await refusal(revoke(agency("qn-justice")))).to.equal("404 unknown-consent");
    expect(await refusal(revoke(first))).to.equal("403 forbidden");
    const revoked = await revoke(await tokenOf(system, "officer", "qn-police"));
    expect(revoked.json).to.include({ id, state: "ConsentRevoked" });
    expect((await revoke(agency("qn-police"))).json, "done already").to.deep.equal(revoked.json);
    expect(await mayRead(FIRST)).to.equal(false);

    const next = await consentIn(give());
    const invalidate = async (body: unknown): Promise<Reply> =>
      await post(`/v1/consents/${next.id}/invalidation`, inspector, body);
    expect(await refusal(invalidate({}))).to.equal("400 bad-request");
    const { status, json } = await invalidate({ vi: "Thông báo không nêu bên nhận." });
    expect(status).to.equal(200);
    expect(JSON.stringify(json), "an inspector is shown nobody").not.to.include(FIRST.id);
    expect(await mayRead(FIRST)).to.equal(false);
    expect(await refusal(withdraw(next.id))).to.equal("409 consent-state");
  });

  it("are given for a child by who holds a mandate, and by nobody else", async () => {
    const mandate: PlainEvent = {
      type: "mandate",
      subject: { ...CHILD, role: "child" },
      "subject.2": { ...SECOND, role: "parent" },
      mandate: { id: "m-1", state: "granted", basis: "parent", validUntil: "2080-01-01T00:00:00+07:00" },
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    };
    expect(await refusal(give({ person: CHILD }, second))).to.equal("403 no-mandate");
    const [recorded] = await justice.recordAll([mandate]);
    await justice.flush(AbortSignal.timeout(100_000));
    expect(recorded?.seq).to.equal(1);
    const { json: mandates } = await call("GET", "/v1/mandates", second);
    expect(mandates["representMe"]).to.deep.equal([]);
    expect(mandates["iRepresent"]).to.have.nested.property("[0].person.id", CHILD.id);
    // Whatever the agency wrote: the child is of age then.
    expect(mandates["iRepresent"]).to.have.nested.property("[0].until", "2044-12-31T17:00:00.000Z");

    const given = await consentIn(give({ person: CHILD }, second));
    expect(given).to.deep.include({ person: CHILD, permits: true });
    expect(given.history[0]).to.include({ indicatedBy: "Guardian" });
    const index = Number(given.history[0]?.["index"]);
    const seen = (await call("GET", `/v1/events/${index}`, inspector)).json["facets"] as Facets;
    expect(seen.subject).to.deep.equal({ ...CHILD, role: "child" });
    expect(seen["subject.2"]).to.deep.equal({ ...SECOND, role: "parent" });
    expect(await mayRead(CHILD)).to.equal(true);
    expect(await refusal(give({ person: CHILD }, first))).to.equal("403 no-mandate");
    expect(await refusal(withdraw(given.id, first))).to.equal("404 unknown-consent");
    await consentIn(withdraw(given.id, second), 200);
    expect(await mayRead(CHILD)).to.equal(false);
  });

  it("go with their person as a receipt and come back as what the person says anew", async () => {
    const { id, terms } = await consentIn(give());
    const receiptOf = async (of: string): Promise<string> => {
      const response = await fetch(`${ledger.url}/v1/consents/${of}/receipt`, { headers: first });
      expect(response.headers.get("content-type")).to.equal("application/ld+json");
      return await response.text();
    };
    const receipt = await receiptOf(id);
    expect(await refusal(call("GET", `/v1/consents/${id}/receipt`, second))).to.equal("404 unknown-consent");
    const bring = async (text: string, headers = first): Promise<Reply> =>
      await post("/v1/consents/import", headers, text);
    expect(await refusal(bring(receipt)), "it is in force here").to.equal("409 consent-exists");
    await consentIn(withdraw(id), 200);
    expect(await refusal(bring(receipt, second)), "somebody else's").to.equal("403 no-mandate");
    const ended = await receiptOf(id);
    expect(await refusal(bring(ended))).to.equal("422 wrong-consent-receipt");

    const imported = await consentIn(bring(receipt));
    expect(imported.id).not.to.equal(id);
    expect(imported).to.include({ state: "ConsentGiven", permits: true });
    expect(imported.terms).to.deep.equal(terms);
    expect(imported.history[0]).to.include({ method: "import", indicatedBy: "DataSubject" });
    expect(sameIn(await receiptOf(imported.id))).to.deep.equal(sameIn(receipt));
    await consentIn(withdraw(imported.id), 200);
  });

  it("and their withdrawals are still there after a restart", async () => {
    const given = await consentIn(give());
    const ended = await consentIn(withdraw(given.id), 200);
    const kept = await consentIn(give({ personalData: ["pd:Name"] }));
    await ledger.close();
    await start();
    const { json } = await call("GET", "/v1/consents?limit=200", first);
    const consents = json["consents"] as Shown[];
    expect(consents.find(({ id }) => id === given.id)).to.deep.equal(ended);
    expect(consents.find(({ id }) => id === kept.id)).to.deep.equal(kept);
    const paged: string[] = [];
    for (let after: string | undefined = ""; after !== undefined;) {
      const page = await call("GET", `/v1/consents?limit=2${after}`, first);
      paged.push(...(page.json["consents"] as Shown[]).map(({ id }) => id));
      const next = page.json["next"] as string | undefined;
      after = next === undefined ? undefined : `&after=${next}`;
    }
    expect(paged).to.deep.equal(consents.map(({ id }) => id));
  });
});

/** What two receipts for the same consent have in common: all but their names, times, ways of saying, and places in the log. */
function sameIn(text: string): unknown {
  const receipt = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const { "@id": _id, "dct:identifier": _identifier, "dct:created": _created, ...rest } = receipt;
  const {
    "@id": _recordId,
    "dct:identifier": _recordIdentifier,
    "dpv:hasConsentStatus": _states,
    "dpv:hasConsentControl": _control,
    "dpv:hasRight": _rights,
    ...record
  } = receipt["dpv:hasRecordOfActivity"] ?? {};
  return { ...rest, "dpv:hasRecordOfActivity": record };
}
