import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import { Transaction, Wallet } from "ethers";
import { concat, fromHex } from "../../../protocol/bytes.ts";
import { anchorAccount } from "../../../server/anchor/anchor-transaction.ts";

const KEY = new Uint8Array(32).fill(0x33);
const ORDER = secp256k1.Point.Fn.ORDER;
const TRANSACTION = Transaction.from({
  ...{ chainId: 7, nonce: 3, to: `0x${"44".repeat(20)}`, data: "0x01", gasLimit: 100_000, gasPrice: 0 },
});

describe("server/anchor/anchor-transaction: a key that is elsewhere", () => {
  const publicKey = secp256k1.getPublicKey(KEY, false);
  const account = (sign: (digest: Uint8Array) => Uint8Array): ReturnType<typeof anchorAccount> =>
    anchorAccount({ publicKey, sign: (digest) => Promise.resolve(sign(digest)) });
  const low = (digest: Uint8Array): Uint8Array => secp256k1.sign(digest, KEY, { prehash: false, lowS: true });
  /** The other signature that is as valid for ECDSA, and that chains refuse (EIP-2). */
  const high = (digest: Uint8Array): Uint8Array => {
    const signature = low(digest);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
    return concat(signature.subarray(0, 32), fromHex((ORDER - s).toString(16).padStart(64, "0")));
  };

  it("has the same address as the key itself", () => {
    expect(account(low).address).to.equal(anchorAccount(KEY).address);
    expect(account(low).address).to.equal(new Wallet(`0x${"33".repeat(32)}`).address.toLowerCase());
  });

  for (const [name, sign] of Object.entries({ low, high }))
    it(`makes a transaction of its account that chains take, of a signature with ${name} s`, async () => {
      for (let nonce = 0; nonce < 8; nonce++) {
        const transaction = TRANSACTION.clone();
        transaction.nonce = nonce;
        const signed = Transaction.from((await account(sign).sign(transaction)).serialized);
        expect(signed.from?.toLowerCase()).to.equal(anchorAccount(KEY).address);
        expect(BigInt(signed.signature?.s ?? "0x0") <= ORDER / 2n).to.equal(true);
      }
    });

  it("refuses a signature by another key than the one it shows", async () => {
    const other = account((digest) =>
      secp256k1.sign(digest, new Uint8Array(32).fill(0x55), { prehash: false, lowS: true }),
    );
    const error: unknown = await other.sign(TRANSACTION).catch((reason: unknown) => reason);
    expect(String(error)).to.contain("another key");
  });
});
