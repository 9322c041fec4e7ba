import { expect } from "chai";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { Finding } from "../../../server/findings/finding.ts";
import { type Findings, findingsRegister } from "../../../server/findings/register.ts";
import { sourceRecords } from "../../../server/inspect/heard.ts";
import { reconciliation } from "../../../server/inspect/reconciliation.ts";
import type { RecorderKey } from "../../../server/receive/keys.ts";
import { access, PROMISE_SECONDS, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const LEDGER = "qn-operator/ledger";
/** No side of the exchanges it records, so that no other half is missed. */
const BYSTANDER = "qn-health/r1";
const GRACE = 3600;
/** So long that only the tests of silence meet it. */
const NEVER = 10_000_000;

const KEYS = ["qn-police/r1", "qn-justice/r1"].map((source): RecorderKey => ({
  ...{ source: parseSource(source), kid: source, alg: "EdDSA", key: new Uint8Array(32) },
  ...{ fromSeq: 1, toSeq: Infinity, revoked: false, entitlements: 1 },
}));

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

  function register({ db = log.derived, silenceSeconds = NEVER, keys = KEYS } = {}): Findings {
    return findingsRegister({
      ...{ store: log.store, db, silenceSeconds, graceSeconds: GRACE },
      reconciliation: reconciliation(db),
      sources: sourceRecords(db),
      keys: { keys: () => keys },
      ownSource: parseSource(LEDGER),
      exempt: [parseSource(LEDGER)],
      clock: { now: () => now * 1000 },
    });
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
    await log.append(BYSTANDER, [access("a")], { time: 1000 });
    await log.anchor(1, { time: 1000 + PROMISE_SECONDS });
    now = 999_999;
    expect(await all()).to.deep.equal([]);
  });

  it("finds an overdue anchor, and keeps the finding when the anchor comes late", async () => {
    await log.append(BYSTANDER, [access("a")], { time: 1000 });
    await log.append(BYSTANDER, [access("b")], { time: 1500 });
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
    for (const time of [1000, 1100, 3000, 5000]) await log.append(BYSTANDER, [access("a")], { time });
    await log.anchor(2, { time: 1600 });
    await log.anchor(3, { time: 4000 });
    await log.anchor(4, { time: 5001 });
    expect((await all()).map(brief)).to.deep.equal([["missed-anchor:2", "settled", 3600]]);
  });

  it("finds equivocations in the ledger's own events alone", async () => {
    await log.append(BYSTANDER, [equivocation(1)]);
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
    await log.append(BYSTANDER, [access("a")], { time: 2000 });
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
      await log.append(BYSTANDER, [access("a")], { time });
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

  describe("exchanges", () => {
    const client = async (id: string, time: number): Promise<number> =>
      await log.append("qn-police/r1", [access(id)], { time });
    const provider = async (id: string, time: number): Promise<number> =>
      await log.append("qn-justice/r1", [access(id)], { time });

    beforeEach(async () => {
      // Promises are not what these tests are about.
      const kept = { time: 0 };
      const { append } = log;
      log = {
        ...log,
        append: async (...of) => {
          const index = await append(...of);
          await log.anchor((await log.store.head()).size, kept);
          return index;
        },
      };
    });

    it("finds nothing where both halves came in time, whichever was first", async () => {
      await client("a", 1000);
      await provider("b", 1000);
      await findings.update();
      await provider("a", 1000 + GRACE);
      await client("b", 1000 + GRACE);
      now = 999_999;
      expect(await all()).to.deep.equal([]);
      expect(await all(register({ db: log.derived }))).to.deep.equal([]);
    });

    it("names the silent agency after the grace, and settles it when the half comes after all", async () => {
      await client("a", 1000);
      now = 1000 + GRACE;
      expect(await all()).to.deep.equal([]);
      now += 1;
      const [open, ...more] = await all();
      expect(more).to.deep.equal([]);
      expect(open).to.deep.equal({
        id: "unmatched-exchange:0",
        kind: "unmatched-exchange",
        agency: "qn-justice",
        evidence: { index: 0, recorded: "client" },
        state: "open",
        since: 1000 + GRACE,
      });
      const justice = { source: parseSource("qn-justice/r1"), next: 1, lastTime: now };
      expect(await findings.openOf(justice)).to.deep.equal({ "unmatched-exchange": 1 });
      await provider("a", now + 5);
      now += 10;
      const settled = {
        ...open,
        evidence: { index: 0, recorded: "client", otherIndex: 1 },
        state: "settled",
      };
      expect(await all()).to.deep.equal([settled]);
      expect(await findings.openOf(justice)).to.deep.equal({});
      // A process that starts anew counts the same.
      expect(await register().openOf(justice)).to.deep.equal({});
    });

    it("comes to the same whether it followed along or reads everything afterwards", async () => {
      const moments: [(id: string, time: number) => Promise<number>, string, number][] = [
        [client, "in-time", 1000],
        [provider, "late", 1100],
        [client, "never", 1200],
        [client, "twice", 1300],
        [client, "twice", 1400],
        [provider, "in-time", 2000],
        [provider, "twice", 2100],
        [client, "twice", 9000],
        [client, "late", 9100],
      ];
      for (const [record, id, time] of moments) {
        await record(id, time);
        now = time;
        await findings.update();
      }
      now = 99_999;
      const followed = await all();
      expect(followed.map(brief)).to.deep.equal([
        ["unmatched-exchange:1", "settled", 1100 + GRACE],
        ["unmatched-exchange:2", "open", 1200 + GRACE],
      ]);
      await log.derived.clear();
      expect(await all(register())).to.deep.equal(followed);
    });

    it("takes back what it found while the half was in the log and not yet read", async () => {
      await client("a", 1000);
      await findings.update();
      now = 1001 + GRACE;
      await findings.update();
      // Sequenced before the grace was over, by a clock that was behind.
      await provider("a", 1000 + GRACE);
      expect(await all()).to.deep.equal([]);
      const justice = { source: parseSource("qn-justice/r1"), next: 1, lastTime: now };
      expect(await findings.openOf(justice)).to.deep.equal({});
    });

    it("names nobody for a half that was erased, and still finds it", async () => {
      await log.append("qn-police/r1", [access("a")], { time: 1000, erased: true });
      now = 1001 + GRACE;
      const [found] = await all();
      expect(found)
        .to.deep.include({ id: "unmatched-exchange:0", state: "open" })
        .and.not.have.property("agency");
    });

    it("reads more than one step of halves", async () => {
      const many = Array.from({ length: 300 }, (_, at) => access(`m-${at}`));
      await log.append("qn-police/r1", many, { time: 1000 });
      await log.append("qn-justice/r1", many.slice(0, 40), { time: 1001 });
      now = 1001 + GRACE;
      expect(await all()).to.have.length(260);
    });
  });

  describe("silent sources", () => {
    const LIMIT = 900;
    beforeEach(() => {
      findings = register({ silenceSeconds: LIMIT });
    });

    async function heard(source: string, ...times: number[]): Promise<void> {
      for (const time of times) {
        await log.append(source, [{ ...access("x"), exchange: SAME_AGENCY }], { time });
        await log.anchor((await log.store.head()).size, { time: 0 });
      }
    }
    const SAME_AGENCY = { messageId: "x", client: "qn-police", service: "qn-police/own" };

    it("finds gaps longer than the limit, and the silence that goes on", async () => {
      await heard("qn-police/r1", 1000, 1900, 2801, 2900);
      now = 3800;
      expect((await all()).map(brief)).to.deep.equal([["silent-source:1", "settled", 2800]]);
      now = 3801;
      expect((await all()).map(brief)).to.deep.equal([
        ["silent-source:1", "settled", 2800],
        ["silent-source:3", "open", 3800],
      ]);
      const police = { source: parseSource("qn-police/r1"), next: 5, lastTime: 2900 };
      expect(await findings.openOf(police)).to.deep.equal({ "silent-source": 1 });
      await heard("qn-police/r1", 4000);
      now = 4000;
      expect((await all()).map(brief)).to.deep.equal([
        ["silent-source:1", "settled", 2800],
        ["silent-source:3", "settled", 3800],
      ]);
    });

    it("leaves out the ledger's own source, and open silences of sources without a key in force", async () => {
      await heard(LEDGER, 1000, 5000);
      await heard("qn-health/r1", 5000);
      now = 99_999;
      expect(await all()).to.deep.equal([]);
    });
  });

  describe("an index that was promised", () => {
    it("is missed by the anchor that covers it late, and overdue before", async () => {
      await log.append("qn-police/r1", [access("a")], { time: 1000 });
      await log.append("qn-police/r1", [access("b")], { time: 1000, indexBy: 2000 });
      await log.anchor(2, { time: 1001 });
      now = 2000;
      expect(await all()).to.deep.equal([]);
      now = 2001;
      expect((await all()).map(brief)).to.deep.equal([["missed-index:1", "open", 2000]]);
      await log.anchor(2, { time: 2050, indexSize: 2 });
      expect((await all()).map(brief)).to.deep.equal([["missed-index:1", "settled", 2000]]);
    });
  });

  describe("begins anew", () => {
    const idsOf = async (from: Findings): Promise<string[]> => {
      const found = await all(from);
      return found.filter(({ kind }) => kind !== "missed-anchor").map(({ id }) => id);
    };

    it("when only the records were restored from a backup: they end before what it read, or go on differently", async () => {
      await log.append(LEDGER, [equivocation(1)], { time: 1000 });
      await log.append("qn-police/r1", [access("a")], { time: 1000 });
      now = 99_999;
      expect(await idsOf(findings)).to.deep.equal(["equivocation:0", "unmatched-exchange:1"]);
      const restored = await recordedLog();
      try {
        const { derived } = log;
        log = { ...log, store: restored.store };
        await restored.append("qn-justice/r1", [access("b")], { time: 1000 });
        expect(await idsOf(register({ db: derived }))).to.deep.equal(["unmatched-exchange:0"]);
        const { store } = restored;
        const other = await recordedLog();
        try {
          // As long as what was read, but of other submissions.
          log = { ...log, store: other.store };
          await other.append(LEDGER, [equivocation(1)], { time: 1000 });
          expect(await idsOf(register({ db: derived }))).to.deep.equal(["equivocation:0"]);
          log = { ...log, store };
          expect(await idsOf(register({ db: derived }))).to.deep.equal(["unmatched-exchange:0"]);
        } finally {
          await other.close();
        }
      } finally {
        await restored.close();
      }
    });

    it("when an anchor it read is not there, for the chain lost it and has another now", async () => {
      await log.append(BYSTANDER, [access("a")], { time: 1000 });
      const { number } = await log.anchor(1, { time: 9000 });
      now = 99_999;
      expect((await all()).map(brief)).to.deep.equal([["missed-anchor:0", "settled", 1600]]);
      await log.anchor(1, { number, time: 1500 });
      expect(await all()).to.deep.equal([]);
    });

    it("when a setting that the findings depend on is another", async () => {
      for (const time of [1000, 2000]) await log.append(BYSTANDER, [access("a")], { time });
      now = 99_999;
      expect(await idsOf(findings)).to.deep.equal([]);
      expect(await idsOf(register({ silenceSeconds: 999 }))).to.deep.equal(["silent-source:0"]);
      expect(await idsOf(register({ silenceSeconds: 1000 }))).to.deep.equal([]);
    });
  });
});
