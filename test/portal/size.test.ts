import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { PORTAL_DIST } from "../../scripts/portal/places.ts";
import { ensurePortal } from "../../scripts/portal/fresh.ts";

/** What a citizen's page may load at first, of JavaScript, gzipped. */
const MOST_BYTES = 250_000;

const STATIC_IMPORT = /(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g;
const DYNAMIC_IMPORT = /import\(\s*["'`]\.\/([^"'`]+\.js)["'`]\s*\)/g;
const WORKER = /["'`](?:\/portal\/assets\/)?(worker-[^"'`]+\.js)["'`]/g;

function textOf(file: string): string {
  return readFileSync(path.join(PORTAL_DIST, "assets", file), "utf8");
}

function named(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, file = ""]) => file);
}

/** A file, and all that is loaded because of it before it runs; with the workers that it starts. */
function loadedWith(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known;
  known.add(file);
  const text = textOf(file);
  for (const next of [...named(text, STATIC_IMPORT), ...named(text, WORKER)]) loadedWith(next, known);
  return known;
}

function gzipped(files: Iterable<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(textOf(file)).length, 0);
}

describe("the size of the portal", function () {
  this.timeout(120_000);
  before(async () => await ensurePortal(() => undefined));

  it("stays below 250 kB of JavaScript for each page that a citizen opens first, the verifier's worker included", () => {
    const html = readFileSync(path.join(PORTAL_DIST, "index.html"), "utf8");
    const [, entry = ""] = /src="\/portal\/assets\/([^"]+\.js)"/.exec(html) ?? [];
    const always = loadedWith(entry);
    const later = [...new Set([...always].flatMap((file) => named(textOf(file), DYNAMIC_IMPORT)))];
    const words = later.filter((file) => /^(vi|en)-/.test(file));
    const pages = later.filter((file) => !words.includes(file));
    expect(words).to.have.length(2);
    expect(pages.length).to.be.greaterThan(5);
    const language = Math.max(...words.map((file) => gzipped([file])));
    for (const page of pages) {
      const bytes = gzipped(new Set([...always, ...loadedWith(page)])) + language;
      expect(bytes, page).to.be.below(MOST_BYTES);
    }
  });
});
