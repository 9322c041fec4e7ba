import { randomBytes } from "node:crypto";
import { link, open, readFile, unlink } from "node:fs/promises";
import path from "node:path";
import type { Route } from "../route.ts";
import { backupRoutes } from "../store/backup-routes.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Records } from "./records.ts";

/** In the data folder, for its owner alone: who can read it could read the records too. */
const TOKEN_FILE = "machine-token";
const TOKEN_BYTES = 32;

/** How the operator takes the records away. */
export async function backups(
  { config, clock, log }: AppOptions,
  { about, records }: { readonly about: AboutLog; readonly records: Pick<Records, "store"> },
): Promise<Route[]> {
  const machineToken = await keptToken(path.join(config.dataDir, TOKEN_FILE));
  return backupRoutes({ store: records.store, logName: about.name, machineToken, clock, log });
}

/** Made when there is none; `link` never overwrites one that appeared meanwhile. */
async function keptToken(file: string): Promise<string> {
  const kept = await readFile(file, "utf8").catch(() => undefined);
  if (kept !== undefined) return kept.trim();
  const temporary = `${file}.${process.pid}.new`;
  const handle = await open(temporary, "w", 0o600);
  await handle.writeFile(`${randomBytes(TOKEN_BYTES).toString("base64url")}\n`);
  await handle.sync();
  await handle.close();
  await link(temporary, file).catch(() => undefined);
  await unlink(temporary);
  return (await readFile(file, "utf8")).trim();
}
