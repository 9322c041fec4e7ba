import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import { payloadLeafHash } from "../../protocol/event.ts";
import { formatEvidence, parseEvidence, parseEvidenceFile } from "../../protocol/evidence.ts";
import { verifyJws } from "../../protocol/jws.ts";
import { verifyInclusion } from "../../protocol/merkle.ts";
import { verifyNote } from "../../protocol/note.ts";
import { codeOf, expectCode } from "./expect-code.ts";
import { CHECKPOINT_KEY, RECORDER_KEY, sampleEvidence } from "./samples.ts";

const file = sampleEvidence();
const text = formatEvidence(file);

describe("evidence", () => {
  it("holds everything that links the event to a signed checkpoint", () => {
    const { event, submission, proof, checkpoint, anchor } = parseEvidence(text);
    const leafHash = payloadLeafHash(event.payloadText);
    const { payload, index, path, jws } = submission;
    expect(verifyInclusion({ index, size: payload.count, leafHash, proof: path, root: payload.root })).to.be
      .true;
    const { size, root } = checkpoint;
    expect(verifyInclusion({ index: proof.index, size, leafHash, proof: proof.hashes, root })).to.be.true;
    expect(verifyJws(jws, RECORDER_KEY.public)).to.be.true;
    expect(verifyNote(checkpoint.note, CHECKPOINT_KEY)).to.be.true;
    expect(event.payload.seq).to.equal(payload.first + index);
    expect(anchor).to.deep.equal(file.anchor);
  });

  it("reads back as the file it was written from", () => {
    expect(parseEvidenceFile(text)).to.deep.equal(file);
    expect(text.endsWith("}\n")).to.be.true;
    expect(formatEvidence(parseEvidenceFile(text))).to.equal(text);
  });

  it("is not written when it could not be read", () => {
    expectCode("tlog-proof", () => formatEvidence({ ...file, proof: "x" }));
    expect(codeOf(() => formatEvidence(file))).to.equal(undefined);
    expect(utf8(text).length).to.be.below(16_000);
  });
});
