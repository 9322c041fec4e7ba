import { existsSync } from "node:fs";
import path from "node:path";
import { formatLogId } from "../../protocol/log-id.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { openPostgresStore } from "../../server/store/postgres-store.ts";
import type { Store, StoreReader } from "../../server/store/store.ts";
import { RecordsInputError } from "./error.ts";

/** Where records are, or come to be. */
export type Place =
  | { readonly kind: "ledger"; readonly url: string }
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "folder"; readonly dataDir: string };

/** What is made from the records and has to be made anew with other ones. */
const DERIVED = ["derived", "index", "search"];

/**
 * `https://...` of a running ledger, `postgres://...`, or a data folder; `env:NAME` names a variable that holds one of these, so that no password stands on
 * the command line. @throws RecordsInputError
 */
export function parsePlace(
  option: string,
  text: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Place {
  if (text === undefined) throw new RecordsInputError(`Say ${option}.`);
  if (text.startsWith("env:")) {
    const name = text.slice("env:".length);
    const value = env[name];
    if (value === undefined || value.startsWith("env:")) throw new RecordsInputError(`${name} is not set.`);
    return parsePlace(option, value, env);
  }
  if (/^postgres(?:ql)?:/.test(text)) return { kind: "postgres", url: text };
  if (/^https?:/.test(text)) return { kind: "ledger", url: text.replace(/\/+$/, "") };
  return { kind: "folder", dataDir: path.resolve(text) };
}

/** What the place is called in messages: never a password. */
export function nameOfPlace(place: Place): string {
  if (place.kind === "folder") return place.dataDir;
  if (!URL.canParse(place.url)) return "the database";
  const { protocol, host, pathname } = new URL(place.url);
  return `${protocol}//${host}${pathname}`;
}

/** Opens records that are there. The caller closes them. @throws RecordsInputError when there are none, or a ledger holds them */
export async function openSource(place: Place): Promise<Store> {
  if (place.kind === "folder" && !existsSync(path.join(place.dataDir, "records", "log", "CURRENT")))
    throw new RecordsInputError(`There are no records in ${place.dataDir}: name a ledger's data folder.`);
  return await openStore(place);
}

/** Opens what shall hold records. @throws RecordsInputError when something is there that was made from others */
export async function openTarget(place: Place): Promise<Store> {
  if (place.kind === "folder") {
    const left = DERIVED.filter((name) => existsSync(path.join(place.dataDir, name)));
    if (left.length > 0)
      throw new RecordsInputError(
        `${place.dataDir} holds what was made from other records: remove ${left.join(", ")} there. The ledger makes them anew.`,
      );
  }
  return await openStore(place);
}

async function openStore(place: Place): Promise<Store> {
  switch (place.kind) {
    case "ledger":
      throw new RecordsInputError("Name a data folder or a database here, not a running ledger.");
    case "postgres":
      return await openPostgresStore({ url: place.url });
    case "folder":
      return await openLevelStore({ path: path.join(place.dataDir, "records") });
  }
}

/** The log as its newest receipt names it: `chainId:registry:logId`. @throws RecordsInputError for a log without events */
export async function logNameOf(reader: StoreReader): Promise<string> {
  const { size } = await reader.head();
  const last = size === 0 ? undefined : await reader.submissionOfIndex(size - 1);
  if (last === undefined) throw new RecordsInputError("There is no event in these records.");
  return formatLogId(parseReceipt(last.receipt).receipt.log);
}
