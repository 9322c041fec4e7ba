/**
 * Writes a backup into an empty store, and compares everything afterwards.
 *
 *     npm run restore -- --backup FILE --keys FILE --to DATA_DIR|postgres://...
 *     npm run restore -- --backup FILE --without-keys --to DATA_DIR|postgres://...
 *
 * The keys are those that were taken with the backup, or later: what was erased by then stays erased. Without keys nothing can be opened any more, and only what
 * is public is proven. --for-successor leaves out the anchors, for a ledger that goes on in the log's successor on the chain; --new-vrf-key, where that has another VRF key, also the
 * keys of the index, which are made anew from the events: only where nothing was erased. The files are checked before anything is written. Interrupted, the same command goes on where it was.
 */
import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import { toHex } from "../protocol/bytes.ts";
import { backupOrigin, checkBackup, type OpenFile } from "../server/store/backup-reading.ts";
import { forOtherVrfKey, forSuccessor, requireOpenable } from "../server/store/transfer-parts.ts";
import { transferRecords } from "../server/store/transfer.ts";
import { countedText, progressBars, runRecordsCommand } from "./records/command.ts";
import { RecordsInputError } from "./records/error.ts";
import { nameOfPlace, openTarget, parsePlace } from "./records/places.ts";

const USAGE =
  "Usage: npm run restore -- --backup FILE (--keys FILE | --without-keys) [--for-successor [--new-vrf-key]] --to DATA_DIR|postgres://...";

await runRecordsCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      backup: { type: "string" },
      keys: { type: "string" },
      "without-keys": { type: "boolean", default: false },
      "for-successor": { type: "boolean", default: false },
      "new-vrf-key": { type: "boolean", default: false },
      to: { type: "string" },
    },
  });
  const { backup, keys, "without-keys": withoutKeys } = values;
  if (backup === undefined) throw new RecordsInputError("Say --backup.");
  if ((keys === undefined) !== withoutKeys)
    throw new RecordsInputError(
      "Name the file of the events' keys with --keys; or say --without-keys, and nobody can open the events any more.",
    );
  const [succeeds, hasOtherVrf] = [values["for-successor"], values["new-vrf-key"]];
  if (hasOtherVrf && (withoutKeys || !succeeds))
    throw new RecordsInputError("--new-vrf-key goes with --for-successor and the events' --keys.");
  const to = parsePlace("--to", values.to, process.env);
  const files = [fileOf(backup), keys === undefined ? undefined : fileOf(keys)] as const;
  const bars = progressBars(process.stderr);
  let read = 0;
  const { head } = await checkBackup(...files, (part, { size }) => {
    if (part.kind !== "submission") return;
    bars.show("checking", (read += part.submission.count), size);
    if (hasOtherVrf) requireOpenable(part.submission);
  });
  const target = await openTarget(to);
  try {
    const held = await backupOrigin(...files);
    const succeeding = succeeds ? forSuccessor(held) : held;
    const origin = hasOtherVrf ? forOtherVrfKey(succeeding) : succeeding;
    const count = await transferRecords(origin, target, { onProgress: bars.show });
    bars.end();
    console.log(
      `${nameOfPlace(to)} holds the backup of ${new Date(head.time * 1000).toISOString()}: ${countedText(count)}.`,
    );
    console.log(`Log ${head.log}. Root, recomputed from its payloads: ${toHex(head.root)}`);
    console.log(
      "Start the ledger there with its own keys, deployment.json and trust.json. If more was promised than the backup holds, it says so and takes nothing.",
    );
  } finally {
    bars.end();
    await target.close();
  }
});

function fileOf(file: string): OpenFile {
  return () => createReadStream(file, { highWaterMark: 256 * 1024 });
}
