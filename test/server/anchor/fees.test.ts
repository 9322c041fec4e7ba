import { expect } from "chai";
import { Transaction, Wallet } from "ethers";
import { type Fees, feesFor, isUnderpriced, replacing } from "../../../server/anchor/fees.ts";
import type { Rpc } from "../../../server/anchor/json-rpc.ts";

const WALLET = new Wallet(`0x${"11".repeat(32)}`);

/** A node of a chain with these conditions, in wei. */
function node(chain: { baseFee?: number; gasPrice: number; balance: number }): Rpc {
  const quantity = (value: number): string => `0x${value.toString(16)}`;
  return (method) => {
    if (method === "eth_gasPrice") return Promise.resolve(quantity(chain.gasPrice));
    if (method === "eth_getBalance") return Promise.resolve(quantity(chain.balance));
    return Promise.resolve(chain.baseFee === undefined ? {} : { baseFeePerGas: quantity(chain.baseFee) });
  };
}

function signed(fees: Fees): string {
  const transaction = Transaction.from({ ...fees, chainId: 1, to: WALLET.address, gasLimit: 21_000 });
  transaction.signature = WALLET.signingKey.sign(transaction.unsignedHash);
  return transaction.serialized;
}

describe("server/anchor/fees", () => {
  it("pays nothing on a free-gas chain, however it says that it is one", async () => {
    const free: Fees = { type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
    expect(await feesFor(node({ baseFee: 0, gasPrice: 0, balance: 5 }), WALLET.address)).to.deep.equal(free);
    // Nodes suggest a tip even there; an account that owns nothing never had to pay it.
    expect(await feesFor(node({ baseFee: 0, gasPrice: 7, balance: 0 }), WALLET.address)).to.deep.equal(free);
    const legacy = await feesFor(node({ gasPrice: 0, balance: 5 }), WALLET.address);
    expect(legacy).to.deep.equal({ type: 0, gasPrice: 0n });
  });

  it("leaves room for the base fee to double, and pays what the node asks without one", async () => {
    const fees = await feesFor(node({ baseFee: 10, gasPrice: 13, balance: 99 }), WALLET.address);
    expect(fees).to.deep.equal({ type: 2, maxFeePerGas: 23n, maxPriorityFeePerGas: 3n });
    const legacy = await feesFor(node({ gasPrice: 13, balance: 99 }), WALLET.address);
    expect(legacy).to.deep.equal({ type: 0, gasPrice: 13n });
  });

  it("replaces a transaction only with a tenth more at least", () => {
    const old = signed({ type: 2, maxFeePerGas: 100n, maxPriorityFeePerGas: 10n });
    const low: Fees = { type: 2, maxFeePerGas: 90n, maxPriorityFeePerGas: 1n };
    expect(replacing(low, old)).to.deep.equal({ type: 2, maxFeePerGas: 113n, maxPriorityFeePerGas: 11n });
    const high: Fees = { type: 2, maxFeePerGas: 900n, maxPriorityFeePerGas: 100n };
    expect(replacing(high, old)).to.deep.equal(high);
    expect(replacing({ type: 0, gasPrice: 90n }, signed({ type: 0, gasPrice: 100n }))).to.deep.equal({
      type: 0,
      gasPrice: 113n,
    });
  });

  it("sees that nobody can mine what pays less than the base fee", () => {
    const raw = signed({ type: 2, maxFeePerGas: 100n, maxPriorityFeePerGas: 10n });
    expect([100n, 101n, undefined].map((baseFee) => isUnderpriced(raw, baseFee))).to.deep.equal([
      false,
      true,
      false,
    ]);
    expect(isUnderpriced(signed({ type: 0, gasPrice: 100n }), 101n)).to.equal(true);
    expect(isUnderpriced(signed({ type: 2, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }), 0n)).to.equal(
      false,
    );
  });
});
