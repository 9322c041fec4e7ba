import { expect } from "chai";
import fc from "fast-check";
import { type BrokenPromise, formatBreach, parseBreach } from "../../protocol/breach.ts";
import { rootHash } from "../../protocol/merkle.ts";
import { proveRange } from "../../protocol/range-proof.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { verifyBreach } from "../../verifier/breach.ts";
import { TilesError } from "../../verifier/log-tiles.ts";
import {
  checkReceiptPromises,
  RECEIPT_PROMISE_CHECKS,
  type ReceiptPremises,
  type ReceiptPromisesReport,
} from "../../verifier/receipt-promises.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { type History, LEAVES, profileOf, readerOf, receiptOf, TILES } from "./promise-world.ts";
import { PROFILE, signerOf } from "./world.ts";

/** One anchor, of 8 entries, in block 5 at time 150; the newest block, 9, at time 300 is final at depth 1. */
const HISTORY: History = {
  times: [0, 100, 110, 120, 130, 150, 180, 200, 250, 300],
  anchors: [{ size: 8, indexSize: 6, block: 5 }],
  finalityDepth: 1,
};
/** Of events that stand nowhere in the log in this order. */
const OTHER_ROOT = rootHash(LEAVES.toReversed());

function check(jws: string, history = HISTORY, premises: Partial<ReceiptPremises> = {}) {
  return checkReceiptPromises(jws, { profile: profileOf(history), chain: readerOf(history), ...premises });
}

function statusOf({ checks }: ReceiptPromisesReport, id: keyof typeof RECEIPT_PROMISE_CHECKS): string {
  const found = checks.find((one) => one.id === id);
  return found === undefined ? "absent" : `${found.status}: ${found.detail}`;
}

