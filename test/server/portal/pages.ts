import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

export const SCRIPT = `console.log("${"the same again and again ".repeat(40)}");\n`;

/** Pages as a build leaves them, small. */
export async function makePages(folder: string): Promise<string> {
  await mkdir(path.join(folder, "assets"), { recursive: true });
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    await writeFile(path.join(folder, name), content);
  };
  await write("index.html", "<!doctype html><title>portal</title>");
  await write("verify.html", "<!doctype html><title>verify</title>");
  await write("icon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
  await write("assets/app-1a2b3c4d.js", SCRIPT);
  await write("assets/app-1a2b3c4d.js.br", brotliCompressSync(SCRIPT));
  await write("assets/app-1a2b3c4d.js.gz", gzipSync(SCRIPT));
  // Left out: of no kind that pages have, and what lies elsewhere.
  await write("assets/notes.md", "for whoever builds");
  await writeFile(`${folder}.secret.json`, "{}");
  await symlink(`${folder}.secret.json`, path.join(folder, "secret.json"));
  return folder;
}
