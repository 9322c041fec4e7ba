import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const ROOT = path.resolve(import.meta.dirname, "../..");
const PROGRAM = path.join(ROOT, "proactive/forecast/main.ts");
const run = promisify(execFile);

/** Docs/forecasts.md: its example comes out as it says. */
describe("docs/forecasts.md", function () {
  this.timeout(600_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-forecasts-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("shows what the command prints", async () => {
    const text = await readFile(path.join(ROOT, "docs/forecasts.md"), "utf8");
    const block = (language: string): string =>
      new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(text)?.[1] ?? expect.fail(`no ${language}`);
    await writeFile(path.join(folder, "counts.csv"), block("csv"));
    const [, command = "", words = ""] = /^npm run -s (\S+) -- (.*)$/m.exec(block("sh")) ?? [];
    const scripts = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as {
      scripts: Readonly<Record<string, string>>;
    };
    expect(scripts.scripts[command]).to.contain("proactive/forecast/main.ts");
    const { stdout, stderr } = await run(process.execPath, [PROGRAM, ...words.split(" ")], { cwd: folder });
    expect(stdout + stderr.replace(/^\(node:.*\n|^\(Use .*\n/gm, "")).to.equal(block("text"));
  });

  it("says which line is wrong, and what is missing", async () => {
    await writeFile(
      path.join(folder, "counts.csv"),
      "counted,commune,procedure,month,count\ndue,x,Y,2026-01,7\n",
    );
    for (const [words, message] of [
      [["--from", "counts.csv", "--begin", "2026-12"], "line 2"],
      [["--from", "nowhere.csv", "--begin", "2026-12"], "nowhere.csv"],
      [["--from", "counts.csv"], "--begin"],
      [["--from", "counts.csv", "--begin", "2026-12", "--months", "0"], "--months"],
    ] as const) {
      const failed = await run(process.execPath, [PROGRAM, ...words], { cwd: folder }).then(
        () => expect.fail("it was not refused"),
        (error: unknown) => error as { code: number; stderr: string },
      );
      expect(failed.code).to.equal(2);
      expect(failed.stderr).to.contain(message);
    }
  });
});
