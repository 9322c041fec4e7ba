import { globSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "vite";

import { viteOptions } from "./options.ts";
import { PORTAL_DIST, STAMP } from "./places.ts";
import { digestOfSources } from "./sources.ts";

/** What text shrinks by being compressed. */
const COMPRESSED = "**/*.{js,css,html,svg,json}";

/** Builds the pages into `dist/portal`. They are put there whole, at the end: whoever serves the folder meanwhile sees the old ones. @returns how many files there are */
export async function buildPortal(): Promise<number> {
  const digest = digestOfSources();
  const making = `${PORTAL_DIST}.${process.pid}`;
  try {
    await build({ ...viteOptions(making), logLevel: "warn" });
    const files = await compressAll(making);
    rmSync(STAMP, { force: true });
    rmSync(PORTAL_DIST, { recursive: true, force: true });
    renameSync(making, PORTAL_DIST);
    writeFileSync(STAMP, digest);
    return files;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

/** Puts a `.gz` and a `.br` beside every file that has something to gain. @returns how many files there are without them */
async function compressAll(folder: string): Promise<number> {
  const files = globSync(COMPRESSED, { cwd: folder });
  await Promise.all(
    files.map(async (file) => {
      const content = await readFile(path.join(folder, file));
      const brotli = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
      await writeFile(path.join(folder, `${file}.gz`), await promisify(gzip)(content, { level: 9 }));
      await writeFile(path.join(folder, `${file}.br`), await promisify(brotliCompress)(content, brotli));
    }),
  );
  return files.length;
}
