import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import { verifyJws } from "../../protocol/jws.ts";
import {
  makeSubmission,
  MAX_SUBMISSION_BYTES,
  parseSubmission,
  parseSubmissionBody,
  parseSubmissionPayload,
} from "../../protocol/submission.ts";
import { expectCode } from "./expect-code.ts";
import { LOG, p256Key, RECORDER_KEY, sampleEvents, sampleSubmission, SOURCE } from "./samples.ts";

const events = sampleEvents(3, 41);
const body = sampleSubmission(events, 41);
const text = JSON.stringify(body);
const parsed = parseSubmission(text);
const { payload } = parsed.jws;

describe("submission", () => {
  it("reads back as the events that were signed, with their leaf hashes", () => {
    expect(parsed.payload).to.deep.include({
      log: LOG,
      src: SOURCE,
      first: 41,
      count: 3,
      iat: 1_795_000_000,
    });
    expect(parsed.events.map((event) => event.payload.seq)).to.deep.equal([41, 42, 43]);
    expect(parsed.leafHashes.length).to.equal(3);
    expect(verifyJws(parsed.jws, RECORDER_KEY.public)).to.be.true;
  });

  it("may be signed with a P-256 key", () => {
    const { alg, kid, sign, public: publicKey } = p256Key("recorder");
    const made = makeSubmission({ log: LOG, source: SOURCE, first: 41, events, issuedAt: 1, alg, kid, sign });
    expect(verifyJws(parseSubmission(JSON.stringify(made)).jws, publicKey)).to.be.true;
  });

  it("is refused before anything is read of it when it is longer than allowed", () => {
    expectCode("submission-too-large", () => parseSubmission(" ".repeat(MAX_SUBMISSION_BYTES + 1)));
  });

  it("is not made without events, with too many, or for an impossible log", () => {
    const { alg, kid, sign } = RECORDER_KEY;
    const draft = { log: LOG, source: SOURCE, first: 1, events, issuedAt: 1, alg, kid, sign };
    expectCode("submission-payload", () => makeSubmission({ ...draft, events: [] }));
    expectCode("submission-payload", () =>
      makeSubmission({ ...draft, events: new Array<string>(1001).fill("x~") }),
    );
    expectCode("submission-payload", () => makeSubmission({ ...draft, issuedAt: Number.NaN }));
    expectCode("log-id", () => makeSubmission({ ...draft, log: { ...LOG, chainId: 0 } }));
  });

  it("has a body and a payload that can be read on their own", () => {
    expect(parseSubmissionBody(text)).to.deep.equal(body);
    expect(parseSubmissionPayload(payload)).to.deep.equal(parsed.payload);
    expectCode("submission-payload", () => parseSubmissionPayload(null));
    expectCode("submission-payload", () => parseSubmissionPayload("x"));
  });

  it("signs its payload in the order of the specification", () => {
    expect(Object.keys(payload)).to.deep.equal(["log", "src", "first", "count", "root", "iat"]);
    expect(utf8(text).length).to.be.below(MAX_SUBMISSION_BYTES);
  });
});
