import { expect } from "chai";
import { Contract, ContractFactory, encodeBytes32String, JsonRpcProvider, type JsonRpcSigner } from "ethers";
import { consistencyProof, rootHash } from "../../protocol/merkle.ts";
import {
  agencyRegistryArtifact,
  anchorRegistryArtifact,
  type ContractArtifact,
} from "../../server/anchor/artifacts.ts";
import { chainReader, type ChainReader } from "../../verifier/chain.ts";
import { type EvidenceReport, verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type Anvil, startAnvil } from "../../scripts/devchain/anvil.ts";
import { PROFILE, type SmallLedger, smallLedger } from "./world.ts";

/** The contracts on a chain of their own, deployed the same way, so that two chains give them the same addresses. */
interface World {
  readonly node: Anvil;
  readonly provider: JsonRpcProvider;
  readonly anchors: Contract;
  readonly agencies: Contract;
  readonly profile: TrustProfile;
  readonly reader: ChainReader;
}

const RECORD = 1;
const POLICE = [encodeBytes32String("qn-police"), encodeBytes32String("r1")] as const;

describe("the verifier on a real chain", function () {
  this.timeout(60_000);
  let world: World;
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

  it("is incomplete when the node is gone", async () => {
    const gone = await startWorld(1_780_000_000);
    await stopWorld(gone);
    const report = await verify(gone, smallLedger({}, gone.profile).text(0));
    expect(report.verdict).to.equal("incomplete");
    expect(report.checks.find(({ id }) => id === "chain")?.detail).to.match(/^the node cannot be reached/);
  });
});

function verify(world: World, text: string, profile = world.profile): Promise<EvidenceReport> {
  return verifyEvidence(text, profile, world.reader);
}

function failures({ checks }: EvidenceReport): readonly string[] {
  return checks.filter(({ status }) => status === "failed").map(({ id }) => id);
}

async function startWorld(timestamp: number): Promise<World> {
  const node = await startAnvil(["--host", "127.0.0.1", "--port", "0", "--timestamp", String(timestamp)]);
  const provider = new JsonRpcProvider(node.url, undefined, { staticNetwork: true, cacheTimeout: -1 });
  const admin = await provider.getSigner(0);
  const anchors = await deployed(anchorRegistryArtifact, admin);
  const agencies = await deployed(agencyRegistryArtifact, admin);
  const genesis = await provider.getBlock(0);
  const profile: TrustProfile = {
    ...PROFILE,
    chainId: Number((await provider.getNetwork()).chainId),
    genesisHash: genesis?.hash ?? "",
    anchorRegistry: (await anchors.getAddress()).toLowerCase(),
    agencyRegistry: (await agencies.getAddress()).toLowerCase(),
    finalityDepth: 1,
  };
  const reader = chainReader(jsonRpc(node.url, { fetch, name: "the node" }), "the node");
  return { node, provider, anchors, agencies, profile, reader };
}

async function stopWorld({ provider, node }: World): Promise<void> {
  provider.destroy();
  node.signal("SIGTERM");
  await node.ended;
}

async function deployed({ abi, bytecode }: ContractArtifact, admin: JsonRpcSigner): Promise<Contract> {
  const contract = await new ContractFactory(abi, bytecode, admin).deploy(0, admin.address);
  await contract.waitForDeployment();
  return new Contract(await contract.getAddress(), abi, admin);
}

async function register({ anchors, agencies, provider }: World, { signers }: SmallLedger): Promise<void> {
  const { address } = await provider.getSigner(0);
  const keys = [signers.checkpoint.key, signers.receipt.key, signers.vrf.key];
  await mined(anchors, "createLog", address, keys, 1000);
  const health = [encodeBytes32String("hue-health"), encodeBytes32String("main")] as const;
  await mined(agencies, "admitAgency", POLICE[0], "Công an Quảng Ninh", address, RECORD);
  await mined(agencies, "admitAgency", health[0], "Sở Y tế Huế", address, RECORD);
  await mined(agencies, "addRecorderKey", ...POLICE, 1, signers.police.key, 1);
  await mined(agencies, "addRecorderKey", ...health, 2, signers.health.key, 1);
}

async function anchor(world: World, { leafHashes }: SmallLedger, from: number, to: number): Promise<void> {
  const tree = leafHashes.slice(0, to);
  const proof = from === 0 ? [] : consistencyProof(tree, from);
  const noIndex = new Uint8Array(32);
  await mined(world.anchors, "anchor", 1, from, to, rootHash(tree), 0, noIndex, proof);
}

async function mined(contract: Contract, name: string, ...args: readonly unknown[]): Promise<void> {
  const transaction: unknown = await contract.getFunction(name).send(...args);
  if (typeof transaction === "object" && transaction !== null && "wait" in transaction) {
    await (transaction as { wait: () => Promise<unknown> }).wait();
  }
}
