import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { until } from "./world.ts";

/** Starts two programs that never end, watched by a guard, tells their ids, and forgets the first. */
const PARENT = `
const { spawn } = await import("node:child_process");
const { startGuard } = await import(process.argv[2]);
const guard = startGuard(process.argv[1]);
const pids = [1, 2].map(() => spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { detached: true, stdio: "ignore" }).pid);
for (const pid of pids) guard.watch(pid);
guard.forget(pids[0]);
console.log(JSON.stringify(pids));
`;

describe("the guard of a chain's processes", function () {
  this.timeout(600_000);

  it("ends what it watches and removes the folder when its owner is killed, and leaves alone what it forgot", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "minhbach-guard-"));
    await writeFile(path.join(folder, "file"), "");
    const module = path.join(import.meta.dirname, "guard.ts");
    const args = [
      "--disable-warning=ExperimentalWarning",
      "--input-type=module",
      "-e",
      PARENT,
      folder,
      module,
    ];
    const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
    const [forgotten = 0, watched = 0] = JSON.parse(line) as number[];
    try {
      expect([lives(forgotten), lives(watched), existsSync(folder)]).to.deep.equal([true, true, true]);
      const exit = once(parent, "exit");
      parent.kill("SIGKILL");
      await exit;
      await until(() => !lives(watched) && !existsSync(folder));
      expect(lives(forgotten)).to.equal(true);
    } finally {
      process.kill(forgotten, "SIGKILL");
    }
  });
});

/** Whether it runs: one that has ended and that nobody asked about yet still has its id. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isEnded(pid);
  } catch {
    return false;
  }
}

function isEnded(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && /\) Z /.test(readFileSync(file, "utf8"));
}
