import { expect } from "chai";
import { agencyRegistryArtifact, anchorRegistryArtifact } from "../../server/anchor/artifacts.ts";
import { parseSource } from "../../protocol/source.ts";
import { ChainError, chainReader, type ChainReader, type Rpc, SELECTORS } from "../../verifier/chain.ts";
import { nodeOf } from "./chain-state.ts";
import { PROFILE, smallLedger } from "./world.ts";

const ledger = smallLedger();
const POLICE = parseSource("qn-police/r1");
const { anchorRegistry, agencyRegistry } = PROFILE;

describe("chainReader", () => {
  it("calls functions that the compiled contracts have", () => {
    const compiled = new Map(
      [anchorRegistryArtifact, agencyRegistryArtifact].flatMap(({ abi }) => {
        const found: (readonly [string, string])[] = [];
        abi.forEachFunction((fragment) => found.push([fragment.format("sighash"), fragment.selector]));
        return found;
      }),
    );
    for (const [signature, selector] of Object.entries(SELECTORS)) {
      expect(compiled.get(signature), signature).to.equal(selector);
    }
  });

  it("reads what the registries hold", async () => {
    const chain = chainReader(nodeOf(ledger.state()), "the node");
    expect(await chain.identity()).to.deep.equal({ chainId: 5151, genesisHash: PROFILE.genesisHash });
    expect(await chain.latestBlock()).to.equal(30);
    expect(await chain.blockTime(20)).to.equal(1_760_000_060);
    expect(await chain.blockTime(25)).to.equal(1_760_000_065);
    expect(await chain.hasCode(anchorRegistry)).to.equal(true);
    expect(await chain.hasCode(`0x${"00".repeat(20)}`)).to.equal(false);
    const anchor = await chain.anchorCovering(anchorRegistry, 1, 5);
    expect(anchor).to.deep.include({ size: 10, indexSize: 0, block: 20, time: 1_760_000_060 });
    expect(await chain.anchorCovering(anchorRegistry, 1, 10)).to.equal(null);
    const { checkpoint, receipt } = ledger.signers;
    expect(await chain.keyVersions(anchorRegistry, 1)).to.deep.equal([
      { fromBlock: 2, checkpoint: checkpoint.key, receipt: receipt.key },
    ]);
    expect((await chain.logKeysAt(anchorRegistry, 1, 30)).receipt).to.deep.equal(ledger.signers.receipt.key);
    expect(await chain.logState(anchorRegistry, 1)).to.deep.equal({
      ...{ frozen: false, predecessor: 0, predecessorAnchor: 0, successor: 0 },
    });
    expect(await chain.entitlementsAt(agencyRegistry, POLICE, 3)).to.equal(1);
    expect(await chain.entitlementsAt(agencyRegistry, POLICE, 2)).to.equal(0);
    expect(await chain.recorderKeyAt(agencyRegistry, POLICE, 8, 20)).to.deep.equal({
      alg: "EdDSA",
      key: ledger.signers.police.key,
      fromSeq: 1,
      addedBlock: 3,
      revokedBlock: 0,
    });
    expect(await chain.recorderKeyAt(agencyRegistry, POLICE, 8, 2)).to.equal(null);
    const health = await chain.recorderKeyAt(agencyRegistry, parseSource("hue-health/main"), 1, 20);
    expect(health).to.deep.include({ alg: "ES256", key: ledger.signers.health.key });
  });

  it("reads which log holds an agency, and none from a registry that knows of no assignments", async () => {
    const assignments = [
      { agency: "qn-police", fromBlock: 5, logId: 1 },
      { agency: "qn-police", fromBlock: 9, logId: 2 },
    ];
    const chain = chainReader(nodeOf({ ...ledger.state(), assignments }), "the node");
    expect(await chain.namedAnchorRegistry(agencyRegistry)).to.equal(anchorRegistry);
    expect(await chain.logCount(anchorRegistry)).to.equal(1);
    for (const [block, logId] of [
      [4, 0],
      [5, 1],
      [8, 1],
      [9, 2],
    ] as const)
      expect(await chain.logOfAt(agencyRegistry, POLICE, block), `block ${block}`).to.equal(logId);
    expect(await chain.logOfAt(agencyRegistry, parseSource("hue-health/main"), 9)).to.equal(0);
    for (const [name, none] of [
      ["new", []],
      ["older", null],
    ] as const) {
      const before = chainReader(nodeOf({ ...ledger.state(), assignments: none && [...none] }), name);
      expect(await before.namedAnchorRegistry(agencyRegistry), name).to.equal(null);
      expect(await before.logOfAt(agencyRegistry, POLICE, 9), name).to.equal(0);
    }
  });

  it("reads which anchor's index first covers an entry", async () => {
    const indexRoot = new Uint8Array(32).fill(9);
    const anchors = ledger
      .state()
      .anchors.map((anchor) => ({ ...anchor, indexSize: anchor.size - 3, indexRoot }));
    const chain = chainReader(nodeOf({ ...ledger.state(), anchors }), "the node");
    const anchor = await chain.anchorIndexing(anchorRegistry, 1, 4);
    expect(anchor).to.deep.include({ size: 10, indexSize: 7, indexRoot, block: 20 });
    expect(await chain.anchorIndexing(anchorRegistry, 1, 7)).to.equal(null);
  });

  it("reads whole histories: anchors, keys of either length, entitlements", async () => {
    const state = ledger.state();
    const [police] = state.recorderKeys;
    if (police === undefined) throw new Error("the police have a key");
    const { alg, key } = ledger.signers.health;
    state.recorderKeys.push({ ...police, alg, key, fromSeq: 7, addedBlock: 12, revokedBlock: 2 ** 60 });
    state.recorderKeys.push({ ...police, fromSeq: 9, addedBlock: 13 });
    state.entitlements.push({ agency: "qn-police", fromBlock: 14, bits: 0 });
    const chain = chainReader(nodeOf(state), "the node");
    expect(await chain.anchorCount(anchorRegistry, 1)).to.equal(2);
    expect(await chain.anchorAt(anchorRegistry, 1, 1)).to.deep.include({ size: 10, block: 20 });
    const keys = await chain.recorderKeys(agencyRegistry, POLICE);
    const first = {
      alg: "EdDSA",
      key: ledger.signers.police.key,
      fromSeq: 1,
      addedBlock: 3,
      revokedBlock: 0,
    };
    expect(keys).to.deep.equal([
      first,
      { alg, key, fromSeq: 7, addedBlock: 12, revokedBlock: 2 ** 60 },
      { ...first, fromSeq: 9, addedBlock: 13 },
    ]);
    expect(await chain.recorderKeys(agencyRegistry, parseSource("nobody/r1"))).to.deep.equal([]);
    expect(await chain.entitlementHistory(agencyRegistry, POLICE)).to.deep.equal([
      { fromBlock: 3, entitlements: 1 },
      { fromBlock: 14, entitlements: 0 },
    ]);
    const refusal: unknown = await chain.anchorAt(anchorRegistry, 1, 2).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(ChainError).with.property("code", "refused");
  });

  it("accepts hashes in upper case, as some nodes write them", async () => {
    const state = { ...ledger.state(), genesisHash: `0x${"6E".repeat(32)}` };
    expect((await chainReader(nodeOf(state), "the node").identity()).genesisHash).to.equal(
      PROFILE.genesisHash,
    );
  });

  it("reports a contract's refusal as such", async () => {
    const chain = chainReader(nodeOf(ledger.state()), "the node");
    await refused(chain.anchorCovering(anchorRegistry, 2, 0), "refused");
    await refused(chain.logKeysAt(anchorRegistry, 1, 31), "refused");
  });

  it("believes no time of another block than it asked for, nor of one that is not there", async () => {
    const [honest, header] = [nodeOf(ledger.state()), { number: "0x14", timestamp: "0x5f5e100" }];
    await refused(chainReader(honest, "the node").blockTime(31), "malformed");
    const lies = [header, { ...header, number: "0x15", timestamp: 1 }, { number: "0x15" }, "0x1", null, []];
    for (const lie of lies) {
      await refused(chainReader(() => Promise.resolve(lie), "the node").blockTime(21), "malformed");
    }
    expect(await chainReader(() => Promise.resolve(header), "the node").blockTime(20)).to.equal(100_000_000);
  });

  it("names the node that does not answer", async () => {
    const gone = chainReader(() => Promise.reject(new Error("ECONNREFUSED")), "https://node.example");
    const error = await refused(gone.latestBlock(), "unreachable");
    expect(error.message).to.equal("https://node.example did not answer");
  });

  describe("refuses answers that no Ethereum node gives", () => {
    const garbage = [
      undefined,
      null,
      1,
      true,
      "",
      "1",
      "0x",
      "0x01",
      "0xg",
      "0x20000000000000",
      {},
      [],
      "0x".padEnd(5_000_000, "0"),
    ];
    const questions: readonly [
      name: string,
      ask: (chain: ChainReader) => Promise<unknown>,
      honest: readonly unknown[],
    ][] = [
      ["the chain's identity", (chain) => chain.identity(), []],
      ["the latest block", (chain) => chain.latestBlock(), []],
      // Any even number of digits can be code.
      ["code", (chain) => chain.hasCode(anchorRegistry), ["0x", "0x01", "0x20000000000000"]],
      ["an anchor", (chain) => chain.anchorCovering(anchorRegistry, 1, 0), []],
      ["an anchor by its index", (chain) => chain.anchorIndexing(anchorRegistry, 1, 0), []],
      ["the versions of the log's keys", (chain) => chain.keyVersions(anchorRegistry, 1), []],
      ["the log's keys", (chain) => chain.logKeysAt(anchorRegistry, 1, 5), []],
      ["the log's state", (chain) => chain.logState(anchorRegistry, 1), []],
      ["a recorder's key", (chain) => chain.recorderKeyAt(agencyRegistry, POLICE, 1, 5), []],
      ["entitlements", (chain) => chain.entitlementsAt(agencyRegistry, POLICE, 5), []],
      ["the number of logs", (chain) => chain.logCount(anchorRegistry), []],
      ["the registry of the logs", (chain) => chain.namedAnchorRegistry(agencyRegistry), []],
      ["an agency's log", (chain) => chain.logOfAt(agencyRegistry, POLICE, 5), []],
    ];
    for (const [name, ask, honest] of questions) {
      it(`about ${name}`, async () => {
        for (const answer of garbage.filter((one) => !honest.includes(one))) {
          await refused(ask(chainReader(() => Promise.resolve(answer), "the node")), "malformed");
        }
      });
    }

    it("with a word too many", async () => {
      const honest = nodeOf(ledger.state());
      const wordy: Rpc = async (method, params) => `${String(await honest(method, params))}${"0".repeat(64)}`;
      const calls = questions.filter(([, , others]) => others.length === 0).slice(2);
      expect(calls).to.have.length(10);
      for (const [, ask] of calls) await refused(ask(chainReader(wordy, "the node")), "malformed");
    });

    it("as a key of an unknown algorithm", async () => {
      const answer = agencyRegistryArtifact.abi.encodeFunctionResult("recorderKeyAt", [
        true,
        [3, 1, 1, 0, "0x00"],
      ]);
      const chain = chainReader(() => Promise.resolve(answer), "the node");
      await refused(chain.recorderKeyAt(agencyRegistry, POLICE, 1, 5), "malformed");
    });

    it("as a key of a hundred bytes", async () => {
      const key = new Uint8Array(100);
      const answer = agencyRegistryArtifact.abi.encodeFunctionResult("recorderKeyAt", [
        true,
        [1, 1, 1, 0, key],
      ]);
      const chain = chainReader(() => Promise.resolve(answer), "the node");
      await refused(chain.recorderKeyAt(agencyRegistry, POLICE, 1, 5), "malformed");
    });
  });
});

async function refused(answer: Promise<unknown>, code: ChainError["code"]): Promise<ChainError> {
  const error = await answer.then(
    (value) => new Error(`answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(ChainError);
  if (!(error instanceof ChainError)) throw new Error("unreachable");
  expect(error.code, error.message).to.equal(code);
  return error;
}
