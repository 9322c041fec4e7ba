/** Compiles what the npm package runs into `dist/`: protocol, verifier, keys, recorder and cli. Run by `npm pack` (see `prepack`). */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "..");
const DIST = path.join(ROOT, "dist");

// The portal's pages lie there too, and are in use while the tests pack.
for (const made of ["protocol", "verifier", "keys", "recorder", "cli", "package.json"])
  rmSync(path.join(DIST, made), { recursive: true, force: true });
const compiler = path.join(ROOT, "node_modules/typescript/bin/tsc");
// On standard error: `npm pack --json` owns standard output.
const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: ROOT,
  stdio: ["ignore", 2, 2],
});
if (status === 0) {
  const manifest = readFileSync(path.join(ROOT, "package.json"), "utf8");
  writeFileSync(path.join(DIST, "package.json"), manifestOf(manifest));
}
process.exitCode = status ?? 1;

/**
 * The compiled files are a package scope of their own, in which the package imports of the checkout lead to compiled files: Node,
 * TypeScript and the bundlers all resolve `#names` by the nearest package.json.
 */
function manifestOf(manifest: string): string {
  const { version, imports } = JSON.parse(manifest) as { version: string; imports: unknown };
  const compiled = JSON.stringify({ version, type: "module", imports }, undefined, 2).replaceAll(
    /\.ts"/g,
    '.js"',
  );
  return `${compiled}\n`;
}
