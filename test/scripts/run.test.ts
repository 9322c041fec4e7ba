import { expect } from "chai";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

import { isGoodNode } from "../../toolchain/node.mjs";
import { skipBecause } from "../skip-because.ts";
import { Checkout, textOf } from "./checkout.ts";

const INSTALLING = "installing the dependencies";

/** Prints a greeting of the installed package, its arguments and what is left of npm's environment, then ends with 7. */
const TASK = `import { createRequire } from "node:module";
const { greeting } = createRequire(import.meta.url)("greeting");
const { npm_config_omit, npm_execpath } = process.env;
console.log(
  JSON.stringify({ greeting, words: process.argv.slice(2), npm_config_omit, npm_execpath, version: process.version }),
);
process.exitCode = 7;
`;

/** Says its process id, then waits for SIGTERM and ends with 9. */
const SERVER = `process.on("SIGTERM", () => process.exit(9));
setInterval(() => undefined, 1000);
console.log(process.pid);
`;

describe("run.mjs", function () {
  this.timeout(600_000);
  let checkout: Checkout;

  beforeEach(async () => {
    checkout = await Checkout.make();
    await checkout.write("task.ts", TASK);
    await checkout.write("server.ts", SERVER);
  });

  afterEach(() => checkout.remove());

  it("installs what is missing, runs the task and hands on arguments and exit code", async () => {
    const { code, stdout, stderr } = await checkout.run(["exec", "task.ts", "--flag", "two words"]);
    expect(stderr).to.include(INSTALLING);
    expect(JSON.parse(stdout)).to.deep.equal({
      greeting: "hello",
      words: ["--flag", "two words"],
      version: process.version,
    });
    expect(code).to.equal(7);
  });

  it("installs once per lockfile", async () => {
    await checkout.run(["exec", "task.ts"]);
    const second = await checkout.run(["exec", "task.ts"]);
    expect(second.stderr).to.equal("");
    await checkout.lock(".", { greeting: { "index.js": 'exports.greeting = "good evening";\n' }, more: {} });
    const third = await checkout.run(["exec", "task.ts"]);
    expect(third.stderr).to.include(INSTALLING);
    expect(third.stdout).to.include("good evening");
  });

  it("installs again after an install that was cut short", async () => {
    await checkout.write("node_modules/half/of.js", "");
    const { code, stderr } = await checkout.run(["exec", "task.ts"]);
    expect(stderr).to.include(INSTALLING);
    expect(code).to.equal(7);
    expect(existsSync(path.join(checkout.folder, "node_modules/half"))).to.equal(false);
  });

  it("lets one of several concurrent runs install", async () => {
    const runs = await Promise.all([1, 2, 3].map(() => checkout.run(["exec", "task.ts"])));
    expect(runs.map(({ code }) => code)).to.deep.equal([7, 7, 7]);
    expect(runs.filter(({ stderr }) => stderr.includes(INSTALLING))).to.have.lengthOf(1);
    expect(globSync("toolchain/.install.lock*", { cwd: checkout.folder })).to.deep.equal([]);
  });

  it("sets up Node 24 with whatever older Node starts it", async function () {
    const older = otherNode();
    if (older === undefined) skipBecause(this, "this machine has no Node but 24");
    const { code, stdout, stderr } = await checkout.run(["exec", "task.ts"], older);
    expect(stderr).to.include("installing Node");
    expect(stdout).to.include(`"version":"${process.version}"`);
    expect(code).to.equal(7);
  });

  it("says what to do when npm fails, with an exit code of its own", async () => {
    await checkout.write("package-lock.json", '{"lockfileVersion": 3, "packages": {}}');
    const { code, stderr } = await checkout.run(["exec", "task.ts"]);
    expect(code).to.equal(69);
    expect(stderr).to.include("npm could not install");
    expect(stderr).to.include("run the same command again");
    expect(existsSync(path.join(checkout.folder, "toolchain/.install.lock"))).to.equal(false);
  });

  it("names the tasks when asked for another", async () => {
    const { code, stderr } = await checkout.run(["strat"]);
    expect(code).to.equal(69);
    expect(stderr).to.include('Unknown task "strat"').and.include("start, test");
  });

  it("hands on SIGTERM and the exit code of what it ends", async () => {
    const child = checkout.start(["exec", "server.ts"]);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect(await once(child, "exit")).to.deep.equal([9, null]);
  });

  it("ends the task when its own parent is gone", async () => {
    const parent = `
      const child = require("node:child_process").spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" });
      setInterval(() => undefined, 1000);`;
    const script = path.join(checkout.folder, "scripts/run.mjs");
    const words = ["-e", parent, script, "exec", "server.ts"];
    const outer = spawn(process.execPath, words, {
      cwd: checkout.folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(outer.stdout, "data");
    outer.kill("SIGKILL");
    // The pipe closes when the last process that holds it has ended.
    await textOf(outer.stdout);
  });

  it("leaves no task behind when it is killed itself", async () => {
    const child = checkout.start(["exec", "server.ts"]);
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await textOf(child.stdout);
  });

  it("takes over from a run that was killed while installing", async () => {
    const dead = execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" });
    const owner = { pid: Number(dead), host: hostname() };
    await checkout.write("toolchain/.install.lock", JSON.stringify(owner));
    const { code } = await checkout.run(["exec", "task.ts"]);
    expect(code).to.equal(7);
  });

  it("keeps a stamp that names the lockfile, so that removing it is a way to start over", async () => {
    await checkout.run(["exec", "task.ts"]);
    const stamp = path.join(checkout.folder, "node_modules/.minhbach-installed");
    expect(await readFile(stamp, "utf8")).to.match(/^[0-9a-f]{64} \w+-\w+\n$/);
    await rm(stamp);
    expect((await checkout.run(["exec", "task.ts"])).stderr).to.include(INSTALLING);
  });
});

/** A Node of this machine that can't run the project itself. */
function otherNode(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders
    .map((folder) => path.join(folder, process.platform === "win32" ? "node.exe" : "node"))
    .filter((file) => existsSync(file))
    .find((file) => !isGoodNode(execFileSync(file, ["-p", "process.versions.node"], { encoding: "utf8" })));
}
