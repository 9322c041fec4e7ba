import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { parse } from "yaml";
import { PERMISSIONS } from "../../server/identity/permissions.ts";
import type { App } from "../../server/app.ts";
import { readConfig } from "../../server/config.ts";
import { eventually } from "../recorder/fixture.ts";
import { CATALOGUE } from "./catalogue/folder.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  POLICE,
  startLedger,
  tokenOf,
} from "../system/fixture.ts";
import { tokenNamed } from "../system/statements.ts";
import { makePages } from "./portal/pages.ts";

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Reference & Answer>>;
}
interface Answer {
  readonly content?: Readonly<Record<string, unknown>>;
}
interface Reference {
  readonly $ref?: string;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Answer>> };
}

const FIRST_PERSON = `{"scheme":"vn-cccd","id":"999199000001"}`;
/** May civil status read the name of that person, whose birth is registered? */
const QUESTION = JSON.stringify({
  subject: { type: "agency", id: "qn-justice" },
  action: { name: "read" },
  resource: { type: "person", id: "vn-cccd:999199000001", properties: { personalData: ["pd:Name"] } },
  context: { procedure: "BIRTH_REG" },
});
const CATALOGUE_VERSION = (
  JSON.parse(await readFile(`${CATALOGUE}/catalogue.json`, "utf8")) as { version: string }
).version;
const TERMS = {
  ...{ procedure: "BUILD_PERMIT", recipients: ["qn-electricity"], personalData: ["pd:PhysicalAddress"] },
  ...{ notice: "n-1", language: "vi", catalogue: CATALOGUE_VERSION },
};
const CONSENT = JSON.stringify({
  ...{ state: "ConsentGiven", controller: "qn-construction", ...TERMS },
  validUntil: new Date(Date.now() + 86_400_000).toISOString(),
});
const REQUEST = JSON.stringify({ person: { scheme: "vn-cccd", id: "999199000001" }, ...TERMS });
const PORTAL = { "x-minhbach-portal": "1" };
const JSON_TYPE = { "content-type": "application/json" };
const REVIEW = `{"outcome":"justified"}`;
const description = parse(
  await readFile(new URL("../../server/openapi/openapi.yaml", import.meta.url), "utf8"),
) as Description;
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
);

