import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { watchLogKeys } from "../../../server/anchor/log-keys.ts";

function publicKey(n: number): Uint8Array {
  return ed25519.getPublicKey(new Uint8Array(32).fill(n));
}

const [checkpoint, receipt, vrf, older] = [publicKey(1), publicKey(2), publicKey(3), publicKey(4)];

describe("server/anchor/log-keys", () => {
  it("knows every receipt key the log ever had, once the chain was read", async () => {
    const versions = [
      { fromBlock: 3, checkpoint, receipt: older },
      // No point of the curve: a signature by it proves nothing.
      { fromBlock: 5, checkpoint, receipt: new Uint8Array(32).fill(0xff) },
      { fromBlock: 9, checkpoint, receipt },
    ];
    const asked: number[] = [];
    const watch = watchLogKeys(
      {
        keyVersions: () => Promise.resolve(versions),
        logKeysAt: (block) => {
          asked.push(block);
          return Promise.resolve({ checkpoint, receipt, vrf });
        },
      },
      { checkpoint, receipt, vrf },
    );
    expect(watch.receiptKeys()).to.deep.equal([{ alg: "EdDSA", key: receipt }]);
    expect(await watch.check()).to.equal(undefined);
    expect(await watch.check()).to.equal(undefined);
    expect(watch.receiptKeys().map(({ key }) => key)).to.deep.equal([older, receipt]);
    expect(asked).to.deep.equal([9]);
  });
});
