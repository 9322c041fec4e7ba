import { readFile, writeFile } from "node:fs/promises";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { encodeBytes32String } from "ethers";
import { toHex } from "../../protocol/bytes.ts";
import { createSuccessor } from "../../scripts/deploy/successor.ts";
import { accountFrom, openRegistries, type Registries } from "../../scripts/keys/registries.ts";
import { runSuccessor } from "../../scripts/successor.ts";
import { list, number } from "../../server/anchor/chain-values.ts";
import { readConfig } from "../../server/config.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";
import { ADMIN_KEY, PLAN, privateKey } from "./deploy/fixture.ts";
import { RegistryChain } from "./deploy/registry-files.ts";

/** What is public of another VRF key. */
const VRF = toHex(ed25519.getPublicKey(new Uint8Array(32).fill(9)));

describe("npm run successor", function () {
  this.timeout(600_000);
  let world: RegistryChain;
  let goBack: () => Promise<void>;
  let out: string;

  before(async () => {
    world = await RegistryChain.start();
    await world.anchor(0);
    await world.anchor(2);
    goBack = await world.chain.bookmark();
  });
  beforeEach(() => {
    out = world.chain.newFile();
  });
  afterEach(() => goBack());
  after(() => world.chain.stop());

  async function succeed(args: readonly string[] = [], env: Readonly<Record<string, string>> = world.env) {
    const lines: string[] = [];
    await runSuccessor([...args, "--out", out], env, (line) => lines.push(line));
    return lines;
  }
  async function refusal(...asked: Parameters<typeof succeed>): Promise<string> {
    const failure = await succeed(...asked).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure instanceof Error) return failure.message;
    throw new Error("it was done");
  }
  async function stateOf(logId: number): Promise<unknown[]> {
    const [state] = await world.read("anchors", "logState", logId);
    const [, , frozen, ...places] = list(state);
    return [frozen, ...places.map(number)];
  }
  const profileOut = async () => parseTrustProfile(await readFile(out, "utf8"));
  const logOf = async (agency: string): Promise<unknown> => {
    const [history] = await world.read("agencies", "logHistory", encodeBytes32String(agency));
    return list(history).map((each) => number(list(each)[1]));
  };
  const assigned = (agency: string): Promise<void> =>
    world.act(ADMIN_KEY, "agencies", "assignLog", encodeBytes32String(agency), 1);

  it("freezes the log, continues it from its last anchor with the same keys, index and anchorer, and writes the new trust profile", async () => {
    const lines = await succeed();
    expect(await stateOf(1)).to.deep.equal([true, 0, 0, 2]);
    expect(await stateOf(2)).to.deep.equal([false, 1, 1, 0]);
    const [seed] = await world.read("anchors", "head", 2);
    expect(list(seed).slice(0, 2)).to.deep.equal([5n, 2n]);
    const before = parseTrustProfile(await readFile(world.profileFile, "utf8"));
    expect(await profileOut()).to.deep.equal({ ...before, logId: 2 });
    expect(lines.slice(0, 2)).to.deep.equal([
      "log 1 is frozen for ever.",
      "log 2 continues it from anchor 1.",
    ]);
    const [anchorer] = list((await world.read("anchors", "logState", 2))[0]);
    expect(anchorer).to.equal(PLAN.log.anchorer);
  });

  it("moves the agencies that had the old log, and leaves those that had none", async () => {
    await assigned("police");
    await succeed();
    expect(await logOf("police")).to.deep.equal([1, 2]);
    expect(await logOf("operator")).to.deep.equal([]);
  });

  it("may be repeated, also where it was killed after the freeze, and goes on", async () => {
    await assigned("police");
    await world.act(ADMIN_KEY, "anchors", "freeze", 1);
    await succeed();
    await writeFile(out, "");
    expect((await succeed())[0]).to.equal("log 1 is frozen; log 2 continues it already.");
    expect(await world.read("anchors", "logCount")).to.deep.equal([2n]);
    expect((await profileOut()).logId).to.equal(2);
    expect(await logOf("police")).to.deep.equal([1, 2]);
  });

  it("goes on from an earlier anchor where it is told to, as after a restore", async () => {
    await succeed(["--anchor", "0"]);
    expect(await stateOf(2)).to.deep.equal([false, 1, 0, 0]);
    const [seed] = await world.read("anchors", "head", 2);
    expect(list(seed).slice(0, 2)).to.deep.equal([5n, 0n]);
  });

  it("replaces the VRF key: the index begins anew", async () => {
    await succeed(["--vrf", `public:${VRF}`, "--anchorer", `0x${"a7".repeat(20)}`]);
    const block = Number(await world.chain.rpc("eth_blockNumber", []));
    const keysAt = async (logId: number): Promise<readonly unknown[]> =>
      list((await world.read("anchors", "logKeysAt", logId, block))[0]);
    const [checkpoint, receipt] = await keysAt(1);
    expect(await keysAt(2)).to.deep.equal([checkpoint, receipt, `0x${VRF}`]);
    const [seed] = await world.read("anchors", "head", 2);
    expect(list(seed).slice(0, 2)).to.deep.equal([5n, 0n]);
    expect(String(list((await world.read("anchors", "logState", 2))[0])[0]).toLowerCase()).to.contain("a7a7");
  });

  it("leaves nothing out that the ledger anchors while the log is being frozen", async () => {
    const registries = await openRegistries(readConfig(world.env));
    const late: Registries = {
      ...registries,
      send: async (account, registry, name, args) => {
        if (name === "freeze") await world.anchor(5);
        await registries.send(account, registry, name, args);
      },
    };
    const admin = await accountFrom("ADMIN_KEY", world.env);
    expect(await createSuccessor(late, admin, { keys: {} }, () => undefined)).to.equal(2);
    expect(await stateOf(2)).to.deep.equal([false, 1, 2, 0]);
    const [seed] = await world.read("anchors", "head", 2);
    expect(list(seed).slice(0, 2)).to.deep.equal([5n, 5n]);
  });

  it("freezes nothing where the registry would refuse the successor", async () => {
    const { receipt } = PLAN.log.keys;
    const same = toHex(receipt);
    expect(await refusal(["--vrf", `public:${same}`])).to.match(/InvalidKeys. Nothing was frozen/);
    expect(await refusal(["--anchor", "2"])).to.match(/UnknownAnchor. Nothing was frozen/);
    const { ADMIN_KEY_FILE, ...rest } = world.env;
    const stranger = { ...rest, ADMIN_KEY: privateKey(0x77) };
    expect(await refusal([], stranger)).to.match(/AccessControlUnauthorizedAccount. Nothing was frozen/);
    expect(await stateOf(1)).to.deep.equal([false, 0, 0, 0]);
  });

  it("is content with no other successor than it was asked for", async () => {
    await succeed(["--anchor", "0"]);
    expect(await refusal()).to.equal(
      "Log 2 continues log 1 already, from anchor 0. A log has one successor.",
    );
    expect(await refusal(["--anchor", "0", "--vrf", `public:${VRF}`])).to.contain("with other keys");
  });

  it("tells what the registrar has to do where the administrator is none", async () => {
    await assigned("police");
    const [role] = await world.read("agencies", "REGISTRAR_ROLE");
    const { ADMIN_KEY_FILE, ...rest } = world.env;
    const admin = (await accountFrom("ADMIN_KEY", { ...rest, ADMIN_KEY })).address;
    await world.act(ADMIN_KEY, "agencies", "revokeRole", role, admin);
    expect((await succeed()).slice(-2)).to.deep.equal([
      `${admin} is no registrar. The registrar has to move the agencies:`,
      "  npm run assign -- police 2",
    ]);
    expect(await logOf("police")).to.deep.equal([1]);
  });

  it("takes no key as an argument, and repeats none", async () => {
    for (const args of [[ADMIN_KEY], ["--admin", ADMIN_KEY], ["--anchor", ADMIN_KEY]]) {
      const message = await refusal(args);
      expect(message)
        .to.match(/^Usage: /)
        .and.not.contain(ADMIN_KEY.slice(-4));
    }
  });
});
