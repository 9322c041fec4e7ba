import { expect } from "chai";
import { type EvidenceReport, verifyEvidence } from "../../verifier/evidence.ts";
import { anchor, mined, type OnChain, POLICE, register, startWorld, stopWorld } from "./on-chain.ts";
import { type SmallLedger, smallLedger } from "./world.ts";

describe("the verifier on a real chain", function () {
  this.timeout(600_000);
  let world: OnChain;
  let ledger: SmallLedger;

  before(async () => {
    world = await startWorld(1_760_000_000);
    ledger = smallLedger({}, world.profile);
    await register(world, ledger);
    await anchor(world, ledger, 0, 5);
    await anchor(world, ledger, 5, 10);
  });

  after(() => stopWorld(world));

  it("finds evidence of both anchors and both algorithms valid", async () => {
    for (const index of [0, 3, 4, 5, 9]) {
      const { verdict, checks, claim } = await verify(world, ledger.text(index));
      expect(checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
      expect(verdict).to.equal("valid");
      expect(claim?.anchor.size).to.equal(index < 5 ? 5 : 10);
    }
  });

  it("finds no anchor for a log that holds other events", async () => {
    const other = smallLedger({ salts: "other events" }, world.profile);
    expect(failures(await verify(world, other.text(3)))).to.deep.equal(["anchor"]);
  });

  it("passes on the contract's refusal for a log that does not exist", async () => {
    const report = await verify(world, ledger.text(3), { ...world.profile, logId: 9 });
    const refusal = report.checks.find(({ id }) => id === "anchor");
    expect(refusal?.status).to.equal("failed");
    expect(refusal?.detail).to.match(/^the contract refuses the question put through the node: .*revert/);
  });

  it("refuses evidence that was made on another chain with the same contracts", async () => {
    const other = await startWorld(1_770_000_000);
    try {
      await register(other, ledger);
      expect(other.profile.anchorRegistry).to.equal(world.profile.anchorRegistry);
      expect(other.profile.chainId).to.equal(world.profile.chainId);
      const text = smallLedger({}, other.profile).text(3);
      expect(failures(await verifyEvidence(text, other.profile, world.reader))).to.deep.equal(["chain"]);
      expect(failures(await verifyEvidence(text, world.profile, other.reader))).to.deep.equal(["chain"]);
      expect(failures(await verifyEvidence(text, other.profile, other.reader))).to.deep.equal(["anchor"]);
    } finally {
      await stopWorld(other);
    }
  });

  it("judges by the registries' history: what comes later is a warning", async () => {
    await mined(
      world.agencies,
      "revokeRecorderKey",
      ...POLICE,
      0,
      (await world.provider.getBlockNumber()) + 1,
    );
    await mined(world.agencies, "setEntitlements", POLICE[0], 0);
    await mined(world.anchors, "freeze", 1);
    const report = await verify(world, ledger.text(0));
    expect(report.verdict).to.equal("valid");
    expect(report.checks.filter(({ status }) => status === "warning").map(({ id }) => id)).to.deep.equal([
      "key-since",
      "agency-since",
      "log-since",
    ]);
    const health = await verify(world, ledger.text(3));
    expect(health.checks.filter(({ status }) => status === "warning").map(({ id }) => id)).to.deep.equal([
      "log-since",
    ]);
  });

  it("reads which anchor a successor goes on from, also an earlier one", async () => {
    const { anchors, profile, provider, reader } = world;
    const { signers } = ledger;
    const keys = [signers.checkpoint.key, signers.receipt.key, signers.vrf.key];
    await mined(anchors, "createSuccessor", 1, 0, (await provider.getSigner(0)).address, keys, 1000);
    expect(await reader.anchorCount(profile.anchorRegistry, 1)).to.equal(2);
    expect(await reader.logState(profile.anchorRegistry, 1)).to.deep.include({ frozen: true, successor: 2 });
    expect(await reader.logState(profile.anchorRegistry, 2)).to.deep.equal({
      ...{ frozen: false, predecessor: 1, predecessorAnchor: 0, successor: 0 },
    });
  });

  it("is incomplete when the node is gone", async () => {
    const gone = await startWorld(1_780_000_000);
    await stopWorld(gone);
    const report = await verify(gone, smallLedger({}, gone.profile).text(0));
    expect(report.verdict).to.equal("incomplete");
    expect(report.checks.find(({ id }) => id === "chain")?.detail).to.match(/^the node cannot be reached/);
  });
});

function verify(world: OnChain, text: string, profile = world.profile): Promise<EvidenceReport> {
  return verifyEvidence(text, profile, world.reader);
}

function failures({ checks }: EvidenceReport): readonly string[] {
  return checks.filter(({ status }) => status === "failed").map(({ id }) => id);
}
