import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import express from "express";
import { mayNotify, type Notice, occasionId } from "../../proactive/noticing/notice.ts";
import { noticeRoutes } from "../../proactive/noticing/routes.ts";
import { noticeClient } from "../../proactive/noticing/sending.ts";
import { population } from "../../proactive/population/population.ts";
import { society } from "../../proactive/registers/facts.ts";
import { type Register, register } from "../../proactive/registers/register.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type ApiAnswer, call } from "./api.ts";
import { type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";
import { about, claimOf, fetchStatement, type Headers, tokenNamed } from "./statements.ts";

const AS_OF = "2026-11-22";
const PEOPLE = population({ seed: 3, persons: 300, asOf: AS_OF, days: 10, registers: ["health"] });
const HOUR_MS = 3_600_000;

describe("notices between agencies on the whole system", function () {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;
  let ledger: App;
  let health: Recorder;
  let justice: Recorder;
  let justiceServer: Server;
  let inspector: Headers;
  let held: Register;
  let tell: (notice: Notice) => Promise<void>;
  const taken: string[] = [];
  let aheadMs = 0;

  before(async () => {
    system = await deployed();
    catalogue = await catalogueFolder();
    const clock = { now: () => Date.now() + aheadMs };
    ledger = await startLedger(system, { clock, config: { catalogueDir: catalogue.folder } });
    await fetchUntil(`${ledger.url}/ready`);
    await fetchUntil(`${ledger.url}/v1/catalogue`);
    health = await openDemoRecorder(system, ledger.url, { source: "qn-health/r1" });
    justice = await openDemoRecorder(system, ledger.url, { source: "qn-justice/r1" });
    inspector = await tokenNamed(system, "inspector");
    held = register("health", society(PEOPLE, AS_OF), PEOPLE.documents);
    await held.hear(PEOPLE.timeline, "2027-01-01");
    const now = (): number => Date.now();
    const app = express();
    app.use(
      noticeRoutes({
        ...{ agency: "qn-justice", recorder: justice, mayNotify, now },
        take: (procedure, { key }) =>
          Promise.resolve(taken.push(`${procedure} ${key}`) === 1 ? "new" : "known"),
      }),
    );
    justiceServer = createServer(app).listen(0, "127.0.0.1");
    await once(justiceServer, "listening");
    const address = justiceServer.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    tell = noticeClient({ ...{ register: held, recorder: health, now }, urls: { "qn-justice": url } });
  });
  after(async () => {
    justiceServer.closeAllConnections();
    justiceServer.close();
    for (const recorder of [health, justice]) await recorder.close();
    await ledger.close();
    await catalogue.remove();
    await system.destroy();
  });

  const api = async (where: string): Promise<ApiAnswer> => await call(`${ledger.url}/v1/${where}`, inspector);

  async function lastIndex(recorder: Recorder): Promise<number> {
    await recorder.flush(AbortSignal.timeout(100_000));
    const seq = recorder.status().nextSeq - 1;
    const receipt = (await recorder.receiptOf(seq)) ?? expect.fail("no receipt");
    return receipt.index + seq - receipt.first;
  }

  /** Once it was judged. */
  async function findingsAbout(index: number): Promise<ApiAnswer["json"]> {
    await fetchUntil(`${ledger.url}/v1/events/${index}/evidence`);
    return (await api(`events/${index}/findings`)).json;
  }

  for (const [kind, procedure] of [
    ["birth", "BIRTH_REG"],
    ["death", "DEATH_REG"],
  ] as const)
    it(`a ${kind} is told to the lead, both sides record it, and nothing is wrong with it`, async () => {
      const happened = PEOPLE.timeline.find((each) => each.kind === kind) ?? expect.fail(`no ${kind}`);
      if (happened.kind !== "birth" && happened.kind !== "death") return;
      const subject = happened.kind === "birth" ? happened.notice : happened.person;
      const notice = { procedure, occasion: { key: happened.notice, subject, on: happened.on, known: {} } };
      await tell(notice);
      const recorded = [health, justice].map((recorder) => recorder.status().nextSeq);
      await tell(notice);
      expect([health, justice].map((recorder) => recorder.status().nextSeq)).to.deep.equal(recorded);
      expect(taken).to.include(`${procedure} ${happened.notice}`);
      const halves = [await lastIndex(health), await lastIndex(justice)];
      for (const index of halves) {
        const { facets } = (await api(`events/${index}`)).json as { facets: Record<string, unknown> };
        expect(facets).to.deep.include({ type: "action", case: occasionId(notice), purpose: { procedure } });
        expect(await findingsAbout(index)).to.deep.include({ answer: "allowed", findings: [] });
      }
      if (happened.kind !== "birth") return;
      // The mother finds it in her own statement.
      const statement = await fetchStatement(
        `${ledger.url}${about(`vn-cccd:${happened.mother}`)}`,
        inspector,
        Math.max(...halves) + 1,
      );
      const { lists } = await claimOf(system, statement);
      const listed = lists.flatMap(({ events }) => events.map(({ indexHint }) => indexHint));
      // The inspector's own look may stand behind it.
      expect(listed[0]).to.equal(halves[0]);
    });

  it("no half is missed an hour later, but that of a lead that never heard of it", async () => {
    const notice: Notice = {
      ...{ procedure: "BIRTH_REG" },
      occasion: { key: "99901.GCS.00001.26", subject: "99901.GCS.00001.26", on: AS_OF, known: {} },
    };
    const lost = noticeClient({
      ...{ register: held, recorder: health, now: () => Date.now(), timeoutMs: 1000 },
      urls: { "qn-justice": "http://127.0.0.1:1" },
    });
    expect(await lost(notice).catch(() => "not taken")).to.equal("not taken");
    const index = await lastIndex(health);
    aheadMs = 2 * HOUR_MS;
    const found = (await api("findings?kind=unmatched-exchange")).json["findings"] as {
      evidence: object;
      agency: string;
    }[];
    expect(found.map(({ agency, evidence }) => ({ agency, ...evidence }))).to.deep.equal([
      { agency: "qn-justice", index, recorded: "client" },
    ]);
  });
});
