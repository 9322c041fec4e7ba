import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { fromBase64url, fromHex } from "../../protocol/bytes.ts";
import { drawSample, type SampleRange } from "../../protocol/sample.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { App } from "../../server/app.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  startLedger,
  tokenOf,
} from "./fixture.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import { about, claimOf, fetchStatement, type Headers } from "./statements.ts";

const JUSTICE = "qn-justice/r1";
const OFFICIAL = "agent:VN%2FGOV%2Fqn-police%2Fregistry/officer-17";
/** Who else is in the log. */
const OTHER = { scheme: "vn-cccd", id: "999199000002" } as const;
const CASE = "H50.12-241122-0007";

interface Found {
  readonly size: number;
  readonly events: readonly {
    readonly index: number;
    readonly source: string;
    readonly facets: Readonly<Record<string, unknown>>;
    readonly erased: boolean;
  }[];
  readonly next?: number;
}

describe("inspection", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  let justice: Recorder;
  let inspector: Headers;
  let officer: Headers;
  /** The log's first events, as the recorders sent them: even ones the police's, odd ones the other half. */
  const RECORDED = 12;

  before(async () => {
    system = await deployed();
    ledger = await startLedger(system);
    await fetchUntil(`${ledger.url}/ready`);
    police = await openDemoRecorder(system, ledger.url);
    justice = await openDemoRecorder(system, ledger.url, { source: JUSTICE });
    for (let number = 0; number < RECORDED / 2; number++) {
      const event = {
        ...ACCESS,
        exchange: { ...ACCESS.exchange, messageId: `m-${number}` },
        ...(number < 2 && { case: CASE, subject: OTHER }),
        ...(number === 5 && { agent: { id: "officer-18" }, handling: { emergency: true } }),
      };
      await police.recordAll([event]);
      await police.flush(AbortSignal.timeout(100_000));
      const { agent, ...half } = event;
      expect(agent.id).to.not.equal("");
      await justice.recordAll([half]);
      await justice.flush(AbortSignal.timeout(100_000));
    }
    await fetchUntil(`${ledger.url}/v1/events/${RECORDED - 1}/evidence`);
    inspector = await tokenOf(system, "inspector");
    officer = await tokenOf(system, "officer", "qn-police");
  });
  after(async () => {
    await police.close();
    await justice.close();
    await ledger.close();
    await system.destroy();
  });

  async function post(where: string, body: object, headers: Headers): Promise<Response> {
    return await fetch(ledger.url + where, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  async function search(body: object, headers: Headers = inspector): Promise<Found> {
    const response = await post("/v1/inspection/search", body, headers);
    if (response.status !== 200) throw new Error(await response.text());
    return (await response.json()) as Found;
  }

  async function indexesOf(body: object, headers?: Headers): Promise<number[]> {
    return (await search(body, headers)).events.map(({ index }) => index);
  }

  const chain = () => chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");

  it("finds events by everything they are looked for by, at once", async () => {
    expect(await indexesOf({ case: CASE, order: "oldest" })).to.deep.equal([0, 1, 2, 3]);
    expect(await indexesOf({ case: CASE, official: OFFICIAL })).to.deep.equal([2, 0]);
    expect(await indexesOf({ emergency: true })).to.deep.equal([11, 10]);
    expect(await indexesOf({ agency: "qn-health" })).to.deep.equal([]);
    const all = { type: "access", agency: "qn-justice", procedure: "1.004222", order: "oldest", limit: 5 };
    const first = await search(all);
    expect(first.events.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4]);
    const rest = await search({ ...all, limit: 100, start: first.next });
    expect(rest.events.map(({ index }) => index)).to.deep.equal([5, 6, 7, 8, 9, 10, 11]);
    expect(rest.next).to.equal(undefined);
    expect(first.events[0]?.facets).to.deep.include({ case: CASE, "agent.id": "officer-17" });
    const now = Math.floor(Date.now() / 1000);
    expect(await indexesOf({ case: CASE, from: now - 3600, to: now + 3600 })).to.have.length(4);
    expect(await indexesOf({ case: CASE, to: now - 3600 })).to.deep.equal([]);
  });

  it("records the search with its authority, and the looks at whoever is shown, before it answers", async () => {
    const before = (await search({ type: "heartbeat" })).size;
    await search({ case: CASE, start: 3, order: "newest" });
    await search({ case: CASE });
    const { events } = await search({ agency: OPERATOR, order: "oldest", start: before, limit: 100 });
    const searches = events.filter(({ facets }) => facets["type"] === "inspection");
    expect(searches.map(({ facets }) => facets["inspection"])).to.satisfy(
      (list: { state: string; authority: string }[]) =>
        list.every(({ state, authority }) => state === "search" && authority !== ""),
    );
    // The second page is no search of its own; both are looks.
    expect(searches).to.have.length(1);
    const looks = events.filter(({ facets }) => facets["type"] === "access");
    expect(looks).to.have.length(2);
    for (const { facets } of looks) expect(facets).to.deep.include({ subject: OTHER });
  });

  it("lets officers find what their own agency is a party to, by what they may see of it", async () => {
    expect(await indexesOf({ case: CASE, order: "oldest" }, officer)).to.deep.equal([0, 1, 2, 3]);
    expect(await indexesOf({ official: OFFICIAL, case: CASE }, officer)).to.deep.equal([2, 0]);
    const health = await tokenOf(system, "officer", "qn-health");
    expect(await indexesOf({ case: CASE }, health)).to.deep.equal([]);
    // Inspections are not an officer's to know of, and the desk's events are the operator's.
    expect(await indexesOf({ type: "inspection" }, officer)).to.deep.equal([]);
  });

  it("gives an officer the proven list of their official", async () => {
    const text = await fetchStatement(
      `${ledger.url}/v1/statement?kind=official&id=${encodeURIComponent(OFFICIAL)}`,
      officer,
      RECORDED,
    );
    const claim = await claimOf(system, text);
    expect(claim.lists.map(({ kind, id, count }) => [kind, id, count])).to.deep.equal([
      ["official", OFFICIAL, 5],
    ]);
    const refused = await fetch(`${ledger.url}${about("vn-cccd:999199000001")}`, { headers: officer });
    expect(refused.status).to.equal(403);
  });

  it("draws a sample that anybody can draw again", async () => {
    const asked = await post("/v1/samples", { from: 0, to: RECORDED, count: 5 }, inspector);
    expect(asked.status).to.equal(201);
    const { index } = (await asked.json()) as { index: number };
    expect((await post("/v1/samples", { from: 0, to: 1_000_000, count: 5 }, inspector)).status).to.equal(400);
    interface Drawn {
      readonly leaf: string;
      readonly sample: SampleRange;
      readonly seed: { readonly block: number; readonly blockHash: string };
      readonly indexes: readonly number[];
      readonly matching: readonly number[];
      readonly evidence: object;
    }
    const url = `${ledger.url}/v1/samples/${index}?procedure=1.004222`;
    const drawn = (await (await untilDrawn(url, inspector)).json()) as Drawn;
    expect(drawn.sample).to.deep.equal({ from: 0, to: RECORDED, count: 5 });
    expect(drawn.matching).to.deep.equal(drawn.indexes);
    // From here on nothing of the ledger's: the evidence and the chain.
    const { verdict, claim } = await verifyEvidence(JSON.stringify(drawn.evidence), system.profile, chain());
    expect(verdict).to.equal("development");
    expect(claim?.index).to.equal(index);
    expect(claim?.facets["inspection"]).to.deep.include({ state: "sampled", sample: drawn.sample });
    const block = (await jsonRpc(system.chain.url, { fetch, name: "node" })("eth_getBlockByNumber", [
      `0x${(claim?.anchor.block ?? 0).toString(16)}`,
      false,
    ])) as { hash: string };
    expect(drawn.seed).to.deep.include({ block: claim?.anchor.block, blockHash: block.hash });
    const seed = { blockHash: fromHex(block.hash.slice(2)), leafHash: fromHex(claim?.leafHash ?? "") };
    expect(fromBase64url(drawn.leaf)).to.deep.equal(seed.leafHash);
    expect(drawn.indexes).to.deep.equal(drawSample(drawn.sample, seed));
    const other = (await (await fetch(`${url}&agency=qn-health`, { headers: inspector })).json()) as Drawn;
    expect(other.matching).to.deep.equal([]);
  });

  it("makes evidence bundles that verify without the ledger, and records that", async () => {
    const person = { person: OTHER, from: 0, to: 4_102_444_800 };
    const before = (await search({ type: "heartbeat" })).size;
    for (const [body, indexes] of [
      [{ case: CASE }, [0, 1, 2, 3]],
      [{ indexes: [7, 4] }, [4, 7]],
      [person, undefined],
    ] as const) {
      const response = await untilAnswered(() => post("/v1/bundles", body, inspector));
      const text = await response.text();
      const { verdict, checks, claim } = await verifyBundle(text, system.profile, chain());
      expect(checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
      expect(verdict).to.equal("development");
      const proven = claim?.items.map(({ evidence }) => evidence.index);
      if (indexes === undefined) expect(proven?.slice(0, 4)).to.deep.equal([0, 1, 2, 3]);
      else expect(proven).to.deep.equal(indexes);
    }
    const { events } = await search({ type: "inspection", start: before, order: "oldest", limit: 100 });
    const made = events.filter(
      ({ facets }) => (facets["inspection"] as { state: string }).state === "viewed",
    );
    expect(made.length).to.be.at.least(3);
    expect((made[0]?.facets["inspection"] as { leaves: string[] }).leaves).to.have.length(4);
  });

  it("is on record also where there was nothing to be found", async () => {
    const nobody = { scheme: "vn-cccd", id: "999199000017" };
    const { size: before } = await search({ type: "heartbeat" });
    const { events: found } = await search({ case: "nobody's", start: 0, order: "oldest" });
    expect(found).to.deep.equal([]);
    const response = await post("/v1/bundles", { person: nobody, from: 0, to: 4_102_444_800 }, inspector);
    expect((await verifyBundle(await response.text(), system.profile, chain())).claim?.items).to.deep.equal(
      [],
    );
    const { events } = await search({ agency: OPERATOR, order: "oldest", start: before, limit: 100 });
    expect(events.filter(({ facets }) => facets["type"] === "inspection")).to.have.length(2);
    const looks = events.filter(({ facets }) => facets["type"] === "access");
    expect(looks.map(({ facets }) => facets["subject"])).to.deep.equal([nobody]);
  });

  it("publishes counts in steps of five, and names nobody", async () => {
    const month = new Date().toISOString().slice(0, 7);
    const response = await fetch(`${ledger.url}/v1/statistics?month=${month}`);
    const { rows } = (await response.json()) as { rows: Readonly<Record<string, unknown>>[] };
    const ours = rows.find(({ agency }) => agency === "qn-police");
    // Six each; without a catalogue no procedure is named.
    expect(ours).to.deep.equal({
      ...{ type: "access", agency: "qn-police", procedure: "other", outcome: "none" },
      ...{ recorded: 5, answered: 5 },
    });
  });

  it("lists what waits, to officers that of their agency", async () => {
    interface Queues {
      readonly queues: readonly { readonly name: string; readonly waiting: number }[];
    }
    const all = (await (await fetch(`${ledger.url}/v1/queues`, { headers: inspector })).json()) as Queues;
    expect(all.queues.map(({ name }) => name)).to.include.members([
      "findings",
      "emergencies",
      "complaints-to-answer",
      "erasures",
    ]);
    for (const { name } of all.queues) {
      const queue = await fetch(`${ledger.url}/v1/queues/${name}?limit=5`, { headers: officer });
      expect(queue.status, name).to.equal(200);
      const { items } = (await queue.json()) as { items: { agency?: string }[] };
      for (const { agency } of items) expect(agency).to.equal("qn-police");
    }
  });

  it("keeps nothing in the clear in its own database, and says how far it is", async () => {
    const { events, search: health } = (await (await fetch(`${ledger.url}/health`)).json()) as {
      events: { recorded: number; searchable: number };
      search: { loaded: boolean };
    };
    expect(health.loaded).to.be.true;
    expect(events.searchable).to.be.at.most(events.recorded);
    expect(await (await fetch(`${ledger.url}/metrics`)).text()).to.contain("minhbach_search_lag_seconds 0");
    const folder = path.join(system.dataDir, "search");
    for (const file of await readdir(folder)) {
      const bytes = await readFile(path.join(folder, file));
      for (const text of [CASE, "officer-17", OTHER.id, "qn-police", "1.004222"])
        expect(bytes.includes(text), `${text} in ${file}`).to.be.false;
    }
  });
});

/** Asks until there is something to answer: the anchor of what was recorded a moment ago. */
async function untilAnswered(ask: () => Promise<Response>): Promise<Response> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const response = await ask();
    if (response.ok) return response;
    const text = await response.text();
    if (!text.includes("not-yet-anchored") || performance.now() > deadline) throw new Error(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function untilDrawn(url: string, headers: Headers): Promise<Response> {
  return await untilAnswered(async () => await fetch(url, { headers }));
}
