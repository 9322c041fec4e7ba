import { expect } from "chai";
import fc from "fast-check";
import { chainReader, ChainError, type Rpc } from "../../verifier/chain.ts";
import { type EvidenceClaim, verifyEvidence } from "../../verifier/evidence.ts";
import { nodeOf } from "./chain-state.ts";
import { PROFILE, smallLedger } from "./world.ts";

const ledger = smallLedger();
const INDEX = 6;
const TEXT = ledger.text(INDEX);

describe("verifyEvidence under mutation", function () {
  this.timeout(600_000);
  let original: EvidenceClaim;

  before(async () => {
    const { claim } = await verify(TEXT);
    if (claim === null) throw new Error("the unchanged file must be valid");
    original = claim;
  });

  it("never accepts changed bytes as a different claim", async () => {
    const bytes = Buffer.from(TEXT);
    const change = fc.record({
      at: fc.nat(bytes.length - 1),
      remove: fc.nat(3),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc
          .constantFrom("0", "1", "~", ",", '"', "\n", "=", "A", "_", "\\u0041")
          .map((text) => Buffer.from(text)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const mutated = changes.reduce(
          (file, { at, remove, insert }) =>
            Buffer.concat([file.subarray(0, at), insert, file.subarray(at + remove)]),
          bytes,
        );
        const report = await verify(mutated);
        if (report.claim !== null) expect(report.claim).to.deep.equal(original);
      }),
      { numRuns: 500 },
    );
  });

  it("never accepts a mix of two files of the same ledger as a claim of neither", async () => {
    const files = Array.from({ length: 10 }, (_, index) => ledger.evidence(index));
    const claims = await Promise.all(files.map(async (file) => (await verify(JSON.stringify(file))).claim));
    const file = fc.constantFrom(...files);
    await fc.assert(
      fc.asyncProperty(file, file, file, file, async (a, b, c, d) => {
        const submission = { jws: b.submission.jws, index: c.submission.index, path: d.submission.path };
        const mixed = { ...a, submission, proof: d.proof };
        const { claim } = await verify(JSON.stringify(mixed));
        if (claim !== null) expect(claims).to.deep.include(claim);
      }),
      { numRuns: 150 },
    );
  });

  it("never throws, and never says more than the truth, whatever the chain answers", async () => {
    const answer = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, "0x", "0x0", "0x1", "0x1f", `0x${"0".repeat(64)}`, `0x${"f".repeat(64)}`),
      fc.uint8Array({ maxLength: 12 * 32 }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`),
      fc.array(fc.nat(200), { maxLength: 12 }).map(wordsOf),
    );
    const methods = fc.constantFrom(
      "eth_chainId",
      "eth_getBlockByNumber",
      "eth_getCode",
      "eth_blockNumber",
      "eth_call",
    );
    const honest = nodeOf(ledger.state());
    await fc.assert(
      fc.asyncProperty(methods, fc.nat(5), answer, async (lied, after, lie) => {
        let asked = 0;
        const liar: Rpc = (method, params) =>
          method === lied && asked++ >= after ? Promise.resolve(lie) : honest(method, params);
        const report = await verifyEvidence(TEXT, PROFILE, chainReader(liar, "a liar"));
        if (report.claim !== null) expect(report.claim).to.deep.equal(original);
      }),
      { numRuns: 400 },
    );
  });

  it("is incomplete whichever question the chain leaves open", async () => {
    const honest = nodeOf(ledger.state());
    let questions = 0;
    const counting: Rpc = (method, params) => (questions++, honest(method, params));
    await verifyEvidence(TEXT, PROFILE, chainReader(counting, "the node"));
    expect(questions).to.be.greaterThan(8);
    for (let silent = 0; silent < questions; silent++) {
      let asked = 0;
      const tiring: Rpc = (method, params) =>
        asked++ === silent ? Promise.reject(new ChainError("unreachable", "gone")) : honest(method, params);
      const report = await verifyEvidence(TEXT, PROFILE, chainReader(tiring, "the node"));
      expect(report.verdict, `question ${silent}`).to.equal("incomplete");
      expect(report.claim).to.equal(null);
    }
  });
});

function verify(input: string | Uint8Array): ReturnType<typeof verifyEvidence> {
  return verifyEvidence(input, PROFILE, chainReader(nodeOf(ledger.state()), "the node"));
}

function wordsOf(numbers: readonly number[]): string {
  return `0x${numbers.map((number) => number.toString(16).padStart(64, "0")).join("")}`;
}
