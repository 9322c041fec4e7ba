import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import path from "node:path";
import { expect } from "chai";
import express from "express";
import { agencyApplication } from "../../proactive/agency/application.ts";
import { agencyTokens } from "../../proactive/exchange/agency-token.ts";
import {
  type AskDecision,
  decisionPoint,
  type GivenDecision,
} from "../../proactive/exchange/decision-point.ts";
import { personIn } from "../../proactive/exchange/message.ts";
import { type CheckPermission, permissionChecker } from "../../proactive/exchange/permission.ts";
import { onceOnlyProxy } from "../../proactive/exchange/proxy.ts";
import { onceOnlyReader, type Reading, type SendReading } from "../../proactive/exchange/reading.ts";
import { serve, type Serving } from "../../proactive/exchange/serving.ts";
import { population } from "../../proactive/population/population.ts";
import { registerClient } from "../../proactive/registers/client.ts";
import { society } from "../../proactive/registers/facts.ts";
import { register } from "../../proactive/registers/register.ts";
import { registerRoutes } from "../../proactive/registers/routes.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";
import { type Headers, tokenNamed } from "./statements.ts";

const AS_OF = "2026-11-22";
const PEOPLE = population({ seed: 3, persons: 200, asOf: AS_OF, days: 10, registers: ["health"] });
const RESIDENT = { scheme: "vn-cccd", id: PEOPLE.persons[0]?.id ?? "" } as const;
/** Who signs on, and gives the consent. */
const CITIZEN = { scheme: "vn-cccd", id: "999199000001" } as const;
const SILENT = { error: () => undefined };

/** Justice reads from the police for a birth: by law. */
const BIRTH: Reading = {
  ...{ procedure: "BIRTH_REG", subject: RESIDENT, personalData: ["pd:Name", "pd:BirthDate"] },
  ...{ provider: "qn-police", service: "qn-police/population", caseId: "HS-17", official: "officer-17" },
};
/** A utility (health's role in this test) reads a building permit: by consent. */
const PERMIT: Reading = {
  ...{ procedure: "BUILD_PERMIT", subject: CITIZEN, personalData: ["pd:Name", "pd:PhysicalAddress"] },
  ...{ provider: "qn-police", service: "qn-police/permits", caseId: "HS-18" },
};

/** One half of an exchange, as the log holds it. */
interface Half {
  readonly index: number;
  readonly facets: OpenedFacets;
}

