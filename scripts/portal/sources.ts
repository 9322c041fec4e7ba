import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./places.ts";

/** What the pages are built from, below the checkout. */
const PORTAL_SOURCES = ["portal", "protocol", "verifier", "scripts/portal"];

/** SHA-256 over the names and contents of everything the pages are made from, the packages included: equal digests, equal pages. */
export function digestOfSources(root = ROOT): string {
  const files = PORTAL_SOURCES.flatMap((folder) =>
    globSync(`${folder}/**/*.{ts,tsx,css,html,svg}`, { cwd: root }),
  );
  const hash = createHash("sha256");
  for (const file of [...files, "package-lock.json"].toSorted()) {
    const content = readFileSync(path.join(root, file));
    hash.update(`${file.split(path.sep).join("/")}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
