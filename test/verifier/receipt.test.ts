import { expect } from "chai";
import { signJws } from "../../protocol/jws.ts";
import { makeReceipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { type ExpectedReceipt, RECEIPT_CHECKS, verifyReceipt } from "../../verifier/receipt.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { PROFILE, signerOf } from "./world.ts";

const log = signerOf("receipt");
const sent: ExpectedReceipt = {
  log: logOf(PROFILE),
  source: parseSource("qn-police/r1"),
  first: 8,
  count: 3,
  root: new Uint8Array(32).fill(7),
};
const { source: src, ...same } = sent;
const promise = { ...same, src, index: 41, time: 1000, anchorBy: 1600, indexBy: 0 };

describe("verifyReceipt", () => {
  it("accepts the log's promise about what was sent", () => {
    const report = verifyReceipt(makeReceipt(promise, log), sent, log.key);
    expect(report.verdict).to.equal("valid");
    expect(report.receipt).to.deep.equal(promise);
    expect(report.checks.map(({ id, status }) => [id, status])).to.deep.equal(
      Object.keys(RECEIPT_CHECKS).map((id) => [id, "passed"]),
    );
  });

  const stranger = signerOf("stranger");
  const refused: readonly [name: string, jws: string, fails: readonly string[]][] = [
    ["text that is no JWS", "minhbach", ["format"]],
    ["a submission", signJws({ ...log, typ: "submission+jws" }, {}, log.sign), ["format"]],
    ["a stranger's signature", makeReceipt(promise, stranger), ["signature"]],
    [
      "a stranger's signature under the log's name",
      makeReceipt(promise, { ...stranger, kid: log.kid }),
      ["signature"],
    ],
    [
      "a name of the key that is another's",
      makeReceipt(promise, { ...log, kid: stranger.kid }),
      ["signature"],
    ],
    ["a signature of another receipt", swapSignature(), ["signature"]],
    ["another log", makeReceipt({ ...promise, log: { ...sent.log, logId: 2 } }, log), ["submission"]],
    ["another source", makeReceipt({ ...promise, src: parseSource("qn-police/r2") }, log), ["submission"]],
    ["another first number", makeReceipt({ ...promise, first: 9 }, log), ["submission"]],
    ["another count", makeReceipt({ ...promise, count: 2 }, log), ["submission"]],
    ["another root", makeReceipt({ ...promise, root: new Uint8Array(32) }, log), ["submission"]],
    ["an anchor promised for the past", makeReceipt({ ...promise, anchorBy: 999 }, log), ["promise"]],
    ["an anchor promised for next century", makeReceipt({ ...promise, anchorBy: 4e9 }, log), ["promise"]],
    ["an index promised for next century", makeReceipt({ ...promise, indexBy: 4e9 }, log), ["promise"]],
    ["an index promised for the past", makeReceipt({ ...promise, indexBy: 999 }, log), ["promise"]],
  ];
  for (const [name, jws, fails] of refused) {
    it(`refuses ${name}`, () => {
      const { verdict, checks, receipt } = verifyReceipt(jws, sent, log.key);
      expect(checks.filter(({ status }) => status === "failed").map(({ id }) => id)).to.deep.equal(fails);
      expect(verdict).to.equal("invalid");
      expect(receipt).to.equal(null);
    });
  }

  it("refuses everything with a key that is none", () => {
    expect(verifyReceipt(makeReceipt(promise, log), sent, new Uint8Array(31)).verdict).to.equal("invalid");
  });
});

function swapSignature(): string {
  const other = makeReceipt({ ...promise, index: 42 }, log).split(".")[2] ?? "";
  return makeReceipt(promise, log).replace(/[^.]+$/, other);
}
