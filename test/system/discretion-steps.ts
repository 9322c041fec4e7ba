/**
 * What is done to a ledger while everything that it logs and every error that it answers is searched for what it was told about people. Add a
 * step for whatever takes data of people: do it well once, and wrongly in every way that is answered or logged differently, with what `SECRETS` holds.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import type { Facets } from "../../protocol/facet-values.ts";
import { clientAssertion, clientCredentials, discovered, signOnAs } from "../server/identity/program.ts";
import { keyPair, proof } from "../server/identity/issuer.ts";
import type { App } from "../../server/app.ts";
import { type Deployed, fetchUntil, POLICE, signedSubmission, submit, tokenOf } from "./fixture.ts";

/** What must never be logged nor stand in an error: the numbers, names, cases, texts and tokens of the steps. */
export const SECRETS = {
  person: "999199000001",
  anotherPerson: "999199000002",
  newborn: "22001.GCS.00042.26",
  official: "can-bo-kin-17",
  officialName: "Nguyễn Thị Kín",
  case: "HS-2026-KIN-0042",
  message: "thong-diep-kin-7",
  text: "ghi chú kín về một người",
} as const;

export interface World {
  readonly system: Deployed;
  readonly app: App;
  /** Sends a request; what it answers is searched, if it is an error. The number of the answer is its result. */
  readonly call: (path: string, init?: RequestInit) => Promise<number>;
  /** More that must not appear, such as a token that was just issued. */
  readonly keepSecret: (name: string, text: string) => void;
}

export interface Step {
  readonly what: string;
  readonly run: (world: World) => Promise<void>;
}

const PERSON = { scheme: "vn-cccd", id: SECRETS.person } as const;

/** An access with everything in it that an event may say about people. */
const ACCESS: Facets = {
  type: "access",
  subject: PERSON,
  "subject.2": { scheme: "vn-newborn", id: SECRETS.newborn, role: "child" },
  exchange: {
    messageId: SECRETS.message,
    client: "VN/GOV/qn-police/registry",
    service: "VN/GOV/qn-justice/births",
  },
  "agent.id": SECRETS.official,
  "agent.role": SECRETS.officialName,
  data: { action: "R", personalData: [SECRETS.text] },
  purpose: { procedure: "BIRTH_REG", description: SECRETS.text },
  case: SECRETS.case,
  explanation: { vi: SECRETS.text },
  time: { occurred: "2026-11-22T08:00:00+07:00" },
};

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

