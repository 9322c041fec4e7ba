import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { isJsonObject } from "../../protocol/json.ts";
import { withLock } from "../../toolchain/lock.mjs";
import { ROOT } from "./places.ts";

/** As root, which containers are, Chromium has no sandbox. The package's own arguments would also switch off what keeps sites apart. */
const ARGUMENTS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"];

/** The package has no way to say where to: it unpacks into the temporary folder of its process. */
const UNPACK = `await (await import("@sparticuz/chromium")).default.executablePath();`;

/** The browser that CHROME_PATH names, or else the one from npm, which needs nothing installed. */
export async function launchChromium(): Promise<Browser> {
  const own = process.env["CHROME_PATH"];
  const executablePath = own === undefined || own === "" ? await unpackedChromium() : own;
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}

/**
 * Unpacks two hundred megabytes into the temporary folder the first time. Safe for several processes at once: the folder gets its name when everything is in it,
 * since the package takes any file that is there for a whole one.
 */
async function unpackedChromium(): Promise<string> {
  const folder = path.join(tmpdir(), `minhbach-chromium-${await packedVersion()}`);
  const executable = path.join(folder, "chromium");
  if (existsSync(executable)) return executable;
  await withLock(`${folder}.lock`, {
    onWait: () => undefined,
    task: async () => {
      if (existsSync(executable)) return;
      const unfinished = `${folder}.unfinished`;
      for (const left of [folder, unfinished]) await rm(left, { recursive: true, force: true });
      await mkdir(unfinished, { mode: 0o700 });
      await unpackInto(unfinished);
      await rename(unfinished, folder);
    },
  });
  return executable;
}

async function packedVersion(): Promise<string> {
  const file = new URL("../package.json", import.meta.resolve("@sparticuz/chromium"));
  const about: unknown = JSON.parse(await readFile(file, "utf8"));
  return isJsonObject(about) ? String(about["version"]) : "";
}

async function unpackInto(folder: string): Promise<void> {
  const endsWithUs = `--import=${pathToFileURL(path.join(ROOT, "toolchain/end-with-parent.mjs")).href}`;
  const args = [endsWithUs, "--input-type=module", "--eval", UNPACK];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT, env: { ...process.env, TMPDIR: folder } });
}
