import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { toBase64url, utf8 } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { checkCatalogue, HEAD_FILE } from "./check.ts";
import { CatalogueError } from "./error.ts";
import type { SourceFile } from "./source-file.ts";

/** The catalogue as it is on disk now, ready to be published. */
export interface LoadedCatalogue {
  readonly version: string;
  /** The bytes that are published: what the digest is over, and what `GET /v1/catalogue/{version}` answers. */
  readonly file: Uint8Array;
  /** base64url of their SHA-256. */
  readonly digest: string;
  /** The error of something about the version, with its file and line. */
  readonly versionFault: (reason: string) => CatalogueError;
}

const SCHEMA = new URL("../../catalogue/catalogue.schema.json", import.meta.url);
const PROCEDURES = "procedures";

/** Loads the catalogue of a folder. @throws CatalogueError naming the file, the line and the reason. */
export async function loadCatalogue(folder: string): Promise<LoadedCatalogue> {
  const schema: unknown = JSON.parse(await readFile(SCHEMA, "utf8"));
  if (!isJsonObject(schema)) throw new Error("the schema of the catalogue is no JSON object");
  const { version, published, versionFault } = checkCatalogue(schema, await filesOf(folder));
  const file = utf8(published);
  return { version, file, digest: digestOf(file), versionFault };
}

/** base64url of the SHA-256 of a published file's bytes. */
export function digestOf(file: Uint8Array): string {
  return toBase64url(hash("sha256", file, "buffer"));
}

async function filesOf(folder: string): Promise<{ head: SourceFile; procedures: SourceFile[] }> {
  try {
    const names = (await readdir(path.join(folder, PROCEDURES))).filter((name) => name.endsWith(".json"));
    const head = await fileOf(folder, HEAD_FILE);
    const procedures = names.sort().map(async (name) => await fileOf(folder, `${PROCEDURES}/${name}`));
    return { head, procedures: await Promise.all(procedures) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `CATALOGUE: ${folder} holds no readable catalogue (${reason}). It needs ${HEAD_FILE} and ${PROCEDURES}/<code>.json.`;
    throw new CatalogueError(message, { cause });
  }
}

async function fileOf(folder: string, name: string): Promise<SourceFile> {
  return { name, text: await readFile(path.join(folder, name), "utf8") };
}
