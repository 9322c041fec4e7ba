import { expect } from "chai";
import fc from "fast-check";
import { fromHex, toBase64 } from "../../protocol/bytes.ts";
import {
  formatCheckpoint,
  parseCheckpoint,
  parseCheckpointBody,
  parseDecimal,
} from "../../protocol/checkpoint.ts";
import { checkpointOrigin } from "../../protocol/log-id.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { verifierKey, verifyNote } from "../../protocol/note.ts";
import published from "../vectors/published/c2sp-spec-examples.json" with { type: "json" };
import { codeOf, expectCode } from "./expect-code.ts";
import { CHECKPOINT_KEY, LOG, sampleCheckpoint } from "./samples.ts";

const ROOT = toBase64(new Uint8Array(32));

describe("checkpoint", () => {
  it("reads the specification's example", () => {
    const checkpoint = parseCheckpoint(published.cosigned_checkpoint_no_public_keys_given);
    expect(checkpoint.origin).to.equal("example.com/behind-the-sofa");
    expect(checkpoint.size).to.equal(20852163);
    expect(toBase64(checkpoint.root)).to.equal("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
  });

  it("verifies a checkpoint of another implementation", () => {
    const example = published.checkpoint_C2SP_issue_99;
    const checkpoint = parseCheckpoint(example.note);
    const key = verifierKey(checkpoint.origin, fromHex(example.ed25519_public_key_hex));
    expect(verifyNote(checkpoint.note, key)).to.be.true;
    expect(checkpoint.size).to.equal(10);
  });

  it("reads back as what was signed, under the origin of the log", () => {
    const checkpoint = parseCheckpoint(sampleCheckpoint([leafHash(new Uint8Array(0))]));
    expect(checkpoint.origin).to.equal(checkpointOrigin(LOG));
    expect(checkpoint.size).to.equal(1);
    expect(verifyNote(checkpoint.note, CHECKPOINT_KEY)).to.be.true;
  });

  it("is not made from an impossible head", () => {
    const head = { origin: "log", size: 1, root: new Uint8Array(32) };
    expectCode("checkpoint", () => formatCheckpoint({ ...head, size: -1 }));
    expectCode("checkpoint", () => formatCheckpoint({ ...head, size: 0.5 }));
    expectCode("checkpoint", () => formatCheckpoint({ ...head, origin: "a\n9" }));
    expectCode("checkpoint", () => formatCheckpoint({ ...head, root: new Uint8Array(31) }));
  });

  it("encodes again to the same text when it is accepted at all", () => {
    const part = fc.constantFrom("log", "\n", "1", "0", "-", ROOT, "\n1\n", " ");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        if (codeOf(() => parseCheckpointBody(text)) !== undefined) return;
        expect(formatCheckpoint(parseCheckpointBody(text))).to.equal(text);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads decimals one way only", () => {
    expect(parseDecimal("0")).to.equal(0);
    expect(parseDecimal("9007199254740991")).to.equal(Number.MAX_SAFE_INTEGER);
    for (const text of ["", "00", "1.0", "0x1", "1 ", "-0", "9007199254740992"]) {
      expect(parseDecimal(text), text).to.equal(undefined);
    }
  });
});
