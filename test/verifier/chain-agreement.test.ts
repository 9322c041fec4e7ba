import { expect } from "chai";
import { chainReader, type ChainReader, type Rpc } from "../../verifier/chain.ts";
import { agreeingReader } from "../../verifier/chain-agreement.ts";
import { type EvidenceReport, verifyEvidence } from "../../verifier/evidence.ts";
import { type ChainState, nodeOf } from "./chain-state.ts";
import { PROFILE, signerOf, smallLedger } from "./world.ts";

const ledger = smallLedger();
const TEXT = ledger.text(1);

describe("agreeingReader", () => {
  it("answers what all nodes answer", async () => {
    const reader = agreeingReader(node("a"), node("b"), node("c"));
    expect(reader.name).to.equal("a, b, c");
    const report = await verifyEvidence(TEXT, PROFILE, reader);
    expect(report.verdict).to.equal("valid");
    expect(report).to.deep.equal(await verifyEvidence(TEXT, PROFILE, node("a, b, c")));
  });

  it("counts the lowest latest block, since a node that lags is no liar", async () => {
    const reader = agreeingReader(node("a"), node("b", { latestBlock: 12 }), node("c", { latestBlock: 300 }));
    expect(await reader.latestBlock()).to.equal(12);
    expect((await verifyEvidence(TEXT, PROFILE, reader)).verdict).to.equal("valid");
    const shallow = agreeingReader(node("a"), node("b", { latestBlock: 11 }));
    expect((await verifyEvidence(TEXT, PROFILE, shallow)).verdict).to.equal("incomplete");
  });

  it("finds no disagreement in what one of the nodes cannot know yet", async () => {
    const [before, after] = [nodeOf(ledger.state()), nodeOf({ ...ledger.state(), frozen: true })];
    const ahead: Rpc = (method, params) => (params[1] === "0x1d" ? before : after)(method, params);
    const reader = agreeingReader(chainReader(ahead, "a"), node("b", { latestBlock: 29 }));
    const report = await verifyEvidence(TEXT, PROFILE, reader);
    expect(failures(report)).to.deep.equal([]);
    expect(report.verdict).to.equal("valid");
  });

  const stranger = signerOf("stranger");
  const police = { agency: "qn-police", recorder: "r1", alg: "EdDSA", fromSeq: 1, addedBlock: 3 } as const;
  const disagreements: readonly [name: string, lie: Partial<ChainState>, check: string][] = [
    ["the chain id", { chainId: 1 }, "chain"],
    ["the genesis block", { genesisHash: `0x${"00".repeat(32)}` }, "chain"],
    ["a registry's code", { agencyRegistry: `0x${"00".repeat(20)}` }, "registries"],
    ["the anchors", { anchors: [] }, "anchor"],
    [
      "the anchor's root",
      { anchors: [{ size: 5, block: 10, time: 1_760_000_000, root: stranger.key }] },
      "anchor",
    ],
    [
      "the log's keys",
      { logKeys: [{ fromBlock: 1, checkpoint: stranger.key, receipt: stranger.key, vrf: stranger.key }] },
      "checkpoint-signature",
    ],
    [
      "the recorder's key",
      { recorderKeys: [{ ...police, revokedBlock: 0, key: stranger.key }] },
      "recorder-key",
    ],
    [
      "its revocation",
      { recorderKeys: [{ ...police, revokedBlock: 9, key: ledger.signers.police.key }] },
      "recorder-key",
    ],
    ["the agency", { entitlements: [] }, "entitlement"],
    ["a freeze", { frozen: true }, "log-since"],
  ];
  for (const [name, lie, check] of disagreements) {
    it(`fails when one of two nodes says something else about ${name}`, async () => {
      for (const reader of [
        agreeingReader(node("a"), node("b", lie)),
        agreeingReader(node("b", lie), node("a")),
      ]) {
        const report = await verifyEvidence(TEXT, PROFILE, reader);
        expect(report.verdict).to.equal("invalid");
        const [failure] = failures(report);
        expect(failure?.id).to.equal(check);
        expect(failure?.detail).to.match(/^the nodes disagree about /);
        expect(failure?.detail).to.include("a says").and.to.include("b says");
      }
    });
  }

  it("is incomplete when one node is away, and names it", async () => {
    const away: Rpc = () => Promise.reject(new Error("ECONNREFUSED"));
    for (const reader of [
      agreeingReader(node("a"), chainReader(away, "b")),
      agreeingReader(chainReader(away, "b"), node("a")),
    ]) {
      const report = await verifyEvidence(TEXT, PROFILE, reader);
      expect(report.verdict).to.equal("incomplete");
      expect(report.checks.find(({ id }) => id === "chain")).to.deep.include({
        status: "not-checked",
        detail: "b did not answer",
      });
    }
  });

  it("leaves no rejection unheard when several nodes are away", async () => {
    const away: Rpc = () => Promise.reject(new Error("ECONNREFUSED"));
    const reader = agreeingReader(chainReader(away, "a"), chainReader(away, "b"), chainReader(away, "c"));
    const report = await verifyEvidence(TEXT, PROFILE, reader);
    expect(report.verdict).to.equal("incomplete");
  });
});

function node(name: string, lie: Partial<ChainState> = {}): ChainReader {
  return chainReader(nodeOf({ ...ledger.state(), ...lie }), name);
}

function failures({ checks }: EvidenceReport): EvidenceReport["checks"] {
  return checks.filter(({ status }) => status === "failed");
}
