import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { compareWithChain } from "../../../scripts/enrol/chain.ts";
import { EnrolError } from "../../../scripts/enrol/error.ts";
import { LOG_KEYS, startTestChain, type TestChain } from "../../server/anchor/chain.ts";

describe("scripts/enrol/chain", function () {
  this.timeout(600_000);
  let chain: TestChain;
  let folder: string;
  let config: { trustProfilePath: string; rpcUrls: readonly string[] };

  before(async () => {
    chain = await startTestChain();
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-enrol-chain-"));
    config = { trustProfilePath: path.join(folder, "trust.json"), rpcUrls: [chain.node().url] };
    const { chainId, genesisHash, anchorRegistry, agencyRegistry, logId } = chain;
    const profile = {
      ...{ type: "minhbach/trust-profile", version: 1, name: "test", environment: "embedded" },
      ...{ chainId, genesisHash, anchorRegistry, agencyRegistry, logId, finalityDepth: 1 },
      rpc: config.rpcUrls,
    };
    await writeFile(config.trustProfilePath, JSON.stringify(profile));
  });

  after(async () => {
    await chain.end();
    await rm(folder, { recursive: true });
  });

  it("takes the VRF key that the chain names, and refuses another", async () => {
    expect(await compareWithChain(config, LOG_KEYS.vrf)).to.equal(undefined);
    const error = await compareWithChain(config, LOG_KEYS.receipt).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(EnrolError);
    expect(error).to.have.property("message").that.contains("VRF_KEY is not the one that the chain names");
  });

  it("says why it could not compare", async () => {
    const elsewhere = { ...config, trustProfilePath: path.join(folder, "none.json") };
    expect(await compareWithChain(elsewhere, LOG_KEYS.receipt)).to.contain("none.json");
    const unreachable = { ...config, rpcUrls: ["http://127.0.0.1:1"] };
    expect(await compareWithChain(unreachable, LOG_KEYS.receipt)).to.be.a("string");
  });
});
