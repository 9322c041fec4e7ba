import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { writeProfile } from "../../scripts/deploy/trust-profile.ts";
import { skipBecause } from "../skip-because.ts";
import { makeSoftToken, type SoftToken, whyNoSoftHsm } from "./softhsm.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const SYSTEMD = path.join(ROOT, "deploy/systemd");

/** Runs a program until it ends by itself. */
async function runToEnd(
  program: string,
  env: Record<string, string>,
): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, [program], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, said };
}

/** A service manager that starts a ledger with a wrong PIN again and again has its token locked. */
describe("the exit code of what cannot start", function () {
  this.timeout(600_000);
  let dataDir: string;
  before(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-exit-"));
    const registry = `0x${"1".repeat(40)}`;
    await writeProfile(path.join(dataDir, "trust.json"), {
      ...{ name: "a commune", environment: "embedded", finalityDepth: 1, rpc: [] },
      ...{ chainId: 4117, genesisHash: `0x${"a".repeat(64)}`, logId: 1 },
      ...{ anchorRegistry: registry, agencyRegistry: registry },
    });
  });
  after(async () => await rm(dataDir, { recursive: true }));

  for (const [program, env] of [
    ["server/main.ts", { RECEIPT_KEY: "short" }],
    ["recorder/main.ts", { RECORDER_SOURCE: "qn-police/r1", RECORDER_KEY: "/nowhere" }],
  ] as const)
    it(`is 78 for ${program} with ${JSON.stringify(env)}`, async () => {
      const { code, said } = await runToEnd(program, { DATA_DIR: dataDir, ...env });
      expect(code, said).to.equal(78);
    });

  it("starts nothing again in the units", () => {
    for (const unit of readdirSync(SYSTEMD)) {
      const text = readFileSync(path.join(SYSTEMD, unit), "utf8");
      expect(text, unit)
        .to.match(/^Restart=on-failure$/m)
        .and.match(/^RestartPreventExitStatus=78$/m);
    }
  });

  describe("with a key in a token (SoftHSM)", () => {
    let token: SoftToken;
    let wrongPin: string;
    before(function () {
      const why = whyNoSoftHsm();
      if (why !== undefined) skipBecause(this, why);
      token = makeSoftToken();
      after(() => token.destroy());
      token.makeKey("key", "EC:edwards25519");
      wrongPin = path.join(dataDir, "wrong-pin");
      writeFileSync(wrongPin, "no such pin\n", { mode: 0o600 });
    });

    for (const [program, variable] of [
      ["server/main.ts", "CHECKPOINT_KEY"],
      ["recorder/main.ts", "RECORDER_KEY"],
    ] as const) {
      const run = async (uri: string): Promise<{ code: unknown; said: string }> =>
        await runToEnd(program, {
          ...{ DATA_DIR: dataDir, RECORDER_SOURCE: "qn-police/r1", ...token.env },
          [variable]: uri,
        });

      it(`is 78 for ${program} with a wrong PIN, which is not shown`, async () => {
        const { code, said } = await run(token.uri("key").replace(token.pinFile, wrongPin));
        expect(code, said).to.equal(78);
        expect(said).to.contain("refuses the PIN").and.not.contain("no such pin");
      });

      it(`is 1 for ${program} while the token is away, for it may come back`, async () => {
        token.takeOut();
        try {
          const { code, said } = await run(token.uri("key"));
          expect(code, said).to.equal(1);
        } finally {
          token.putBack();
        }
      });
    }
  });
});