describe("server/openapi", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let leaf: string;
  let receipt: string;

  before(async () => {
    system = await deployed();
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    const recorder = await openDemoRecorder(system, ledger.url);
    await recorder.recordAll([ACCESS, { ...ACCESS, exchange: { ...ACCESS.exchange, messageId: "m-2" } }]);
    await recorder.flush(AbortSignal.timeout(100_000));
    receipt = (await recorder.receiptOf(1))?.receipt ?? "";
    await recorder.close();
    await fetchUntil(`${ledger.url}/v1/events/1/evidence`);
    ({ leaf } = (await (await fetch(`${ledger.url}/v1/events/0`)).json()) as { leaf: string });
    await ledger.close();
    const portal = { ...readConfig({}).portal, folder: await makePages(`${system.dataDir}/pages`) };
    ledger = await startLedger(system, { config: { catalogueDir: CATALOGUE, portal } });
    await fetchUntil(`${ledger.url}/v1/catalogue`);
    await fetchUntil(`${ledger.url}/ready`);
  });
  after(async () => {
    await ledger.close();
    await system.destroy();
  });

  it("describes every route that is mounted, and no other", () => {
    const described = operations.map(({ operationId, method, path }) => `${operationId} ${method} ${path}`);
    const mounted = ledger.routes.map(({ name, method, path }) => `${name} ${method} ${templateOf(path)}`);
    expect(described.sort()).to.deep.equal(mounted.sort());
  });

  it("has a permission for every route, and none for a route that does not exist", () => {
    expect(Object.keys(PERMISSIONS).sort()).to.deep.equal(ledger.routes.map(({ name }) => name).sort());
  });

  /** operationId -> requests, each with the status to expect. */
  const requests = (): Record<
    string,
    readonly (readonly [status: number, path: string, init?: RequestInit])[]
  > => ({
    postSubmission: [
      [400, "/v1/submissions", post("{}")],
      [411, "/v1/submissions", { ...post(streamOf("{}")), duplex: "half" }],
    ],
    postReceipts: [
      [200, "/v1/receipts", post(JSON.stringify({ receipts: [receipt] }))],
      [400, "/v1/receipts", post("[]")],
      [413, "/v1/receipts", post(" ".repeat(600_000))],
    ],
    getSubmission: [
      [200, `/v1/submissions/${POLICE}/1`],
      [404, `/v1/submissions/${POLICE}/9`],
      [400, "/v1/submissions/Qn/r1/1"],
    ],
    getSources: [
      [200, "/v1/sources"],
      [200, `/v1/sources?limit=1&after=${encodeURIComponent("qn-a/r1")}`],
      [400, "/v1/sources?limit=0"],
      [400, "/v1/sources?after=nobody"],
    ],
    getSource: [
      [200, `/v1/sources/${POLICE}`],
      [404, "/v1/sources/qn-police/r9"],
      [400, "/v1/sources/-/r"],
    ],
    getCheckpoint: [[200, "/checkpoint"]],
    getTile: [
      [200, "/tile/0/000.p/2"],
      [404, "/tile/0/000"],
      [404, "/tile/1/000.p/1"],
      [400, "/tile/0/000.p/0"],
      [400, "/tile/zero/000"],
    ],
    getEntries: [
      [200, "/tile/entries/000.p/2"],
      [404, "/tile/entries/000.p/99"],
      [400, "/tile/entries/0"],
    ],
    getEvent: [
      [200, "/v1/events/0"],
      [404, "/v1/events/999"],
      [400, "/v1/events/-1"],
      [401, "/v1/events/0", { headers: { authorization: "Bearer wrong" } }],
    ],
    getEvidence: [
      [200, "/v1/events/1/evidence"],
      [404, "/v1/events/999/evidence"],
      [400, "/v1/events/1e3/evidence"],
    ],
    getEvidenceByLeaf: [
      [200, `/v1/evidence?leaf=${leaf}`],
      [404, `/v1/evidence?leaf=${"0".repeat(64)}`],
      [400, "/v1/evidence"],
      [400, `/v1/evidence?leaf=${leaf}&leaf=${leaf}`],
      [400, `/v1/evidence?leaf=${leaf.toUpperCase()}`],
    ],
    getStatement: [
      [200, "/v1/statement?scheme=vn-cccd&id=999199000001", { headers: inspector }],
      [200, "/v1/statement?scheme=vn-cccd&id=999199000002", { headers: inspector }],
      [
        200,
        "/v1/statement?scheme=vn-cccd&id=999199000001&since=1",
        { headers: { ...inspector, accept: "application/x-ndjson" } },
      ],
      [400, "/v1/statement?scheme=vn-cccd&id=1", { headers: inspector }],
      [400, "/v1/statement?scheme=vn-cccd&id=999199000001&since=99", { headers: inspector }],
      [401, "/v1/statement"],
      [403, "/v1/statement", { headers: operator }],
    ],
    postStatement: [
      [200, "/v1/statement", { ...post(FIRST_PERSON), headers: inspector }],
      [
        200,
        "/v1/statement",
        {
          ...post(FIRST_PERSON.replace("}", `,"since":[1]}`)),
          headers: { ...inspector, accept: "application/x-ndjson" },
        },
      ],
      [400, "/v1/statement", { ...post("{}"), headers: inspector }],
      [400, "/v1/statement?since=1", { ...post(FIRST_PERSON), headers: inspector }],
      [401, "/v1/statement", post("{}")],
      [403, "/v1/statement", { ...post("{}"), headers: operator }],
      [413, "/v1/statement", { ...post(" ".repeat(10_000)), headers: inspector }],
    ],
    getAnchors: [
      [200, "/v1/anchors"],
      [200, "/v1/anchors?after=0&limit=1"],
      [200, "/v1/anchors?from=0&limit=1"],
      [400, "/v1/anchors?from=x"],
      [400, "/v1/anchors?limit=0"],
      [400, "/v1/anchors?after=x"],
    ],
    postRpc: [
      [200, "/rpc", post(`{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}`)],
      [200, "/rpc", post(`[{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x"]}]`)],
      [413, "/rpc", post(" ".repeat(70_000))],
    ],
    postSourceErasures: [
      [400, `/v1/sources/${POLICE}/erasures`, post("{}")],
      [413, `/v1/sources/${POLICE}/erasures`, post(" ".repeat(10_000))],
    ],
    getErasures: [
      [200, "/v1/erasures", { headers: inspector }],
      [200, "/v1/erasures?from=1&limit=1", { headers: officer }],
      [400, "/v1/erasures?limit=0", { headers: inspector }],
      [401, "/v1/erasures"],
      [403, "/v1/erasures", { headers: operator }],
    ],
    postErasure: [
      [201, "/v1/erasures", { ...post(erasureOf(1)), headers: officer }],
      [201, "/v1/erasures", { ...post(erasureOf(1)), headers: officer }],
      [400, "/v1/erasures", { ...post("{}"), headers: officer }],
      [401, "/v1/erasures", post("{}")],
      [403, "/v1/erasures", { ...post(erasureOf(1)), headers: inspector }],
      [404, "/v1/erasures", { ...post(erasureOf(99).replace("e-1", "e-2")), headers: officer }],
      [409, "/v1/erasures", { ...post(erasureOf(0)), headers: officer }],
      [413, "/v1/erasures", { ...post(" ".repeat(200_000)), headers: officer }],
    ],
    getErasure: [
      [200, "/v1/erasures/e-1", { headers: inspector }],
      [400, "/v1/erasures/%20", { headers: inspector }],
      [401, "/v1/erasures/e-1"],
      [403, "/v1/erasures/e-1", { headers: operator }],
      [404, "/v1/erasures/e-9", { headers: inspector }],
    ],
    postComplaint: [
      [201, "/v1/complaints", { ...post(`{"index":0,"text":"Why?"}`), headers: citizen }],
      [409, "/v1/complaints", { ...post(`{"index":0,"text":"Why?"}`), headers: citizen }],
      [400, "/v1/complaints", { ...post(`{"text":"Why?"}`), headers: citizen }],
      [404, "/v1/complaints", { ...post(`{"index":99,"text":"Why?"}`), headers: citizen }],
      [401, "/v1/complaints", post("{}")],
      [403, "/v1/complaints", { ...post("{}"), headers: inspector }],
      [413, "/v1/complaints", { ...post(" ".repeat(20_000)), headers: citizen }],
    ],
    getComplaints: [
      [200, "/v1/complaints", { headers: citizen }],
      [200, "/v1/complaints?state=answerOverdue&from=0&limit=1", { headers: inspector }],
      [400, "/v1/complaints?state=late", { headers: inspector }],
      [401, "/v1/complaints"],
      [403, "/v1/complaints", { headers: operator }],
    ],
    getComplaint: [
      [200, `/v1/complaints/${complaint}`, { headers: citizen }],
      [200, `/v1/complaints/${complaint}`, { headers: officer }],
      [401, `/v1/complaints/${complaint}`],
      [403, `/v1/complaints/${complaint}`, { headers: operator }],
      [404, "/v1/complaints/none", { headers: inspector }],
    ],
    postComplaintAnswer: [
      [201, `/v1/complaints/${complaint}/answer`, { ...post(`{"text":"So."}`), headers: officer }],
      [409, `/v1/complaints/${complaint}/answer`, { ...post(`{"text":"So."}`), headers: officer }],
      [400, `/v1/complaints/${complaint}/answer`, { ...post("{}"), headers: officer }],
      [401, `/v1/complaints/${complaint}/answer`, post("{}")],
      [403, `/v1/complaints/${complaint}/answer`, { ...post("{}"), headers: citizen }],
      [404, "/v1/complaints/none/answer", { ...post(`{"text":"So."}`), headers: officer }],
      [413, `/v1/complaints/${complaint}/answer`, { ...post(" ".repeat(20_000)), headers: officer }],
    ],
    postComplaintDecision: [
      [400, `/v1/complaints/${complaint}/decision`, { ...post(`{"text":"So."}`), headers: inspector }],
      [
        201,
        `/v1/complaints/${complaint}/decision`,
        { ...post(`{"outcome":"rejected","text":"So."}`), headers: inspector },
      ],
      [403, `/v1/complaints/${complaint}/decision`, { ...post("{}"), headers: officer }],
    ],
    postComplaintWithdrawal: [
      [409, `/v1/complaints/${complaint}/withdrawal`, { ...post("{}"), headers: citizen }],
      [403, `/v1/complaints/${complaint}/withdrawal`, { ...post("{}"), headers: officer }],
    ],
    postSeal: [
      [201, "/v1/seals", { ...post(sealOf(0)), headers: inspector }],
      [400, "/v1/seals", { ...post(sealOf(1).replace("until", "till")), headers: inspector }],
      [401, "/v1/seals", post("{}")],
      [403, "/v1/seals", { ...post("{}"), headers: officer }],
      [404, "/v1/seals", { ...post(sealOf(9999)), headers: inspector }],
      [413, "/v1/seals", { ...post(" ".repeat(20_000)), headers: inspector }],
      [422, "/v1/seals", { ...post(sealOf(2)), headers: inspector }],
    ],
    getSeals: [
      [200, "/v1/seals", { headers: inspector }],
      [200, "/v1/seals?state=ended&from=1&limit=1", { headers: inspector }],
      [400, "/v1/seals?limit=0", { headers: inspector }],
      [401, "/v1/seals"],
      [403, "/v1/seals", { headers: officer }],
    ],
    getSeal: [
      [200, `/v1/agencies/qn-operator/seals/${seal}`, { headers: inspector }],
      [401, `/v1/agencies/qn-operator/seals/${seal}`],
      [403, `/v1/agencies/qn-operator/seals/${seal}`, { headers: officer }],
      [404, `/v1/agencies/qn-police/seals/${seal}`, { headers: inspector }],
    ],
    postSealExtension: [
      [
        404,
        "/v1/seals/none/extension",
        { ...post(sealOf(1).replace(/"events":[^\]]*\],/, "")), headers: inspector },
      ],
      [400, "/v1/seals/none/extension", { ...post("{}"), headers: inspector }],
      [403, "/v1/seals/none/extension", { ...post("{}"), headers: officer }],
    ],
    postSealLift: [
      [
        404,
        "/v1/seals/none/lift",
        { ...post(`{"legalBasis":{"law":"l","article":"1"}}`), headers: inspector },
      ],
      [400, "/v1/seals/none/lift", { ...post("{}"), headers: inspector }],
      [403, "/v1/seals/none/lift", { ...post("{}"), headers: officer }],
    ],
    getConsents: [
      [200, "/v1/consents", { headers: citizen }],
      [200, "/v1/consents?limit=1&after=0.", { headers: citizen }],
      [400, "/v1/consents?limit=0", { headers: citizen }],
      [400, "/v1/consents?after=x", { headers: citizen }],
      [401, "/v1/consents"],
      [403, "/v1/consents", { headers: inspector }],
    ],
    postConsent: [
      [201, "/v1/consents", { ...post(CONSENT), headers: citizen }],
      [409, "/v1/consents", { ...post(CONSENT), headers: citizen }],
      [400, "/v1/consents", { ...post("{}"), headers: citizen }],
      [401, "/v1/consents", post("{}")],
      [403, "/v1/consents", { ...post(CONSENT), headers: inspector }],
      [404, "/v1/consents", { ...post(`{"state":"ConsentRefused","id":"c-0"}`), headers: citizen }],
      [413, "/v1/consents", { ...post(" ".repeat(20_000)), headers: citizen }],
      [422, "/v1/consents", { ...post(CONSENT.replace("pd:PhysicalAddress", "pd:Tax")), headers: citizen }],
    ],
    getObjections: [
      [200, "/v1/objections", { headers: citizen }],
      [200, "/v1/objections?limit=1&after=0.", { headers: citizen }],
      [400, "/v1/objections?limit=0", { headers: citizen }],
      [400, "/v1/objections?after=x", { headers: citizen }],
      [401, "/v1/objections"],
      [403, "/v1/objections", { headers: inspector }],
    ],
    postObjection: [
      [201, "/v1/objections", { ...post(`{"procedure":"PASSPORT"}`), headers: citizen }],
      [200, "/v1/objections", { ...post(`{"procedure":"PASSPORT"}`), headers: citizen }],
      [400, "/v1/objections", { ...post("{}"), headers: citizen }],
      [401, "/v1/objections", post("{}")],
      [403, "/v1/objections", { ...post("{}"), headers: inspector }],
      [413, "/v1/objections", { ...post(" ".repeat(5_000)), headers: citizen }],
      [422, "/v1/objections", { ...post(`{"procedure":"FISHING"}`), headers: citizen }],
    ],
    postObjectionWithdrawal: [
      [200, `/v1/objections/${objection}/withdrawal`, { method: "POST", headers: citizen }],
      [200, `/v1/objections/${objection}/withdrawal`, { ...post("{}"), headers: citizen }],
      [400, `/v1/objections/${objection}/withdrawal`, { ...post(`{"id":"x"}`), headers: citizen }],
      [401, `/v1/objections/${objection}/withdrawal`, { method: "POST" }],
      [403, `/v1/objections/${objection}/withdrawal`, { method: "POST", headers: inspector }],
      [404, "/v1/objections/o-0/withdrawal", { method: "POST", headers: citizen }],
    ],
    postConsentImport: [
      [422, "/v1/consents/import", { ...post("{}"), headers: citizen }],
      [401, "/v1/consents/import", post("{}")],
      [403, "/v1/consents/import", { ...post("{}"), headers: inspector }],
      [413, "/v1/consents/import", { ...post(" ".repeat(70_000)), headers: citizen }],
    ],
    getConsentReceipt: [
      [200, `/v1/consents/${consent}/receipt`, { headers: citizen }],
      [401, `/v1/consents/${consent}/receipt`],
      [403, `/v1/consents/${consent}/receipt`, { headers: inspector }],
      [404, "/v1/consents/c-0/receipt", { headers: citizen }],
    ],
    postConsentRevocation: [
      [400, `/v1/consents/${consent}/revocation`, { ...post(`{"why":1}`), headers: officer }],
      [401, `/v1/consents/${consent}/revocation`, post("")],
      [403, `/v1/consents/${consent}/revocation`, { ...post(""), headers: citizen }],
      [404, `/v1/consents/${consent}/revocation`, { ...post(""), headers: officer }],
    ],
    postConsentInvalidation: [
      [
        200,
        `/v1/consents/${invalid}/invalidation`,
        { ...post(`{"en":"Not informed."}`), headers: inspector },
      ],
      [400, `/v1/consents/${consent}/invalidation`, { ...post("{}"), headers: inspector }],
      [401, `/v1/consents/${consent}/invalidation`, post("{}")],
      [403, `/v1/consents/${consent}/invalidation`, { ...post("{}"), headers: officer }],
      [404, "/v1/consents/c-0/invalidation", { ...post(`{"en":"No."}`), headers: inspector }],
    ],
    postConsentWithdrawal: [
      [200, `/v1/consents/${consent}/withdrawal`, { method: "POST", headers: citizen }],
      [200, `/v1/consents/${consent}/withdrawal`, { ...post("{}"), headers: citizen }],
      [400, `/v1/consents/${consent}/withdrawal`, { ...post(`{"id":"x"}`), headers: citizen }],
      [401, `/v1/consents/${consent}/withdrawal`, { method: "POST" }],
      [403, `/v1/consents/${consent}/withdrawal`, { method: "POST", headers: inspector }],
      [404, "/v1/consents/c-0/withdrawal", { method: "POST", headers: citizen }],
    ],
    postConsentRequest: [
      [400, "/v1/consent-requests", { ...post("{}"), headers: justice }],
      [401, "/v1/consent-requests", post("{}")],
      [403, "/v1/consent-requests", { ...post("{}"), headers: citizen }],
      [422, "/v1/consent-requests", { ...post(REQUEST), headers: justice }],
    ],
    getMandates: [
      [200, "/v1/mandates", { headers: citizen }],
      [401, "/v1/mandates"],
      [403, "/v1/mandates", { headers: inspector }],
    ],
    getFindings: [
      [200, "/v1/findings", { headers: inspector }],
      [200, "/v1/findings?after=000000000000:x&limit=1", { headers: inspector }],
      [400, "/v1/findings?limit=1001", { headers: inspector }],
      [400, "/v1/findings?after=x", { headers: inspector }],
      [401, "/v1/findings"],
      [403, "/v1/findings", { headers: operator }],
    ],
    postSearch: [
      [200, "/v1/inspection/search", { ...post("{}"), headers: inspector }],
      [200, "/v1/inspection/search", { ...post(`{"agency":"qn-police","type":"access"}`), headers: officer }],
      [
        200,
        "/v1/inspection/search",
        { ...post(`{"finding":{"state":"open"},"limit":1}`), headers: inspector },
      ],
      [400, "/v1/inspection/search", { ...post(`{"name":"x"}`), headers: inspector }],
      [400, "/v1/inspection/search", { ...post(`{"official":"officer-17"}`), headers: inspector }],
      [401, "/v1/inspection/search", post("{}")],
      [403, "/v1/inspection/search", { ...post("{}"), headers: operator }],
    ],
    getQueues: [
      [200, "/v1/queues", { headers: inspector }],
      [200, "/v1/queues", { headers: officer }],
      [400, "/v1/queues?agency=VN/GOV", { headers: inspector }],
      [401, "/v1/queues"],
      [403, "/v1/queues?agency=qn-justice", { headers: officer }],
    ],
    getQueue: [
      [200, "/v1/queues/findings", { headers: inspector }],
      [200, "/v1/queues/complaints-to-answer?limit=1", { headers: officer }],
      [200, "/v1/queues/erasures", { headers: inspector }],
      [400, "/v1/queues/findings?limit=0", { headers: inspector }],
      [400, "/v1/queues/erasures?after=x", { headers: inspector }],
      [401, "/v1/queues/findings"],
      [403, "/v1/queues/findings", { headers: citizen }],
      [404, "/v1/queues/people", { headers: inspector }],
    ],
    getStatistics: [
      [200, "/v1/statistics"],
      [200, "/v1/statistics?month=1970-01"],
      [400, "/v1/statistics?month=2026"],
    ],
    postSample: [
      [201, "/v1/samples", { ...post(`{"from":0,"to":2,"count":1}`), headers: inspector }],
      [400, "/v1/samples", { ...post(`{"from":0,"to":2,"count":3}`), headers: inspector }],
      [400, "/v1/samples", { ...post(`{"from":0,"to":99999,"count":3}`), headers: inspector }],
      [401, "/v1/samples", post("{}")],
      [403, "/v1/samples", { ...post("{}"), headers: officer }],
    ],
    getSample: [
      [404, "/v1/samples/0", { headers: inspector }],
      [400, "/v1/samples/first", { headers: inspector }],
      [401, "/v1/samples/0"],
      [403, "/v1/samples/0", { headers: officer }],
      [200, `/v1/samples/${sampled}?only=granted`, { headers: inspector }],
      [400, `/v1/samples/${sampled}?only=refused`, { headers: inspector }],
    ],
    postSampleResult: [
      [201, `/v1/samples/${sampled}/results`, { ...post(inOrder(used + 2)), headers: inspector }],
      [200, `/v1/samples/${sampled}/results`, { ...post(inOrder(used + 2)), headers: inspector }],
      [422, `/v1/samples/${sampled}/results`, { ...post(inOrder(used)), headers: inspector }],
      [400, `/v1/samples/${sampled}/results`, { ...post("{}"), headers: inspector }],
      [404, "/v1/samples/0/results", { ...post(inOrder(0)), headers: inspector }],
      [401, `/v1/samples/${sampled}/results`, post("{}")],
      [403, `/v1/samples/${sampled}/results`, { ...post("{}"), headers: officer }],
    ],
    getSampleResults: [
      [200, `/v1/samples/${sampled}/results`, { headers: inspector }],
      [400, `/v1/samples/${sampled}/results?limit=1`, { headers: inspector }],
      [404, "/v1/samples/0/results", { headers: inspector }],
      [401, `/v1/samples/${sampled}/results`],
      [403, `/v1/samples/${sampled}/results`, { headers: officer }],
    ],
    getInspectionRates: [
      [200, "/v1/inspection/rates", { headers: inspector }],
      [200, "/v1/inspection/rates", { headers: officer }],
      [400, "/v1/inspection/rates?agency=qn-police", { headers: inspector }],
      [401, "/v1/inspection/rates"],
      [403, "/v1/inspection/rates", { headers: citizen }],
    ],
    postBundle: [
      [200, "/v1/bundles", { ...post(`{"indexes":[1,0]}`), headers: inspector }],
      [400, "/v1/bundles", { ...post(`{"indexes":[]}`), headers: inspector }],
      [400, "/v1/bundles", { ...post(`{"indexes":[0],"case":"x"}`), headers: inspector }],
      [404, "/v1/bundles", { ...post(`{"indexes":[99999]}`), headers: inspector }],
      [401, "/v1/bundles", post("{}")],
      [403, "/v1/bundles", { ...post("{}"), headers: citizen }],
    ],
    getFinding: [
      [200, `/v1/findings/no-case:${used}`, { headers: inspector }],
      [401, `/v1/findings/no-case:${used}`],
      [403, `/v1/findings/no-case:${used}`, { headers: operator }],
      [404, "/v1/findings/no-case:0", { headers: inspector }],
      [404, `/v1/findings/no-case:${used}`, { headers: otherOfficer }],
    ],
    postFindingState: [
      [400, `/v1/findings/no-case:${used}/states`, { ...post("{}"), headers: inspector }],
      [401, `/v1/findings/no-case:${used}/states`, post(`{"state":"dismissed"}`)],
      [201, `/v1/findings/no-case:${used}/states`, { ...post(`{"state":"dismissed"}`), headers: inspector }],
      [409, `/v1/findings/no-case:${used}/states`, { ...post(`{"state":"confirmed"}`), headers: inspector }],
      [
        201,
        `/v1/findings/no-legal-basis:${used}/states`,
        { ...post(`{"state":"confirmed"}`), headers: inspector },
      ],
      [404, "/v1/findings/no-case:0/states", { ...post(`{"state":"dismissed"}`), headers: inspector }],
      [413, "/v1/findings/no-case:0/states", { ...post(" ".repeat(20_000)), headers: inspector }],
    ],
    postFindingReview: [
      [400, `/v1/findings/emergency-unreviewed:${used + 1}/review`, { ...post("{}"), headers: inspector }],
      [201, `/v1/findings/emergency-unreviewed:${used + 1}/review`, { ...post(REVIEW), headers: inspector }],
      [409, `/v1/findings/emergency-unreviewed:${used + 1}/review`, { ...post(REVIEW), headers: inspector }],
      [403, `/v1/findings/emergency-unreviewed:${used + 1}/review`, { ...post(REVIEW), headers: officer }],
      [404, "/v1/findings/emergency-unreviewed:0/review", { ...post(REVIEW), headers: inspector }],
    ],
    getFindingNotification: [
      [200, `/v1/findings/no-legal-basis:${used}/notification`, { headers: officer }],
      [409, `/v1/findings/no-case:${used}/notification`, { headers: inspector }],
      [401, `/v1/findings/no-case:${used}/notification`],
      [404, "/v1/findings/no-case:0/notification", { headers: inspector }],
    ],
    postFindingNotification: [
      [
        201,
        `/v1/findings/no-legal-basis:${used}/notification`,
        { ...post(`{"recipient":"A05"}`), headers: officer },
      ],
      [
        409,
        `/v1/findings/no-legal-basis:${used}/notification`,
        { ...post(`{"recipient":"A05"}`), headers: officer },
      ],
      [400, `/v1/findings/no-legal-basis:${used}/notification`, { ...post("{}"), headers: officer }],
      [404, "/v1/findings/no-case:0/notification", { ...post(`{"recipient":"A05"}`), headers: inspector }],
    ],
    getEventFindings: [
      [200, `/v1/events/${used}/findings`, { headers: inspector }],
      [200, `/v1/events/0/findings`, { headers: inspector }],
      [400, "/v1/events/x/findings", { headers: inspector }],
      [401, `/v1/events/${used}/findings`],
      [403, `/v1/events/${used}/findings`, { headers: operator }],
      [404, "/v1/events/99999/findings", { headers: inspector }],
    ],
    postEventFindings: [
      [
        200,
        "/v1/events/findings",
        { ...post(JSON.stringify({ indexes: [used, 0, 99_999] })), headers: inspector },
      ],
      [400, "/v1/events/findings", { ...post(`{"indexes":[1,1]}`), headers: inspector }],
      [401, "/v1/events/findings", post(`{"indexes":[1]}`)],
      [403, "/v1/events/findings", { ...post(`{"indexes":[1]}`), headers: operator }],
      [413, "/v1/events/findings", { ...post(" ".repeat(20_000)), headers: inspector }],
    ],
    getCatalogue: [[200, "/v1/catalogue"]],
    getCatalogueVersion: [
      [200, "/v1/catalogue/2026-11-22.4"],
      [404, "/v1/catalogue/2026-11-23"],
      [404, "/v1/catalogue/..%2fcatalogue.json"],
    ],
    postEvaluation: [
      [200, "/access/v1/evaluation", { ...post(QUESTION), headers: justice }],
      [200, "/access/v1/evaluation", { ...post(QUESTION.replace("BIRTH_REG", "NONE")), headers: justice }],
      [400, "/access/v1/evaluation", { ...post("{}"), headers: justice }],
      [401, "/access/v1/evaluation", post(QUESTION)],
      [403, "/access/v1/evaluation", { ...post(QUESTION), headers: inspector }],
      [413, "/access/v1/evaluation", { ...post(" ".repeat(20_000)), headers: justice }],
    ],
    postEvaluations: [
      [200, "/access/v1/evaluations", { ...post(QUESTION), headers: justice }],
      [
        200,
        "/access/v1/evaluations",
        { ...post(QUESTION.replace(/}$/, `,"evaluations":[{},{"subject":1}]}`)), headers: justice },
      ],
      [400, "/access/v1/evaluations", { ...post(`{"evaluations":1}`), headers: justice }],
      [401, "/access/v1/evaluations", post(QUESTION)],
      [403, "/access/v1/evaluations", { ...post(QUESTION), headers: operator }],
      [413, "/access/v1/evaluations", { ...post(" ".repeat(600_000)), headers: justice }],
    ],
    getAuthzenConfiguration: [[200, "/.well-known/authzen-configuration"]],
    getLive: [[200, "/live"]],
    getReady: [[200, "/ready"]],
    getBackup: [
      [200, "/v1/backup", { headers: operator }],
      [400, "/v1/backup?keys=yes", { headers: operator }],
      [401, "/v1/backup"],
      [403, "/v1/backup", { headers: inspector }],
      [403, "/v1/backup?keys=true", { headers: operator }],
    ],
    getHealth: [[200, "/health"]],
    getMetrics: [[200, "/metrics"]],
    getOpenApi: [[200, "/openapi.yaml"]],
    getOpenApiJson: [[200, "/openapi.json"]],
    getPortalSession: [
      [200, "/portal/session"],
      [200, "/portal/session", { headers: PORTAL }],
      [401, "/portal/session", { headers: { ...PORTAL, cookie: "minhbach=ended" } }],
      [403, "/portal/session", { headers: { ...PORTAL, "sec-fetch-site": "cross-site" } }],
    ],
    getSignOn: [
      [303, "/portal/sign-on?back=/portal/&language=vi", { redirect: "manual" }],
      [400, "/portal/sign-on?back=//evil.example"],
    ],
    getSignedOn: [[303, "/portal/signed-on?code=x&state=y", { redirect: "manual" }]],
    postSignOff: [
      [200, "/portal/sign-off", { method: "POST", headers: PORTAL }],
      [403, "/portal/sign-off", { method: "POST" }],
      [401, "/portal/sign-off", { method: "POST", headers: { ...PORTAL, cookie: "minhbach=ended" } }],
    ],
    getPortalTrust: [[200, "/portal/trust"]],
    getPortalInbox: [
      [404, "/portal/inbox/messages", { headers: citizen }],
      [401, "/portal/inbox/messages"],
      [403, "/portal/inbox/messages", { headers: inspector }],
    ],
    postPortalInbox: [
      [404, "/portal/inbox/messages/1/answer", { ...post("{}"), headers: { ...citizen, ...JSON_TYPE } }],
    ],
    putPortalInbox: [
      [
        404,
        "/portal/inbox/preferences",
        { ...post("{}"), method: "PUT", headers: { ...citizen, ...JSON_TYPE } },
      ],
    ],
    getPortalPage: [
      [200, "/portal/"],
      [200, "/portal/consents"],
      [302, "/portal", { redirect: "manual" }],
      [404, "/portal/assets/none.js"],
    ],
    getVerifyPage: [[200, "/verify"]],
    getFrontPage: [
      [302, "/", { headers: { accept: "text/html" }, redirect: "manual" }],
      [404, "/"],
    ],
    getApiPage: [[200, "/docs"]],
    getApiPageFile: [
      [200, "/docs/page.js"],
      [200, "/docs/swagger-ui.css"],
      [200, "/docs/swagger-ui-bundle.js"],
      [404, "/docs/package.json"],
      [404, "/docs/..%2fpackage.json"],
    ],
  });
  let citizen: Record<string, string>;
  let complaint: string;
  let seal: string;
  /** One to withdraw, and one to find invalid. */
  let consent: string;
  let invalid: string;
  let objection: string;
  let inspector: Record<string, string>;
  let otherOfficer: Record<string, string>;
  /** Log index of an access that lacks a basis and a case; an emergency follows it. */
  let used: number;
  /** Log index of a sample of them and of a grant after them. */
  let sampled: number;
  let operator: Record<string, string>;
  let officer: Record<string, string>;
  let justice: Record<string, string>;
  before(async () => {
    inspector = await tokenOf(system, "inspector");
    otherOfficer = await tokenOf(system, "officer", "qn-health");
    const recorder = await openDemoRecorder(system, ledger.url);
    await recorder.recordAll([ACCESS, { ...ACCESS, handling: { emergency: true } }, GRANT]);
    await recorder.flush(AbortSignal.timeout(100_000));
    used = (await recorder.receiptOf(3))?.index ?? 0;
    await recorder.close();
    const range = post(JSON.stringify({ from: used, to: used + 3, count: 3 }));
    const asked = await fetch(`${ledger.url}/v1/samples`, { ...range, headers: inspector });
    sampled = ((await asked.json()) as { index: number }).index;
    await fetchUntil(`${ledger.url}/v1/events/${sampled}/evidence`);
    operator = await tokenOf(system, "operator");
    citizen = await tokenNamed(system, "citizen 1");
    officer = await tokenOf(system, "officer", "qn-police");
    const json = { "content-type": "application/json" };
    justice = { ...(await tokenOf(system, "agency", "qn-justice")), ...json };
    const given = async (category: string): Promise<string> => {
      const terms = CONSENT.replace("qn-electricity", "qn-water").replace("pd:PhysicalAddress", category);
      const answer = await fetch(`${ledger.url}/v1/consents`, { ...post(terms), headers: citizen });
      return ((await answer.json()) as { id: string }).id;
    };
    consent = await given("pd:PhysicalAddress");
    invalid = await given("pd:Name");
    const objecting = { ...post(`{"procedure":"ID_CARD"}`), headers: citizen };
    const objected = await fetch(`${ledger.url}/v1/objections`, objecting);
    objection = ((await objected.json()) as { id: string }).id;
    // The index and the search are read anew behind what makes the ledger ready.
    for (const [page, init] of [
      ["/v1/statement", post(FIRST_PERSON)],
      ["/v1/inspection/search", post("{}")],
    ] as const)
      await eventually(
        async () => (await fetch(ledger.url + page, { ...init, headers: inspector })).status === 200,
        `${page} answers`,
      );
  });

  for (const operation of operations) {
    it(`answers ${operation.operationId} as described`, async () => {
      const cases = requests()[operation.operationId] ?? [];
      expect(cases).to.not.have.length(0);
      for (const [status, path, init] of cases) {
        const answer = await fetch(ledger.url + path, init);
        expect(
          answer.status,
          `${path} ${status === answer.status ? "" : await answer.clone().text()}`,
        ).to.equal(status);
        if (operation.operationId === "postComplaint" && status === 201) {
          const filed = (await answer.clone().json()) as { complaint: { id: string } };
          complaint = filed.complaint.id;
        }
        if (operation.operationId === "postSeal" && status === 201) {
          const placed = (await answer.clone().json()) as { seal: { id: string } };
          seal = placed.seal.id;
        }
        await expectDescribed(operation, answer);
      }
    });
  }

  it("gives JSON and YAML of the same description", async () => {
    expect(await (await fetch(`${ledger.url}/openapi.json`)).json()).to.deep.equal(description);
  });

  it("shows a page that loads nothing from elsewhere and runs nothing inline", async () => {
    const answer = await fetch(`${ledger.url}/docs`);
    expect(answer.headers.get("content-security-policy"))
      .to.contain("default-src 'none'")
      .and.contain("script-src 'self';");
    const page = await answer.text();
    expect(page).to.not.match(/https?:|<script>|onload=/);
    for (const [, file] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      expect((await fetch(ledger.url + (file ?? ""))).status, file).to.equal(200);
    }
  });
});

