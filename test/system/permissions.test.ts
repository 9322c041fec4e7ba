import { expect } from "chai";
import { type Role, ROLES } from "../../protocol/visibility.ts";
import type { App } from "../../server/app.ts";
import { PERMISSIONS } from "../../server/identity/permissions.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { type Deployed, deployed, fetchUntil, startLedger, tokenOf } from "./fixture.ts";

/**
 * What anybody may call without saying who they are. Written down apart from the table, so that nothing is opened by a slip in it: whoever adds a
 * route here says why in the table.
 */
const OPEN = [
  ...["postSubmission", "postReceipts", "postSourceErasures"],
  ...["getCheckpoint", "getTile", "getEntries", "postRpc"],
  ...[
    "getEvent",
    "getEvidence",
    "getEvidenceByLeaf",
    "getSubmission",
    "getSource",
    "getSources",
    "getAnchors",
  ],
  ...["getAuthzenConfiguration", "getStatistics", "getCatalogue", "getCatalogueVersion"],
  ...["getLive", "getReady", "getHealth", "getMetrics"],
  ...["getOpenApi", "getOpenApiJson", "getApiPage", "getApiPageFile"],
  ...["getPortalPage", "getVerifyPage", "getFrontPage", "getPortalTrust"],
  ...["getPortalSession", "getSignOn", "getSignedOn", "postSignOff"],
];

/** Roles whose development token is one of an agency. */
const AGENCY_ROLES: readonly Role[] = ["agency", "officer"];

describe("who may call what", function () {
  this.timeout(600_000);
  let system: Deployed;
  let app: App;

  before(async () => {
    system = await deployed();
    app = await startLedger(system, { config: { catalogueDir: CATALOGUE } });
    await fetchUntil(`${app.url}/ready`);
  });
  after(async () => {
    await app.close();
    await system.destroy();
  });

  it("every route has a row in the table, and every row a route", () => {
    expect(app.routes.map(({ name }) => name).sort()).to.deep.equal(Object.keys(PERMISSIONS).sort());
  });

  it("nothing is open to everybody but what is meant to be", () => {
    const open = app.routes.map(({ name }) => name).filter((name) => PERMISSIONS[name]?.includes("public"));
    expect(open.filter((name) => !OPEN.includes(name))).to.deep.equal([]);
  });

  it("what is open to everybody is open to each", () => {
    for (const [name, roles] of Object.entries(PERMISSIONS))
      if (roles.includes("public")) expect(roles, name).to.have.members([...ROLES]);
  });

  for (const role of ROLES) {
    it(`${role}: every route is tried, and answers by the table`, async () => {
      const headers = await headersOf(role);
      const wrong: string[] = [];
      for (const route of app.routes) {
        const { status, code, detail } = await call(route, headers);
        const allowed = PERMISSIONS[route.name]?.includes(role) === true;
        const isRefused = status === 401 || (code === "forbidden" && detail.startsWith("The role "));
        const isRight = allowed ? !isRefused : status === (role === "public" ? 401 : 403) && isRefused;
        if (!isRight)
          wrong.push(`${route.name}: ${allowed ? "allowed" : "not allowed"}, but answered ${status} ${code}`);
      }
      expect(wrong).to.deep.equal([]);
      expect(app.routes.length, "routes are tried").to.be.greaterThan(20);
    });
  }

  it("a token that nobody knows is refused everywhere, also where none is needed", async () => {
    for (const authorization of ["Bearer unknown", "Bearer a.b.c", "DPoP a.b.c", "Basic dXNlcjpwYXNz"]) {
      for (const route of app.routes) {
        // A submission says by its signature whose it is, and nothing else of it is looked at.
        if (route.name === "postSubmission") continue;
        const { status, code } = await call(route, { authorization });
        expect([status, code], `${route.name} with ${authorization}`).to.deep.equal([401, "unauthenticated"]);
      }
    }
  });

  async function headersOf(role: Role): Promise<Record<string, string>> {
    if (role === "public") return {};
    return await tokenOf(system, role, AGENCY_ROLES.includes(role) ? "qn-police" : undefined);
  }

  /** Asks as plausibly as it can be without knowing the route: what is in the path and the body is most likely refused, which is an answer too. */
  async function call(
    { method, path }: App["routes"][number],
    headers: Record<string, string>,
  ): Promise<{ status: number; code: string; detail: string }> {
    const url = app.url + path.replace(/[{}]/g, "").replace(/[:*]\w+/g, "0");
    const body = method === "post" ? { body: "{}" } : {};
    const answer = await fetch(url, {
      ...{ method, headers: { "content-type": "application/json", ...headers } },
      ...body,
    });
    const isProblem = answer.headers.get("content-type") === "application/problem+json";
    if (!isProblem) await answer.body?.cancel();
    const { code = "", detail = "" } = isProblem
      ? ((await answer.json()) as { code?: string; detail?: string })
      : {};
    return { status: answer.status, code, detail };
  }
});
