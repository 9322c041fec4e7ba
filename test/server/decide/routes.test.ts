import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { parseDecision } from "../../../protocol/decision-jws.ts";
import { verifyJws } from "../../../protocol/jws.ts";
import { catalogues } from "../../../server/decide/catalogues.ts";
import { decisions, type DecisionsOptions } from "../../../server/decide/decisions.ts";
import { decisionRoutes } from "../../../server/decide/routes.ts";
import { LedgerError, problemOf } from "../../../server/errors.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import type { RouteRequest } from "../../../server/route.ts";
import { ed25519Signer } from "../../../server/signers.ts";
import { act, AN, consentOf, noon, smallCatalogue } from "../../protocol/consent-world.ts";
import { agency } from "../callers.ts";
import { LOG } from "../prove/recorded-log.ts";

const SEED = new Uint8Array(32).fill(3);
const RECEIPT_KEY = { alg: "EdDSA", key: ed25519.getPublicKey(SEED) } as const;
const NOW = noon("11-22");
const SIZE = 12;

/** A question as the standard shapes it: may the water works read the name of An, for the building permit? */
const QUESTION = {
  subject: { type: "agency", id: "qn-water" },
  action: { name: "read" },
  resource: { type: "person", id: `${AN.scheme}:${AN.id}`, properties: { personalData: ["pd:Name"] } },
  context: { procedure: "BUILD_PERMIT" },
};

const REQUEST: RouteRequest = {
  ...{
    path: "",
    parameter: () => "",
    query: () => undefined,
    queryNames: [],
    accept: "",
    header: () => undefined,
  },
  body: new Uint8Array(),
};

type Json = { readonly [name: string]: unknown };