/** The outcome of an action by which something was granted that nobody had applied for. */
const GRANT = {
  ...{ type: "action", subject: ACCESS.subject, purpose: { procedure: "DRIVER_LIC" }, time: ACCESS.time },
  outcome: { code: "success", detail: "granted" },
} as const;

function inOrder(event: number): string {
  return JSON.stringify({ event, outcome: "in-order" });
}

function sealOf(index: number): string {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  return JSON.stringify({
    events: [index],
    until,
    legalBasis: { law: "Bộ luật Tố tụng hình sự", article: "1" },
  });
}

function erasureOf(index: number): string {
  const legalBasis = { law: "Law 91/2025/QH15", article: "14" };
  return JSON.stringify({ id: "e-1", events: [index], legalBasis, reason: "Recorded by mistake." });
}

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true });
ajv.addVocabulary(["components", "paths", "info", "servers", "openapi", "security", "tags"]);
ajv.addSchema(description, "api");

/** The status, the content type and the body are those the description names. */
async function expectDescribed(operation: (typeof operations)[number], answer: Response): Promise<void> {
  const { path, method, operationId } = operation;
  const described = operation.responses[String(answer.status)];
  if (described === undefined) throw new Error(`${operationId} does not describe ${answer.status}`);
  const [at, content] =
    described.$ref === undefined
      ? [`/paths/${escaped(path)}/${method}/responses/${answer.status}`, described.content]
      : [
          described.$ref.slice(1),
          description.components.responses[described.$ref.split("/").at(-1) ?? ""]?.content,
        ];
  const type = (answer.headers.get("content-type") ?? "").split(";")[0] ?? "";
  expect(Object.keys(content ?? {}), `${operationId} ${answer.status}`).to.include(type);
  const body: unknown =
    type.endsWith("json") && !type.endsWith("ndjson") ? await answer.json() : await answer.text();
  const pointer = encodeURI(`${at}/content/${escaped(type)}/schema`);
  const validate = ajv.getSchema(`api#${pointer}`);
  if (validate === undefined) throw new Error(`no schema at ${pointer}`);
  expect(validate(body), `${operationId} ${answer.status}: ${ajv.errorsText(validate.errors)}`).to.equal(
    true,
  );
  for (const problem of type === "application/problem+json" ? [body] : []) {
    expect(problem).to.include({ status: answer.status });
  }
}

/** As in a JSON pointer (RFC 6901). */
function escaped(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Express path -> OpenAPI path. The wildcard `path` is the `index` of a tile; others keep their names. */
function templateOf(path: string): string {
  return path
    .replace("*path", "{index}")
    .replace(/\{?\/\*([a-z]+)\}?/, "/{$1}")
    .replace(/:([a-z]+)/g, "{$1}");
}

function post(body: string | ReadableStream): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

/** Sent in chunks, without a Content-Length. */
function streamOf(text: string): ReadableStream {
  return new Blob([text]).stream();
}
