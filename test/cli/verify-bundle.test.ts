import { expect } from "chai";
import { verifyCommand } from "../../cli/verify.ts";
import { type Bundle, formatBundle } from "../../protocol/bundle.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { makeReceipt } from "../../protocol/receipt.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

const ledger = smallLedger();

function bundle(index: number): string {
  const evidence = ledger.evidence(6);
  const { jws, index: place } = evidence.submission;
  const { src, first, count, root } = parseSubmissionPayload(parseCompactJws(jws, "submission+jws").payload);
  const times = { time: 1_759_999_995, anchorBy: 1_760_000_100, indexBy: 0 };
  const receipt = makeReceipt(
    { log: logOf(PROFILE), src, first, count, root, index: 6 - place, ...times },
    ledger.signers.receipt,
  );
  const { chainId, genesisHash, anchorRegistry, agencyRegistry } = PROFILE;
  const made: Bundle = {
    log: logOf(PROFILE),
    madeAt: 1_760_000_500,
    madeFor: { authority: "qn-inspectorate", official: "inspector-7" },
    about: "case",
    record: { index: 9, leaf: "A".repeat(43) },
    chain: { chainId, genesisHash, anchorRegistry, agencyRegistry },
    items: [
      { index, evidence, receipt, findings: [{ id: "no-case:6", kind: "no-case", state: "open", since: 1 }] },
    ],
  };
  return formatBundle(made);
}

describe("minhbach verify, of an evidence bundle", () => {
  let node: Awaited<ReturnType<typeof serveNode>>;

  before(async () => {
    node = await serveNode(nodeOf({ ...ledger.state(), times: (block) => 1_760_000_000 + block * 10 }));
  });
  after(() => node.close());

  function verify(text: string): Promise<Ran> {
    const profile = { type: "minhbach/trust-profile", version: 1, ...PROFILE, rpc: [node.url] };
    const files = { "bundle.ndjson": text, "trust.json": JSON.stringify(profile) };
    return runCommands([verifyCommand(fetch)], ["verify", "bundle.ndjson", "--trust", "trust.json"], files);
  }

  it("says of each event what is proven, and of the rest that it is the ledger's word", async () => {
    const { code, out, err } = await verify(bundle(6));
    expect(err).to.equal("");
    expect(code).to.equal(0);
    expect(out).to.include("\nVALID: every check passed.\n");
    expect(out).to.match(/Entry 6\n {2}event\s+number 5 of qn-police\/r1\n/);
    expect(out).to.match(/findings\s+no-case \(open\), by the ledger's word/);
    expect(out).to.match(/made\s+2025-10-09T09:01:40Z, for inspector-7 of qn-inspectorate/);
  });

  it("ends with 1 when an event stands elsewhere, and with 2 when lines are missing", async () => {
    expect((await verify(bundle(5))).code).to.equal(1);
    const cut = await verify(bundle(6).split("\n").slice(0, 2).join("\n"));
    expect(cut.code).to.equal(2);
    expect(cut.err).to.include("bundle.ndjson is no evidence bundle");
  });
});
