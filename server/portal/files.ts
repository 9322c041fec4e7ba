import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** How a file is sent to whoever takes it so, the smallest first. */
export const ENCODINGS = ["br", "gzip"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface PortalFile {
  /** Its media type. */
  readonly type: string;
  readonly body: Uint8Array;
  readonly encoded: Readonly<Partial<Record<Encoding, Uint8Array>>>;
  /** Its name holds a hash of its content: under this name it never changes. */
  readonly isHashed: boolean;
}

/** By names like `index.html` and `assets/x-1a2b3c.js`. */
export type PortalFiles = ReadonlyMap<string, PortalFile>;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

const ENDINGS: Readonly<Record<Encoding, string>> = { br: ".br", gzip: ".gz" };

/** Where Vite puts what it names by its content. */
const HASHED_FOLDER = "assets/";

/**
 * The built pages, whole in memory (a few megabytes): what is served is what lay there when the server began, and no request names a file to the
 * disk. Files of unknown kinds and links are left out. Empty when there is no such folder: the pages are not built yet.
 */
export async function readPortalFiles(folder: string): Promise<PortalFiles> {
  const contents = new Map<string, Uint8Array>();
  for (const name of await namesIn(folder)) contents.set(name, await readFile(path.join(folder, name)));
  const files = new Map<string, PortalFile>();
  for (const [name, body] of contents) {
    const type = TYPES[path.posix.extname(name)];
    if (type === undefined) continue;
    const encoded: Partial<Record<Encoding, Uint8Array>> = {};
    for (const encoding of ENCODINGS) {
      const smaller = contents.get(name + ENDINGS[encoding]);
      if (smaller !== undefined && smaller.length < body.length) encoded[encoding] = smaller;
    }
    files.set(name, { type, body, encoded, isHashed: name.startsWith(HASHED_FOLDER) });
  }
  return files;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) =>
        path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"),
      );
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
