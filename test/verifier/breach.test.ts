import { expect } from "chai";
import { type BrokenPromise, formatBreach } from "../../protocol/breach.ts";
import { rootHash } from "../../protocol/merkle.ts";
import { proveRange } from "../../protocol/range-proof.ts";
import { BREACH_CHECKS, type BreachReport, verifyBreach } from "../../verifier/breach.ts";
import { type History, LEAVES, profileOf, readerOf, receiptOf, TILES } from "./promise-world.ts";
import { signerOf } from "./world.ts";

/** An anchor of 8 entries in block 5, at time 150, that indexes 6; block 9, at time 300, is the newest and final. */
const HISTORY: History = {
  times: [0, 100, 110, 120, 130, 150, 180, 200, 250, 300],
  anchors: [{ size: 8, indexSize: 6, block: 5 }],
  finalityDepth: 1,
};
const PLACES = { index: 2, count: 3 };
const LIED = receiptOf({ ...PLACES, root: rootHash(LEAVES.toReversed()) });

async function otherContent(index = PLACES.index, count = PLACES.count): Promise<BrokenPromise> {
  const range = { begin: index, end: index + count };
  const path = await proveRange(range, 8, async (nodes) => [...(await TILES.readNodes(nodes, 8))]);
  return { promise: "content", proof: { leafHashes: LEAVES.slice(index, range.end), path } };
}

function verify(text: string, history = HISTORY, chain = readerOf(history)): Promise<BreachReport> {
  return verifyBreach(text, profileOf(history), chain);
}

function late(promise: "anchorBy" | "indexBy", receipt: Parameters<typeof receiptOf>[0]): string {
  return formatBreach(receiptOf(receipt), { promise, proof: null });
}

function failures({ checks }: BreachReport): readonly string[] {
  return checks.filter(({ status }) => status === "failed").map(({ id }) => id);
}

