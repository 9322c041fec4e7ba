/**
 * Moves a ledger's records from one store to another, and compares everything afterwards.
 *
 *     npm run copy -- --from DATA_DIR|postgres://... --to postgres://...|DATA_DIR
 *
 * The ledger is stopped, or what it takes meanwhile is missing in the copy. The target is empty; interrupted, the same command goes on where it was, and no
 * ledger starts on the target before it is whole. `env:NAME` in place of an address names a variable that holds it.
 */
import { parseArgs } from "node:util";
import { toHex } from "../protocol/bytes.ts";
import { originOf } from "../server/store/transfer-parts.ts";
import { TransferError } from "../server/store/transfer-error.ts";
import { comesToLead, requireMovable, requireNotBehind, transferRecords } from "../server/store/transfer.ts";
import { countedText, progressBars, runRecordsCommand } from "./records/command.ts";
import { nameOfPlace, openSource, openTarget, parsePlace } from "./records/places.ts";

const USAGE = "Usage: npm run copy -- --from DATA_DIR|postgres://... --to postgres://...|DATA_DIR";

await runRecordsCommand(USAGE, async () => {
  const { values } = parseArgs({ options: { from: { type: "string" }, to: { type: "string" } } });
  const from = parsePlace("--from", values.from, process.env);
  const to = parsePlace("--to", values.to, process.env);
  const source = await openSource(from);
  const bars = progressBars(process.stderr);
  try {
    const target = await openTarget(to);
    try {
      if (!(await comesToLead(source)))
        throw new TransferError(
          "in-use",
          "A ledger runs on the source. End it; it is forgotten some seconds later.",
        );
      const snapshot = await source.snapshot();
      try {
        await requireMovable(snapshot);
        await requireNotBehind(snapshot);
        const origin = await originOf(snapshot);
        const count = await transferRecords(origin, target, { onProgress: bars.show });
        bars.end();
        console.log(`${nameOfPlace(to)} holds the same as ${nameOfPlace(from)}: ${countedText(count)}.`);
        console.log(`Root of the log, recomputed from its payloads: ${toHex(origin.head.root)}`);
        console.log(
          "Start the ledger there with an empty data folder but for its keys, deployment.json and trust.json: what is derived is made anew.",
        );
      } finally {
        await snapshot.close();
      }
    } finally {
      await target.close();
    }
  } finally {
    bars.end();
    await source.close();
  }
});
