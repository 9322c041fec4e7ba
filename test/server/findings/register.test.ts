import { expect } from "chai";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { Finding } from "../../../server/findings/finding.ts";
import { type Findings, findingsRegister } from "../../../server/findings/register.ts";
import { access, PROMISE_SECONDS, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const LEDGER = "qn-operator/ledger";

describe("server/findings/register", () => {
  let log: RecordedLog;
  let now: number;
  let findings: Findings;

  beforeEach(async () => {
    log = await recordedLog();
    now = 1000;
    findings = register();
  });
  afterEach(async () => {
    await log.close();
  });

  function register(): Findings {
    const clock = { now: () => now * 1000 };
    return findingsRegister({ store: log.store, db: log.derived, ownSource: parseSource(LEDGER), clock });
  }

  async function all(from = findings): Promise<readonly Finding[]> {
    return (await from.list({ limit: 1000 })).findings;
  }

  const brief = ({ id, state, since }: Finding): unknown[] => [id, state, since];
  const equivocation = (seq: number): Facets => ({
    type: "equivocation",
    equivocation: {
      source: "qn-police/r1",
      seq,
      jws: "a.b.c",
      payload: "p",
      path: [],
      pathIndex: 0,
      storedIndex: 0,
    },
    time: { occurred: "2026-11-22T08:00:00Z" },
  });

  it("finds nothing where every promise was kept", async () => {
    await log.append("qn-police/r1", [access("a")], { time: 1000 });
    await log.anchor(1, { time: 1000 + PROMISE_SECONDS });
    now = 999_999;
    expect(await all()).to.deep.equal([]);
  });

  it("finds an overdue anchor, and keeps the finding when the anchor comes late", async () => {
    await log.append("qn-police/r1", [access("a")], { time: 1000 });
    await log.append("qn-police/r1", [access("b")], { time: 1500 });
    now = 1600;
    expect(await all()).to.deep.equal([]);
    now = 1601;
    expect((await all()).map(brief)).to.deep.equal([["missed-anchor:0", "open", 1600]]);
    await log.anchor(2, { time: 1700 });
    expect((await all()).map(brief)).to.deep.equal([["missed-anchor:0", "settled", 1600]]);
    now = 999_999;
    expect((await all()).map(brief)).to.deep.equal([["missed-anchor:0", "settled", 1600]]);
  });

  it("judges each anchor by the oldest receipt it newly covers", async () => {
    for (const time of [1000, 1100, 3000, 5000]) await log.append("qn-police/r1", [access("a")], { time });
    await log.anchor(2, { time: 1600 });
    await log.anchor(3, { time: 4000 });
    await log.anchor(4, { time: 5001 });
    expect((await all()).map(brief)).to.deep.equal([["missed-anchor:2", "settled", 3600]]);
  });

  it("finds equivocations in the ledger's own events alone", async () => {
    await log.append("qn-police/r1", [equivocation(1)]);
    await log.append(LEDGER, [equivocation(2), equivocation(3)], { time: 1100 });
    await log.append(LEDGER, [equivocation(4)], { time: 1200 });
    const found = (await all()).filter(({ kind }) => kind === "equivocation");
    expect(found.map(({ evidence }) => evidence)).to.deep.equal([
      { seq: 2, storedIndex: 0, recordedIndex: 1 },
      { seq: 3, storedIndex: 0, recordedIndex: 2 },
      { seq: 4, storedIndex: 0, recordedIndex: 3 },
    ]);
  });

  it("goes on where it stopped, and comes to the same when it begins anew", async () => {
    await log.append(LEDGER, [equivocation(1)], { time: 1000 });
    await log.anchor(1, { time: 9000 });
    await findings.update();
    await log.append(LEDGER, [equivocation(2)], { time: 2000 });
    await log.append("qn-police/r1", [access("a")], { time: 2000 });
    await log.anchor(3, { time: 9001 });
    const found = await all(register());
    expect(found.map(({ id }) => id)).to.deep.equal([
      "equivocation:0",
      "missed-anchor:0",
      "equivocation:1",
      "missed-anchor:1",
    ]);
    await log.derived.clear();
    expect(await all(register())).to.deep.equal(found);
  });

  it("reads more than one page of anchors and own events", async () => {
    for (let at = 0; at < 130; at++) {
      await log.append(LEDGER, [equivocation(at + 1)], { time: 1000 + at });
      await log.anchor(at + 1, { time: 99_000 + at });
    }
    expect(await all()).to.have.length(260);
  });

  it("lists page by page, the oldest first, and what is open last", async () => {
    for (const time of [1000, 2000, 3000]) {
      await log.append("qn-police/r1", [access("a")], { time });
      if (time < 3000) await log.anchor((await log.store.head()).size, { time: 99_000 });
    }
    now = 99_000;
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const page = await findings.list(after === undefined ? { limit: 1 } : { limit: 1, after });
      pages.push(page.findings.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(pages).to.deep.equal([["missed-anchor:0"], ["missed-anchor:1"], ["missed-anchor:2"]]);
  });
});
