import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { writeProfile } from "../../scripts/deploy/trust-profile.ts";
import {
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  ACCESS,
  spawnLedger,
} from "../system/fixture.ts";
import { catalogueFolder } from "./catalogue/folder.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Runs the ledger until it ends by itself. */
async function runToEnd(env: Record<string, string>): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, ["server/main.ts"], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, output };
}

describe("server/main", function () {
  this.timeout(600_000);

  describe("that cannot start", () => {
    let dataDir: string;
    beforeEach(async () => {
      dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-main-"));
    });
    afterEach(async () => {
      await rm(dataDir, { recursive: true });
    });

    it("names the setting to correct", async () => {
      const { code, output } = await runToEnd({ DATA_DIR: dataDir, PORT: "http" });
      expect(code).to.equal(78);
      expect(output).to.contain("PORT must be").and.not.contain("    at ");
    });

    it("says what a missing trust profile is for", async () => {
      const { code, output } = await runToEnd({ DATA_DIR: dataDir });
      expect(code).to.equal(78);
      expect(output).to.contain("TRUST_PROFILE").and.contain("trust.json");
    });
  });

  it("does not open development tokens on a production chain where ENVIRONMENT was forgotten", async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-main-"));
    const registry = `0x${"1".repeat(40)}`;
    await writeProfile(path.join(dataDir, "trust.json"), {
      ...{ name: "a province", environment: "production", finalityDepth: 1, rpc: [] },
      ...{ chainId: 4117, genesisHash: `0x${"a".repeat(64)}`, logId: 1 },
      ...{ anchorRegistry: registry, agencyRegistry: registry },
    });
    const { code, output } = await runToEnd({ DATA_DIR: dataDir, PORT: "0" });
    expect(code).to.equal(78);
    expect(output).to.contain("set ENVIRONMENT=production");
    expect(await readdir(dataDir)).to.deep.equal(["trust.json"]);
    await rm(dataDir, { recursive: true });
  });

  describe("that runs", () => {
    let system: Deployed;
    before(async () => {
      system = await deployed();
    });
    after(async () => {
      await system.destroy();
    });

    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      it(`ends in order on ${signal} and goes on where it was`, async () => {
        const ledger = await spawnLedger(system);
        await fetchUntil(`${ledger.url}/ready`);
        const recorder = await openDemoRecorder(system, ledger.url);
        const { seq } = await recorder.record(ACCESS);
        await recorder.flush(AbortSignal.timeout(100_000));
        await recorder.close();
        // An idle connection, as browsers keep them, holds nothing up.
        await (await fetch(`${ledger.url}/live`)).text();
        expect(await ledger.end(signal)).to.equal(0);

        const again = await spawnLedger(system);
        await fetchUntil(`${again.url}/v1/events/${seq - 1}/evidence`);
        expect(await again.end(signal)).to.equal(0);
      });
    }

    for (const variable of ["PEPPER", "VRF_KEY"]) {
      it(`does not start with another ${variable} than its records were made with, and names it`, async () => {
        const { code, output } = await runToEnd({
          ...{ DATA_DIR: system.dataDir, OPERATOR: "qn-operator", PORT: "0", RPC_URL: system.chain.url },
          [variable]: "ab".repeat(32),
        });
        expect(code).to.equal(78);
        expect(output).to.contain(`${variable} is not the one`).and.not.contain('"listening"');
      });
    }

    it("does not start with a wrong catalogue, and names the file and the line", async () => {
      const catalogue = await catalogueFolder();
      await catalogue.replace("procedures/PASSPORT.json", '"pd:Passport"', '"pd:Pasport"');
      const { code, output } = await runToEnd({
        ...{ DATA_DIR: system.dataDir, OPERATOR: "qn-operator", PORT: "0", RPC_URL: system.chain.url },
        CATALOGUE: catalogue.folder,
      });
      expect(code).to.equal(78);
      expect(output)
        .to.match(/procedures\/PASSPORT\.json:33: .*pd:Pasport/)
        .and.not.contain('"listening"');
      await catalogue.remove();
    });

    it("is alive and readable but not ready while the chain cannot be reached", async () => {
      const ledger = await spawnLedger(system, { RPC_URL: "http://127.0.0.1:9" });
      expect((await fetch(`${ledger.url}/live`)).status).to.equal(200);
      const ready = await fetch(`${ledger.url}/ready`);
      expect(ready.status).to.equal(503);
      await fetchUntil(`${ledger.url}/v1/events/0`);
      expect(await ledger.end("SIGTERM")).to.equal(0);
    });

    it("gives up its data folder to nobody while it runs, and says so", async () => {
      const ledger = await spawnLedger(system);
      const { code, output } = await runToEnd({
        ...{ DATA_DIR: system.dataDir, OPERATOR: "qn-operator", PORT: "0", RPC_URL: system.chain.url },
      });
      expect(code).to.equal(1);
      expect(output).to.contain("store-unavailable");
      expect(await ledger.end("SIGTERM")).to.equal(0);
    });

    it("says so when its port is taken, and leaves the store free", async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const address = taken.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const { code, output } = await runToEnd({
        ...{
          DATA_DIR: system.dataDir,
          OPERATOR: "qn-operator",
          PORT: String(port),
          RPC_URL: system.chain.url,
        },
      });
      expect(code).to.equal(1);
      expect(output).to.contain("EADDRINUSE");
      taken.close();
      const ledger = await spawnLedger(system);
      expect(await ledger.end("SIGTERM")).to.equal(0);
    });
  });
});