describe("verifyBreach", () => {
  it("proves a late anchor, a missing one, and a late index", async () => {
    const anchor = { size: 8, block: 5, time: 150 };
    const tooLate = await verify(late("anchorBy", { ...PLACES, anchorBy: 149 }));
    expect(tooLate.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(tooLate.checks.map(({ id }) => id)).to.deep.equal(Object.keys(BREACH_CHECKS));
    expect(tooLate.verdict).to.equal("valid");
    expect(tooLate.claim).to.deep.equal({
      log: `5151:0x${"a1".repeat(20)}:1`,
      promise: "anchorBy",
      source: "qn-police/r1",
      first: 1,
      ...PLACES,
      receivedAt: 100,
      due: 149,
      anchor,
    });
    const never = await verify(late("anchorBy", { index: 8, anchorBy: 299 }));
    expect(never.claim).to.deep.include({ promise: "anchorBy", due: 299, anchor: null });
    const index = await verify(late("indexBy", { index: 5, indexBy: 149 }));
    expect(index.claim).to.deep.include({ promise: "indexBy", due: 149, anchor });
  });

  it("proves that the log holds other events", async () => {
    const report = await verify(formatBreach(LIED, await otherContent()));
    expect(report.verdict).to.equal("valid");
    expect(report.claim).to.deep.include({ promise: "content", due: null, index: 2, count: 3 });
  });

  it("convicts nobody of a promise that was kept, that was not made, or that is not due", async () => {
    expect(failures(await verify(late("anchorBy", { ...PLACES, anchorBy: 150 })))).to.deep.equal(["breach"]);
    expect(failures(await verify(late("indexBy", { index: 5, indexBy: 150 })))).to.deep.equal(["breach"]);
    expect(failures(await verify(late("indexBy", { index: 5 })))).to.deep.equal(["breach"]);
    const open = await verify(late("anchorBy", { index: 8, anchorBy: 300 }));
    expect(open.verdict).to.equal("incomplete");
    expect(open.claim).to.equal(null);
    const unsettled = await verify(late("anchorBy", { anchorBy: 149 }), { ...HISTORY, finalityDepth: 6 });
    expect(unsettled.verdict).to.equal("incomplete");
    const honest = formatBreach(receiptOf(PLACES), await otherContent());
    expect(failures(await verify(honest))).to.deep.equal(["breach"]);
  });

  it("takes only what stands in these very places of the first anchor for what the log holds", async () => {
    for (const proof of [await otherContent(3, 3), await otherContent(2, 2), await otherContent(2, 4)]) {
      expect(failures(await verify(formatBreach(LIED, proof)))).to.deep.equal(["breach"]);
    }
    const history = { ...HISTORY, anchors: [{ size: 6, indexSize: 6, block: 4 }, ...HISTORY.anchors] };
    expect(failures(await verify(formatBreach(LIED, await otherContent()), history))).to.deep.equal([
      "breach",
    ]);
    const deep = formatBreach(LIED, await otherContent());
    expect((await verify(deep, { ...HISTORY, finalityDepth: 6 })).verdict).to.equal("incomplete");
    expect(failures(await verify(deep, { ...HISTORY, anchors: [] }))).to.deep.equal(["breach"]);
  });

  it("wants the log's own signature", async () => {
    const stranger = signerOf("stranger");
    const forged = formatBreach(receiptOf({ anchorBy: 149 }, stranger), { promise: "anchorBy", proof: null });
    expect(failures(await verify(forged))).to.deep.equal(["signature"]);
    const sooner = formatBreach(receiptOf({ time: 150, anchorBy: 149 }), {
      promise: "anchorBy",
      proof: null,
    });
    expect(failures(await verify(sooner))).to.deep.equal(["deadlines"]);
  });

  it("proves at best something for development on an embedded chain, and nothing without a profile or a chain", async () => {
    const text = late("anchorBy", { anchorBy: 149 });
    const profile = profileOf(HISTORY);
    const chain = readerOf(HISTORY);
    const embedded = await verifyBreach(text, { ...profile, environment: "embedded" }, chain);
    expect(embedded.verdict).to.equal("development");
    expect(embedded.claim).to.not.equal(null);
    for (const report of [
      await verifyBreach(text, undefined, chain),
      await verifyBreach(text, profile, undefined),
    ]) {
      expect(report.verdict).to.equal("incomplete");
      expect(report.claim).to.equal(null);
    }
  });

  it("says that the log is frozen and the key replaced, and takes neither for an excuse", async () => {
    const keys = { checkpoint: signerOf("x").key, vrf: signerOf("x").key };
    const logKeys = [
      { ...keys, fromBlock: 0, receipt: signerOf("receipt").key },
      { ...keys, fromBlock: 4, receipt: signerOf("x").key },
    ];
    const chain = readerOf(HISTORY, { frozen: true, logKeys });
    const report = await verify(late("anchorBy", { anchorBy: 149 }), HISTORY, chain);
    expect(report.verdict).to.equal("valid");
    expect(report.checks.filter(({ status }) => status === "warning").map(({ id }) => id)).to.deep.equal([
      "key-since",
      "log-since",
    ]);
  });

  it("proves no other claim, whichever byte of the file is changed or missing", async function () {
    this.timeout(600_000);
    const files = [late("anchorBy", { ...PLACES, anchorBy: 149 }), formatBreach(LIED, await otherContent())];
    const chain = readerOf(HISTORY);
    for (const text of files) {
      const { claim } = await verify(text);
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at++) {
        for (const changed of [
          bytes.with(at, (bytes[at] ?? 0) ^ 1),
          bytes.filter((_, place) => place !== at),
        ]) {
          const report = await verifyBreach(changed, profileOf(HISTORY), chain);
          if (report.claim !== null) expect(report.claim, `byte ${at}`).to.deep.equal(claim);
          else expect(report.verdict, `byte ${at}`).to.equal("invalid");
        }
      }
    }
  });

  it("never throws on garbage", async () => {
    const long = "x".repeat(5_000_000);
    for (const garbage of ["", "[]", "{}", long, new Uint8Array([0xff]), new Uint8Array(5_000_000)]) {
      expect(failures(await verifyBreach(garbage, profileOf(HISTORY), readerOf(HISTORY)))).to.deep.equal([
        "format",
      ]);
    }
  });
});
