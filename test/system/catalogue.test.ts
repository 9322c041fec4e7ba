import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { openFacets } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import { OPERATOR } from "../../scripts/start/agencies.ts";
import type { App } from "../../server/app.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { type CatalogueFolder, catalogueFolder } from "../server/catalogue/folder.ts";
import { type Deployed, deployed, fetchUntil, startLedger } from "./fixture.ts";

/** What `GET /v1/catalogue` answers. */
interface Current {
  readonly version: string;
  readonly digest: string;
  readonly index: number;
  readonly catalogue: { readonly version: string };
  readonly versions: readonly { readonly version: string; readonly digest: string; readonly index: number }[];
}

describe("the catalogue of procedures", function () {
  this.timeout(600_000);
  let system: Deployed;
  let catalogue: CatalogueFolder;

  before(async () => {
    system = await deployed();
    catalogue = await catalogueFolder();
  });
  after(async () => {
    await catalogue.remove();
    await system.destroy();
  });

  async function withLedger(use: (ledger: App) => Promise<void>): Promise<void> {
    const ledger = await startLedger(system, { config: { catalogueDir: catalogue.folder } });
    try {
      await use(ledger);
    } finally {
      await ledger.close();
    }
  }

  /** The catalogue in force, once it is this version; the test's own time limit ends it. */
  async function current(ledger: App, version: string): Promise<Current> {
    for (;;) {
      const answer = (await (await fetchUntil(`${ledger.url}/v1/catalogue`)).json()) as Current;
      if (answer.version === version) return answer;
      await delay(20);
    }
  }

  async function sizeOf(ledger: App): Promise<number> {
    const health = await (await fetchUntil(`${ledger.url}/health`)).json();
    return (health as { events: { recorded: number } }).events.recorded;
  }

  it("is recorded once over three starts, and each version stays as it was published", async () => {
    const published: string[] = [];
    for (let start = 0; start < 3; start++) {
      await withLedger(async (ledger) => {
        const { versions, digest } = await current(ledger, "2026-11-22.4");
        expect(versions).to.have.length(1);
        const answer = await fetch(`${ledger.url}/v1/catalogue/2026-11-22.4`);
        expect(answer.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
        const body = await answer.text();
        expect(createHash("sha256").update(body).digest("base64url")).to.equal(digest);
        published.push(body);
        await fetchUntil(`${ledger.url}/ready`);
        expect(await sizeOf(ledger)).to.equal(1);
      });
    }
    expect(new Set(published).size).to.equal(1);

    await catalogue.replace("catalogue.json", "2026-11-22.4", "2026-12-01");
    await catalogue.replace("procedures/PASSPORT.json", "Hộ chiếu", "Hộ chiếu phổ thông");
    await withLedger(async (ledger) => {
      const { versions, catalogue: inForce, index } = await current(ledger, "2026-12-01");
      expect(inForce.version).to.equal("2026-12-01");
      expect(versions.map(({ version }) => version)).to.deep.equal(["2026-11-22.4", "2026-12-01"]);
      expect(index).to.equal(1);
      expect(await (await fetch(`${ledger.url}/v1/catalogue/2026-11-22.4`)).text()).to.equal(published[0]);
      expect(await (await fetch(`${ledger.url}/v1/catalogue/2026-12-01`)).text()).to.contain("phổ thông");
    });
  });

  it("is proven to everybody by evidence of its event", async () => {
    await withLedger(async (ledger) => {
      const { digest, index, version } = await current(ledger, "2026-12-01");
      const evidence = await (await fetchUntil(`${ledger.url}/v1/events/${index}/evidence`)).text();
      const chain = chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");
      const { verdict, claim } = await verifyEvidence(evidence, system.profile, chain);
      expect([verdict, claim?.source]).to.deep.equal(["development", `${OPERATOR}/ledger`]);
      expect(openFacets(parseEvidence(evidence).event).catalogue).to.deep.equal({ version, digest });
    });
  });

  it("does not start with another content under a recorded version", async () => {
    await catalogue.replace("procedures/PASSPORT.json", "Hộ chiếu phổ thông", "Hộ chiếu");
    const error: unknown = await withLedger(async () => Promise.resolve()).catch((thrown: unknown) => thrown);
    expect(error)
      .to.have.property("message")
      .that.matches(
        /^catalogue\.json:2: the version 2026-12-01 is recorded with another content \(event 1\)/,
      );
  });
});