describe("checkReceiptPromises", function () {
  this.timeout(600_000);

  it("finds every promise kept, and says by which anchor", async () => {
    const report = await check(receiptOf({ index: 2, count: 3, indexBy: 150 }), HISTORY, { tiles: TILES });
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.worth).to.equal("kept");
    expect(report.breaches).to.deep.equal([]);
    expect(report.receipt?.index).to.equal(2);
    expect(statusOf(report, "anchor-by")).to.match(/^passed: kept: block 5, 1970-01-01T00:02:30/);
    // The last second still counts.
    expect(statusOf(report, "index-by")).to.match(/^passed: kept: block 5, .* due 1970-01-01T00:02:30/);
    const ids = Object.keys(RECEIPT_PROMISE_CHECKS).filter((id) => id !== "submission");
    expect(report.checks.map(({ id }) => id)).to.deep.equal(ids);
  });

  it("says that no index was promised", async () => {
    expect(statusOf(await check(receiptOf()), "index-by")).to.equal(
      "passed: no promise to index them was made",
    );
  });

  it("waits for the newest final block to pass the deadline, whatever later blocks say", async () => {
    const jws = receiptOf({ index: 8, anchorBy: 250 });
    const open = await check(jws, { ...HISTORY, finalityDepth: 2 });
    expect(open.worth).to.equal("not-due");
    expect(statusOf(open, "anchor-by")).to.match(/not due before 1970-01-01T00:04:10/);
    const broken = await check(jws, HISTORY);
    expect(broken.worth).to.equal("broken");
    expect(statusOf(broken, "anchor-by")).to.match(/up to block 9, .*, there is none$/);
  });

  it("calls an anchor in time that is not final neither kept nor broken", async () => {
    const report = await check(receiptOf({ anchorBy: 180 }), { ...HISTORY, finalityDepth: 6 });
    expect(report.worth).to.equal("not-due");
    expect(statusOf(report, "anchor-by")).to.match(/^passed: not settled yet: block 5/);
  });

  it("convicts by a late anchor", async () => {
    const report = await check(receiptOf({ anchorBy: 149 }));
    expect(report.worth).to.equal("broken");
    expect(statusOf(report, "anchor-by")).to.match(/^failed: broken: it was due .* came in block 5/);
    expect(report.breaches.map((text) => parseBreach(text).promise)).to.deep.equal(["anchorBy"]);
  });

  it("wants the last of the events anchored, not the first", async () => {
    expect((await check(receiptOf({ index: 5, count: 3, anchorBy: 150 }))).worth).to.equal("kept");
    expect((await check(receiptOf({ index: 6, count: 3, anchorBy: 150 }))).worth).to.equal("broken");
    expect((await check(receiptOf({ index: 5, indexBy: 200 }))).worth).to.equal("kept");
    expect((await check(receiptOf({ index: 5, count: 2, indexBy: 200 }))).worth).to.equal("broken");
  });

  it("finds other events in the place of those receipted, and nothing where there is no anchor yet", async () => {
    const lied = receiptOf({ index: 2, count: 2, root: OTHER_ROOT });
    const report = await check(lied, HISTORY, { tiles: TILES });
    expect(report.worth).to.equal("broken");
    expect(statusOf(report, "content")).to.match(/^failed: broken: the log holds events with the root/);
    const early = receiptOf({ index: 8, root: OTHER_ROOT, anchorBy: 900 });
    expect((await check(early, HISTORY, { tiles: TILES })).worth).to.equal("not-due");
  });

  it("believes no tiles that do not lead to the anchored root, and convicts nobody by them", async () => {
    const forged = { ...TILES, readNodes: async () => LEAVES };
    const swapped = {
      ...TILES,
      readNodes: async (nodes: Parameters<typeof TILES.readNodes>[0], size: number) =>
        (await TILES.readNodes(nodes, size)).toReversed(),
    };
    const away = { ...TILES, readNodes: () => Promise.reject(new TilesError("the mirror cannot be read")) };
    for (const tiles of [forged, swapped, away]) {
      const report = await check(receiptOf({ index: 2, count: 2 }), HISTORY, { tiles });
      expect(statusOf(report, "content")).to.match(/^not-checked: the mirror /);
      expect(report.worth).to.equal("unknown");
      expect(report.breaches).to.deep.equal([]);
    }
  });

  describe("takes for no promise of the log", () => {
    const [stranger, other] = [signerOf("stranger"), { ...logOf(PROFILE), logId: 2 }];
    const cases: readonly [name: string, jws: string, fails: string][] = [
      ["text that is no receipt", "minhbach", "format"],
      ["a receipt of a stranger", receiptOf({ anchorBy: 149 }, stranger), "signature"],
      [
        "a stranger's under the name of the log's key",
        receiptOf({ anchorBy: 149 }, { ...stranger, kid: signerOf("receipt").kid }),
        "signature",
      ],
      ["another log's", receiptOf({ log: other, anchorBy: 149 }), "log"],
      ["a deadline before its own time", receiptOf({ time: 150, anchorBy: 149 }), "deadlines"],
      ["an index promised for the past", receiptOf({ time: 150, indexBy: 149 }), "deadlines"],
    ];
    for (const [name, jws, fails] of cases) {
      it(name, async () => {
        const report = await check(jws);
        expect(report.worth).to.equal("unusable");
        expect(report.checks.filter(({ status }) => status === "failed").map(({ id }) => id)).to.deep.equal([
          fails,
        ]);
        expect(report.breaches).to.deep.equal([]);
        expect(report.receipt).to.equal(null);
      });
    }
  });

  it("knows which submission a receipt answers", async () => {
    const sent = { log: logOf(PROFILE), src: parseSource("qn-police/r1"), first: 1, count: 1, iat: 1 };
    const submission = { ...sent, root: rootHash(LEAVES.slice(0, 1)) };
    expect((await check(receiptOf(), HISTORY, { submission })).worth).to.equal("kept");
    const report = await check(receiptOf(), HISTORY, { submission: { ...submission, first: 2 } });
    expect(report.worth).to.equal("unusable");
    expect(statusOf(report, "submission")).to.match(/^failed: its first is another/);
  });

  it("holds the log to the receipts of a key it has replaced", async () => {
    const [old, present] = [signerOf("receipt"), signerOf("receipt of next year")];
    const keys = { checkpoint: old.key, vrf: old.key };
    const logKeys = [
      { ...keys, fromBlock: 0, receipt: old.key },
      { ...keys, fromBlock: 4, receipt: present.key },
      { ...keys, fromBlock: 8, checkpoint: present.key, receipt: present.key },
    ];
    const chain = readerOf(HISTORY, { logKeys });
    const replaced = await check(receiptOf({ anchorBy: 149 }), HISTORY, { chain });
    expect(replaced.worth).to.equal("broken");
    expect(statusOf(replaced, "key-since")).to.match(/^warning: the log has another from block 4 on/);
    const inUse = await check(receiptOf({}, present), HISTORY, { chain });
    expect(inUse.worth).to.equal("kept");
    expect(statusOf(inUse, "key-since")).to.match(/^passed/);
    // The version from block 8 on has the same receipt key, so that of block 4 settles it, and that is final.
    const unsettled = await check(receiptOf({}, present), { ...HISTORY, finalityDepth: 7 }, { chain });
    expect(unsettled.worth).to.equal("unknown");
    expect(statusOf(unsettled, "signature")).to.match(/^not-checked: its key is the log's from block 4 on/);
  });

  it("says that a log is frozen, and judges its promises all the same", async () => {
    const chain = readerOf(HISTORY, { frozen: true, successor: 2 });
    const report = await check(receiptOf({ index: 8, anchorBy: 250 }), HISTORY, { chain });
    expect(report.worth).to.equal("broken");
    expect(statusOf(report, "log-since")).to.equal("warning: the log is frozen; log 2 continues it");
  });

  it("finds nothing out without a profile, without a chain, and from a chain that contradicts itself", async () => {
    const jws = receiptOf({ anchorBy: 149 });
    expect((await check(jws, HISTORY, { profile: undefined })).worth).to.equal("unknown");
    expect((await check(jws, HISTORY, { chain: undefined })).worth).to.equal("unknown");
    expect((await check(jws, HISTORY, { chain: readerOf(HISTORY, { chainId: 9 }) })).worth).to.equal(
      "unknown",
    );
    expect((await check(jws, { ...HISTORY, finalityDepth: 11 })).worth).to.equal("unknown");
    const chain = readerOf(HISTORY);
    const anchor = await chain.anchorCovering(PROFILE.anchorRegistry, 1, 0);
    if (anchor === null) throw new Error("there is an anchor");
    for (const lie of [{ size: 0 }, { block: 10 }, { time: 301 }]) {
      const liar = { ...chain, anchorCovering: async () => ({ ...anchor, ...lie }) };
      const report = await check(jws, HISTORY, { chain: liar });
      expect(statusOf(report, "anchor-by")).to.match(/^not-checked: the node contradicts itself/);
      expect(report.worth).to.equal("unknown");
    }
    const indexLiar = { ...chain, anchorIndexing: async () => anchor };
    const report = await check(receiptOf({ index: 7, indexBy: 200 }), HISTORY, { chain: indexLiar });
    expect(statusOf(report, "index-by")).to.match(/^not-checked: the node contradicts itself/);
  });

  it("judges random histories as someone does who watched them block by block", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(histories(), receipts(), fc.boolean(), async (history, wanted, isHonest) => {
        const receipt = isHonest ? wanted : { ...wanted, root: OTHER_ROOT };
        const jws = receiptOf(receipt);
        const report = await check(jws, history, { tiles: TILES });
        const expected = watched(history, receipt, isHonest);
        for (const [promise, standing] of Object.entries(expected)) {
          seen.set(`${promise} ${standing}`, (seen.get(`${promise} ${standing}`) ?? 0) + 1);
        }
        const broken = Object.entries(expected).filter(([, standing]) => standing === "broken");
        expect(report.breaches.map((text) => parseBreach(text).promise)).to.deep.equal(
          broken.map(([promise]) => promise),
        );
        const isOpen = Object.values(expected).includes("not-due");
        expect(report.worth).to.equal(broken.length > 0 ? "broken" : isOpen ? "not-due" : "kept");
        await convictsJustly(history, jws, receipt, expected);
      }),
      { numRuns: 80 },
    );
    expect([...seen.keys()].toSorted()).to.deep.equal(
      ["anchorBy", "content", "indexBy"].flatMap((promise) =>
        ["broken", "kept", "none", "not-due"]
          .filter((standing) => standing !== "none" || promise === "indexBy")
          .map((standing) => `${promise} ${standing}`),
      ),
    );
  });

  it("never takes back what it found: neither a breach nor a kept promise", async () => {
    await fc.assert(
      fc.asyncProperty(histories(), receipts(), async (history, receipt) => {
        const jws = receiptOf(receipt);
        let [wasBroken, wasKept] = [false, false];
        for (let latest = history.finalityDepth; latest <= history.times.length; latest++) {
          const then = {
            ...history,
            times: history.times.slice(0, latest),
            anchors: history.anchors.filter(({ block }) => block < latest),
          };
          const { worth } = await check(jws, then);
          if (wasBroken) expect(worth).to.equal("broken");
          if (wasKept) expect(worth).to.equal("kept");
          [wasBroken, wasKept] = [worth === "broken", worth === "kept"];
        }
      }),
      { numRuns: 25 },
    );
  });
});

