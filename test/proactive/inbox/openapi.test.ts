import { readFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { parse } from "yaml";
import { agencyRoutes } from "../../../proactive/inbox/agency-routes.ts";
import { citizenRoutes } from "../../../proactive/inbox/citizen-routes.ts";
import { openInboxes } from "../../../proactive/inbox/inboxes.ts";
import { AN, Around, MESSAGE, type Reply, SECRET } from "./around.ts";

interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, Response>>;
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, Response>> };
}

const text = await readFile(new URL("../../../proactive/inbox/openapi.yaml", import.meta.url), "utf8");
const description = parse(text) as Description;
const operations = Object.entries(description.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
);
const ajv = new Ajv2020({ strict: false });
ajv.addSchema(description, "openapi");

const PREFERENCES = {
  ...{ language: "en", sms: true, email: false, noSms: ["PASSPORT"] },
  quiet: { from: "20:00", until: "06:30" },
};
const { key: _key, ...NO_KEY } = MESSAGE;
const PROGRESS = {
  ...{ state: "carrying-out", at: 1 },
  steps: [{ name: "card", state: "done", text: { vi: "Thẻ", en: "Card" } }],
};
const CORRECTION = { answer: "correct", correction: { category: "pd:Name", value: "An", note: "so" } };

/** operationId -> what is sent, and the status to expect; in this order. */
const REQUESTS: readonly (readonly [operationId: string, status: number, path: string, body?: unknown])[] = [
  ["postMessage", 201, "/v1/messages", { ...MESSAGE, until: 4_000_000_000_000 }],
  ["postMessage", 200, "/v1/messages", MESSAGE],
  ["postMessage", 400, "/v1/messages", NO_KEY],
  ["postMessage", 400, "/v1/messages", { ...MESSAGE, more: 1 }],
  ["postMessage", 400, "/v1/messages", { ...MESSAGE, answers: ["yes"] }],
  ["postMessage", 400, "/v1/messages", { ...MESSAGE, person: { scheme: "vn-cccd", id: "1" } }],
  ["postMessage", 400, "/v1/messages", `{"key":"a","key":"b"}`],
  ["postMessage", 409, "/v1/messages", { ...MESSAGE, caseId: "C-2" }],
  ["postMessage", 413, "/v1/messages", " ".repeat(70_000)],
  ["putCase", 204, `/v1/cases/${MESSAGE.caseId}`, PROGRESS],
  ["putCase", 400, `/v1/cases/${MESSAGE.caseId}`, { ...PROGRESS, state: "well" }],
  ["putCase", 400, "/v1/cases/%20", PROGRESS],
  ["putCase", 404, "/v1/cases/C-9", PROGRESS],
  ["putCase", 413, "/v1/cases/C-9", " ".repeat(140_000)],
  ["getMessages", 200, "/v1/messages"],
  ["getMessages", 200, "/v1/messages?before=2&limit=1"],
  ["getMessages", 400, "/v1/messages?limit=101"],
  ["getMessages", 400, "/v1/messages?limit=1&limit=2"],
  ["getMessages", 400, "/v1/messages?person=999199000002"],
  ["getEvents", 400, "/v1/messages/events?after=x"],
  ["postAnswer", 400, "/v1/messages/1/answer", { answer: "correct" }],
  ["postAnswer", 400, "/v1/messages/1/answer", { answer: "accept", correction: CORRECTION.correction }],
  ["postAnswer", 400, "/v1/messages/01/answer", { answer: "accept" }],
  ["postAnswer", 200, "/v1/messages/1/answer", CORRECTION],
  ["postAnswer", 404, "/v1/messages/2/answer", { answer: "accept" }],
  ["postAnswer", 409, "/v1/messages/1/answer", { answer: "accept" }],
  ["postAnswer", 413, "/v1/messages/1/answer", " ".repeat(20_000)],
  ["getMessages", 200, "/v1/messages"],
  ["getAnswers", 200, "/v1/answers?limit=1"],
  ["getAnswers", 400, "/v1/answers?wait=51"],
  ["getAnswers", 409, "/v1/answers?after=2"],
  ["getPreferences", 200, "/v1/preferences"],
  ["putPreferences", 200, "/v1/preferences", PREFERENCES],
  ["putPreferences", 400, "/v1/preferences", { ...PREFERENCES, quiet: { from: "24:00", until: "06:00" } }],
  ["putPreferences", 413, "/v1/preferences", " ".repeat(70_000)],
  ["getPreferences", 200, "/v1/preferences"],
  ["postWishes", 200, "/v1/wishes", { person: AN, procedure: "PASSPORT" }],
  ["postWishes", 400, "/v1/wishes", { person: AN }],
  ["postWishes", 413, "/v1/wishes", " ".repeat(5_000)],
];

