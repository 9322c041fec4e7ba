import { expect } from "chai";
import {
  ADMIN_DELAY_SECONDS,
  bytes32,
  DEFAULT_ADMIN_ROLE,
  deployRegistries,
  deployWithLog,
  ethers,
  keysOf,
  MAX_GROWTH,
  networkHelpers,
  ownNames,
  type Registries,
  TestTree,
  UINT64_MAX,
  ZERO_HASH,
} from "./fixture.ts";

const LOG = 1;
const PAUSER_ROLE = ethers.id("PAUSER_ROLE");
const NOBODY = ethers.ZeroAddress;
const tree = new TestTree(20);
const fork = new TestTree(20, "other leaf");
const INDEX_ROOT = bytes32(0x1d);

describe("AnchorRegistry's administration", () => {
  let r: Registries;

  beforeEach(async () => {
    r = await networkHelpers.loadFixture(deployWithLog);
  });

  async function anchor(
    logId: number,
    from: number,
    to: number,
    indexSize = 0,
    indexRoot = ZERO_HASH,
  ): Promise<void> {
    const proof = from === 0 ? [] : tree.consistency(from, to);
    await r.anchors
      .as(r.anchorer)
      .send("anchor", logId, from, to, tree.root(to), indexSize, indexRoot, proof);
  }

  describe("roles", () => {
    const protectedCalls: [name: string, role: string, ...args: unknown[]][] = [
      ["createLog", DEFAULT_ADMIN_ROLE, bytes32(1).slice(0, 42), keysOf(2), 1],
      ["createSuccessor", DEFAULT_ADMIN_ROLE, LOG, 0, bytes32(1).slice(0, 42), keysOf(2), 1],
      ["setAnchorer", DEFAULT_ADMIN_ROLE, LOG, bytes32(1).slice(0, 42)],
      ["setMaxGrowth", DEFAULT_ADMIN_ROLE, LOG, 5],
      ["rotateKeys", DEFAULT_ADMIN_ROLE, LOG, bytes32(1), bytes32(2)],
      ["freeze", DEFAULT_ADMIN_ROLE, LOG],
      ["pause", PAUSER_ROLE],
      ["unpause", DEFAULT_ADMIN_ROLE],
    ];

    for (const [name, role, ...args] of protectedCalls) {
      it(`let nobody else call ${name}`, async () => {
        await r.anchors.send("grantRole", PAUSER_ROLE, r.pauser.address);
        const others = [r.anchorer, r.stranger, r.registrar, ...(role === PAUSER_ROLE ? [] : [r.pauser])];
        for (const account of others) {
          await expect(r.anchors.as(account).send(name, ...args))
            .to.be.revertedWithCustomError(r.anchors.contract, "AccessControlUnauthorizedAccount")
            .withArgs(account.address, role);
        }
      });
    }

    it("cover every function that changes the registry itself", () => {
      const covered = [...protectedCalls.map(([name]) => name), "anchor"];
      expect(ownNames(r.anchors, "change")).to.deep.equal(covered.toSorted());
    });

    it("start with one administrator, who is the first pauser, and change hands only after the delay", async () => {
      const fresh = await networkHelpers.loadFixture(deployRegistries);
      const { anchors, admin, stranger } = fresh;
      expect(await anchors.view("defaultAdmin")).to.equal(admin.address);
      expect(await anchors.view("defaultAdminDelay")).to.equal(BigInt(ADMIN_DELAY_SECONDS));
      expect(await anchors.view("hasRole", PAUSER_ROLE, admin.address)).to.be.true;
      await anchors.send("beginDefaultAdminTransfer", stranger.address);
      await expect(anchors.as(stranger).send("acceptDefaultAdminTransfer")).to.be.revertedWithCustomError(
        anchors.contract,
        "AccessControlEnforcedDefaultAdminDelay",
      );
      await networkHelpers.time.increase(ADMIN_DELAY_SECONDS + 1);
      await anchors.as(stranger).send("acceptDefaultAdminTransfer");
      expect(await anchors.view("defaultAdmin")).to.equal(stranger.address);
    });
  });

  describe("logs", () => {
    it("are numbered from 1 and told by an event", async () => {
      expect(await r.anchors.view("logCount")).to.equal(1n);
      const keys = keysOf(2);
      await expect(r.anchors.send("createLog", r.stranger.address, keys, 5))
        .to.emit(r.anchors.contract, "LogCreated")
        .withArgs(2, r.stranger.address, Object.values(keys), 5);
      expect(await r.anchors.view("logCount")).to.equal(2n);
      expect(await r.anchors.view("logState", 2)).to.deep.equal({
        anchorer: r.stranger.address,
        maxGrowth: 5n,
        frozen: false,
        predecessor: 0n,
        predecessorAnchor: 0n,
        successor: 0n,
      });
    });

    const good = keysOf(2);
    const badKeys = [
      { ...good, checkpoint: ZERO_HASH },
      { ...good, receipt: ZERO_HASH },
      { ...good, vrf: ZERO_HASH },
      { ...good, receipt: good.checkpoint },
      { ...good, vrf: good.checkpoint },
      { ...good, vrf: good.receipt },
    ];

    it("are not created or rotated with keys that are missing or serve two purposes", async () => {
      for (const keys of badKeys) {
        await expect(r.anchors.send("createLog", r.anchorer.address, keys, 5)).to.be.revertedWithCustomError(
          r.anchors.contract,
          "InvalidKeys",
        );
      }
      const { vrf } = keysOf(1);
      for (const [checkpoint, receipt] of [
        [ZERO_HASH, good.receipt],
        [good.checkpoint, ZERO_HASH],
        [good.checkpoint, good.checkpoint],
        [vrf, good.receipt],
        [good.checkpoint, vrf],
      ]) {
        await expect(r.anchors.send("rotateKeys", LOG, checkpoint, receipt)).to.be.revertedWithCustomError(
          r.anchors.contract,
          "InvalidKeys",
        );
      }
      expect(await r.anchors.view("logCount")).to.equal(1n);
    });

    it("are not given to the zero address", async () => {
      for (const call of [
        () => r.anchors.send("createLog", NOBODY, keysOf(2), 5),
        () => r.anchors.send("setAnchorer", LOG, NOBODY),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(r.anchors.contract, "ZeroAddress");
      }
    });

    it("have a growth cap from 1 to 2^48 - 1", async () => {
      for (const cap of [0n, 2n ** 48n, UINT64_MAX]) {
        for (const call of [
          () => r.anchors.send("createLog", r.anchorer.address, keysOf(2), cap),
          () => r.anchors.send("setMaxGrowth", LOG, cap),
        ]) {
          await expect(call())
            .to.be.revertedWithCustomError(r.anchors.contract, "InvalidMaxGrowth")
            .withArgs(cap);
        }
      }
      await r.anchors.send("createLog", r.anchorer.address, keysOf(2), 2n ** 48n - 1n);
      expect(await r.anchors.view("logState", 2)).to.include({ maxGrowth: 2n ** 48n - 1n });
    });

    it("obey a changed growth cap at once", async () => {
      await expect(r.anchors.send("setMaxGrowth", LOG, 4))
        .to.emit(r.anchors.contract, "MaxGrowthChanged")
        .withArgs(LOG, 4);
      await expect(anchor(LOG, 0, 5)).to.be.revertedWithCustomError(r.anchors.contract, "GrowthTooLarge");
      await anchor(LOG, 0, 4);
      await r.anchors.send("setMaxGrowth", LOG, 1);
      await anchor(LOG, 4, 5);
    });

    it("obey a new anchorer and no longer the old one", async () => {
      await expect(r.anchors.send("setAnchorer", LOG, r.stranger.address))
        .to.emit(r.anchors.contract, "AnchorerChanged")
        .withArgs(LOG, r.stranger.address);
      await expect(anchor(LOG, 0, 4))
        .to.be.revertedWithCustomError(r.anchors.contract, "NotAnchorer")
        .withArgs(LOG, r.anchorer.address);
      await r.anchors.as(r.stranger).send("anchor", LOG, 0, 4, tree.root(4), 0, ZERO_HASH, []);
    });

    it("tell new keys by an event", async () => {
      const { checkpoint, receipt } = keysOf(3);
      await expect(r.anchors.send("rotateKeys", LOG, checkpoint, receipt))
        .to.emit(r.anchors.contract, "KeysRotated")
        .withArgs(LOG, checkpoint, receipt);
    });
  });

  describe("pause", () => {
    it("stops anchoring and nothing else, until the administrator ends it", async () => {
      await r.anchors.send("grantRole", PAUSER_ROLE, r.pauser.address);
      await expect(r.anchors.as(r.pauser).send("pause")).to.emit(r.anchors.contract, "Paused");
      await expect(anchor(LOG, 0, 4)).to.be.revertedWithCustomError(r.anchors.contract, "EnforcedPause");
      await r.anchors.send("setAnchorer", LOG, r.anchorer.address);
      await r.anchors.send("createLog", r.anchorer.address, keysOf(2), MAX_GROWTH);
      await expect(r.anchors.send("unpause")).to.emit(r.anchors.contract, "Unpaused");
      await anchor(LOG, 0, 4);
    });
  });

  describe("freeze", () => {
    it("stops a log for ever and leaves its history readable", async () => {
      await anchor(LOG, 0, 4);
      await expect(r.anchors.send("freeze", LOG)).to.emit(r.anchors.contract, "LogFrozen").withArgs(LOG);
      const { checkpoint, receipt } = keysOf(3);
      for (const call of [
        () => anchor(LOG, 4, 5),
        () => r.anchors.send("freeze", LOG),
        () => r.anchors.send("setAnchorer", LOG, r.stranger.address),
        () => r.anchors.send("setMaxGrowth", LOG, 5),
        () => r.anchors.send("rotateKeys", LOG, checkpoint, receipt),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(r.anchors.contract, "LogIsFrozen").withArgs(LOG);
      }
      expect(await r.anchors.view("logState", LOG)).to.include({ frozen: true, successor: 0n });
      expect(await r.anchors.view("head", LOG)).to.include({ size: 4n });
    });

    it("touches no other log", async () => {
      await r.anchors.send("createLog", r.anchorer.address, keysOf(2), MAX_GROWTH);
      await r.anchors.send("freeze", LOG);
      await anchor(2, 0, 4);
    });
  });

  describe("a successor", () => {
    const sameVrf = { ...keysOf(2), vrf: keysOf(1).vrf };

    beforeEach(async () => {
      await anchor(LOG, 0, 4, 3, INDEX_ROOT);
      await anchor(LOG, 4, 9, 8, bytes32(0x1e));
    });

    it("continues from a chosen checkpoint, freezes the old log and links both ways", async () => {
      const call = r.anchors.send("createSuccessor", LOG, 0, r.anchorer.address, sameVrf, 6);
      await expect(call)
        .to.emit(r.anchors.contract, "SuccessorCreated")
        .withArgs(LOG, 2, 0, 4, tree.root(4))
        .and.to.emit(r.anchors.contract, "LogFrozen")
        .withArgs(LOG)
        .and.to.emit(r.anchors.contract, "LogCreated")
        .withArgs(2, r.anchorer.address, Object.values(sameVrf), 6)
        .and.to.emit(r.anchors.contract, "Anchored")
        .withArgs(2, 4, tree.root(4), 3, INDEX_ROOT);
      expect(await r.anchors.view("logState", LOG)).to.include({
        frozen: true,
        successor: 2n,
        predecessor: 0n,
      });
      expect(await r.anchors.view("logState", 2)).to.deep.equal({
        anchorer: r.anchorer.address,
        maxGrowth: 6n,
        frozen: false,
        predecessor: 1n,
        predecessorAnchor: 0n,
        successor: 0n,
      });
    });

    it("starts its history with the seed, at the block that made it", async () => {
      await r.anchors.send("createSuccessor", LOG, 1, r.anchorer.address, sameVrf, 6);
      const block = await ethers.provider.getBlock("latest");
      const seed = {
        size: 9n,
        indexSize: 8n,
        blockNumber: BigInt(block?.number ?? -1),
        time: BigInt(block?.timestamp ?? -1),
        root: tree.root(9),
        indexRoot: bytes32(0x1e),
      };
      expect(await r.anchors.view("anchorCount", 2)).to.equal(1n);
      expect(await r.anchors.view("head", 2)).to.deep.equal(seed);
      expect(await r.anchors.view("anchorCovering", 2, 0)).to.deep.equal([true, seed]);
    });

    it("accepts only what is consistent with the seed", async () => {
      await r.anchors.send("createSuccessor", LOG, 0, r.anchorer.address, sameVrf, 6);
      const registry = r.anchors.as(r.anchorer);
      const refusals: [string, unknown[]][] = [
        ["StaleHead", [2, 0, 6, tree.root(6), 3, INDEX_ROOT, []]],
        ["InconsistentRoot", [2, 4, 6, fork.root(6), 3, INDEX_ROOT, fork.consistency(4, 6)]],
        ["IndexShrinks", [2, 4, 6, tree.root(6), 2, INDEX_ROOT, tree.consistency(4, 6)]],
        ["IndexRootChanged", [2, 4, 6, tree.root(6), 3, ZERO_HASH, tree.consistency(4, 6)]],
        ["GrowthTooLarge", [2, 4, 11, tree.root(11), 3, INDEX_ROOT, tree.consistency(4, 11)]],
      ];
      for (const [error, args] of refusals) {
        await expect(registry.send("anchor", ...args)).to.be.revertedWithCustomError(
          r.anchors.contract,
          error,
        );
      }
      await anchor(2, 4, 6, 3, INDEX_ROOT);
    });

    it("drops the index when its VRF key is another, under which the old index would deny every event", async () => {
      await r.anchors.send("createSuccessor", LOG, 1, r.anchorer.address, keysOf(2), 6);
      expect(await r.anchors.view("head", 2)).to.include({ size: 9n, indexSize: 0n, indexRoot: ZERO_HASH });
      await anchor(2, 9, 9, 9, bytes32(0x2f));
    });

    it("can continue a log that was frozen before, and be continued itself", async () => {
      await r.anchors.send("freeze", LOG);
      await expect(r.anchors.send("createSuccessor", LOG, 1, r.anchorer.address, sameVrf, 6)).not.to.emit(
        r.anchors.contract,
        "LogFrozen",
      );
      await anchor(2, 9, 12, 8, bytes32(0x1e));
      await r.anchors.send(
        "createSuccessor",
        2,
        1,
        r.anchorer.address,
        { ...keysOf(3), vrf: sameVrf.vrf },
        6,
      );
      expect(await r.anchors.view("logState", 3)).to.include({ predecessor: 2n, predecessorAnchor: 1n });
      expect(await r.anchors.view("head", 3)).to.include({ size: 12n, indexSize: 8n });
    });

    it("is made once, from a log that exists, with valid parts", async () => {
      const make = (logId: number, anchorer: string, keys: object, cap: number): Promise<unknown> =>
        r.anchors.send("createSuccessor", logId, 0, anchorer, keys, cap);
      const address = r.anchorer.address;
      for (const [error, call] of [
        ["UnknownLog", () => make(7, address, sameVrf, 6)],
        ["ZeroAddress", () => make(LOG, NOBODY, sameVrf, 6)],
        ["InvalidKeys", () => make(LOG, address, { ...sameVrf, receipt: ZERO_HASH }, 6)],
        ["InvalidMaxGrowth", () => make(LOG, address, sameVrf, 0)],
      ] as const) {
        await expect(call()).to.be.revertedWithCustomError(r.anchors.contract, error);
      }
      expect(await r.anchors.view("logState", LOG)).to.include({ frozen: false, successor: 0n });
      await make(LOG, address, sameVrf, 6);
      await expect(make(LOG, address, keysOf(3), 6))
        .to.be.revertedWithCustomError(r.anchors.contract, "AlreadySucceeded")
        .withArgs(LOG, 2);
    });
  });

  it("has no errors and events but those tested here and beside", () => {
    expect(ownNames(r.anchors, "error")).to.deep.equal([
      "AlreadySucceeded",
      "FutureBlock",
      "GrowthTooLarge",
      "InconsistentRoot",
      "IndexBeyondLog",
      "IndexRootChanged",
      "IndexShrinks",
      "InvalidKeys",
      "InvalidMaxGrowth",
      "LogIsFrozen",
      "LogShrinks",
      "NoKeysYet",
      "NotAnchorer",
      "NothingNew",
      "StaleHead",
      "UnknownAnchor",
      "UnknownLog",
      "ZeroAddress",
    ]);
    expect(ownNames(r.anchors, "event")).to.deep.equal([
      "Anchored",
      "AnchorerChanged",
      "KeysRotated",
      "LogCreated",
      "LogFrozen",
      "MaxGrowthChanged",
      "SuccessorCreated",
    ]);
  });
});
