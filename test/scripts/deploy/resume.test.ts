import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { deploy } from "../../../scripts/deploy.ts";
import type { Rpc } from "../../../server/anchor/json-rpc.ts";
import { parseTrustProfile } from "../../../verifier/trust-profile.ts";
import { openGateway } from "../../system/gateway.ts";
import {
  ADMIN,
  ADMIN_KEY,
  ADMIN_TRANSACTIONS,
  failureOf,
  FREE_GAS,
  options,
  POLICE,
  POLICE_TRANSACTIONS,
  privateKey,
  TestChain,
} from "./fixture.ts";
import { planFile } from "./plan-text.ts";

/** More calls than a whole deployment makes would mean that it waits for something. */
const MOST_CALLS = 300;

class Killed extends Error {}

/**
 * Passes calls on to the chain up to a number and then fails for ever, as a process does that was killed. What was sent is mined before that is answered, so
 * that no deployment looks twice and all make the same calls.
 */
function killedAt(call: number, when: "before" | "after", rpc: Rpc): { rpc: Rpc; wasKilled: () => boolean } {
  let calls = 0;
  let isDead = false;
  return {
    rpc: async (method, params) => {
      calls += 1;
      if (isDead || calls === call) {
        isDead = true;
        if (calls === call && when === "after") await rpc(method, params);
        throw new Killed();
      }
      const answer = await rpc(method, params);
      if (method === "eth_sendRawTransaction")
        while ((await rpc("eth_getTransactionReceipt", [answer])) === null);
      return answer;
    },
    wasKilled: () => isDead,
  };
}

describe("A deployment that is killed", function () {
  this.timeout(600_000);
  let chain: TestChain;

  beforeEach(async () => {
    chain = await TestChain.start(...FREE_GAS);
  });

  afterEach(() => chain.stop());

  // What is on the disk after a call is what is there before the next one, so of those a sample is enough.
  for (const [when, stride] of [
    ["before", 1],
    ["after", 7],
  ] as const) {
    it(`${when} any of its calls to the chain goes on, and makes every transaction once`, async () => {
      const goBack = await chain.bookmark();
      let call = 1;
      for (; call < MOST_CALLS; call += stride) {
        await goBack();
        const file = chain.newFile();
        const { rpc, wasKilled } = killedAt(call, when, chain.rpc);
        const first = await deploy(options(rpc, file)).catch((error: unknown) => error);
        if (!wasKilled()) break;
        expect(first).to.be.instanceOf(Killed);

        const deployment = await deploy(options(chain.rpc, file));
        expect(deployment.logId, `killed ${when} call ${call}`).to.equal(1);
        expect(await chain.mined(ADMIN), `killed ${when} call ${call}`).to.equal(ADMIN_TRANSACTIONS);
        expect(await chain.mined(POLICE), `killed ${when} call ${call}`).to.equal(POLICE_TRANSACTIONS);
      }
      expect(call).to.be.greaterThan(50).and.lessThan(MOST_CALLS);
    });
  }

  it("with its transactions still waiting does not send others in their place", async () => {
    const goBack = await chain.bookmark();
    for (let sent = 1; sent <= ADMIN_TRANSACTIONS + POLICE_TRANSACTIONS; sent++) {
      await goBack();
      const file = chain.newFile();
      await deploy(options(withMiningStoppedAt(sent), file, { mineTimeoutMs: 0 })).catch(() => undefined);
      const deployment = await deploy(options(withMiningResumedBySending(), file));
      expect(deployment.logId, `stopped at transaction ${sent}`).to.equal(1);
      expect(await chain.mined(ADMIN), `stopped at transaction ${sent}`).to.equal(ADMIN_TRANSACTIONS);
      expect(await chain.mined(POLICE), `stopped at transaction ${sent}`).to.equal(POLICE_TRANSACTIONS);
    }
  });

  /** The chain, which mines no more from the given transaction on. */
  function withMiningStoppedAt(transaction: number): Rpc {
    let sent = 0;
    return async (method, params) => {
      if (method === "eth_sendRawTransaction") {
        sent += 1;
        if (sent === transaction) await chain.rpc("evm_setAutomine", [false]);
      }
      return await chain.rpc(method, params);
    };
  }

  /** The chain, which mines again once it was sent something. */
  function withMiningResumedBySending(): Rpc {
    return async (method, params) => {
      const call = chain.rpc(method, params);
      if (method !== "eth_sendRawTransaction") return await call;
      // Sending again what waits already is answered with an error.
      await call.catch(() => undefined);
      await chain.rpc("evm_setAutomine", [true]);
      await chain.rpc("evm_mine", []);
      return await call;
    };
  }

  it("again and again by force, as a command, ends with one deployment and a trust profile", async () => {
    const dataDir = chain.newFile();
    const plan = chain.newFile();
    await writeFile(plan, planFile());
    const gateway = await openGateway(chain.url);
    // Each gets a little further than the one before. Every other one dies when the node has done what it asked, and it never hears of that.
    for (let calls = 1; ; calls += 4) {
      const command = deployCommand(dataDir, plan, gateway.url);
      let left = calls;
      gateway.judge = () => {
        left -= 1;
        if (left > 0) return "pass";
        command.kill("SIGKILL");
        return calls % 8 === 1 ? "hold" : "pass";
      };
      const [code] = (await once(command, "exit")) as [number | null];
      if (code === 0) break;
      expect(code).to.equal(null);
      expect(calls).to.be.lessThan(MOST_CALLS);
    }
    await gateway.close();
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
    expect(await chain.mined(POLICE)).to.equal(POLICE_TRANSACTIONS);
    const profile = parseTrustProfile(await readFile(path.join(dataDir, "trust.json"), "utf8"));
    expect(profile).to.include({ chainId: 31337, logId: 1, environment: "production", finalityDepth: 1 });
    const same = await deploy(options(chain.rpc, path.join(dataDir, "deployment.json")));
    expect(profile).to.include(same);
  });

  function deployCommand(dataDir: string, plan: string, node: string): ChildProcess {
    return spawn(process.execPath, ["scripts/deploy.ts", plan], {
      cwd: path.resolve(import.meta.dirname, "../../.."),
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        ADMIN_KEY,
        DATA_DIR: dataDir,
        ENVIRONMENT: "production",
        OPERATOR_ACCOUNT_KEY: privateKey(0x0b),
        POLICE_ACCOUNT_KEY: privateKey(0x0c),
        RPC_URL: node,
      },
    });
  }
});