describe("once-only exchange on the whole system", function () {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;
  let ledger: App;
  let chain: ChainReader;
  let police: Recorder;
  let justice: Recorder;
  let health: Recorder;
  let residents: Serving;
  let permits: { readonly url: string; readonly servers: readonly Server[] };
  let citizen: Headers;
  let inspector: Headers;
  /** How far the clocks of the ledger and of the police's services are ahead of the machine's. */
  const ahead = { ledgerMs: 0, policeMs: 0 };

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
    const clock = { now: () => Date.now() + ahead.ledgerMs };
    ledger = await startLedger(system, { clock, config: { catalogueDir: catalogue.folder } });
    await fetchUntil(`${ledger.url}/ready`);
    await fetchUntil(`${ledger.url}/v1/catalogue`);
    chain = chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");
    police = await openDemoRecorder(system, ledger.url, { source: "qn-police/r1" });
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
    health = await openDemoRecorder(system, ledger.url, { source: "qn-health/r1" });
    citizen = await tokenNamed(system, "citizen 1");
    inspector = await tokenNamed(system, "inspector");
    const now = (): number => Date.now() + ahead.policeMs;
    const check = permissionChecker({ agency: "qn-police", trust: system.profile, chain, now });
    const routes = registerRoutes({
      register: register("population", society(PEOPLE, AS_OF), PEOPLE.documents),
      ...{ recorder: police, check, now },
    });
    const application = agencyApplication({ routers: [routes], recorder: police, logger: SILENT });
    residents = await serve(application, { port: 0 });
    permits = await permitsBehindProxy(police, check, now);
  });
  after(async () => {
    await residents.close();
    for (const server of permits.servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const recorder of [police, justice, health]) await recorder.close();
    await ledger.close();
    await catalogue.remove();
    await system.destroy();
  });

  const api = async (where: string, headers: Headers, body?: object): Promise<ApiAnswer> =>
    await call(`${ledger.url}/v1/${where}`, headers, body);

  /** Asks with the agency's own token, which it gets with its own key. */
  async function asking(agency: string): Promise<AskDecision> {
    const pem = await readFile(path.join(system.dataDir, "keys", `client-${agency}.pem`));
    const issuer = `${ledger.url}/oidc`;
    const token = agencyTokens({ issuer, agency, key: createPrivateKey(pem), now: () => Date.now() });
    return decisionPoint({ url: ledger.url, agency, token });
  }

  /** Asks the service of the police that the reading names. */
  const send: SendReading = async (reading, headers) => {
    if (reading.service === BIRTH.service)
      return await registerClient({ urls: { [reading.service]: residents.url } }).send(reading, headers);
    const response = await fetch(`${permits.url}/permits/find`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ owner: reading.subject }),
    });
    return { status: response.status, body: await response.json() };
  };

  const reader = (client: string, recorder: Recorder, ask: AskDecision) =>
    onceOnlyReader({ client, recorder, ask, send, now: () => Date.now() });

  /** The last event of a recorder, once its evidence is there and good. */
  async function lastHalf(recorder: Recorder): Promise<Half> {
    await recorder.flush(AbortSignal.timeout(100_000));
    const seq = recorder.status().nextSeq - 1;
    const receipt = await recorder.receiptOf(seq);
    if (receipt === undefined) throw new Error("no receipt");
    const index = receipt.index + seq - receipt.first;
    const evidence = await fetchUntil(`${ledger.url}/v1/events/${index}/evidence`);
    const { verdict } = await verifyEvidence(await evidence.text(), system.profile, chain);
    expect(verdict).to.equal("development");
    return { index, facets: (await api(`events/${index}`, inspector)).json["facets"] as OpenedFacets };
  }

  async function findingsAbout({ index }: Half): Promise<ApiAnswer["json"]> {
    return (await api(`events/${index}/findings`, inspector)).json;
  }

  it("both agencies record a lawful reading under one message id, and nothing is wrong with it", async () => {
    const result = await reader("qn-justice/civil", justice, await asking("qn-justice"))(BIRTH);
    if (result.kind !== "read") throw new Error(`nothing was read: ${result.reason}`);
    expect(result.answer).to.deep.equal({
      "pd:Name": PEOPLE.persons[0]?.name,
      "pd:BirthDate": PEOPLE.persons[0]?.born,
    });
    const [asked, answered] = [await lastHalf(justice), await lastHalf(police)];
    for (const half of [asked, answered]) {
      expect(half.facets).to.deep.include({
        ...{ type: "access", subject: RESIDENT, case: "HS-17", "agent.id": "officer-17" },
        ...{ outcome: { code: "success" }, data: { action: "R", personalData: BIRTH.personalData } },
        ...{ decision: result.decision.jws },
        purpose: { procedure: "BIRTH_REG", legalBasis: { law: "63/2024/NĐ-CP" } },
      });
      expect(half.facets.exchange).to.deep.include({
        ...{ messageId: result.messageId, client: "qn-justice/civil", service: "qn-police/population" },
      });
      expect(await findingsAbout(half)).to.deep.include({
        answer: "allowed",
        byDecision: true,
        findings: [],
      });
    }
  });

  it("a refusal is recorded by both sides, with its ground", async () => {
    const ask = await asking("qn-justice");
    // The reader shows a decision for less than it asks for.
    const read = reader("qn-justice/civil", justice, (question) =>
      ask({ ...question, personalData: ["pd:Name"] }),
    );
    const result = await read(BIRTH);
    expect(result).to.deep.include({ kind: "refused", reason: "more-categories" });
    const [asked, answered] = [await lastHalf(justice), await lastHalf(police)];
    for (const { facets } of [asked, answered]) {
      expect(facets.outcome).to.deep.equal({ code: "refused", detail: "more-categories" });
      expect(facets.exchange).to.deep.include({ messageId: result.messageId });
    }
    expect(answered.facets.explanation).to.deep.equal({
      vi: "Yêu cầu nhiều loại dữ liệu hơn quyết định cho phép.",
      en: "More categories were asked for than the decision allows.",
    });
    expect(await findingsAbout(asked)).to.deep.include({ reason: "nothing-released", findings: [] });
  });

  it("what the ledger denies is asked of nobody, and the denial is recorded with its ground", async () => {
    const before = police.status().nextSeq;
    const ask = await asking("qn-justice");
    const result = await reader(
      "qn-justice/civil",
      justice,
      ask,
    )({ ...BIRTH, personalData: ["pd:Passport"] });
    expect(result.kind).to.equal("refused");
    const { facets } = await lastHalf(justice);
    expect(facets.outcome).to.deep.include({ code: "refused" });
    expect(facets.explanation).to.have.keys("vi", "en");
    expect(police.status().nextSeq).to.equal(before);
  });

  it("a decision is honoured until it ends, though the consent was withdrawn before the reading", async () => {
    const { version } = (await api("catalogue", citizen)).json;
    const given = await api("consents", citizen, {
      ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: ["qn-health"] },
      ...{ personalData: PERMIT.personalData, controller: "qn-police", catalogue: version },
      ...{ notice: "connection-2026-1", language: "vi" },
      validUntil: new Date(Date.now() + 86_400_000).toISOString(),
    });
    expect(given.status, JSON.stringify(given.json)).to.equal(201);
    const consent = String(given.json["id"]);
    const ask = await asking("qn-health");
    let decided: GivenDecision | undefined;
    const read = reader("qn-health/network", health, async (question) => {
      decided = await ask(question);
      expect((await api(`consents/${consent}/withdrawal`, citizen, {})).status).to.equal(200);
      return decided;
    });
    const result = await read(PERMIT);
    // The service behind the proxy said more than was asked for.
    expect(result).to.deep.include({
      kind: "read",
      answer: { owner: "Nguyễn Thị An", address: "Thôn 3, xã Tam Ngọc" },
    });
    for (const half of [await lastHalf(health), await lastHalf(police)]) {
      expect(half.facets).to.deep.include({ purpose: { procedure: "BUILD_PERMIT", consent }, case: "HS-18" });
      expect(await findingsAbout(half)).to.deep.include({
        ...{ answer: "allowed", byDecision: true, basis: { consent }, findings: [] },
      });
    }
    const later = reader("qn-health/network", health, ask);
    expect(await later(PERMIT)).to.deep.include({ kind: "refused", reason: "consent-withdrawn" });

    // The old decision once more, when it is over.
    const old = decided ?? expect.fail("nothing was decided");
    ahead.policeMs = 10 * 60_000;
    const stale = reader("qn-health/network", health, () => Promise.resolve(old));
    expect(await stale(PERMIT)).to.deep.include({ kind: "refused", reason: "another-time" });
    ahead.policeMs = 0;
  });

  it("no exchange is unmatched an hour later, but one that a side alone recorded", async () => {
    const alone = { messageId: "m-alone", client: "qn-justice/civil", service: "qn-police/population" };
    await justice.record({
      ...{ type: "access", subject: RESIDENT, exchange: alone, case: "HS-19" },
      ...{ data: { action: "R", personalData: ["pd:Name"] }, purpose: { procedure: "BIRTH_REG" } },
      time: { occurred: new Date().toISOString() },
    });
    const { index } = await lastHalf(justice);
    // Both halves of whatever was tried before are there, or an hour would lie between them.
    for (const each of [police, health]) await each.flush(AbortSignal.timeout(100_000));
    ahead.ledgerMs = 2 * 3_600_000;
    const { json } = await api("findings?kind=unmatched-exchange", inspector);
    const found = json["findings"] as { evidence: object; agency: string }[];
    expect(found.map(({ agency, evidence }) => ({ agency, ...evidence }))).to.deep.equal([
      { agency: "qn-police", index, recorded: "client" },
    ]);
  });
});

/** An existing service of the police, which knows nothing of the ledger, behind the proxy. */
async function permitsBehindProxy(
  recorder: Recorder,
  check: CheckPermission,
  now: () => number,
): Promise<{ readonly url: string; readonly servers: readonly Server[] }> {
  const existing = createServer((_request, response) => {
    response.end(JSON.stringify({ owner: "Nguyễn Thị An", address: "Thôn 3, xã Tam Ngọc", debts: 7 }));
  });
  const upstream = await listening(existing);
  const app = express();
  app.use(
    "/permits",
    onceOnlyProxy({
      ...{ service: "qn-police/permits", recorder, check, now, upstream, logger: SILENT },
      categories: { owner: "pd:Name", address: "pd:PhysicalAddress" },
      subjectOf: ({ body }) => personIn((body as { owner?: unknown } | undefined)?.owner),
    }),
  );
  const front = createServer(app);
  return { url: await listening(front), servers: [front, existing] };
}

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}
