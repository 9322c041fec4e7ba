import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { smallLedger } from "../verifier/world.ts";

const MAIN = path.resolve(import.meta.dirname, "../../cli/main.ts");
const LAUNCHER = path.resolve(import.meta.dirname, "../../cli/minhbach.mjs");
const EVIDENCE = smallLedger().text(6);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe("the minhbach command of a checkout", function () {
  this.timeout(600_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-cli-"));
    await writeFile(path.join(folder, "evidence.json"), EVIDENCE);
  });

  after(() => rm(folder, { recursive: true }));

  function minhbach(args: readonly string[], input = ""): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd: folder });
      const ended = { out: "", err: "" };
      child.stdout.on("data", (chunk) => (ended.out += String(chunk)));
      child.stderr.on("data", (chunk) => (ended.err += String(chunk)));
      child.once("error", reject);
      child.once("close", (code) => {
        resolve({ code, ...ended });
      });
      // It may end before it has read everything.
      child.stdin.on("error", () => undefined);
      child.stdin.end(input);
    });
  }

  it("reads files where its user stands and ends with the verdict's code", async () => {
    const { code, out } = await minhbach(["verify", "evidence.json"]);
    expect(code).to.equal(3);
    expect(out).to.include("INCOMPLETE").and.to.not.include("\u001b");
  });

  it("reads standard input", async () => {
    const { code, out } = await minhbach(["verify", "-", "--json"], EVIDENCE);
    expect(code).to.equal(3);
    expect(JSON.parse(out)).to.deep.include({ verdict: "incomplete" });
  });

  it("refuses a folder, a missing file and an endless input by name", async () => {
    expect(await minhbach(["verify", "."])).to.deep.include({ code: 2, out: "" });
    expect((await minhbach(["verify", "."])).err).to.include("it is a folder");
    expect((await minhbach(["verify", "gone.json"])).err).to.include("there is no such file");
    expect((await minhbach(["verify", "-"], " ".repeat(2_000_000))).err).to.include("too long for evidence");
  });

  it("ends with the code of no verdict when it fails itself", async () => {
    const bug = "data:text/javascript,String.prototype.isWellFormed=()=>{throw new RangeError('bug')}";
    const child = spawn(process.execPath, ["--import", bug, MAIN, "verify", "evidence.json"], {
      cwd: folder,
    });
    let err = "";
    child.stderr.on("data", (chunk) => (err += String(chunk)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(err).to.include("RangeError: bug");
    expect(code).to.equal(70);
  });

  it("lists what it can do", async () => {
    const { code, out } = await minhbach([]);
    expect(code).to.equal(0);
    for (const name of ["verify", "trust show"]) expect(out).to.include(name);
  });
});
