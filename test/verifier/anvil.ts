import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** An Ethereum node of its own for one test file. */
export interface Anvil {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const START_TIMEOUT_MS = 10_000;

/** Starts anvil on a random port of this machine and waits until it listens. `timestamp` is that of its genesis block, Unix seconds. */
export async function startAnvil(timestamp: number): Promise<Anvil> {
  const require = createRequire(import.meta.url);
  const wrapper = require.resolve("@foundry-rs/anvil/bin.mjs");
  const args = [wrapper, "--host", "127.0.0.1", "--port", "0", "--timestamp", String(timestamp)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    return { url: await listening(child), stop: () => stopped(child) };
  } catch (error) {
    await stopped(child);
    throw error;
  }
}

function listening(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("anvil did not start in time")), START_TIMEOUT_MS);
    createInterface(child.stdout).on("line", (line) => {
      const [, address] = /^Listening on (\S+)$/.exec(line) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(`http://${address}`);
    });
    child.once("exit", (code) => reject(new Error(`anvil ended with ${String(code)}`)));
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}
