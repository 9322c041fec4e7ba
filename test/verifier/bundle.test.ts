import { expect } from "chai";
import { type Bundle, type BundleItem, formatBundle } from "../../protocol/bundle.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { makeReceipt, type Receipt } from "../../protocol/receipt.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { BUNDLE_CHECKS, type BundleReport, verifyBundle } from "../../verifier/bundle.ts";
import { chainReader } from "../../verifier/chain.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { type ChainState, nodeOf } from "./chain-state.ts";
import { PROFILE, type Signer, signerOf, smallLedger } from "./world.ts";

const ledger = smallLedger();
const FINDING = { id: "no-case:4", kind: "no-case", state: "open", since: 1_759_999_995 };

/** An item as an honest ledger gives it. */
function itemOf(
  index: number,
  change: Partial<Receipt> = {},
  key: Signer = ledger.signers.receipt,
): BundleItem {
  const evidence = ledger.evidence(index);
  const { src, first, count, root } = parseSubmissionPayload(
    parseCompactJws(evidence.submission.jws, "submission+jws").payload,
  );
  const receipt = makeReceipt(
    {
      ...{ log: logOf(PROFILE), src, first, count, root, index: index - evidence.submission.index },
      ...{ time: 1_759_999_995, anchorBy: 1_760_000_100, indexBy: 0, ...change },
    },
    key,
  );
  return { index, evidence, receipt, findings: index === 4 ? [FINDING] : [] };
}

function bundleOf(items: readonly BundleItem[], change: Partial<Bundle> = {}): string {
  const { chainId, genesisHash, anchorRegistry, agencyRegistry } = PROFILE;
  return formatBundle({
    log: logOf(PROFILE),
    madeAt: 1_760_000_500,
    madeFor: { authority: "Thanh tra tỉnh", official: "inspector-7" },
    about: "indexes",
    record: { index: 9, leaf: "A".repeat(43) },
    chain: { chainId, genesisHash, anchorRegistry, agencyRegistry },
    items,
    ...change,
  });
}

async function verify(text: string, change: Partial<ChainState> = {}): Promise<BundleReport> {
  const state = { ...ledger.state(), times: (block: number) => 1_760_000_000 + block * 10, ...change };
  return await verifyBundle(text, PROFILE, chainReader(nodeOf(state), "the node"));
}

function statusOf({ checks }: BundleReport, id: keyof typeof BUNDLE_CHECKS): string {
  const found = checks.find((one) => one.id === id);
  return found === undefined ? "absent" : `${found.status}: ${found.detail}`;
}

describe("verifyBundle", () => {
  it("proves every event, judges every receipt, and repeats the rest as the ledger's word", async () => {
    const report = await verify(bundleOf([itemOf(4), itemOf(0), itemOf(9)]));
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.checks.map(({ id }) => id)).to.deep.equal(Object.keys(BUNDLE_CHECKS));
    expect(report.verdict).to.equal("valid");
    expect(
      report.claim?.items.map(({ evidence: { index }, receipt, findings }) => [index, receipt, findings]),
    ).to.deep.equal([
      [4, "kept", [FINDING]],
      [0, "kept", []],
      [9, "kept", []],
    ]);
    expect(report.claim?.stated).to.deep.include({ about: "indexes", madeAt: 1_760_000_500 });
  });

  it("says which event is not proven, and repeats nothing", async () => {
    const forged = smallLedger({ recorder: signerOf("somebody else") });
    const report = await verify(bundleOf([itemOf(0), { ...itemOf(1), evidence: forged.evidence(1) }]));
    expect(report.verdict).to.equal("invalid");
    expect(statusOf(report, "evidence")).to.match(/^failed: entry 1: /);
    expect(report.claim).to.equal(null);
  });

  it("refuses an event that stands elsewhere in the log", async () => {
    const report = await verify(bundleOf([{ ...itemOf(1), index: 2 }]));
    expect(statusOf(report, "places")).to.equal("failed: entry 2 is entry 1 by its evidence");
    expect(report.verdict).to.equal("invalid");
  });

  it("refuses receipts of other submissions, and of other keys", async () => {
    const swapped = { ...itemOf(0), receipt: itemOf(4).receipt };
    expect(statusOf(await verify(bundleOf([swapped])), "receipts")).to.match(
      /^failed: the receipt of entry 0 /,
    );
    const forged = itemOf(0, {}, signerOf("somebody else"));
    expect(statusOf(await verify(bundleOf([forged])), "receipts")).to.match(
      /^failed: the receipt of entry 0 /,
    );
  });

  it("warns of a promise that was broken, which takes nothing from the evidence", async () => {
    const report = await verify(bundleOf([itemOf(0, { anchorBy: 1_759_999_999 })]));
    expect(statusOf(report, "receipts")).to.match(
      /^warning: the log broke a promise of the receipt of entry 0/,
    );
    expect(report.verdict).to.equal("valid");
    expect(report.claim?.items[0]?.receipt).to.equal("broken");
  });

  it("refuses another log's", async () => {
    const report = await verify(bundleOf([], { log: { ...logOf(PROFILE), logId: 2 } }));
    expect(statusOf(report, "log")).to.match(/^failed: /);
  });

  it("is incomplete without a profile or a chain, and never throws", async () => {
    const text = bundleOf([itemOf(0)]);
    expect((await verifyBundle(text, undefined, undefined)).verdict).to.equal("incomplete");
    expect((await verifyBundle(text, PROFILE, undefined)).verdict).to.equal("incomplete");
    for (const hostile of [
      "",
      "{}",
      "null\n",
      "[]\n[]\n[]\n",
      text.slice(0, -20),
      text.replace("evidence", "evidenc"),
    ]) {
      expect((await verify(hostile)).verdict, hostile.slice(0, 20)).to.equal("invalid");
    }
  });
});
