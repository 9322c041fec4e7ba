import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Guard } from "./guard.ts";

/** Where a running geth is to be reached on this machine. */
export interface Ports {
  readonly http: number;
  readonly peers: number;
}

export interface RunningGeth extends Ports {
  /** Ends it as a power failure would. */
  readonly kill: () => Promise<void>;
}

/**
 * Starts geth and resolves when it listens for calls and for peers.
 * @param folder gets its output, in `output.log`
 */
export async function runGeth(
  binary: string,
  args: readonly string[],
  { folder, guard }: { folder: string; guard: Guard },
): Promise<RunningGeth> {
  const child = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"], env: { HOME: folder } });
  const exit = once(child, "exit");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${binary} does not run`);
  guard.watch(pid);
  void exit.then(() => {
    guard.forget(pid);
  });
  child.stderr.pipe(createWriteStream(path.join(folder, "output.log"), { flags: "a" }));
  const ports = await Promise.race([
    listening(createInterface(child.stderr)),
    exit.then(() => Promise.reject(new Error(`geth ended at once: see ${folder}/output.log`))),
  ]);
  return {
    ...ports,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Reads its log lines until both ports were told; what comes later is read and dropped. */
async function listening(lines: ReturnType<typeof createInterface>): Promise<Ports> {
  const { promise, resolve } = Promise.withResolvers<Ports>();
  let [http, peers] = [0, 0];
  lines.on("line", (line) => {
    http ||= Number(/HTTP server started\s+endpoint=127\.0\.0\.1:(\d+) auth=false/.exec(line)?.[1] ?? 0);
    peers ||= Number(/Started P2P networking\s.*@127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
    if (http !== 0 && peers !== 0) resolve({ http, peers });
  });
  return await promise;
}
