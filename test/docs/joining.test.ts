import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import ts from "typescript";
import { facetsAt } from "../../recorder/plain-event.ts";
import { readRecorderSettings } from "../../recorder/settings.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** Where a reader would put the programs of the page. */
const FOLDER = path.join(ROOT, "agency");

/** Docs/joining.md: whatever it says to type or to write works. */
describe("docs/joining.md", function () {
  this.timeout(600_000);
  let text: string;

  before(async () => {
    text = await readFile(path.join(ROOT, "docs/joining.md"), "utf8");
  });

  const snippets = (language: string): string[] =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map(([, code = ""]) => code);

  /** What the compiler says of programs in a folder that is not there. */
  function faultsOf(programs: ReadonlyMap<string, string>): string[] {
    const { config } = ts.readConfigFile(path.join(ROOT, "tsconfig.json"), (file) =>
      ts.sys.readFile(file),
    ) as {
      config: unknown;
    };
    const { options } = ts.parseJsonConfigFileContent({ ...(config as object), include: [] }, ts.sys, ROOT);
    const real = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
      ...real,
      readFile: (file) => programs.get(file) ?? real.readFile(file),
      fileExists: (file) => programs.has(file) || real.fileExists(file),
      directoryExists: (folder) => folder === FOLDER || ts.sys.directoryExists(folder),
      getSourceFile: (file, version, ...more) => {
        const code = programs.get(file);
        return code === undefined
          ? real.getSourceFile(file, version, ...more)
          : ts.createSourceFile(file, code, version);
      },
    };
    const program = ts.createProgram([...programs.keys()], options, host);
    return [...programs.keys()].flatMap((file) => {
      const source = program.getSourceFile(file);
      return ts
        .getPreEmitDiagnostics(program, source)
        .map(
          ({ messageText }) => `${path.basename(file)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
        );
    });
  }

  it("has programs that compile", () => {
    const [shared = "", ...others] = snippets("ts");
    expect(others).to.have.length(3);
    const programs = new Map([[path.join(FOLDER, "agency.ts"), shared]]);
    others.forEach((code, at) => programs.set(path.join(FOLDER, `program-${at}.ts`), code));
    expect(faultsOf(programs)).to.deep.equal([]);
    const wrong = shared.replace("trust, chain, now", "trust, now");
    expect(faultsOf(new Map([[path.join(FOLDER, "agency.ts"), wrong]])).join()).to.include("'chain'");
  });

  it("has commands that make the keys", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "minhbach-joining-"));
    try {
      const [keys = ""] = snippets("sh");
      const cli = `"${process.execPath}" "${path.join(ROOT, "cli/main.ts")}"`;
      const commands = keys.replaceAll("npx minhbach", cli).replaceAll(/^node /gm, `"${process.execPath}" `);
      const { stdout } = await promisify(execFile)("sh", ["-ec", commands], { cwd: folder });
      expect(stdout).to.match(/algorithm {2}EdDSA\n[^]*algorithm {2}ES256\n/);
      expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "")).to.include({ kty: "EC", crv: "P-256" });
      expect(stdout).to.not.match(/"d":/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has settings that a recorder starts with, and an event that it takes", () => {
    const [, start = ""] = snippets("sh");
    const env: Record<string, string> = {};
    for (const [, name = "", value = ""] of start.matchAll(/([A-Z_]+)=(\S+)/g)) env[name] = value;
    expect(readRecorderSettings(env)).to.deep.include({
      source: "qn-example/r1",
      ledgerUrl: ["https://ledger.example"],
    });
    expect(start.trim()).to.match(/ npx minhbach recorder start$/);
    const [event = ""] = snippets("json");
    expect(facetsAt(JSON.parse(event), 0)).to.include({ type: "access" });
  });

  it("names files that are there", async () => {
    for (const [, file = ""] of text.matchAll(/\]\(([^)#]+)/g))
      expect(await readFile(path.join(ROOT, "docs", file), "utf8")).to.not.equal("");
  });
});
