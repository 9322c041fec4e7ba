import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { PORTAL_DIST } from "./places.ts";

const STATIC_IMPORT = /(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g;
const DYNAMIC_IMPORT = /import\(\s*["'`]\.\/([^"'`]+\.js)["'`]\s*\)/g;
const WORKER = /["'`](?:\/portal\/assets\/)?(worker-[^"'`]+\.js)["'`]/g;

/** What a browser loads of JavaScript, gzipped, when it opens a page first. */
export interface FirstLoad {
  /** The page's file. */
  readonly page: string;
  /** With the words of the larger language, and the verifier's worker where the page starts it. */
  readonly bytes: number;
}

/** Of every page of the built portal that is loaded by itself; `languages` is how many files of words there are. */
export function firstLoads(): { readonly pages: readonly FirstLoad[]; readonly languages: number } {
  const html = readFileSync(path.join(PORTAL_DIST, "index.html"), "utf8");
  const [, entry = ""] = /src="\/portal\/assets\/([^"]+\.js)"/.exec(html) ?? [];
  const always = loadedWith(entry);
  const later = [...new Set([...always].flatMap((file) => named(textOf(file), DYNAMIC_IMPORT)))];
  const words = later.filter((file) => /^(vi|en)-/.test(file));
  const language = Math.max(...words.map((file) => gzipped([file])));
  const pages = later
    .filter((file) => !words.includes(file))
    .map((page) => ({ page, bytes: gzipped(new Set([...always, ...loadedWith(page)])) + language }));
  return { pages, languages: words.length };
}

/** A file, and all that is loaded because of it before it runs; with the workers that it starts. */
function loadedWith(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file)) return known;
  known.add(file);
  const text = textOf(file);
  for (const next of [...named(text, STATIC_IMPORT), ...named(text, WORKER)]) loadedWith(next, known);
  return known;
}

function textOf(file: string): string {
  return readFileSync(path.join(PORTAL_DIST, "assets", file), "utf8");
}

function named(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, file = ""]) => file);
}

function gzipped(files: Iterable<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(textOf(file)).length, 0);
}
