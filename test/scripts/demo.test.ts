import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import type { Case } from "../../proactive/cases/case.ts";
import { onceOnlyOf } from "../../proactive/cases/once-only.ts";
import { beginWorldClock, type WorldClock } from "../../scripts/demo/clock.ts";
import { type LivedDemo, lived, morningOf } from "../../scripts/demo/demo.ts";
import { summaryText, welcomeText } from "../../scripts/demo/words.ts";

const STARTS_ON = "2026-08-22";
/** Until an official was curious. */
const DAYS = 9;

describe("scripts/demo: a small commune for some days", function () {
  this.timeout(600_000);
  let dataDir: string;
  let clock: WorldClock;
  let demo: LivedDemo;
  let cases: readonly Case[];

  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-demo-"));
    clock = beginWorldClock(morningOf(STARTS_ON));
    demo = await lived({
      ...{ dataDir, clock, startsOn: STARTS_ON, persons: 200, days: DAYS, seed: 1 },
      ports: { ledger: 0, inbox: 0 },
      // All of them: which come first, a block's hash says.
      examined: Infinity,
      progress: { starting: () => undefined, day: () => undefined, proof: () => undefined },
    });
    const pages = [...demo.province.agencies.values()].map(
      async ({ engine }) => await engine.list({ limit: 1000 }),
    );
    cases = (await Promise.all(pages)).flat();
  });
  after(async () => {
    try {
      await (demo as LivedDemo | undefined)?.province.close();
    } finally {
      (clock as WorldClock | undefined)?.end();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  const concluded = (outcome: string): number =>
    cases.filter(({ conclusion }) => conclusion?.outcome === outcome).length;

  it("reads from the ledger the cases that the agencies have, and what became of them", () => {
    const { procedures } = demo.summary;
    const sum = (count: (each: NonNullable<ReturnType<typeof procedures.get>>) => number): number =>
      [...procedures.values()].reduce((total, each) => total + count(each), 0);
    const counts = {
      ...{ offered: sum(({ offered }) => offered), told: sum(({ told }) => told) },
      ...{ officer: sum(({ officer }) => officer), nothing: sum(({ nothing }) => nothing) },
      granted: sum(({ granted }) => granted),
    };
    expect(counts).to.deep.equal({
      ...{ offered: concluded("offer"), told: concluded("notify") },
      ...{ officer: concluded("officer"), nothing: concluded("none") },
      granted: cases.filter(({ stage }) => stage.at === "closed" && stage.outcome === "completed").length,
    });
    expect(counts.granted, "nobody was granted anything").to.be.greaterThan(0);
  });

  it("counts the documents that nobody had to bring as the agencies do", () => {
    const own = Object.entries(onceOnlyOf(cases)).map(([procedure, { reused }]) => [procedure, reused]);
    const read = [...demo.summary.procedures].map(([procedure, { notAsked }]) => [procedure, notAsked]);
    expect(read).to.have.deep.members(
      own.filter(([procedure]) => demo.summary.procedures.has(String(procedure))),
    );
  });

  it("knows of every message that went out", () => {
    expect(demo.summary.messages.get("sms")).to.equal(demo.province.gateway.sent.length);
  });

  it("finds what the curious official did, and nothing else", () => {
    expect([...demo.summary.findings.keys()]).to.have.members(["no-case", "no-legal-basis"]);
  });

  it("proves every action, and has the grants inspected that the chain drew", () => {
    const { evidence, sample } = demo.summary;
    expect(evidence.proven).to.equal(evidence.actions).and.to.be.greaterThan(0);
    expect([...sample.faults]).to.deep.equal([]);
    expect(sample.examined).to.equal(sample.drawn).and.to.be.greaterThan(0);
  });

  it("says all that in words, and where to look around", () => {
    const text = summaryText(demo.summary);
    for (const procedure of demo.summary.procedures.keys()) expect(text).to.include(procedure);
    expect(welcomeText(demo.province, demo.population)).to.include(demo.province.ledgerUrl);
  });
});
