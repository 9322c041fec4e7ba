import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { encodeBytes32String } from "ethers";
import { runAssign } from "../../scripts/assign.ts";
import { ADMIN, ADMIN_KEY, privateKey } from "./deploy/fixture.ts";
import { RegistryChain } from "./deploy/registry-files.ts";

describe("npm run assign", function () {
  this.timeout(600_000);
  let world: RegistryChain;
  let goBack: () => Promise<void>;

  before(async () => {
    world = await RegistryChain.start();
    goBack = await world.chain.bookmark();
  });
  afterEach(() => goBack());
  after(() => world.chain.stop());

  async function assign(args: readonly string[], env: Readonly<Record<string, string>> = world.env) {
    const lines: string[] = [];
    await runAssign(args, env, (line) => lines.push(line));
    return lines;
  }
  const refusal = async (...asked: Parameters<typeof assign>): Promise<string> => {
    const failure = await assign(...asked).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure instanceof Error) return failure.message;
    throw new Error("it was done");
  };

  it("assigns an agency its log by the registrar's key in a private file, and does nothing a second time", async () => {
    expect(await assign(["police", "1"])).to.deep.equal(["police records in log 1 from now on."]);
    const mined = await world.chain.mined(ADMIN);
    expect(await assign(["police", "1"])).to.deep.equal(["police has log 1 already."]);
    expect(await world.chain.mined(ADMIN)).to.equal(mined);
    const block = Number(await world.chain.rpc("eth_blockNumber", []));
    expect(await world.read("agencies", "logOfAt", encodeBytes32String("police"), block)).to.deep.equal([1n]);
  });

  it("takes the key from the environment, and from nowhere else", async () => {
    const { ADMIN_KEY_FILE = "", ...rest } = world.env;
    await assign(["police", "1"], { ...rest, ADMIN_KEY });
    expect(await refusal(["operator", "1"], rest)).to.match(/^ADMIN_KEY or ADMIN_KEY_FILE must give the key/);
    for (const args of [
      ["operator", "1", ADMIN_KEY],
      [ADMIN_KEY, "operator", "1"],
    ]) {
      const message = await refusal(args, rest);
      expect(message).to.match(/^Usage: /);
      expect(message).to.not.contain(ADMIN_KEY.slice(-4));
    }
    await chmod(ADMIN_KEY_FILE, 0o644);
    expect(await refusal(["operator", "1"])).to.contain("ADMIN_KEY_FILE");
    await chmod(ADMIN_KEY_FILE, 0o600);
  });

  it("says why the registry refuses: no registrar, no such agency, no such log", async () => {
    const { ADMIN_KEY_FILE, ...rest } = world.env;
    const stranger = { ...rest, ADMIN_KEY: privateKey(0x77) };
    expect(await refusal(["police", "1"], stranger)).to.contain("AccessControlUnauthorizedAccount");
    expect(await refusal(["nobody", "1"])).to.contain("UnknownAgency");
    expect(await refusal(["police", "2"])).to.contain("UnknownLog");
  });

  it("tells the administrator to name the registry of the logs where nobody did", async () => {
    // The named address is the only word of the registry that holds it.
    const { anchorRegistry, agencyRegistry } = world.deployment;
    const word = `0x${anchorRegistry.slice(2).padStart(64, "0")}`;
    for (let slot = 0; slot < 16; slot++) {
      const place = `0x${slot.toString(16)}`;
      if ((await world.chain.rpc("eth_getStorageAt", [agencyRegistry, place, "latest"])) === word)
        await world.chain.rpc("anvil_setStorageAt", [
          agencyRegistry,
          `0x${slot.toString(16).padStart(64, "0")}`,
          `0x${"0".repeat(64)}`,
        ]);
    }
    expect(await refusal(["police", "1"])).to.match(/^No registry of logs is named .* npm run deploy/);
  });

  it("is a command that ends with 1 and one line where it cannot be done", async () => {
    const script = path.resolve(import.meta.dirname, "../../scripts/assign.ts");
    const child = spawn(process.execPath, [script, "police"], {
      env: { ...process.env, ...world.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect(code).to.equal(1);
    expect(said).to.match(/^Usage: npm run assign .*\n$/);
  });
});
