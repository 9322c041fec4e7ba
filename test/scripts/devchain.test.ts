import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { httpRpc } from "../../server/anchor/json-rpc.ts";
import { type Devchain, type DevchainOptions, startDevchain } from "../../scripts/devchain.ts";

const SENDER = "0x1111111111111111111111111111111111111111";
const RECEIVER = "0x2222222222222222222222222222222222222222";

describe("scripts/devchain", function () {
  this.timeout(600_000);
  const running: Devchain[] = [];
  let dataDir = "";

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), "devchain-"));
  });

  afterEach(async () => {
    for (const chain of running.splice(0)) await chain.kill();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(options: Partial<DevchainOptions> = {}): Promise<Devchain> {
    // No snapshots but those a test asks for.
    const chain = await startDevchain({ dataDir, snapshotIntervalMs: 3_600_000, ...options });
    running.push(chain);
    return chain;
  }

  it("keeps its genesis block, blocks and receipts over an orderly restart", async () => {
    const first = await start();
    const transaction = await transfer(first);
    const before = await describeChain(first, transaction);
    await first.stop();

    const second = await start();
    const after = await describeChain(second, transaction);
    expect(after).to.deep.equal(before);
    expect(after.receiptBlock).to.equal("0x1");
  });

  it("begins at the time that it is told", async () => {
    const startTime = Date.parse("2031-08-22T00:00:00Z") / 1000;
    const chain = await start({ startTime });
    await transfer(chain);
    const timestamp = await member(chain, "eth_getBlockByNumber", ["latest", false], "timestamp");
    expect(Number(timestamp)).to.be.within(startTime, startTime + 600);
  });

  it("keeps its genesis block over many restarts: the node makes a block 0 at each of them", async () => {
    const genesis = new Set<unknown>();
    for (let restart = 0; restart < 8; restart++) {
      const chain = await start();
      await transfer(chain);
      genesis.add(await genesisHash(chain));
      await (restart % 2 === 0 ? chain.stop() : chain.snapshot().then(() => chain.kill()));
    }
    expect(genesis.size).to.equal(1);
  });

  it("keeps its genesis block when it is killed before it did anything", async () => {
    const first = await start();
    const genesis = await genesisHash(first);
    await first.kill();
    expect(await genesisHash(await start())).to.equal(genesis);
  });

  it("gives two chains of one second two genesis blocks", async () => {
    const other = await mkdtemp(path.join(os.tmpdir(), "devchain-"));
    try {
      const [a, b] = await Promise.all([start(), start({ dataDir: other })]);
      expect(await genesisHash(a)).to.not.equal(await genesisHash(b));
    } finally {
      await rm(other, { recursive: true, force: true });
    }
  });

  it("loses what came after the last snapshot when it is killed, and nothing else", async () => {
    const first = await start();
    const kept = await transfer(first);
    await first.snapshot();
    const lost = await transfer(first);
    await first.kill();

    const second = await start();
    expect((await describeChain(second, kept)).receiptBlock).to.equal("0x1");
    expect((await describeChain(second, lost)).receiptBlock).to.equal(undefined);
    // The account is back at that block too.
    expect(await call(second, "eth_getTransactionCount", [SENDER, "latest"])).to.equal("0x1");
  });

  it("saves by itself what was mined", async () => {
    const first = await start({ snapshotIntervalMs: 5 });
    const transaction = await transfer(first);
    await stateWith(first.statePath, transaction);
    await first.kill();
    expect((await describeChain(await start(), transaction)).receiptBlock).to.equal("0x1");
  });

  it("never leaves a half-written state, nor one from the middle of a block, whenever it is killed", async () => {
    let expected = 0;
    for (let round = 0; round < 6; round++) {
      const chain = await start({ snapshotIntervalMs: 1 });
      const mined = Number(await call(chain, "eth_blockNumber", []));
      expect(mined).to.be.at.least(expected);
      // Each block holds one transaction of the one account.
      expect(Number(await call(chain, "eth_getTransactionCount", [SENDER, "latest"]))).to.equal(mined);
      await chain.snapshot();
      expected = mined;
      // Killed at another point of the next snapshots each time.
      for (let i = 0; i <= round * 3; i++) await transfer(chain);
      await chain.kill();
    }
  });

  it("starts from the last whole state when a crash left an unfinished one beside it", async () => {
    const first = await start();
    const transaction = await transfer(first);
    await first.stop();
    await writeFile(`${first.statePath}.new`, "{ cut off");
    expect((await describeChain(await start(), transaction)).receiptBlock).to.equal("0x1");
  });

  it("goes back to an older snapshot when it is given one", async () => {
    const first = await start();
    await transfer(first);
    await first.snapshot();
    await copyFile(first.statePath, path.join(dataDir, "older.json"));
    await transfer(first);
    await first.stop();
    await copyFile(path.join(dataDir, "older.json"), first.statePath);
    expect(await call(await start(), "eth_blockNumber", [])).to.equal("0x1");
  });

  it("makes blocks by the clock when it is told to, with the time of the clock also after a pause", async () => {
    const first = await start();
    await first.stop();
    const second = await start({ blockTime: 1 });
    const block = await newBlock(second);
    expect(Number(block["timestamp"])).to.be.closeTo(Date.now() / 1000, 60);
    expect(block["transactions"]).to.deep.equal([]);
  });

  it("makes no block while there is nothing to do", async () => {
    const chain = await start();
    const before = await call(chain, "eth_blockNumber", []);
    await transfer(chain);
    const after = await call(chain, "eth_blockNumber", []);
    expect([before, after]).to.deep.equal(["0x0", "0x1"]);
  });

  it("keeps the state of its blocks out of the user's home", async () => {
    const home = await mkdtemp(path.join(os.tmpdir(), "home-"));
    const program = await startProgram(dataDir, { HOME: home });
    try {
      // More than anvil keeps in memory when nothing tells it to forget.
      await httpRpc(program.url, 100_000, 1_000_000)("anvil_mine", ["0x400"]);
      expect(await readdir(home)).to.deep.equal([]);
    } finally {
      await program.end("SIGTERM");
      await rm(home, { recursive: true, force: true });
    }
  });

  it("ends when its parent is killed, and with SIGTERM after saving", async () => {
    const killed = await startProgram(dataDir);
    await killed.end("SIGKILL");
    await unreachable(killed.url);

    const stopped = await startProgram(dataDir);
    const transaction = await transfer(stopped);
    await stopped.end("SIGTERM");
    await unreachable(stopped.url);
    expect((await describeChain(await start(), transaction)).receiptBlock).to.equal("0x1");
  });

  it("says why it did not start", async () => {
    await writeFile(path.join(dataDir, "chain-state.json"), "no state");
    const error: unknown = await start().catch((reason: unknown) => reason);
    expect(error)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.matches(/^anvil did not start: .+/s);
  });
});