type Standing = "kept" | "not-due" | "broken" | "none";

/** What the promises come to, told by going through the final blocks in order. */
function watched(
  { times, anchors, finalityDepth }: History,
  { index = 0, count = 1, anchorBy = 0, indexBy = 0 }: Partial<Receipt>,
  isHonest: boolean,
): Record<"anchorBy" | "indexBy" | "content", Standing> {
  const standing = (by: number, covers: (anchor: History["anchors"][number]) => boolean): Standing => {
    for (const [block, time] of times.slice(0, times.length - finalityDepth + 1).entries()) {
      if (time > by) return "broken";
      if (anchors.some((anchor) => anchor.block === block && covers(anchor))) return "kept";
    }
    return "not-due";
  };
  const anchored = standing(Infinity, ({ size }) => size >= index + count);
  return {
    anchorBy: standing(anchorBy, ({ size }) => size >= index + count),
    indexBy: indexBy === 0 ? "none" : standing(indexBy, ({ indexSize }) => indexSize >= index + count),
    content: anchored === "not-due" || isHonest ? anchored : "broken",
  };
}

/** A breach file convicts where the promise was broken, and nowhere else. */
async function convictsJustly(
  history: History,
  jws: string,
  { index = 0, count = 1 }: Partial<Receipt>,
  expected: Record<"anchorBy" | "indexBy" | "content", Standing>,
): Promise<void> {
  const range = { begin: index, end: index + count };
  const size = history.anchors.find((anchor) => anchor.size >= range.end)?.size ?? LEAVES.length;
  const path = await proveRange(range, size, async (nodes) => [...(await TILES.readNodes(nodes, size))]);
  const accusations: readonly BrokenPromise[] = [
    { promise: "anchorBy", proof: null },
    { promise: "indexBy", proof: null },
    { promise: "content", proof: { leafHashes: LEAVES.slice(index, range.end), path } },
  ];
  for (const accusation of accusations) {
    const text = formatBreach(jws, accusation);
    const { verdict, claim } = await verifyBreach(text, profileOf(history), readerOf(history));
    expect(verdict === "valid", accusation.promise).to.equal(expected[accusation.promise] === "broken");
    expect(claim !== null).to.equal(verdict === "valid");
  }
}

