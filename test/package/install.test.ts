import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { ownNpm } from "../../toolchain/npm.mjs";
import { nodeOf } from "../verifier/chain-state.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";
import { serveNode } from "../cli/command-line.ts";
import { skipBecause } from "../skip-because.ts";
import { bundleForBrowser, Page } from "./browser.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const ledger = smallLedger();

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What npm says when neither the registry nor its cache can help. */
const OFFLINE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/;

describe("the npm package", function () {
  this.timeout(600_000);
  let project: string;
  let packed: readonly string[];

  before(async function () {
    project = await realpath(await mkdtemp(path.join(tmpdir(), "minhbach-package-")));
    const { code, out, err } = await npm(ROOT, ["pack", "--json", "--pack-destination", project]);
    expect(code, err).to.equal(0);
    packed = filesOf(out);
    await writeFile(path.join(project, "package.json"), '{"type":"module","private":true}');
    const tarball = (await readdir(project)).find((file) => file.endsWith(".tgz")) ?? "";
    const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    const install = await npm(project, ["install", ...flags, `./${tarball}`]);
    if (OFFLINE.test(install.err)) skipBecause(this, "the npm registry cannot be reached");
    expect(install.code, install.err).to.equal(0);
    await writeFile(path.join(project, "evidence.json"), ledger.text(6));
  });

  after(() => rm(project, { recursive: true, force: true }));

  it("holds compiled code with its types, and nothing else of the checkout", () => {
    const others = packed.filter(
      (file) =>
        !/^dist\/(protocol|verifier|verifier\/audit|keys|recorder|cli)\/[a-z0-9.-]+\.(js|d\.ts)$/.test(file),
    );
    expect(others.toSorted()).to.deep.equal([
      "LICENSE",
      "README.md",
      "cli/minhbach.mjs",
      "dist/package.json",
      "package.json",
    ]);
    for (const name of ["protocol", "verifier", "recorder"]) {
      expect(packed).to.include.members([`dist/${name}/index.js`, `dist/${name}/index.d.ts`]);
    }
  });

  it("brings nothing that only the server needs", async () => {
    const installed = await readdir(path.join(project, "node_modules"));
    for (const name of ["ethers", "swagger-ui-dist", "hardhat", "rate-limiter-flexible"]) {
      expect(installed).to.not.include(name);
    }
  });

  it("runs the minhbach command with the chain's node and a trust profile alone", async () => {
    const node = await serveNode(nodeOf(ledger.state()));
    try {
      const profile = { type: "minhbach/trust-profile", version: 1, ...PROFILE, rpc: [node.url] };
      await writeFile(path.join(project, "trust.json"), JSON.stringify(profile));
      const valid = await minhbach(["verify", "evidence.json", "--trust", "trust.json", "--json"]);
      expect(valid.err).to.equal("");
      expect(JSON.parse(valid.out)).to.deep.include({ verdict: "valid" });
      expect(valid.code).to.equal(0);
      expect((await minhbach(["verify", "evidence.json"])).code).to.equal(3);
      expect((await minhbach(["verify", "trust.json"])).code).to.equal(2);
    } finally {
      await node.close();
    }
  });

  it("cuts evidence down to chosen facets with nothing but the file", async () => {
    const cut = await minhbach(["reveal", "evidence.json", "--facets", "type,time", "-o", "part.json"]);
    expect(cut.err).to.equal("");
    expect(cut.code).to.equal(0);
    const list = await minhbach(["reveal", "part.json", "--list"]);
    expect(list.out).to.include("access").and.to.not.include("001200000001");
    expect((await minhbach(["verify", "part.json"])).code).to.equal(3);
  });

  it("starts the recorder far enough to say which setting is missing", async () => {
    const { code, err } = await minhbach(["recorder", "start"]);
    expect(err).to.include("RECORDER_SOURCE");
    expect(code).to.equal(2);
  });

  it("can be imported by its three names, with Node's own SHA-256", async () => {
    await writeFile(
      path.join(project, "use.js"),
      `import { leafHash, toHex } from "minhbach/protocol";
       import { verifyEvidence } from "minhbach/verifier";
       import { openRecorder } from "minhbach/recorder";
       import { readFileSync } from "node:fs";
       import { createRequire } from "node:module";
       const { verdict } = await verifyEvidence(readFileSync("evidence.json"), undefined, undefined);
       console.log(verdict, typeof openRecorder, toHex(leafHash(new Uint8Array(0))).slice(0, 8));
       const inside = createRequire(import.meta.resolve("minhbach/protocol"));
       console.log(inside.resolve("#sha256").split(/[\\\\/]/).at(-1));`,
    );
    const { code, out, err } = await run(process.execPath, ["use.js"], project);
    expect(err).to.equal("");
    expect(out).to.equal("incomplete function 6e340b9c\nsha256.node.js\n");
    expect(code).to.equal(0);
  });

  it("brings types that a strict project compiles against", async () => {
    await writeFile(
      path.join(project, "use.ts"),
      `import { parseSource, sha256, type Source } from "minhbach/protocol";
       import { type EvidenceReport, jsonRpc, chainReader, parseTrustProfile, verifyEvidence } from "minhbach/verifier";
       import type { Recorder } from "minhbach/recorder";
       export const source: Source = parseSource("qn-police/r1");
       export const hash: Uint8Array = sha256(new Uint8Array(0));
       export const report: Promise<EvidenceReport> = verifyEvidence(
         "{}", parseTrustProfile("{}"), chainReader(jsonRpc("http://127.0.0.1", { fetch, name: "node" }), "node"));
       // @ts-expect-error the verdict is one of four words
       report.then(({ verdict }) => verdict === "fine");
       export type { Recorder };`,
    );
    const types = path.join(ROOT, "node_modules/@types");
    const flags = [
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--types",
      "node",
      "--typeRoots",
      types,
    ];
    const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
    const { code, out } = await run(process.execPath, [compiler, ...flags, "use.ts"], project);
    expect(out).to.equal("");
    expect(code).to.equal(0);
  });

  it("can be bundled for browsers, where it verifies without Node", async () => {
    const bundle = await bundleForBrowser(project, "minhbach/protocol", "minhbach/verifier");
    expect(bundle.inputs).to.include("node_modules/minhbach/dist/protocol/sha256.js");
    expect(bundle.inputs).to.not.include("node_modules/minhbach/dist/protocol/sha256.node.js");
    const profile = JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...PROFILE });
    const report = await new Page(bundle).verify(ledger.text(6), profile, nodeOf(ledger.state()));
    expect(report.verdict).to.equal("valid");
  });

  function minhbach(args: readonly string[]): Promise<Ended> {
    return run(
      process.execPath,
      [path.join(project, "node_modules/minhbach/cli/minhbach.mjs"), ...args],
      project,
    );
  }
});

function npm(folder: string, args: readonly string[]): Promise<Ended> {
  return run(process.execPath, [ownNpm(process.env), ...args], folder);
}

function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, out, err });
    });
  });
}

/** The files of the tarball that `npm pack --json` made. */
function filesOf(output: string): readonly string[] {
  const [packed] = JSON.parse(output) as [{ files: { path: string }[] }];
  return packed.files.map((file) => file.path);
}