describe("proactive/inbox/openapi", function () {
  this.timeout(600_000);
  let around: Around;
  before(async () => (around = await Around.start()));
  after(async () => await around.end());

  it("describes every route, for whom it is, and no other", async () => {
    const inboxes = await openInboxes({ directory: `${around.directory}/x`, secret: SECRET, now: () => 0 });
    const closing = new AbortController().signal;
    const streams = { perPerson: 1, total: 1, heartbeatMs: 1, stallMs: 1 };
    const routes = [
      ...agencyRoutes({ inboxes, closing, maxWaiting: 1, mayWrite: () => true }),
      ...citizenRoutes({ inboxes, closing, streams, now: () => 0 }),
    ];
    await inboxes.close();
    const mounted = routes.map(
      ({ name, method, path, role, maxBodyBytes }) =>
        `${name} ${method} ${path.replace(/:([A-Za-z]+)/g, "{$1}")} ${role === "agency" ? "agencies" : "people"} ${maxBodyBytes !== undefined}`,
    );
    const described = operations.map(
      ({ operationId, method, path, tags, requestBody }) =>
        `${operationId} ${method} ${path} ${tags.join()} ${requestBody !== undefined}`,
    );
    expect(described.sort()).to.deep.equal(mounted.sort());
  });

  it("answers as it is described, well or not", async () => {
    const [person, agency] = [await around.person(AN), await around.agency()];
    const seen = new Set<string>();
    for (const [operationId, status, path, body] of REQUESTS) {
      const operation = operations.find((each) => each.operationId === operationId);
      if (operation === undefined) throw new Error(`no operation ${operationId}`);
      const token = operation.tags[0] === "agencies" ? agency : person;
      const method = operation.method.toUpperCase();
      const reply = await around.ask(method, path, { token, ...(body !== undefined && { body }) });
      expect(reply.status, `${operationId} ${path} ${JSON.stringify(reply.body)}`).to.equal(status);
      checkReply(operation, reply);
      seen.add(`${operationId} ${status}`);
      // None without a token, and none of another kind.
      checkReply(operation, await around.ask(method, path, body === undefined ? {} : { body }));
      checkReply(operation, await around.ask(method, path, { token: token === agency ? person : agency }));
    }
    const everywhere = ["401", "403", "415", "429", "503"];
    for (const { operationId, responses } of operations)
      for (const status of Object.keys(responses))
        if (!everywhere.includes(status) && operationId !== "getEvents")
          expect(seen, "each answer is tried").to.include(`${operationId} ${status}`);
  });

  it("gives its description to anybody, and says what else is asked for in vain", async () => {
    expect((await around.ask("GET", "/openapi.yaml")).body).to.equal(text);
    expect((await around.ask("GET", "/live")).body).to.deep.equal({ live: true });
    expect((await around.ask("GET", "/ready")).status).to.equal(200);
    const nothing = await around.ask("GET", "/v1/inboxes");
    expect(nothing.status).to.equal(404);
    const wrong = await around.ask("DELETE", "/v1/messages");
    expect([wrong.status, wrong.headers.get("allow")]).to.deep.equal([405, "POST, GET"]);
    expect((await around.ask("HEAD", "/v1/messages/events")).status).to.equal(405);
  });
});

function checkReply({ operationId, responses }: Operation, { status, body, headers }: Reply): void {
  const response = responses[String(status)];
  if (response === undefined) throw new Error(`${operationId} does not say that it answers ${status}`);
  const name = response.$ref?.split("/").at(-1);
  const { content } = name === undefined ? response : (description.components.responses[name] ?? {});
  const type = headers.get("content-type")?.split(";")[0];
  if (type === undefined) {
    expect(content, `${operationId} ${status}`).to.equal(undefined);
    return;
  }
  const at = type.replaceAll("/", "~1");
  const path = name === undefined ? pathOf(operationId, status) : `/components/responses/${name}`;
  const validate = ajv.getSchema(`openapi#${path}/content/${at}/schema`);
  if (validate === undefined) throw new Error(`${operationId} ${status} has no schema for ${type}`);
  expect(validate(body), `${operationId} ${status}: ${ajv.errorsText(validate.errors)}`).to.equal(true);
}

function pathOf(operationId: string, status: number): string {
  const operation = operations.find((each) => each.operationId === operationId);
  const path = operation?.path.replaceAll("~", "~0").replaceAll("/", "~1");
  return encodeURI(`/paths/${path}/${operation?.method}/responses/${status}`);
}