/** In the order in which they are done. */
export const STEPS: readonly Step[] = [
  {
    what: "an agency records what it did, again, and something else under the same number",
    run: async ({ system, app, call }) => {
      const first = await signedSubmission(system, { source: POLICE, first: 1, facets: [ACCESS, ACCESS] });
      expect((await submit(app.url, first)).status).to.equal(201);
      expect((await submit(app.url, first)).status).to.equal(200);
      const other = { ...ACCESS, case: `${SECRETS.case}-2` };
      const conflicting = await signedSubmission(system, { source: POLICE, first: 1, facets: [other] });
      expect(await call("/v1/submissions", json(conflicting))).to.equal(409);
      const gap = await signedSubmission(system, { source: POLICE, first: 9, facets: [ACCESS] });
      expect(await call("/v1/submissions", json(gap))).to.equal(409);
    },
  },
  {
    what: "an agency sends what is no event",
    run: async ({ system, call }) => {
      const good = await signedSubmission(system, { source: POLICE, first: 3, facets: [ACCESS] });
      const [event = ""] = good.events;
      const wrong = [
        { ...good, events: [`${event}x`] },
        { ...good, events: [event, event] },
        { ...good, jws: `${good.jws}x` },
        { ...good, [SECRETS.person]: SECRETS.case },
        { jws: SECRETS.person, events: [SECRETS.case] },
        { events: [ACCESS] },
        `{"jws":"${SECRETS.person}","jws":"${SECRETS.person}"}`,
        `{"events":["${SECRETS.person}"`,
      ];
      for (const body of wrong) expect(await call("/v1/submissions", json(body))).to.be.within(400, 499);
    },
  },
  {
    what: "people, agencies and inspectors sign on, well and badly",
    run: async ({ system, app, call, keepSecret }) => {
      const { token_endpoint: tokens, issuer } = await discovered(app.url);
      const { access_token: citizen } = await signOnAs(app.url, "citizen-1");
      keepSecret("a citizen's token", citizen);
      const pem = await readFile(path.join(system.dataDir, "keys", "client-qn-health.pem"), "utf8");
      const assertion = await clientAssertion(pem, "qn-health", issuer);
      keepSecret("an agency's assertion", assertion);
      expect((await clientCredentials(tokens, assertion)).status).to.equal(200);
      expect((await clientCredentials(tokens, assertion)).status).to.equal(401);
      const holder = await keyPair();
      const at = Math.floor(Date.now() / 1000);
      const dpop = await proof(holder, { method: "GET", url: `${app.url}/v1/statement`, token: citizen, at });
      keepSecret("a proof", dpop);
      const broken = citizen.slice(0, -9);
      for (const headers of [
        { authorization: `Bearer ${broken}` },
        { authorization: `DPoP ${citizen}`, dpop },
        { authorization: `DPoP ${broken}`, dpop },
        { authorization: `Basic ${citizen}` },
        { authorization: `Bearer ${SECRETS.person}` },
        { authorization: `Bearer ${SECRETS.person} ${SECRETS.case}` },
      ])
        expect(await call("/v1/statement", { headers })).to.equal(401);
      expect(await call("/oidc/interaction/unknown", json({ person: SECRETS.person }))).to.equal(400);
      expect(await call(`/oidc/auth?client_id=${SECRETS.person}&login_hint=${SECRETS.person}`)).to.equal(400);
      expect(await call("/oidc/token", json({ code: SECRETS.person }))).to.be.within(400, 499);
      expect(
        await call("/oidc/token", {
          method: "POST",
          body: new URLSearchParams({ grant_type: "authorization_code", code: SECRETS.person }),
        }),
      ).to.be.within(400, 499);
    },
  },
  {
    what: "people and inspectors read statements and events",
    run: async ({ system, app, call }) => {
      const citizen = await tokenOf(system, "citizen");
      const inspector = await tokenOf(system, "inspector");
      await fetchUntil(`${app.url}/v1/events/1/evidence`);
      for (const headers of [citizen, inspector]) {
        for (const at of ["0", "1", "99"]) {
          await call(`/v1/events/${at}`, { headers });
          await call(`/v1/events/${at}/evidence`, { headers });
        }
        await call("/v1/statement", json(PERSON, headers));
        await call("/v1/statement", json({ scheme: "vn-cccd", id: SECRETS.anotherPerson }, headers));
        await call(`/v1/statement?scheme=vn-cccd&id=${SECRETS.anotherPerson}`, { headers });
        await call(`/v1/statement?scheme=vn-newborn&id=${SECRETS.person}`, { headers });
        await call("/v1/statement", json({ ...PERSON, id: `${SECRETS.person}0` }, headers));
      }
    },
  },
  {
    what: "somebody asks for what is not there, by what they know of a person",
    run: async ({ call }) => {
      for (const at of [
        `/v1/people/${SECRETS.person}`,
        `/v1/statement/${SECRETS.person}%`,
        `/v1/statement?id=${SECRETS.person}&id=${SECRETS.person}`,
        `/${encodeURIComponent(SECRETS.officialName)}`,
        `/docs/${SECRETS.case}`,
      ])
        expect(await call(at)).to.be.within(400, 499);
      expect(await call(`/v1/statement?id=${SECRETS.person}`, { method: "DELETE" })).to.equal(405);
      expect(
        await call("/rpc", json({ jsonrpc: "2.0", id: SECRETS.person, method: SECRETS.person })),
      ).to.be.within(200, 499);
    },
  },
  {
    what: "everybody sends what they know of people to every route there is, in the path, the query and the body",
    run: async ({ system, app, call }) => {
      const callers = [
        await tokenOf(system, "citizen"),
        await tokenOf(system, "inspector"),
        await tokenOf(system, "agency", "qn-police"),
        await tokenOf(system, "officer", "qn-police"),
        await tokenOf(system, "operator"),
      ];
      for (const { path: template, method } of app.routes) {
        const at = template.replace(/[{}]/g, "").replace(/[:*]\w+/g, encodeURIComponent(SECRETS.person));
        for (const headers of callers) {
          if (method === "get") {
            await call(at, { headers });
            await call(`${at}?${new URLSearchParams(GUESSES.query).toString()}`, { headers });
          } else for (const body of GUESSES.bodies) await call(at, json(body, headers));
        }
      }
    },
  },
];

/** What a route might take, with the secrets wherever it might look. */
const GUESSES = {
  query: {
    ...{ scheme: "vn-cccd", id: SECRETS.person, person: SECRETS.person, official: SECRETS.official },
    ...{ case: SECRETS.case, after: SECRETS.person, limit: SECRETS.person, since: SECRETS.person },
  },
  bodies: [
    JSON.stringify(SECRETS),
    JSON.stringify({ ...PERSON, person: PERSON, people: [PERSON], case: SECRETS.case, note: SECRETS.text }),
    JSON.stringify({
      subject: { type: "agency", id: SECRETS.official },
      action: { name: SECRETS.text },
      resource: {
        type: "person",
        id: `vn-cccd:${SECRETS.person}`,
        properties: { personalData: [SECRETS.text] },
      },
      context: { procedure: SECRETS.case },
    }),
    `{"${SECRETS.person}":"${SECRETS.case}"`,
    `{"id":"${SECRETS.person}","id":"${SECRETS.person}"}`,
    `["${SECRETS.person}"]`,
    `"${SECRETS.person}"`,
    SECRETS.person,
  ],
} as const;