describe("A deployment on a chain that loses things", function () {
  this.timeout(600_000);
  let chain: TestChain;

  beforeEach(async () => {
    chain = await TestChain.start(...FREE_GAS);
  });

  afterEach(() => chain.stop());

  it("is made again, the same, when the chain lost all of its blocks", async () => {
    const goBack = await chain.bookmark();
    const file = chain.newFile();
    const first = await deploy(options(chain.rpc, file));
    await goBack();
    expect(await chain.mined(ADMIN)).to.equal(0);
    expect(await deploy(options(chain.rpc, file))).to.deep.equal(first);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
  });

  it("is completed when the chain lost its last block", async () => {
    const file = chain.newFile();
    const first = await deploy(options(chain.rpc, file));
    for (const depth of [1, 2, 4, 7]) {
      await chain.rpc("anvil_rollback", [depth]);
      expect(await deploy(options(chain.rpc, file))).to.deep.equal(first);
      expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
      expect(await chain.mined(POLICE)).to.equal(POLICE_TRANSACTIONS);
    }
  });

  it("does not wait behind a gap when the chain lost other transactions of the account too", async () => {
    const file = chain.newFile();
    const goBack = await chain.bookmark();
    for (let i = 0; i < 3; i++) await sendNothing(chain);
    await deploy(options(chain.rpc, file));
    await goBack();
    const again = await deploy(options(chain.rpc, file));
    expect(again.logId).to.equal(1);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
  });

  it("offers a transaction again that the node dropped", async () => {
    const file = chain.newFile();
    await chain.rpc("evm_setAutomine", [false]);
    const dropped: unknown[] = [];
    const rpc: Rpc = async (method, params) => {
      const answer = await chain.rpc(method, params);
      if (method === "eth_sendRawTransaction" && dropped.length < 2) {
        dropped.push(await chain.rpc("anvil_dropTransaction", [answer]));
        if (dropped.length === 2) await chain.rpc("evm_setAutomine", [true]);
      }
      return answer;
    };
    await deploy(options(rpc, file));
    expect(dropped).to.have.length(2);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
  });

  it("says so when nothing is mined, and later goes on with the same transactions", async () => {
    const file = chain.newFile();
    await chain.rpc("evm_setAutomine", [false]);
    const failure = await failureOf(deploy(options(chain.rpc, file, { mineTimeoutMs: 300 })));
    expect(failure).to.have.property("code", "not-mined");
    const waiting = await deploymentTransaction(file);
    await chain.rpc("evm_mine", []);
    await chain.rpc("evm_setAutomine", [true]);
    await deploy(options(chain.rpc, file));
    expect(await deploymentTransaction(file)).to.equal(waiting);
    expect(await chain.mined(ADMIN)).to.equal(ADMIN_TRANSACTIONS);
  });
});

/** The signed bytes recorded for the first contract. */
async function deploymentTransaction(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8");
  return /"deploy AnchorRegistry": \{[^}]*"raw": "(0x[0-9a-f]+)"/.exec(text)?.[1] ?? expect.fail(text);
}

async function sendNothing(chain: TestChain): Promise<void> {
  await chain.rpc("anvil_impersonateAccount", [ADMIN]);
  await chain.rpc("eth_sendTransaction", [{ from: ADMIN, to: ADMIN, gasPrice: "0x0" }]);
  await chain.rpc("anvil_stopImpersonatingAccount", [ADMIN]);
}
