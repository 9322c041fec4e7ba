import { expect } from "chai";
import { parseSource } from "../../../protocol/source.ts";
import { ownSource } from "../../../server/sequence/own-source.ts";

const SOURCE = parseSource("operator/ledger");
const LOG = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };

describe("server/sequence/own-source", () => {
  it("records nothing again that another server records while this one looks", async () => {
    let reads = 0;
    /** The other one's event is there from the second read on. */
    const isRecorded = (): boolean => ++reads > 1;
    const unexpected = () => Promise.reject(new Error("it was recorded already"));
    const sign = () => new Uint8Array(64);
    const record = ownSource(
      { source: SOURCE, signer: { alg: "EdDSA", kid: "key", sign }, verify: unexpected },
      {
        clock: { now: () => 1_700_000_000_000 },
        log: LOG,
        store: {
          source: (source) => Promise.resolve({ source, next: isRecorded() ? 2 : 1, lastTime: 0 }),
          attachmentIndex: () => Promise.resolve(isRecorded() ? 7 : undefined),
        },
        append: unexpected,
      },
    );
    const attachment = { name: new Uint8Array(32), body: new Uint8Array(1) };
    expect(await record({ facets: () => ({ type: "heartbeat" }), attachment })).to.equal(7);
  });
});