type Node = Pick<Devchain, "url">;

function call(chain: Node, method: string, params: readonly unknown[]): Promise<unknown> {
  return httpRpc(chain.url, 100_000, 100_000_000)(method, params);
}

async function member(
  chain: Node,
  method: string,
  params: readonly unknown[],
  name: string,
): Promise<unknown> {
  const answer = await call(chain, method, params);
  return typeof answer === "object" && answer !== null
    ? Object.entries(answer).find(([key]) => key === name)?.[1]
    : undefined;
}

function genesisHash(chain: Node): Promise<unknown> {
  return member(chain, "eth_getBlockByNumber", ["0x0", false], "hash");
}

async function describeChain(chain: Node, transaction: string): Promise<Record<string, unknown>> {
  return {
    genesis: await genesisHash(chain),
    firstBlock: await member(chain, "eth_getBlockByNumber", ["0x1", false], "hash"),
    receiptBlock: await member(chain, "eth_getTransactionReceipt", [transaction], "blockNumber"),
  };
}

/** A transaction without value or fee, mined when this resolves. */
async function transfer(chain: Node): Promise<string> {
  await call(chain, "anvil_impersonateAccount", [SENDER]);
  const hash = await call(chain, "eth_sendTransaction", [
    { from: SENDER, to: RECEIVER, gas: "0x5208", gasPrice: "0x0" },
  ]);
  if (typeof hash !== "string") throw new Error("no transaction hash");
  while ((await call(chain, "eth_getTransactionReceipt", [hash])) === null) await turn();
  return hash;
}

async function newBlock(chain: Node): Promise<Readonly<Record<string, unknown>>> {
  const before = await call(chain, "eth_blockNumber", []);
  for (;;) {
    const block = await call(chain, "eth_getBlockByNumber", ["latest", false]);
    const entries = Object.fromEntries(Object.entries(block ?? {}));
    if (entries["number"] !== before) return entries;
    await turn();
  }
}

async function stateWith(statePath: string, transaction: string): Promise<void> {
  while (!(await readFile(statePath, "utf8")).includes(transaction)) await turn();
}

async function unreachable(url: string): Promise<void> {
  for (;;) {
    const isGone = await call({ url }, "eth_chainId", []).then(
      () => false,
      () => true,
    );
    if (isGone) return;
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The chain as a program, the way a person starts it. */
async function startProgram(
  dataDir: string,
  env: Record<string, string> = {},
): Promise<Node & { end: (signal: NodeJS.Signals) => Promise<void> }> {
  const script = fileURLToPath(new URL("../../scripts/devchain.ts", import.meta.url));
  const child = spawn(process.execPath, [script, "--data-dir", dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const exited = once(child, "exit");
  for await (const line of createInterface(child.stdout)) {
    const url = /chain at (http:\S+),/.exec(line)?.[1];
    if (url === undefined) continue;
    return {
      url,
      end: async (signal) => {
        child.kill(signal);
        await exited;
      },
    };
  }
  throw new Error("the program ended before it said where the chain is");
}
