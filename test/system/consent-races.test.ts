import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { type Decision, parseDecision } from "../../protocol/decision-jws.ts";
import type { App } from "../../server/app.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { onBothStores } from "./both-stores.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger, tokenOf } from "./fixture.ts";
import { type Headers, tokenNamed } from "./statements.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const ROUNDS = 5;

/** The water works, played by an agency that the demo chain knows; so is the department that issues the permit. */
const UTILITY = "qn-health";
const CONTROLLER = "qn-police";

const QUESTION = {
  subject: { type: "agency", id: UTILITY },
  action: { name: "read" },
  resource: {
    ...{ type: "person", id: `${PERSON.scheme}:${PERSON.id}` },
    properties: { personalData: ["pd:Name", "pd:PhysicalAddress"] },
  },
  context: { procedure: "BUILD_PERMIT" },
};

onBothStores("decisions that race with consents", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;
  let ledger: App;
  /** Where decisions are asked for: on PostgreSQL at another server than the one where people say what they allow. */
  let decider: App;
  let version: string;
  let citizen: Headers;
  let utility: Headers;

  before(async () => {
    system = await deployed({ store });
    catalogue = await catalogueFolder();
    const play = async (code: string, type: string): Promise<void> =>
      await catalogue.replace("catalogue.json", `"${code}": [`, `"${code}": ["${type}", `);
    await play(UTILITY, "utility");
    await play(CONTROLLER, "construction");
    ledger = await startLedger(system, { config: { catalogueDir: catalogue.folder } });
    await fetchUntil(`${ledger.url}/ready`);
    utility = await tokenOfUtility();
    decider = store === "level" ? ledger : await startOther();
    const current = (await (await fetchUntil(`${ledger.url}/v1/catalogue`)).json()) as { version: string };
    ({ version } = current);
    citizen = await tokenNamed(system, "citizen 1");
  });
  after(async () => {
    if (decider !== ledger) await decider.close();
    await ledger.close();
    await catalogue.remove();
    await system.destroy();
  });

  /** Agencies have tokens once the ledger has read them from the chain. */
  async function tokenOfUtility(): Promise<Headers> {
    for (;;) {
      const found = await tokenOf(system, "agency", UTILITY).catch(() => undefined);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A second server of the log, with what it derives in a folder of its own. */
  async function startOther(): Promise<App> {
    const dataDir = path.join(system.dataDir, "other-server");
    await mkdir(dataDir);
    await copyFile(path.join(system.dataDir, "dev-tokens.json"), path.join(dataDir, "dev-tokens.json"));
    const other = await startLedger(system, { config: { catalogueDir: catalogue.folder, dataDir } });
    await fetchUntil(`${other.url}/ready`);
    return other;
  }

  async function give(): Promise<ApiAnswer> {
    return await call(`${ledger.url}/v1/consents`, citizen, {
      ...{ state: "ConsentGiven", procedure: "BUILD_PERMIT", recipients: [UTILITY], controller: CONTROLLER },
      ...{ personalData: ["pd:Name", "pd:PhysicalAddress"], notice: "connection-1", language: "vi" },
      ...{ catalogue: version, validUntil: new Date(Date.now() + 86_400_000).toISOString() },
    });
  }

  async function given(): Promise<string> {
    const { status, json } = await give();
    expect(status, JSON.stringify(json)).to.equal(201);
    return String(json["id"]);
  }

  async function decide(): Promise<Decision> {
    const { status, json } = await call(`${decider.url}/access/v1/evaluation`, utility, QUESTION);
    expect(status, JSON.stringify(json)).to.equal(200);
    return parseDecision((json["context"] as { jws: string }).jws).decision;
  }

  /** Asks again and again while something happens, and once more when it has. */
  async function decisionsDuring(
    happening: Promise<unknown>,
  ): Promise<{ during: Decision[]; after: Decision }> {
    let isOver = false;
    const over = happening.finally(() => (isOver = true));
    const asking = Array.from({ length: 4 }, async () => {
      const during: Decision[] = [];
      while (!isOver) during.push(await decide());
      return during;
    });
    await over;
    const after = await decide();
    return { during: (await Promise.all(asking)).flat(), after };
  }

  /** Log index of the last act of the consent. */
  async function lastIndex(): Promise<number> {
    return (await decide()).size - 1;
  }

  it("see a withdrawal from its answer on, and each is right by the log that it cites", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await given();
      expect((await decide()).decision).to.equal(true);
      const withdrawal = call(`${ledger.url}/v1/consents/${id}/withdrawal`, citizen, {});
      const { during, after } = await decisionsDuring(withdrawal);
      expect((await withdrawal).status).to.equal(200);
      const withdrawn = await lastIndex();
      expect(after).to.include({ decision: false, reason: "consent-withdrawn" });
      for (const { decision, reason, size } of during) {
        expect([decision, reason]).to.deep.equal(
          size <= withdrawn ? [true, "consent"] : [false, "consent-withdrawn"],
        );
      }
    }
  });

  it("see what an agency's own recorder ended, from its receipt on", async () => {
    const id = await given();
    const recorder = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
    try {
      // Not even the controller: whoever hears a no passes it on.
      const consent = { id, state: "ConsentWithdrawn" } as const;
      const time = { occurred: new Date().toISOString() };
      await recorder.recordAll([{ type: "consent", subject: PERSON, consent, time }]);
      const { during, after } = await decisionsDuring(recorder.flush(AbortSignal.timeout(100_000)));
      expect(after).to.include({ decision: false, reason: "consent-withdrawn" });
      const withdrawn = await lastIndex();
      for (const { decision, size } of during) expect(decision).to.equal(size <= withdrawn);
      // And nobody but the person brings it back.
      const forged = { ...consent, state: "ConsentGiven", indicatedBy: "DataSubject" } as const;
      const terms = {
        ...{ procedures: ["BUILD_PERMIT"], recipients: [UTILITY], controller: CONTROLLER },
        personalData: ["pd:Name", "pd:PhysicalAddress"],
      };
      await recorder.recordAll(
        [id, "another"].map((each) => ({
          ...({ type: "consent", subject: PERSON, time } as const),
          consent: { ...forged, ...terms, id: each },
        })),
      );
      await recorder.flush(AbortSignal.timeout(100_000));
      expect(await decide()).to.include({ decision: false, reason: "consent-withdrawn" });
    } finally {
      await recorder.close();
    }
  });

  it("rest on one consent when the same is given twice at once", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all([give(), give(), give()]);
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409]);
      const id = String(answers.find(({ status }) => status === 201)?.json["id"]);
      expect(await decide()).to.include({ decision: true, consent: id });
      const ended = await call(`${ledger.url}/v1/consents/${id}/withdrawal`, citizen, {});
      expect(ended.status).to.equal(200);
      // One withdrawal ends it: there was no second one beside it.
      expect(await decide()).to.include({ decision: false, reason: "consent-withdrawn" });
    }
  });

  it("answer under the name of the request, and take nothing but JSON", async () => {
    const ask = async (headers: Headers): Promise<Response> =>
      await fetch(`${ledger.url}/access/v1/evaluation`, {
        ...{ method: "POST", body: JSON.stringify(QUESTION) },
        headers: { ...utility, ...headers },
      });
    const named = await ask({
      "content-type": "application/json; charset=utf-8",
      "x-request-id": "bfe9eb29-ab87",
    });
    expect([named.status, named.headers.get("x-request-id")]).to.deep.equal([200, "bfe9eb29-ab87"]);
    const refused = await ask({ "content-type": "text/plain", "x-request-id": "r-2" });
    expect([refused.status, refused.headers.get("x-request-id")]).to.deep.equal([400, "r-2"]);
    expect((await ask({ "content-type": "application/json" })).headers.has("x-request-id")).to.equal(false);
  });
});
