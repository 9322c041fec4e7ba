import { spawn } from "node:child_process";
import { once } from "node:events";

/** Sees to it that processes and a folder are gone when this process is, however it ends. */
export interface Guard {
  watch: (pid: number) => void;
  /** The process has ended: its id may soon be another's. */
  forget: (pid: number) => void;
  /** Ends what is still watched and removes the folder, as it does when this process is killed. */
  close: () => Promise<void>;
}

/** Reads what to watch until the pipe from its parent breaks, which it does when the parent is gone. */
const GUARD = `
const { rmSync } = require("node:fs");
const watched = new Set();
let rest = "";
process.stdin.on("data", (part) => {
  const lines = (rest + part).split("\\n");
  rest = lines.pop();
  for (const line of lines) watched[line[0] === "+" ? "add" : "delete"](Number(line.slice(1)));
});
process.stdin.on("close", () => {
  for (const pid of watched) try { process.kill(pid, "SIGKILL"); } catch {}
  rmSync(process.argv[1], { recursive: true, force: true, maxRetries: 10 });
});
`;

/** Starts the guard. It has a process group of its own, so that what ends this one in a terminal does not end it first. */
export function startGuard(folder: string): Guard {
  const process_ = spawn(process.execPath, ["-e", GUARD, folder], {
    detached: true,
    stdio: ["pipe", "ignore", "inherit"],
    env: {},
  });
  return {
    watch: (pid) => void process_.stdin.write(`+${pid}\n`),
    forget: (pid) => void process_.stdin.write(`-${pid}\n`),
    close: async () => {
      const exit = once(process_, "exit");
      process_.stdin.end();
      await exit;
    },
  };
}
