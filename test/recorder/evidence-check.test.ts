import { expect } from "chai";
import { formatEvidence } from "../../protocol/evidence.ts";
import { evidenceChecker, type ExpectedEvidence } from "../../recorder/evidence-check.ts";
import { chainReader } from "../../verifier/chain.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";

describe("recorder's check of its evidence", () => {
  const ledger = smallLedger();
  const expected = (index: number): ExpectedEvidence => ({
    index,
    submission: ledger.evidence(index).submission.jws,
  });
  /** A checker whose questions to the chain are counted. */
  const counting = (asks: () => boolean = () => true) => {
    const node = nodeOf(ledger.state());
    const counted = { questions: 0 };
    const chain = chainReader(async (method, params) => {
      counted.questions += 1;
      if (!asks()) throw new Error("no answer");
      return node(method, params);
    }, "node");
    return { check: evidenceChecker(chain, PROFILE), counted };
  };

  it("asks the chain once for all the events under one checkpoint", async () => {
    const { check, counted } = counting();
    expect(await check(ledger.text(5), expected(5))).to.equal(undefined);
    const { questions } = counted;
    expect(questions).to.be.greaterThan(3);
    for (const index of [6, 7, 8, 9])
      expect(await check(ledger.text(index), expected(index))).to.equal(undefined);
    expect(counted.questions).to.equal(questions);
  });

  it("still finds a wrong path under a checkpoint it knows", async () => {
    const { check } = counting();
    await check(ledger.text(5), expected(5));
    const [good, other] = [ledger.evidence(6), ledger.evidence(7)];
    const stolen = formatEvidence({
      ...good,
      submission: { ...good.submission, path: other.submission.path },
    });
    expect(await check(stolen, expected(6))).to.contain("Merkle path");
    const moved = formatEvidence({ ...good, proof: good.proof.replace("index 6", "index 7") });
    expect(await check(moved, { ...expected(6), index: 7 })).to.contain("Merkle path");
  });

  it("checks the signature of a submission that is not the one the recorder signed", async () => {
    const { check } = counting();
    await check(ledger.text(5), expected(5));
    const good = ledger.evidence(6);
    const [header, payload] = good.submission.jws.split(".");
    const jws = `${header ?? ""}.${payload ?? ""}.${"A".repeat(86)}`;
    const forged = formatEvidence({ ...good, submission: { ...good.submission, jws } });
    expect(await check(forged, expected(6))).to.be.a("string");
    expect(await check(ledger.text(6), { index: 6, submission: null })).to.equal(undefined);
  });

  it("finds evidence of another index than the receipt's", async () => {
    const { check } = counting();
    expect(await check(ledger.text(5), expected(6))).to.contain("another index");
  });

  it("says nothing while the chain does not answer", async () => {
    let isUp = false;
    const { check } = counting(() => isUp);
    const error = await check(ledger.text(5), expected(5)).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Error);
    isUp = true;
    expect(await check(ledger.text(5), expected(5))).to.equal(undefined);
  });
});
