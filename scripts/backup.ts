/**
 * Takes a backup of a ledger's records, of a running ledger too, or checks one.
 *
 *     npm run backup -- --from https://ledger...|DATA_DIR|postgres://... --out FILE [--with-keys FILE] [--data DATA_DIR]
 *     npm run backup -- --check FILE [--keys FILE] [--trust PROFILE [--rpc URL]...]
 *
 * A running ledger gives it to the operator (OPERATOR_TOKEN); its events' keys only to who reads its data folder too (--data). Without them the backup opens
 * nothing. What was taken is read again before it gets its name. With --trust it is held against the chain. Ends with 0 when all is right, 1 when something is
 * wrong, 2 when the input is unusable. `env:NAME` in place of an address names a variable that holds it.
 */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readerOf } from "../cli/nodes.ts";
import { toHex } from "../protocol/bytes.ts";
import type { BackupChunk } from "../server/store/backup.ts";
import { checkBackup, type OpenFile } from "../server/store/backup-reading.ts";
import { parseTrustProfile, TrustProfileError } from "../verifier/trust-profile.ts";
import { type ChainCheck, chainCheck } from "./records/chain-check.ts";
import { countedText, progressBars, runRecordsCommand } from "./records/command.ts";
import { RecordsInputError } from "./records/error.ts";
import { newFile } from "./records/new-file.ts";
import { openSource, parsePlace, type Place } from "./records/places.ts";
import { backupOfLedger, backupOfStore, type TakingOptions } from "./records/taking.ts";

const USAGE = `Usage: npm run backup -- --from https://ledger...|DATA_DIR|postgres://... --out FILE [--with-keys FILE] [--data DATA_DIR]
       npm run backup -- --check FILE [--keys FILE] [--trust PROFILE [--rpc URL]...]`;

const bars = progressBars(process.stderr);

await runRecordsCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      from: { type: "string" },
      out: { type: "string" },
      "with-keys": { type: "string" },
      data: { type: "string" },
      check: { type: "string" },
      keys: { type: "string" },
      trust: { type: "string" },
      rpc: { type: "string", multiple: true, default: [] },
    },
  });
  const { out, check, keys, trust, rpc, data: dataDir, "with-keys": keysOut } = values;
  if (check !== undefined) {
    await checkFiles(check, keys, trust === undefined ? undefined : await chainOf(trust, rpc));
    return;
  }
  const from = parsePlace("--from", values.from, process.env);
  if (out === undefined) throw new RecordsInputError("Say --out, or --check.");
  const options = { withKeys: keysOut !== undefined, dataDir, token: process.env["OPERATOR_TOKEN"] };
  await take(from, { out, keysOut }, options);
});

async function take(
  from: Place,
  { out, keysOut }: { readonly out: string; readonly keysOut: string | undefined },
  options: TakingOptions,
): Promise<void> {
  const backup = await newFile(out);
  const keys = keysOut === undefined ? undefined : await newFile(keysOut);
  const files = [backup, ...(keys === undefined ? [] : [keys])];
  try {
    for await (const { file, bytes } of chunksOf(from, options))
      await (file === "backup" ? backup : keys)?.write(bytes);
    for (const file of files) await file.written();
    await checkFiles(backup.temporary, keys?.temporary, undefined);
    for (const file of files) await file.keep();
  } catch (error) {
    for (const file of files) await file.drop();
    throw error;
  }
}

async function* chunksOf(from: Place, options: TakingOptions): AsyncGenerator<BackupChunk> {
  if (from.kind === "ledger") {
    yield* backupOfLedger(from.url, options);
    return;
  }
  const store = await openSource(from);
  try {
    yield* backupOfStore(store, options.withKeys);
  } finally {
    await store.close();
  }
}

/** Reads the files to their ends, and says what they hold. */
async function checkFiles(
  backup: string,
  keys: string | undefined,
  chain: ChainCheck | undefined,
): Promise<void> {
  let read = 0;
  const open =
    (file: string): OpenFile =>
    () =>
      createReadStream(file, { highWaterMark: 256 * 1024 });
  const { head, count } = await checkBackup(
    open(backup),
    keys === undefined ? undefined : open(keys),
    async (part, about) => {
      if (part.kind === "submission") bars.show("checking", (read += part.submission.count), about.size);
      await chain?.check(part, about);
    },
  ).finally(bars.end);
  console.log(`Backup of ${new Date(head.time * 1000).toISOString()}, whole: ${countedText(count)}.`);
  console.log(`Log ${head.log}. Root, recomputed from its payloads: ${toHex(head.root)}`);
  if (keys !== undefined) console.log("Each key opens what it sealed.");
  if (chain === undefined) return;
  console.log("Every anchor in it stands on the chain, and every receipt is signed by the log.");
  if (chain.anchoredSize > head.size)
    console.log(
      `The chain has anchored ${chain.anchoredSize - head.size} events more: a ledger restored from this backup takes nothing (store-behind).`,
    );
}

async function chainOf(trust: string, rpc: readonly string[]): Promise<ChainCheck> {
  try {
    const profile = parseTrustProfile(await readFile(trust, "utf8"));
    const chain = readerOf(rpc.length > 0 ? rpc : profile.rpc, fetch);
    if (chain === undefined) throw new RecordsInputError("Name a node of the chain with --rpc.");
    return await chainCheck(chain, profile);
  } catch (error) {
    if (!(error instanceof TrustProfileError)) throw error;
    throw new RecordsInputError(`${trust} is no trust profile: ${error.message}`);
  }
}
