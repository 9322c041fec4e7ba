import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const CONFIGURATION = ["package.json", "tsconfig.json", "eslint.config.mjs", ".dependency-cruiser.mjs"];

/** A checkout that holds our configuration and nothing but the given files, to see what the checks say of them. */
export class PlantedCheckout {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param files text by path; two plants may share a file that both import */
  static async make(files: Readonly<Record<string, string>>): Promise<PlantedCheckout> {
    const folder = await realpath(await mkdtemp(path.join(tmpdir(), "minhbach-lint-")));
    for (const name of CONFIGURATION) await cp(path.join(ROOT, name), path.join(folder, name));
    await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"), "junction");
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    return new PlantedCheckout(folder);
  }

  /** What a program of node_modules prints in the checkout, whatever its exit code. */
  async outputOf(program: string, args: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [path.join(ROOT, "node_modules", program), ...args],
        { cwd: this.folder, maxBuffer: 64 * 1024 * 1024 },
        (_error, stdout) => {
          resolve(stdout);
        },
      );
    });
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
