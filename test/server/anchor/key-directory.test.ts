import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { expect } from "chai";
import { encodeBytes32String } from "ethers";
import pino from "pino";
import { type JwsAlgorithm, keyId } from "../../../protocol/jws.ts";
import { type AgencyReader, agencyReader } from "../../../server/anchor/agency-registry.ts";
import { agencyRegistryArtifact } from "../../../server/anchor/artifacts.ts";
import { chainClient } from "../../../server/anchor/chain-client.ts";
import { type Rpc, RpcFailure } from "../../../server/anchor/json-rpc.ts";
import { followKeys, type KeyFollower } from "../../../server/anchor/key-directory.ts";
import type { RecorderKey } from "../../../server/receive/keys.ts";
import { ADMIN, AGENCY, mine, startTestChain, type TestChain } from "./chain.ts";

const ED_KEY = ed25519.getPublicKey(new Uint8Array(32).fill(7));
const P256_KEY = p256.getPublicKey(new Uint8Array(32).fill(7), false);
/** A point of small order: OpenSSL and others disagree about signatures under it. */
const UNSAFE_KEY = new Uint8Array(32).fill(0);
const CODE = encodeBytes32String("qn-police");
const EVERYTHING = 15;
const LOG_HISTORY = agencyRegistryArtifact.abi.getFunction("logHistory")?.selector ?? "none";

