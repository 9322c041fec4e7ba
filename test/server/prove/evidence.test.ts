import { expect } from "chai";
import { fromUtf8 } from "../../../protocol/bytes.ts";
import { parseShownEvent, showEvent, payloadLeafHash } from "../../../protocol/event.ts";
import { parseEvidence } from "../../../protocol/evidence.ts";
import { verifyInclusion } from "../../../protocol/merkle.ts";
import { type Caller, PUBLIC } from "../../../server/identity/caller.ts";
import { makeProver, type Prover, type ShowEvent } from "../../../server/prove/evidence.ts";
import { INSPECTOR } from "../callers.ts";
import { access, type RecordedLog, recordedLog, WHOLE } from "./recorded-log.ts";

describe("server/prove/evidence", () => {
  let log: RecordedLog;
  let prover: Prover;
  let shownTo: Caller[];
  let anchoring: ReturnType<typeof WHOLE>;

  const show: ShowEvent = async (caller, _what, { payload, disclosures }) => {
    if (disclosures !== undefined) shownTo.push(caller);
    const event = parseShownEvent(`${fromUtf8(payload)}~${disclosures ?? ""}`);
    const text = showEvent(event, ({ name }) => caller.role === "inspector" && name !== "decoy");
    const leafHash = payloadLeafHash(event.payloadText);
    return await Promise.resolve({ text, leafHash, erased: disclosures === undefined });
  };

  beforeEach(async () => {
    log = await recordedLog();
    shownTo = [];
    anchoring = WHOLE();
    prover = makeProver({
      store: log.store,
      tree: log.tree,
      show,
      anchoring: () => anchoring,
    });
  });
  afterEach(async () => {
    await log.close();
  });

  async function refusal(work: Promise<unknown>): Promise<unknown> {
    return await work.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** What the file claims about the trees, checked without our own code for making it. */
  function expectProven(text: string, index: number): ReturnType<typeof parseEvidence> {
    const evidence = parseEvidence(text);
    const { event, submission, proof, checkpoint } = evidence;
    const leafHash = payloadLeafHash(event.payloadText);
    const { root, count, first } = submission.payload;
    expect(
      verifyInclusion({ index: submission.index, size: count, leafHash, proof: submission.path, root }),
    ).to.equal(true);
    expect(event.payload.seq).to.equal(first + submission.index);
    expect(proof.index).to.equal(index);
    expect(
      verifyInclusion({ index, size: checkpoint.size, leafHash, proof: proof.hashes, root: checkpoint.root }),
    ).to.equal(true);
    return evidence;
  }

  it("proves every event, in submissions of any size that share tiles", async () => {
    const counts = [1, 2, 130, 3, 255, 1, 64];
    for (const [at, count] of counts.entries()) {
      await log.append(
        `qn-police/r${at % 2}`,
        Array.from({ length: count }, (_, n) => access(`${at}-${n}`)),
      );
    }
    const size = counts.reduce((sum, count) => sum + count);
    await log.anchor(size);
    for (let index = 0; index < size; index++) expectProven(await prover.evidenceAt(index, PUBLIC), index);
  });

  it("uses the first anchor that covers the event, also when the log has grown", async () => {
    for (let at = 0; at < 5; at++) await log.append("qn-police/r1", [access(`${at}`), access(`${at}`)]);
    for (const size of [2, 6, 10]) await log.anchor(size);
    const sizes: number[] = [];
    for (let index = 0; index < 10; index++) {
      sizes.push(expectProven(await prover.evidenceAt(index, PUBLIC), index).checkpoint.size);
    }
    expect(sizes).to.deep.equal([2, 2, 6, 6, 6, 6, 10, 10, 10, 10]);
  });

  it("tells an event that waits for its anchor from one that does not exist", async () => {
    await log.append("qn-police/r1", [access("a")]);
    expect(await refusal(prover.evidenceAt(0, PUBLIC))).to.include({
      code: "not-yet-anchored",
      retryAfterSeconds: 2,
    });
    expect(await refusal(prover.evidenceAt(1, PUBLIC))).to.have.property("code", "unknown-event");
    expect(await refusal(prover.eventAt(1, PUBLIC))).to.have.property("code", "unknown-event");
    await log.anchor(1);
    expectProven(await prover.evidenceAt(0, PUBLIC), 0);
  });

  it("finds an event by its leaf hash", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    const { text } = await prover.eventAt(1, PUBLIC);
    expect(await prover.indexOfLeaf(payloadLeafHash(text.slice(0, -1)))).to.equal(1);
    expect(await refusal(prover.indexOfLeaf(new Uint8Array(32)))).to.have.property("code", "unknown-event");
  });

  it("opens to each caller what is theirs, however often others asked before", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await log.anchor(1);
    for (let round = 0; round < 2; round++) {
      expect(expectProven(await prover.evidenceAt(0, PUBLIC), 0).event.disclosures).to.have.length(0);
      expect(expectProven(await prover.evidenceAt(0, INSPECTOR), 0).event.disclosures).to.have.length(5);
    }
    // What was made for the public is made once; for others it is never kept.
    expect(shownTo.map(({ role }) => role)).to.deep.equal(["public", "inspector", "inspector"]);
  });

  it("points to where the anchor is now, after the chain lost it and it was anchored again", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const lost = await log.anchor(1, { block: 5 });
    expect(parseEvidence(await prover.evidenceAt(0, PUBLIC)).anchor.block).to.equal(5);
    await log.store.recordAnchor({ ...lost, block: 9, blockHash: `0x${"11".repeat(32)}` });
    expect(parseEvidence(await prover.evidenceAt(0, PUBLIC)).anchor.block).to.equal(9);
  });

  it("hands out no evidence whose anchor the chain lost, until it is anchored again", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    await log.anchor(1);
    await log.anchor(2);
    for (const index of [0, 1]) await prover.evidenceAt(index, PUBLIC);
    anchoring = { missingAnchors: 1, finalSize: 1 };
    expectProven(await prover.evidenceAt(0, PUBLIC), 0);
    expect(await refusal(prover.evidenceAt(1, PUBLIC))).to.include({ code: "not-yet-anchored" });
    anchoring = { missingAnchors: 0, finalSize: 2 };
    expectProven(await prover.evidenceAt(1, PUBLIC), 1);
  });

  it("proves an erased event without opening it", async () => {
    await log.append("qn-police/r1", [access("a")], { erased: true });
    await log.anchor(1);
    expect(await prover.eventAt(0, INSPECTOR)).to.have.property("erased", true);
    expect(expectProven(await prover.evidenceAt(0, INSPECTOR), 0).event.disclosures).to.have.length(0);
  });

  it("hands out nothing when records, tiles or anchor contradict each other", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    await log.anchor(3, { root: new Uint8Array(32).fill(1) });
    expect(String(await refusal(prover.evidenceAt(0, PUBLIC)))).to.contain("its anchor");

    await log.anchor(3);
    const { store } = log;
    const swapped = {
      ...store,
      eventWithSubmission: async (index: number) => {
        const [payload] = await store.payloads((index + 1) % 3, ((index + 1) % 3) + 1);
        const event = await store.eventWithSubmission(index);
        return payload && event && { ...event, payload, disclosures: undefined };
      },
    };
    const deceived = makeProver({ store: swapped, tree: log.tree, show, anchoring: WHOLE });
    expect(String(await refusal(deceived.evidenceAt(0, PUBLIC)))).to.contain("its submission");
  });
});
