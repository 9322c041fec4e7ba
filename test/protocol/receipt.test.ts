import { expect } from "chai";
import { toBase64url } from "../../protocol/bytes.ts";
import { verifyJws } from "../../protocol/jws.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { parseReceipt, parseReceiptPayload } from "../../protocol/receipt.ts";
import { expectCode } from "./expect-code.ts";
import {
  LOG,
  RECEIPT_KEY,
  RECORDER_KEY,
  sampleEvents,
  sampleReceipt,
  sampleSubmission,
  SOURCE,
} from "./samples.ts";

const body = sampleSubmission(sampleEvents(3));
const good = {
  log: formatLogId(LOG),
  src: SOURCE,
  first: 1,
  count: 3,
  root: toBase64url(new Uint8Array(32)),
  index: 40,
  time: 10,
  anchorBy: 20,
  indexBy: 0,
};

describe("receipt", () => {
  it("reads back as what was promised, and verifies with the receipt key alone", () => {
    const { jws, receipt } = parseReceipt(sampleReceipt(body));
    expect(receipt).to.deep.include({ log: LOG, src: SOURCE, first: 1, count: 3, index: 40, indexBy: 0 });
    expect(receipt.anchorBy - receipt.time).to.equal(600);
    expect(verifyJws(jws, RECEIPT_KEY.public)).to.be.true;
    expect(verifyJws(jws, RECORDER_KEY.public)).to.be.false;
  });

  it("is no submission, and a submission is no receipt", () => {
    expectCode("jws-type", () => parseReceipt(body.jws));
  });

  it("is refused when its payload is no object", () => {
    for (const value of [null, [], "x", 1]) expectCode("receipt", () => parseReceiptPayload(value));
    expect(parseReceiptPayload(good).index).to.equal(40);
  });

  it("is not made with an impossible promise", () => {
    expectCode("receipt", () => sampleReceipt(body, { index: -1 }));
    expectCode("receipt", () => sampleReceipt(body, { time: Number.NaN }));
  });
});
