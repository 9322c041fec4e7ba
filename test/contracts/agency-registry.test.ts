import { expect } from "chai";
import fc from "fast-check";
import * as onLedger from "../../server/receive/keys.ts";
import * as onVerifier from "../../verifier/chain.ts";
import {
  bytes32,
  DEFAULT_ADMIN_ROLE,
  deployRegistries,
  ethers,
  inOneBlock,
  keysOf,
  MAX_GROWTH,
  networkHelpers,
  ownNames,
  type Registries,
  slug,
  UINT64_MAX,
} from "./fixture.ts";

const REGISTRAR_ROLE = ethers.id("REGISTRAR_ROLE");
const BITS = { RECORD: 1, SEAL: 2, ERASE: 4, MANDATE: 8 } as const;
const { RECORD, SEAL, ERASE, MANDATE } = BITS;
const [EDDSA, ES256] = [1, 2];
const AGENCY = slug("qn-police");
const RECORDER = slug("r1");
const NOBODY = ethers.ZeroAddress;

const ed25519Key = (n: number): string => bytes32(n);
const p256Key = (n: number): string => `0x04${bytes32(n).slice(2)}${bytes32(n + 1).slice(2)}`;

describe("AgencyRegistry", () => {
  let r: Registries;

  /** One agency that may record, with the account `agency`. */
  async function deployWithAgency(): Promise<Registries> {
    const registries = await deployRegistries();
    const { agencies, registrar, agency } = registries;
    await agencies.send("grantRole", REGISTRAR_ROLE, registrar.address);
    await agencies
      .as(registrar)
      .send("admitAgency", AGENCY, "Công an tỉnh Quảng Ninh", agency.address, RECORD);
    return registries;
  }

  beforeEach(async () => {
    r = await networkHelpers.loadFixture(deployWithAgency);
  });

  const byRegistrar = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
    r.agencies.as(r.registrar).send(name, ...args);
  const byAgency = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
    r.agencies.as(r.agency).send(name, ...args);
  const addKey = (n: number, fromSeq: number | bigint): Promise<unknown> =>
    byAgency("addRecorderKey", AGENCY, RECORDER, EDDSA, ed25519Key(n), fromSeq);
  const refusal = (call: Promise<unknown>, error: string): Chai.CustomErrorAssertion =>
    expect(call).to.be.revertedWithCustomError(r.agencies.contract, error);
  const blockNow = (): Promise<number> => ethers.provider.getBlockNumber();
  const entitlements = (block: number | bigint): Promise<unknown> =>
    r.agencies.view("entitlementsAt", AGENCY, block);

  /** Number of the key (as `ed25519Key` has it) in force for a seq at a block, or undefined. */
  async function keyAt(seq: number | bigint, block: number | bigint): Promise<number | undefined> {
    const answer = await r.agencies.view("recorderKeyAt", AGENCY, RECORDER, seq, block);
    const [found, key] = answer as [boolean, { key: string }];
    return found ? Number(key.key) : undefined;
  }

  describe("roles", () => {
    const registrarCalls: [name: string, ...args: unknown[]][] = [
      ["admitAgency", slug("other"), "Other", bytes32(1).slice(0, 42), RECORD],
      ["setEntitlements", AGENCY, 0],
      ["setAgencyAccount", AGENCY, bytes32(1).slice(0, 42)],
      ["assignLog", AGENCY, 1],
    ];

    for (const [name, ...args] of registrarCalls) {
      it(`let nobody but a registrar call ${name}`, async () => {
        for (const account of [r.agency, r.stranger]) {
          await refusal(
            r.agencies.as(account).send(name, ...args),
            "AccessControlUnauthorizedAccount",
          ).withArgs(account.address, REGISTRAR_ROLE);
        }
      });
    }

    it("let nobody but the administrator name the registry of the logs, not even a registrar", async () => {
      for (const account of [r.registrar, r.agency, r.stranger]) {
        const call = r.agencies.as(account).send("nameAnchorRegistry", await r.anchors.contract.getAddress());
        await refusal(call, "AccessControlUnauthorizedAccount").withArgs(account.address, DEFAULT_ADMIN_ROLE);
      }
      expect(await r.agencies.view("anchorRegistry")).to.equal(NOBODY);
    });

    it("let nobody but the agency's account add a key, not even the registrar", async () => {
      for (const account of [r.registrar, r.admin, r.stranger]) {
        const call = r.agencies.as(account).send("addRecorderKey", AGENCY, RECORDER, EDDSA, ed25519Key(1), 0);
        await refusal(call, "NotAgencyAccount").withArgs(AGENCY, account.address);
      }
    });

    it("let the agency's account and the registrar revoke a key, and nobody else", async () => {
      await addKey(1, 0);
      await addKey(2, 5);
      const block = (await blockNow()) + 100;
      await refusal(
        r.agencies.as(r.stranger).send("revokeRecorderKey", AGENCY, RECORDER, 0, block),
        "NotAgencyAccount",
      ).withArgs(AGENCY, r.stranger.address);
      await byAgency("revokeRecorderKey", AGENCY, RECORDER, 0, block);
      await byRegistrar("revokeRecorderKey", AGENCY, RECORDER, 1, block);
    });

    it("do not let one agency act for another", async () => {
      await byRegistrar("admitAgency", slug("other"), "Other", r.stranger.address, RECORD);
      const call = r.agencies
        .as(r.stranger)
        .send("addRecorderKey", AGENCY, RECORDER, EDDSA, ed25519Key(1), 0);
      await refusal(call, "NotAgencyAccount");
    });

    it("cover every function that changes the registry itself", () => {
      expect(ownNames(r.agencies, "change")).to.deep.equal(
        [
          ...registrarCalls.map(([name]) => name),
          ...["addRecorderKey", "nameAnchorRegistry", "revokeRecorderKey"],
        ].toSorted(),
      );
    });

    it("start with the administrator as the first registrar", async () => {
      expect(await r.agencies.view("hasRole", REGISTRAR_ROLE, r.admin.address)).to.be.true;
      expect(await r.agencies.view("hasRole", DEFAULT_ADMIN_ROLE, r.admin.address)).to.be.true;
    });
  });

  describe("agencies", () => {
    it("are admitted with their name, account and entitlements, and told by an event", async () => {
      const code = slug("hn-civil-status");
      const name = "Sở Tư pháp Hà Nội";
      await expect(byRegistrar("admitAgency", code, name, r.stranger.address, RECORD | ERASE))
        .to.emit(r.agencies.contract, "AgencyAdmitted")
        .withArgs(code, name, r.stranger.address, RECORD | ERASE);
      expect(await r.agencies.view("agencyOf", code)).to.deep.equal({
        name,
        account: r.stranger.address,
        admittedBlock: BigInt(await blockNow()),
        entitlements: BigInt(RECORD | ERASE),
      });
      expect(await r.agencies.view("agencyCount")).to.equal(2n);
      expect(await r.agencies.view("agencyCodeAt", 0)).to.equal(AGENCY);
      expect(await r.agencies.view("agencyCodeAt", 1)).to.equal(code);
      await expect(r.agencies.view("agencyCodeAt", 2)).to.be.revertedWithPanic(0x32);
    });

    const good = ["a", "0", "a-b", "a--b", "x".repeat(31), `a${"-".repeat(29)}z`, "09"];
    const bad: Record<string, string> = {
      "no character": slug(""),
      "32 characters": `0x${"61".repeat(32)}`,
      "a leading hyphen": slug("-a"),
      "a trailing hyphen": slug("a-"),
      "a hyphen alone": slug("-"),
      "a capital": slug("qN"),
      "a space": slug("a b"),
      "a slash": slug("a/b"),
      "an underscore": slug("a_b"),
      "the character before a": slug("a`"),
      "the character after z": slug("a{"),
      "the character after 9": slug("a:"),
      "a letter of Vietnamese": slug("qả"),
      "a byte after the padding": `0x6100${"00".repeat(29)}61`,
      "a zero byte first": `0x0061${"00".repeat(30)}`,
      "a byte 0xff": `0x61ff${"00".repeat(30)}`,
    };

    for (const code of good) {
      it(`may have the code ${code}, and so may recorders`, async () => {
        await byRegistrar("admitAgency", slug(code), "Name", r.agency.address, 0);
        await byAgency("addRecorderKey", slug(code), slug(code), EDDSA, ed25519Key(1), 0);
      });
    }

    for (const [reason, code] of Object.entries(bad)) {
      it(`may not have a code with ${reason}, and neither may recorders`, async () => {
        await refusal(byRegistrar("admitAgency", code, "Name", r.agency.address, 0), "InvalidSlug").withArgs(
          code,
        );
        const call = byAgency("addRecorderKey", AGENCY, code, EDDSA, ed25519Key(1), 0);
        await refusal(call, "InvalidSlug").withArgs(code);
      });
    }

    it("are admitted once, with a name, an account and known entitlements", async () => {
      const other = slug("other");
      const address = r.stranger.address;
      await refusal(byRegistrar("admitAgency", AGENCY, "Again", address, 0), "AgencyExists").withArgs(AGENCY);
      await refusal(byRegistrar("admitAgency", other, "", address, 0), "InvalidName");
      await refusal(byRegistrar("admitAgency", other, "x".repeat(257), address, 0), "InvalidName");
      await refusal(byRegistrar("admitAgency", other, "Other", NOBODY, 0), "ZeroAddress");
      await refusal(byRegistrar("admitAgency", other, "Other", address, 16), "UnknownEntitlements").withArgs(
        16,
      );
      await refusal(byRegistrar("setEntitlements", AGENCY, 255), "UnknownEntitlements").withArgs(255);
      expect(await r.agencies.view("agencyCount")).to.equal(1n);
      await byRegistrar("admitAgency", other, "x".repeat(256), address, 0);
    });

    it("get another account that acts at once, the old one no longer", async () => {
      await expect(byRegistrar("setAgencyAccount", AGENCY, r.stranger.address))
        .to.emit(r.agencies.contract, "AgencyAccountChanged")
        .withArgs(AGENCY, r.stranger.address);
      await refusal(addKey(1, 0), "NotAgencyAccount");
      await r.agencies.as(r.stranger).send("addRecorderKey", AGENCY, RECORDER, EDDSA, ed25519Key(1), 0);
      await refusal(byRegistrar("setAgencyAccount", AGENCY, NOBODY), "ZeroAddress");
    });

    it("that are unknown are refused by name where something is changed, and are nothing where something is asked", async () => {
      const other = slug("other");
      for (const call of [
        () => byRegistrar("setEntitlements", other, 0),
        () => byRegistrar("setAgencyAccount", other, r.stranger.address),
        () => byRegistrar("assignLog", other, 1),
        () => byAgency("addRecorderKey", other, RECORDER, EDDSA, ed25519Key(1), 0),
        () => byAgency("revokeRecorderKey", other, RECORDER, 0, 100),
        () => r.agencies.view("agencyOf", other),
      ]) {
        await refusal(call(), "UnknownAgency").withArgs(other);
      }
      const block = await blockNow();
      expect(await r.agencies.view("entitlementsAt", other, block)).to.equal(0n);
      expect(await r.agencies.view("entitlementHistory", other)).to.deep.equal([]);
      expect(await r.agencies.view("logOfAt", other, block)).to.equal(0n);
      expect(await r.agencies.view("logHistory", other)).to.deep.equal([]);
      expect(await r.agencies.view("recordersOf", other)).to.deep.equal([]);
      expect(await r.agencies.view("recorderKeys", other, RECORDER)).to.deep.equal([]);
      expect(await r.agencies.view("recorderKeyAt", other, RECORDER, 0, block)).to.have.property("0", false);
    });
  });

  describe("entitlements", () => {
    it("have one bit each, the same for the contract, the ledger and the verifier", async () => {
      for (const [name, bit] of Object.entries(BITS))
        expect(await r.agencies.view(name), name).to.equal(BigInt(bit));
      expect(onLedger).to.include(BITS);
      expect(onVerifier).to.include(BITS);
    });

    it("are answered for every block, through suspension and reinstatement", async () => {
      const admitted = await blockNow();
      await networkHelpers.mine(2);
      await expect(byRegistrar("setEntitlements", AGENCY, 0))
        .to.emit(r.agencies.contract, "EntitlementsChanged")
        .withArgs(AGENCY, 0);
      const suspended = await blockNow();
      await networkHelpers.mine(2);
      await byRegistrar("setEntitlements", AGENCY, RECORD | SEAL | ERASE | MANDATE);
      const reinstated = await blockNow();
      await networkHelpers.mine(2);

      const expected: [number, number][] = [
        [0, 0],
        [admitted - 1, 0],
        [admitted, RECORD],
        [suspended - 1, RECORD],
        [suspended, 0],
        [reinstated - 1, 0],
        [reinstated, 15],
        [await blockNow(), 15],
      ];
      for (const [block, bits] of expected)
        expect(await entitlements(block), `block ${block}`).to.equal(BigInt(bits));
      expect(await r.agencies.view("entitlementHistory", AGENCY)).to.deep.equal([
        { fromBlock: BigInt(admitted), entitlements: 1n },
        { fromBlock: BigInt(suspended), entitlements: 0n },
        { fromBlock: BigInt(reinstated), entitlements: 15n },
      ]);
      expect(await r.agencies.view("agencyOf", AGENCY)).to.include({
        entitlements: 15n,
        admittedBlock: BigInt(admitted),
      });
    });

    it("are the last word of a block with two changes", async () => {
      const before = await blockNow();
      await inOneBlock(
        () => byRegistrar("setEntitlements", AGENCY, 0),
        () => byRegistrar("setEntitlements", AGENCY, SEAL),
      );
      expect(await entitlements(before)).to.equal(BigInt(RECORD));
      expect(await entitlements(before + 1)).to.equal(BigInt(SEAL));
    });

    it("are not settled for blocks to come", async () => {
      await refusal(entitlements(UINT64_MAX), "FutureBlock").withArgs(UINT64_MAX);
    });

    it("are not changed to what they are", async () => {
      await refusal(byRegistrar("setEntitlements", AGENCY, RECORD), "EntitlementsUnchanged").withArgs(
        AGENCY,
        RECORD,
      );
    });
  });

  it("cannot bury an old answer under so many changes that it no longer fits into a call", async () => {
    const before = await blockNow();
    for (let change = 1; change <= 100; change++) {
      await byRegistrar("setEntitlements", AGENCY, change % 2 === 1 ? 0 : RECORD);
    }
    const view = r.agencies.contract.getFunction("entitlementsAt");
    expect(await view.staticCall(AGENCY, before, { gasLimit: 100_000 })).to.equal(BigInt(RECORD));
    expect(await view.staticCall(AGENCY, before + 1, { gasLimit: 100_000 })).to.equal(0n);
  });

  describe("recorder keys", () => {
    it("make a recorder, are told by an event, and are listed", async () => {
      await expect(addKey(1, 0))
        .to.emit(r.agencies.contract, "RecorderKeyAdded")
        .withArgs(AGENCY, RECORDER, 0, EDDSA, 0, ed25519Key(1));
      const first = await blockNow();
      await expect(byAgency("addRecorderKey", AGENCY, RECORDER, ES256, p256Key(2), 7))
        .to.emit(r.agencies.contract, "RecorderKeyAdded")
        .withArgs(AGENCY, RECORDER, 1, ES256, 7, p256Key(2));
      await byAgency("addRecorderKey", AGENCY, slug("r2"), EDDSA, ed25519Key(3), 40);
      expect(await r.agencies.view("recordersOf", AGENCY)).to.deep.equal([RECORDER, slug("r2")]);
      expect(await r.agencies.view("recorderKeys", AGENCY, RECORDER)).to.deep.equal([
        { alg: 1n, fromSeq: 0n, addedBlock: BigInt(first), revokedBlock: 0n, key: ed25519Key(1) },
        { alg: 2n, fromSeq: 7n, addedBlock: BigInt(first + 1), revokedBlock: 0n, key: p256Key(2) },
      ]);
      expect(await r.agencies.view("recorderKeys", AGENCY, slug("r3"))).to.deep.equal([]);
    });

    const badKeys: [reason: string, alg: number, key: string][] = [
      ["algorithm 0", 0, ed25519Key(1)],
      ["algorithm 3", 3, ed25519Key(1)],
      ["an EdDSA key of 31 bytes", EDDSA, `0x${"11".repeat(31)}`],
      ["an EdDSA key of 33 bytes", EDDSA, `0x${"11".repeat(33)}`],
      ["an EdDSA key of no bytes", EDDSA, "0x"],
      ["an ES256 key of 64 bytes", ES256, `0x${"04".repeat(64)}`],
      ["an ES256 key of 66 bytes", ES256, `0x${"04".repeat(66)}`],
      ["a compressed ES256 key", ES256, `0x02${"11".repeat(32)}`],
      ["an ES256 key that does not start with 4", ES256, `0x05${"11".repeat(64)}`],
    ];

    for (const [reason, alg, key] of badKeys) {
      it(`are refused with ${reason}`, async () => {
        await refusal(byAgency("addRecorderKey", AGENCY, RECORDER, alg, key, 0), "InvalidKey").withArgs(
          alg,
          ethers.dataLength(key),
        );
        expect(await r.agencies.view("recordersOf", AGENCY)).to.deep.equal([]);
      });
    }

    it("start after the key before, so that no two hold the same number", async () => {
      await addKey(1, 5);
      for (const fromSeq of [0, 4, 5])
        await refusal(addKey(2, fromSeq), "SeqReachesBack").withArgs(5, fromSeq);
      await addKey(2, 6);
      await addKey(3, UINT64_MAX);
      await refusal(addKey(4, UINT64_MAX), "SeqReachesBack").withArgs(UINT64_MAX, UINT64_MAX);
    });

    for (let count = 1; count <= 5; count++) {
      it(`are found for every number at every block among ${count}`, async () => {
        const fromSeqs = [3, 4, 10, 11, 20].slice(0, count);
        const addedBlocks: number[] = [];
        for (const [i, fromSeq] of fromSeqs.entries()) {
          await addKey(i + 1, fromSeq);
          addedBlocks.push(await blockNow());
          await networkHelpers.mine();
        }
        for (let block = (addedBlocks[0] ?? 0) - 1; block <= (await blockNow()); block++) {
          for (let seq = 0; seq <= 22; seq++) {
            const last = fromSeqs.findLastIndex(
              (from, i) => from <= seq && (addedBlocks[i] ?? Infinity) <= block,
            );
            const expected = last < 0 ? undefined : last + 1;
            expect(await keyAt(seq, block), `seq ${seq} at block ${block}`).to.equal(expected);
          }
        }
        expect(await keyAt(UINT64_MAX, await blockNow())).to.equal(count);
      });
    }

    it("added later take nothing from what was anchored before: no agency can disown its events", async () => {
      await addKey(1, 0);
      const anchored = await blockNow();
      await networkHelpers.mine();
      await addKey(2, 1);
      expect(await keyAt(500, anchored)).to.equal(1);
      expect(await keyAt(500, anchored + 1)).to.equal(1);
      expect(await keyAt(500, await blockNow())).to.equal(2);
      expect(await keyAt(0, await blockNow())).to.equal(1);
    });

    it("are not settled for blocks to come", async () => {
      await addKey(1, 0);
      await refusal(keyAt(0, UINT64_MAX), "FutureBlock").withArgs(UINT64_MAX);
    });
  });

  describe("revocation", () => {
    const revoke = (fromBlock: number | bigint, keyIndex: number | bigint = 0): Promise<unknown> =>
      byAgency("revokeRecorderKey", AGENCY, RECORDER, keyIndex, fromBlock);
    const revokedBlock = async (): Promise<unknown> => {
      const answer = await r.agencies.view("recorderKeyAt", AGENCY, RECORDER, 0, await blockNow());
      return (answer as [boolean, { revokedBlock: bigint }])[1].revokedBlock;
    };

    beforeEach(async () => {
      await addKey(1, 0);
    });

    it("takes effect at the block it names, from the present one on", async () => {
      const next = (await blockNow()) + 1;
      await expect(revoke(next))
        .to.emit(r.agencies.contract, "RecorderKeyRevoked")
        .withArgs(AGENCY, RECORDER, 0, next);
      expect(await blockNow()).to.equal(next);
      expect(await revokedBlock()).to.equal(BigInt(next));
    });

    it("never reaches back: what was anchored stays proven", async () => {
      const now = await blockNow();
      for (const block of [0, now - 1, now]) await refusal(revoke(block), "BlockReachesBack").withArgs(block);
      expect(await revokedBlock()).to.equal(0n);
    });

    it("may be moved to an earlier block while it is to come, never to a later one, and never undone", async () => {
      const later = (await blockNow()) + 50;
      await revoke(later);
      await refusal(revoke(later), "AlreadyRevoked").withArgs(later);
      await refusal(revoke(later + 1), "AlreadyRevoked").withArgs(later);
      await refusal(revoke(UINT64_MAX), "AlreadyRevoked").withArgs(later);
      await revoke(later - 1);
      expect(await revokedBlock()).to.equal(BigInt(later - 1));
      await networkHelpers.mineUpTo(later + 5);
      await refusal(revoke(later - 2), "BlockReachesBack");
      await refusal(revoke(later + 100), "AlreadyRevoked");
      expect(await revokedBlock()).to.equal(BigInt(later - 1));
    });

    it("leaves the key found, so that a verifier can say why it does not count", async () => {
      await revoke((await blockNow()) + 1);
      expect(await keyAt(0, await blockNow())).to.equal(1);
      await addKey(2, 1);
      expect(await keyAt(1, await blockNow())).to.equal(2);
    });

    it("of a key that is not there is refused by name", async () => {
      for (const index of [1n, 2n ** 256n - 1n]) {
        await refusal(revoke(UINT64_MAX, index), "UnknownRecorderKey").withArgs(AGENCY, RECORDER, index);
      }
    });
  });

  describe("the log of an agency", () => {
    const LOGS = 3;
    const logAt = (block: number | bigint, agency = AGENCY): Promise<unknown> =>
      r.agencies.view("logOfAt", agency, block);
    const assign = (logId: number | bigint): Promise<unknown> => byRegistrar("assignLog", AGENCY, logId);
    const name = (address: string): Promise<unknown> => r.agencies.send("nameAnchorRegistry", address);
    let anchors = "";

    beforeEach(async () => {
      for (let n = 1; n <= LOGS; n++)
        await r.anchors.send("createLog", r.anchorer.address, keysOf(n), MAX_GROWTH);
      anchors = await r.anchors.contract.getAddress();
    });

    describe("where the registry of the logs is named", () => {
      beforeEach(async () => {
        await expect(name(anchors)).to.emit(r.agencies.contract, "AnchorRegistryNamed").withArgs(anchors);
      });

      it("is none until it is assigned one, as in a registry with one log alone", async () => {
        expect(await r.agencies.view("anchorRegistry")).to.equal(anchors);
        expect(await logAt(await blockNow())).to.equal(0n);
        expect(await r.agencies.view("logHistory", AGENCY)).to.deep.equal([]);
      });

      it("is told by an event, and answered for every block, also after the agency moved", async () => {
        await expect(assign(1)).to.emit(r.agencies.contract, "LogAssigned").withArgs(AGENCY, 1);
        const assigned = await blockNow();
        await networkHelpers.mine(2);
        await assign(3);
        const moved = await blockNow();
        await networkHelpers.mine();
        const expected: [number, bigint][] = [
          [0, 0n],
          [assigned - 1, 0n],
          [assigned, 1n],
          [moved - 1, 1n],
          [moved, 3n],
          [await blockNow(), 3n],
        ];
        for (const [block, logId] of expected) expect(await logAt(block), `block ${block}`).to.equal(logId);
        expect(await r.agencies.view("logHistory", AGENCY)).to.deep.equal([
          { fromBlock: BigInt(assigned), logId: 1n },
          { fromBlock: BigInt(moved), logId: 3n },
        ]);
      });

      it("is the last word of a block with two changes", async () => {
        const before = await blockNow();
        await inOneBlock(
          () => assign(1),
          () => assign(2),
        );
        expect(await logAt(before + 1)).to.equal(2n);
      });

      it("is a log that exists, another than before, and never none again", async () => {
        for (const logId of [0n, BigInt(LOGS + 1), UINT64_MAX])
          await refusal(assign(logId), "UnknownLog").withArgs(logId);
        await assign(2);
        await refusal(assign(2), "LogUnchanged").withArgs(AGENCY, 2);
        await refusal(assign(0), "UnknownLog").withArgs(0);
        await assign(1);
        await assign(2);
        expect(await logAt(await blockNow())).to.equal(2n);
      });

      it("is its own: what one agency is assigned says nothing of another", async () => {
        const other = slug("other");
        await byRegistrar("admitAgency", other, "Other", r.stranger.address, RECORD);
        await assign(2);
        expect(await logAt(await blockNow(), other)).to.equal(0n);
      });

      it("is not settled for blocks to come", async () => {
        await refusal(logAt(UINT64_MAX), "FutureBlock").withArgs(UINT64_MAX);
      });

      it("is never of another registry: that is named once and for ever", async () => {
        const other = await r.agencies.contract.getAddress();
        for (const address of [anchors, other])
          await refusal(name(address), "AnchorRegistryFixed").withArgs(anchors);
      });

      it("is found whatever was assigned when, as a plain list of the changes says", async () => {
        const steps = fc.array(
          fc.record({ logId: fc.integer({ min: 1, max: LOGS }), idle: fc.integer({ min: 0, max: 3 }) }),
          { minLength: 1, maxLength: 8 },
        );
        const property = fc.asyncProperty(steps, async (changes) => {
          const snapshot = await networkHelpers.takeSnapshot();
          const model: { fromBlock: number; logId: number }[] = [];
          const start = await blockNow();
          for (const { logId, idle } of changes) {
            if (model.at(-1)?.logId !== logId) {
              await assign(logId);
              model.push({ fromBlock: await blockNow(), logId });
            }
            await networkHelpers.mine(idle);
          }
          for (let block = start - 1; block <= (await blockNow()); block++) {
            const expected = model.findLast(({ fromBlock }) => fromBlock <= block)?.logId ?? 0;
            expect(await logAt(block), `block ${block}`).to.equal(BigInt(expected));
          }
          await snapshot.restore();
        });
        await fc.assert(property, { numRuns: 12 });
      }).timeout(60_000);

      it("cannot be buried under so many moves that it no longer fits into a call", async () => {
        await assign(3);
        const first = await blockNow();
        for (let move = 1; move <= 100; move++) await assign(move % 2 === 1 ? 1 : 2);
        const view = r.agencies.contract.getFunction("logOfAt");
        expect(await view.staticCall(AGENCY, first, { gasLimit: 100_000 })).to.equal(3n);
      });
    });

    it("cannot be assigned before the registry of the logs is named, which must be one", async () => {
      await refusal(assign(1), "NoAnchorRegistry");
      for (const address of [NOBODY, r.stranger.address])
        await refusal(name(address), "NoContract").withArgs(address);
      const other = await r.agencies.contract.getAddress();
      await refusal(name(other), "NotAnchorRegistry").withArgs(other);
      expect(await r.agencies.view("anchorRegistry")).to.equal(NOBODY);
    });
  });

  it("has no errors and events but those tested here", () => {
    expect(ownNames(r.agencies, "error")).to.deep.equal([
      "AgencyExists",
      "AlreadyRevoked",
      "AnchorRegistryFixed",
      "BlockReachesBack",
      "EntitlementsUnchanged",
      "FutureBlock",
      "InvalidKey",
      "InvalidName",
      "InvalidSlug",
      "LogUnchanged",
      "NoAnchorRegistry",
      "NoContract",
      "NotAgencyAccount",
      "NotAnchorRegistry",
      "SeqReachesBack",
      "UnknownAgency",
      "UnknownEntitlements",
      "UnknownLog",
      "UnknownRecorderKey",
      "ZeroAddress",
    ]);
    expect(ownNames(r.agencies, "event")).to.deep.equal([
      "AgencyAccountChanged",
      "AgencyAdmitted",
      "AnchorRegistryNamed",
      "EntitlementsChanged",
      "LogAssigned",
      "RecorderKeyAdded",
      "RecorderKeyRevoked",
    ]);
  });
});