describe("server/decide", () => {
  /** What was recorded of An's consent. */
  let acts: Parameters<typeof consentOf>[0];
  let caller: Caller;
  let now: number;
  let changes: Partial<DecisionsOptions>;
  const requireOpen = (): void => undefined;

  beforeEach(() => {
    acts = [act("ConsentGiven")];
    caller = agency("qn-water");
    now = NOW;
    changes = {};
  });

  async function ask(path: "evaluation" | "evaluations", body: string | object): Promise<Json> {
    const record = (): NonNullable<ReturnType<typeof consentOf>>[] => {
      const found = consentOf(acts);
      return found === undefined ? [] : [found];
    };
    const decide = decisions({
      consents: {
        caughtUp: () => Promise.resolve(SIZE),
        one: (_person, id) => Promise.resolve(record().find((each) => each.id === id)),
        recordedByDesk: () => Promise.resolve(record()),
      },
      objects: () => Promise.reject(new Error("nobody asked as a machine")),
      catalogues: { inForceAt: () => Promise.resolve(smallCatalogue()) },
      ...{ requireOpen, log: LOG, signer: ed25519Signer(SEED), clock: { now: () => now * 1000 } },
      ...changes,
    });
    const routes = decisionRoutes({ decisions: decide, baseUrl: () => "https://ledger.example" });
    const route = routes.find((each) => each.path === `/access/v1/${path}`);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await route?.handle({ ...REQUEST, body: utf8(text) }, caller);
    if (answer === undefined || !("json" in answer)) throw new Error("no answer");
    return answer.json as Json;
  }

  async function refusal(path: "evaluation" | "evaluations", body: string | object): Promise<unknown> {
    const error: unknown = await ask(path, body).catch((thrown: unknown) => thrown);
    const { status, code } = problemOf(error);
    return [status, code];
  }

  const contextOf = (answer: Json): Json => answer["context"] as Json;

  it("answers yes with its grounds, signed for as long as they last", async () => {
    const answer = await ask("evaluation", QUESTION);
    expect(answer["decision"]).to.equal(true);
    const { jws, reason_user: text, id, ...context } = contextOf(answer);
    expect(context).to.deep.equal({
      ...{ reason: "consent", consent: "c-1", obligations: [], size: SIZE, expires: NOW + 300 },
      catalogue: { version: "1", digest: smallCatalogue().digest },
    });
    expect(text).to.have.keys("vi", "en");
    const parsed = parseDecision(String(jws));
    expect(verifyJws(parsed.jws, RECEIPT_KEY)).to.equal(true);
    expect(parsed.decision).to.deep.equal({
      ...{ log: LOG, jti: id, iat: NOW, exp: NOW + 300, subject: AN, agency: "qn-water", action: "read" },
      ...{ procedure: "BUILD_PERMIT", personalData: ["pd:Name"], decision: true, reason: "consent" },
      ...{ consent: "c-1", obligations: [], catalogue: context["catalogue"], size: SIZE },
    });
  });

  it("answers no like yes, signed too", async () => {
    acts = [act("ConsentGiven"), act("ConsentWithdrawn")];
    const answer = await ask("evaluation", QUESTION);
    expect(answer["decision"]).to.equal(false);
    expect(contextOf(answer)).to.include({ reason: "consent-withdrawn" });
    expect(parseDecision(String(contextOf(answer)["jws"])).decision).to.include({
      decision: false,
      reason: "consent-withdrawn",
    });
  });

  it("gives no decision that lasts longer than the consent", async () => {
    const until = Date.parse("2027-01-01T00:00:00+07:00") / 1000;
    now = until - 10;
    expect(contextOf(await ask("evaluation", QUESTION))).to.include({ expires: until });
    now = until;
    expect(contextOf(await ask("evaluation", QUESTION))).to.include({ reason: "consent-expired" });
  });

  it("marks an emergency, with what is said and what is overridden", async () => {
    acts = [];
    const context = { ...QUESTION.context, emergency: { reason: "Nhà đang cháy" } };
    const answer = await ask("evaluation", { ...QUESTION, context });
    expect(contextOf(answer)).to.deep.include({
      ...{ reason: "emergency", emergency: true, overrides: "consent-missing" },
      obligations: ["notify-person", "review-emergency"],
    });
    expect(parseDecision(String(contextOf(answer)["jws"])).decision.emergency).to.deep.equal({
      reason: "Nhà đang cháy",
      overrides: "consent-missing",
    });
  });

  describe("asked by a machine", () => {
    const automated = { ...QUESTION, context: { ...QUESTION.context, automated: true } };
    let asked: unknown[];
    beforeEach(() => {
      asked = [];
    });
    const objecting = (answer: boolean): Partial<DecisionsOptions> => ({
      objects: (...about) => {
        asked.push(about);
        return Promise.resolve(answer);
      },
    });

    it("says so in the decision, and permits while the person does not object by the log that it cites", async () => {
      changes = objecting(false);
      const answer = await ask("evaluation", automated);
      expect(contextOf(answer)).to.include({ reason: "consent", automated: true });
      expect(parseDecision(String(contextOf(answer)["jws"])).decision).to.include({ automated: true });
      expect(asked).to.deep.equal([[AN, "BUILD_PERMIT", { below: SIZE }]]);
    });

    it("denies while the person objects, whatever they consented to, and says it to them", async () => {
      changes = objecting(true);
      const answer = await ask("evaluation", automated);
      expect(answer["decision"]).to.equal(false);
      expect(contextOf(answer)).to.include({ reason: "objected", automated: true });
      expect(parseDecision(String(contextOf(answer)["jws"])).decision).to.include({
        ...{ decision: false, reason: "objected", automated: true },
      });
    });

    it("tells nobody who may read nothing what the person objects to", async () => {
      changes = objecting(true);
      caller = agency("qn-tax");
      const subject = { type: "agency", id: "qn-tax" };
      const answer = await ask("evaluation", { ...automated, subject });
      expect(contextOf(answer)["reason"]).to.not.equal("objected");
      expect(asked).to.deep.equal([]);
    });

    it("does not concern officials, and takes no machine's emergency", async () => {
      changes = objecting(true);
      for (const context of [QUESTION.context, { ...QUESTION.context, automated: false }])
        expect(contextOf(await ask("evaluation", { ...QUESTION, context }))).to.include({
          reason: "consent",
        });
      expect(asked).to.deep.equal([]);
      const context = { ...automated.context, emergency: { reason: "Nhà đang cháy" } };
      expect(await refusal("evaluation", { ...QUESTION, context })).to.deep.equal([400, "bad-question"]);
      const odd = { ...QUESTION, context: { ...QUESTION.context, automated: "yes" } };
      expect(await refusal("evaluation", odd)).to.deep.equal([400, "bad-question"]);
    });

    it("is told nothing while nobody knows who objects", async () => {
      const starting = (): Promise<never> =>
        Promise.reject(new LedgerError("starting", "The ledger still reads who objects to what."));
      changes = { objects: starting };
      expect(await refusal("evaluation", automated)).to.deep.equal([503, "starting"]);
    });
  });

  it("relies on the consent that is named, and reads nobody's consents where the law says enough", async () => {
    const context = { ...QUESTION.context, consent: "c-1" };
    expect((await ask("evaluation", { ...QUESTION, context }))["decision"]).to.equal(true);
    expect(
      (await ask("evaluation", { ...QUESTION, context: { ...context, consent: "c-2" } }))["decision"],
    ).to.equal(false);
    const fails = (): Promise<never> => Promise.reject(new Error("nobody's business"));
    changes = { consents: { caughtUp: () => Promise.resolve(SIZE), one: fails, recordedByDesk: fails } };
    const properties = { personalData: ["pd:Ownership"] };
    const byLaw = await ask("evaluation", { ...QUESTION, resource: { ...QUESTION.resource, properties } });
    expect(contextOf(byLaw)).to.include({ reason: "law" });
  });

  it("ignores what it does not know, as the standard demands", async () => {
    const answer = await ask("evaluation", {
      ...QUESTION,
      subject: { ...QUESTION.subject, properties: { department: "connections" } },
      action: { name: "read", properties: { method: "GET" } },
      context: { ...QUESTION.context, time: "1985-10-26T01:22-07:00" },
      futureField: { nested: true },
    });
    expect(answer["decision"]).to.equal(true);
  });

  it("lets an agency ask for itself alone", async () => {
    caller = agency("qn-justice");
    expect(await refusal("evaluation", QUESTION)).to.deep.equal([403, "forbidden"]);
    expect(await refusal("evaluations", QUESTION)).to.deep.equal([403, "forbidden"]);
  });

  const { subject, action, resource, context } = QUESTION;
  const resourceWith = (personalData: unknown): object => ({ ...resource, properties: { personalData } });
  const contextWith = (more: object): object => ({ ...QUESTION, context: { ...context, ...more } });
  const MALFORMED: readonly (readonly [string, string | object])[] = [
    ["no body", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["no subject", { action, resource, context }],
    ["no action", { subject, resource, context }],
    ["no resource", { subject, action, context }],
    ["no context", { subject, action, resource }],
    ["a subject without type", { ...QUESTION, subject: { id: "qn-water" } }],
    ["a subject without id", { ...QUESTION, subject: { type: "agency" } }],
    ["a subject that is a text", { ...QUESTION, subject: "qn-water" }],
    ["a subject that is no agency", { ...QUESTION, subject: { type: "user", id: "alice" } }],
    ["an action without name", { ...QUESTION, action: {} }],
    ["an action whose name is a number", { ...QUESTION, action: { name: 123 } }],
    ["a resource without type", { ...QUESTION, resource: { ...resource, type: undefined } }],
    ["a resource without id", { ...QUESTION, resource: { ...resource, id: undefined } }],
    ["a person without scheme", { ...QUESTION, resource: { ...resource, id: AN.id } }],
    [
      "a person's number in another spelling",
      { ...QUESTION, resource: { ...resource, id: "vn-cccd:9991 9900 0001" } },
    ],
    ["no categories", { ...QUESTION, resource: resourceWith([]) }],
    ["a category twice", { ...QUESTION, resource: resourceWith(["pd:Name", "pd:Name"]) }],
    [
      "categories that fit into no decision",
      { ...QUESTION, resource: resourceWith(Array.from({ length: 33 }, (_, at) => `pd:C${at}`)) },
    ],
    [
      "categories that are long together",
      {
        ...QUESTION,
        resource: resourceWith(Array.from({ length: 32 }, (_, at) => `pd:${"C".repeat(40)}${at}`)),
      },
    ],
    ["no procedure", { ...QUESTION, context: {} }],
    ["a procedure that is a list", contextWith({ procedure: ["BUILD_PERMIT"] })],
    ["a provider that is none", contextWith({ provider: "Sở Y tế" })],
    ["a consent that is none", contextWith({ consent: "" })],
    ["an emergency without a reason", contextWith({ emergency: true })],
    ["an emergency with a person's number", contextWith({ emergency: { reason: `for ${AN.id}` } })],
    ["an emergency with a story", contextWith({ emergency: { reason: "x".repeat(301) } })],
    ["the same key twice", JSON.stringify(QUESTION).replace("{", '{"action":{"name":"read"},')],
  ];
  for (const [what, body] of MALFORMED) {
    it(`refuses ${what}`, async () => {
      const [status, code] = (await refusal("evaluation", body)) as [number, string];
      expect(status).to.equal(400);
      expect(code).to.match(/^(?:bad-question|json|json-duplicate-key)$/);
      if (typeof body !== "object") return;
      // In a batch it is denied, with its error, and spoils no other.
      const batch = await ask("evaluations", { evaluations: [body, QUESTION] });
      const [first, second] = batch["evaluations"] as Json[];
      expect(first?.["decision"]).to.equal(false);
      expect(contextOf(first ?? {})["error"]).to.include({ status: 400 });
      expect(second?.["decision"]).to.equal(true);
    });
  }

  describe("in a batch", () => {
    const yes = { resource };
    const no = { resource: resourceWith(["pd:Income"]) };
    const common = { subject, action, context };
    const decided = async (body: object): Promise<unknown[]> =>
      ((await ask("evaluations", body))["evaluations"] as Json[]).map(({ decision }) => decision);

    it("answers in order, all or until the answer is settled", async () => {
      const evaluations = [yes, no, yes];
      const semantic = (evaluations_semantic: string): object => ({
        ...common,
        evaluations,
        options: { evaluations_semantic },
      });
      expect(await decided({ ...common, evaluations })).to.deep.equal([true, false, true]);
      expect(await decided(semantic("execute_all"))).to.deep.equal([true, false, true]);
      expect(await decided(semantic("deny_on_first_deny"))).to.deep.equal([true, false]);
      expect(await decided(semantic("permit_on_first_permit"))).to.deep.equal([true]);
      expect(
        await decided({ ...semantic("deny_on_first_deny"), evaluations: [{ resource: 1 }, yes] }),
      ).to.deep.equal([false]);
      expect(await refusal("evaluations", semantic("any"))).to.deep.equal([400, "bad-question"]);
    });

    it("takes from the request what an item does not say", async () => {
      const other = { context: { procedure: "BIRTH_REG" } };
      expect(await decided({ ...common, resource, evaluations: [{}, other] })).to.deep.equal([true, false]);
      const { type, ...rest } = resource;
      expect(
        await decided({ ...common, resource: { type }, evaluations: [{ resource: rest }] }),
      ).to.deep.equal([true]);
    });

    it("is a single question without evaluations", async () => {
      expect((await ask("evaluations", QUESTION))["decision"]).to.equal(true);
      expect((await ask("evaluations", { ...QUESTION, evaluations: [] }))["decision"]).to.equal(true);
    });

    it("denies an item of another agency, and takes no more than a hundred", async () => {
      const items = [{}, { subject: { type: "agency", id: "qn-justice" } }];
      const answer = await ask("evaluations", { ...QUESTION, evaluations: items });
      const [, other] = answer["evaluations"] as Json[];
      expect(contextOf(other ?? {})["error"]).to.include({ status: 403, code: "forbidden" });
      const many = { ...QUESTION, evaluations: Array.from({ length: 101 }, () => ({})) };
      expect(await refusal("evaluations", many)).to.deep.equal([400, "bad-question"]);
    });

    it("fails as a whole when the ledger cannot know the newest", async () => {
      const starting = (): Promise<never> => Promise.reject(new LedgerError("starting", "reading"));
      changes = { consents: { caughtUp: starting, one: starting, recordedByDesk: starting } };
      expect(await refusal("evaluations", { ...QUESTION, evaluations: [{}] })).to.deep.equal([
        503,
        "starting",
      ]);
      expect(await refusal("evaluation", QUESTION)).to.deep.equal([503, "starting"]);
    });
  });

  it("decides nothing by records that are older than what the ledger promised: a withdrawal may be missing in them", async () => {
    const requireOpen = (): never => {
      throw new LedgerError("store-behind", "restored from an older copy");
    };
    changes = { requireOpen };
    expect(await refusal("evaluation", QUESTION)).to.deep.equal([503, "store-behind"]);
    expect(await refusal("evaluations", { ...QUESTION, evaluations: [{}] })).to.deep.equal([
      503,
      "store-behind",
    ]);
  });

  it("decides nothing without a catalogue", async () => {
    changes = { catalogues: { inForceAt: () => Promise.resolve(undefined) } };
    expect(await refusal("evaluation", QUESTION)).to.deep.equal([503, "no-catalogue"]);
  });

  it("says where it is", async () => {
    const routes = decisionRoutes({
      decisions: { decide: () => Promise.reject(new Error("not asked")) },
      baseUrl: () => "https://ledger.example",
    });
    const route = routes.find(({ path }) => path === "/.well-known/authzen-configuration");
    expect(await route?.handle(REQUEST, { role: "public" })).to.deep.equal({
      json: {
        policy_decision_point: "https://ledger.example",
        access_evaluation_endpoint: "https://ledger.example/access/v1/evaluation",
        access_evaluations_endpoint: "https://ledger.example/access/v1/evaluations",
      },
    });
  });
});

describe("server/decide/catalogues", () => {
  const VERSIONS = [
    { version: "1", digest: "a".repeat(43), index: 3, time: 0 },
    { version: "2", digest: "b".repeat(43), index: 7, time: 0 },
  ];

  it("gives the version that was in force at a size of the log, each read once", async () => {
    const read: string[] = [];
    const known = catalogues({
      versions: () => Promise.resolve(VERSIONS),
      file: ({ version }) => {
        read.push(version);
        return Promise.resolve(utf8(FILE.replace('"version":"1"', `"version":"${version}"`)));
      },
    });
    const versionAt = async (size: number): Promise<string | undefined> =>
      (await known.inForceAt(size))?.version;
    expect([
      await versionAt(3),
      await versionAt(4),
      await versionAt(7),
      await versionAt(8),
      await versionAt(99),
    ]).to.deep.equal([undefined, "1", "1", "2", "2"]);
    expect(read).to.deep.equal(["1", "2"]);
  });

  it("knows a version that was recorded before it was asked, also while an older reading is under way", async () => {
    // The history's answers: the reading that was under way, and one that began later.
    const readings = [VERSIONS.slice(0, 1), VERSIONS];
    const known = catalogues({
      versions: () => Promise.resolve(readings.shift() ?? VERSIONS),
      file: ({ version }) => Promise.resolve(utf8(FILE.replace('"version":"1"', `"version":"${version}"`))),
    });
    expect((await known.inForceAt(99))?.version).to.equal("2");
  });

  it("reads again what could not be read", async () => {
    let fails = true;
    const known = catalogues({
      versions: () => Promise.resolve(VERSIONS),
      file: () => (fails ? Promise.reject(new Error("disk")) : Promise.resolve(utf8(FILE))),
    });
    const first: unknown = await known.inForceAt(9).catch((error: unknown) => error);
    expect(first).to.have.property("message", "disk");
    fails = false;
    expect((await known.inForceAt(9))?.version).to.equal("1");
  });
});

const FILE = JSON.stringify({
  ...{ type: "minhbach/catalogue", format: 1, version: "1" },
  ...{ agencies: {}, members: {}, categories: {}, procedures: [] },
});
