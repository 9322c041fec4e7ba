import { expect } from "chai";
import fc from "fast-check";
import { checkpointOrigin, formatLogId, parseLogId } from "../../protocol/log-id.ts";
import { expectCode } from "./expect-code.ts";
import { LOG } from "./samples.ts";

const REGISTRY = `0x${"5f".repeat(20)}`;

describe("log id", () => {
  it("reads back as what it was written from", () => {
    const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 40, maxLength: 40 });
    const id = fc.record({
      chainId: fc.maxSafeNat().filter((n) => n > 0),
      registry: hex.map((digits) => `0x${digits}`),
      logId: fc.maxSafeNat().filter((n) => n > 0),
    });
    fc.assert(
      fc.property(id, (written) => {
        expect(parseLogId(formatLogId(written))).to.deep.equal(written);
      }),
    );
  });

  it("names the origin of the log's checkpoints", () => {
    expect(checkpointOrigin(LOG)).to.equal(`minhbach/31337/${REGISTRY}/1`);
  });

  for (const text of [
    ...[
      "",
      "1",
      `1:${REGISTRY}`,
      `1:${REGISTRY}:1:1`,
      `0:${REGISTRY}:1`,
      `1:${REGISTRY}:0`,
      `01:${REGISTRY}:1`,
    ],
    ...[`1:${REGISTRY.toUpperCase()}:1`, `1:0x${"5F".repeat(20)}:1`, `1:${REGISTRY}0:1`, `1:${REGISTRY}:1\n`],
    ...[` 1:${REGISTRY}:1`, `+1:${REGISTRY}:1`, `1e3:${REGISTRY}:1`, `9007199254740992:${REGISTRY}:1`],
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => expectCode("log-id", () => parseLogId(text)));
  }

  it("is not made from impossible numbers or an address with capitals", () => {
    for (const change of [
      { chainId: 0 },
      { chainId: 1.5 },
      { logId: -1 },
      { registry: "0x" },
      { logId: 2 ** 53 },
    ]) {
      expectCode("log-id", () => formatLogId({ ...LOG, ...change }));
      expectCode("log-id", () => checkpointOrigin({ ...LOG, ...change }));
    }
  });
});