/** Chains of a few blocks, several in one second at times, with anchors that grow; the index stays behind. */
function histories(): fc.Arbitrary<History> {
  const block = fc.record({
    seconds: fc.integer({ min: 0, max: 40 }),
    anchors: fc.boolean(),
    grows: fc.integer({ min: 0, max: 6 }),
    indexes: fc.integer({ min: 0, max: 8 }),
  });
  const blocks = fc.array(block, { minLength: 3, maxLength: 14 });
  return fc.tuple(blocks, fc.integer({ min: 1, max: 3 })).map(([made, finalityDepth]) => {
    const times = made.map(
      (_, at) => 100 + made.slice(0, at + 1).reduce((sum, { seconds }) => sum + seconds, 0),
    );
    let [size, indexSize] = [0, 0];
    const anchors = made.flatMap(({ anchors: isAnchored, grows, indexes }, at) => {
      if (!isAnchored || size + grows === 0) return [];
      size += grows;
      indexSize = Math.min(size, indexSize + indexes);
      return [{ size, indexSize, block: at }];
    });
    return { times, anchors, finalityDepth };
  });
}

function receipts(): fc.Arbitrary<Partial<Receipt>> {
  return fc.record({
    index: fc.integer({ min: 0, max: 20 }),
    count: fc.integer({ min: 1, max: 6 }),
    anchorBy: fc.integer({ min: 100, max: 500 }),
    indexBy: fc.oneof(fc.constant(0), fc.integer({ min: 100, max: 700 })),
  });
}