describe("server/anchor/key-directory", function () {
  this.timeout(600_000);
  let chain: TestChain;
  let recorders = 0;

  before(async () => {
    chain = await startTestChain();
  });

  after(() => chain.end());

  function directory(rpc: Rpc = chain.rpc): KeyFollower {
    return follower(agencyReader(rpc, chain.agencyRegistry, chain), rpc);
  }

  function follower(agencies: AgencyReader, rpc: Rpc = chain.rpc): KeyFollower {
    const log = pino({ level: "silent" });
    return followKeys({ chain: chainClient({ ...chain, rpc }), agencies, log, refreshIntervalMs: 0 });
  }

  /** A recorder of the agency that nobody used before. */
  async function newRecorder(key = ED_KEY, alg: JwsAlgorithm = "EdDSA"): Promise<string> {
    recorders += 1;
    const name = `r${recorders}`;
    await addKey(name, 1, key, alg);
    return name;
  }

  async function addKey(
    recorder: string,
    fromSeq: number,
    key: Uint8Array,
    alg: JwsAlgorithm,
  ): Promise<void> {
    const algorithm = alg === "EdDSA" ? 1 : 2;
    const args = [CODE, encodeBytes32String(recorder), algorithm, key, fromSeq];
    await chain.send(AGENCY, agencyRegistryArtifact, "addRecorderKey", args);
  }

  async function revoke(recorder: string, keyIndex: number, inBlocks: number): Promise<void> {
    const block = Number(await chain.rpc("eth_blockNumber", [])) + 1 + inBlocks;
    const args = [CODE, encodeBytes32String(recorder), keyIndex, block];
    await chain.send(AGENCY, agencyRegistryArtifact, "revokeRecorderKey", args);
  }

  async function entitle(entitlements: number): Promise<void> {
    await chain.send(ADMIN, agencyRegistryArtifact, "setEntitlements", [CODE, entitlements]);
  }

  it("is empty until the chain was read", async () => {
    await newRecorder();
    const keys = directory();
    expect(keys.keys()).to.deep.equal([]);
    expect(keys.isRead()).to.equal(false);
    await keys.poll();
    expect(keys.keys()).to.not.be.empty;
    expect(keys.isRead()).to.equal(true);
  });

  it("gives each key its thumbprint, its numbers and its agency's entitlements", async () => {
    const recorder = await newRecorder();
    await addKey(recorder, 100, P256_KEY, "ES256");
    const keys = directory();
    await keys.poll();
    const common = { source: `qn-police/${recorder}`, revoked: false, entitlements: 1 };
    expect(of(keys, recorder)).to.deep.equal([
      { ...common, kid: keyId("EdDSA", ED_KEY), alg: "EdDSA", key: ED_KEY, fromSeq: 1, toSeq: 100 },
      {
        ...common,
        kid: keyId("ES256", P256_KEY),
        alg: "ES256",
        key: P256_KEY,
        fromSeq: 100,
        toSeq: Infinity,
      },
    ]);
  });

  it("follows keys, suspensions and revocations, and tells its listeners", async () => {
    const recorder = await newRecorder();
    const keys = directory();
    await keys.poll();
    let changes = 0;
    const end = keys.onChange(() => (changes += 1));

    await keys.poll();
    await mine(chain.rpc);
    await keys.poll();
    expect(changes).to.equal(0);

    await addKey(recorder, 5, P256_KEY, "ES256");
    await keys.poll();
    expect([changes, of(keys, recorder).map(({ toSeq }) => toSeq)]).to.deep.equal([1, [5, Infinity]]);

    await entitle(0);
    await keys.poll();
    expect([changes, of(keys, recorder)[0]?.entitlements]).to.deep.equal([2, 0]);
    await entitle(EVERYTHING);
    await keys.poll();
    expect(of(keys, recorder)[0]?.entitlements).to.equal(EVERYTHING);
    await entitle(1);

    await revoke(recorder, 0, 0);
    await keys.poll();
    expect(of(keys, recorder).map(({ revoked }) => revoked)).to.deep.equal([true, false]);
    end();
    const before = changes;
    await newRecorder();
    await keys.poll();
    expect(changes).to.equal(before);
  });

  it("knows a revocation for a later block when that block is there", async () => {
    const recorder = await newRecorder();
    await revoke(recorder, 0, 2);
    const keys = directory();
    await keys.poll();
    expect(of(keys, recorder)[0]?.revoked).to.equal(false);
    await mine(chain.rpc);
    await keys.poll();
    expect(of(keys, recorder)[0]?.revoked).to.equal(false);
    await mine(chain.rpc);
    await keys.poll();
    expect(of(keys, recorder)[0]?.revoked).to.equal(true);
  });

  it("reads an agency that came later", async () => {
    const keys = directory();
    await keys.poll();
    const code = encodeBytes32String("late");
    await chain.send(ADMIN, agencyRegistryArtifact, "admitAgency", [code, "Late", AGENCY.address, 1]);
    await chain.send(AGENCY, agencyRegistryArtifact, "addRecorderKey", [
      code,
      encodeBytes32String("r1"),
      1,
      ED_KEY,
      1,
    ]);
    await keys.poll();
    expect(keys.keys().filter(({ source }) => source === "late/r1")).to.have.length(1);
  });

  it("leaves out a key on which verifiers could disagree, and keeps the numbers it takes", async () => {
    const recorder = await newRecorder();
    await addKey(recorder, 9, UNSAFE_KEY, "EdDSA");
    const keys = directory();
    await keys.poll();
    expect(of(keys, recorder).map(({ fromSeq, toSeq }) => [fromSeq, toSeq])).to.deep.equal([[1, 9]]);
  });

  it("forgets what a reorganisation took back", async () => {
    await mine(chain.rpc, 2);
    const recorder = await newRecorder();
    const keys = directory();
    await keys.poll();
    expect(of(keys, recorder)).to.have.length(1);
    await chain.rpc("anvil_reorg", [2, []]);
    await keys.poll();
    expect(of(keys, recorder)).to.deep.equal([]);
  });

  it("asks the chain for one block when nothing happened", async () => {
    const methods: string[] = [];
    const keys = directory((method, params) => {
      methods.push(method);
      return chain.rpc(method, params);
    });
    await keys.poll();
    methods.length = 0;
    await keys.poll();
    expect(methods).to.deep.equal(["eth_getBlockByNumber"]);
  });

  it("shares one read among all who ask at once", async () => {
    let reads = 0;
    const agencies = agencyReader(chain.rpc, chain.agencyRegistry, chain);
    const keys = follower({
      ...agencies,
      changedIn: (from, to) => {
        reads += 1;
        return agencies.changedIn(from, to);
      },
    });
    await keys.poll();
    const recorder = await newRecorder();
    await Promise.all(Array.from({ length: 50 }, () => keys.refresh()));
    expect([reads, of(keys, recorder).length]).to.deep.equal([1, 1]);
  });

  it("does not take a read that began earlier for a refresh", async () => {
    const recorder = await newRecorder();
    let hold: { readonly wasRead: () => void; readonly released: Promise<undefined> } | undefined;
    const keys = directory(async (method, params) => {
      const answer = await chain.rpc(method, params);
      const held = hold;
      hold = undefined;
      held?.wasRead();
      await held?.released;
      return answer;
    });
    await keys.poll();
    await mine(chain.rpc);

    const [wasRead, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    hold = { wasRead: () => wasRead.resolve(undefined), released: released.promise };
    const running = keys.poll();
    await wasRead.promise;
    // In a block that the read under way does not know.
    await addKey(recorder, 2, P256_KEY, "ES256");
    const refreshed = keys.refresh();
    released.resolve(undefined);
    await Promise.all([running, refreshed]);
    expect(of(keys, recorder)).to.have.length(2);
  });

  it("says of which agencies the chain assigned another log, and takes a registry that knows of none for no answer", async () => {
    const recorder = await newRecorder();
    const keys = directory();
    const other = await chain.newLog();
    const assign = async (logId: number): Promise<void> => {
      await chain.send(ADMIN, agencyRegistryArtifact, "assignLog", [CODE, logId]);
      await keys.poll();
    };
    const elsewhere = (): (number | undefined)[] => of(keys, recorder).map((key) => key.elsewhere);
    await keys.poll();
    expect(elsewhere()).to.deep.equal([undefined]);
    for (const [logId, said] of [
      [chain.logId, undefined],
      [other, other],
    ] as const) {
      await assign(logId);
      expect(elsewhere()).to.deep.equal([said]);
    }
    // A log of the same number in another registry is another log.
    const foreign = { anchorRegistry: `0x${"b1".repeat(20)}`, logId: other };
    const foreigner = follower(agencyReader(chain.rpc, chain.agencyRegistry, foreign));
    await foreigner.poll();
    expect(of(foreigner, recorder).map((key) => key.elsewhere)).to.deep.equal([other]);
    const older: Rpc = (method, params) =>
      JSON.stringify(params).includes(LOG_HISTORY)
        ? Promise.reject(new RpcFailure("execution reverted", 3))
        : chain.rpc(method, params);
    const before = directory(older);
    await before.poll();
    expect(of(before, recorder).map((key) => key.elsewhere)).to.deep.equal([undefined]);
    await assign(chain.logId);
    expect(elsewhere()).to.deep.equal([undefined]);
  });

  it("takes nothing from a node that lacks the block for which it was asked, and reads it once one has it", async () => {
    const recorder = await newRecorder();
    let isBehind = false;
    let known = 0;
    // The first node is asked for the newest block; a second one, which lacks it, for what happened in it and whether it is there.
    const keys = directory(async (method, params) => {
      if (!isBehind || params[0] === "latest") return await chain.rpc(method, params);
      if (method === "eth_getLogs") return [];
      if (method === "eth_getBlockByNumber" && Number(params[0]) > known) return null;
      return await chain.rpc(method, params);
    });
    await keys.poll();
    known = Number(await chain.rpc("eth_blockNumber", []));
    await addKey(recorder, 2, P256_KEY, "ES256");
    isBehind = true;
    for (const ask of [keys.poll, keys.refresh])
      expect(await ask.call(keys).catch((error: unknown) => error)).to.include({ code: "chain-unavailable" });
    expect(of(keys, recorder)).to.have.length(1);
    isBehind = false;
    await keys.poll();
    expect(of(keys, recorder)).to.have.length(2);
  });

  it("keeps what it knows while no node answers", async () => {
    const recorder = await newRecorder();
    let isDown = false;
    const keys = directory((method, params) =>
      isDown ? Promise.reject(new Error("down")) : chain.rpc(method, params),
    );
    await keys.poll();
    isDown = true;
    for (const ask of [keys.poll(), keys.refresh()])
      expect(await ask.catch((error: unknown) => String(error))).to.equal("Error: down");
    expect(of(keys, recorder)).to.have.length(1);
    isDown = false;
    await addKey(recorder, 2, P256_KEY, "ES256");
    await keys.poll();
    expect(of(keys, recorder)).to.have.length(2);
  });
});

function of(keys: KeyFollower, recorder: string): RecorderKey[] {
  return keys.keys().filter(({ source }) => source === `qn-police/${recorder}`);
}
