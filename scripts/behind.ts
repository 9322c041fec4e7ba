/**
 * Shows whether the records are marked as behind what the log promised (`store-behind`), and takes the mark away.
 *
 *     npm run behind -- --of DATA_DIR|postgres://... [--remove]
 *
 * Every server that has these records refuses to sequence while they are marked. Take the mark away when you restored the right records, or when what it says was
 * a mistake, with every ledger on these records stopped: a ledger that found it halts until it is started again. `env:NAME` in place of an address names a variable
 * that holds it. Ends with 0 when there is no mark (any more), 1 when there is one, 2 when the input is unusable.
 */
import { parseArgs } from "node:util";
import { toHex } from "../protocol/bytes.ts";
import { frontierRoot } from "../protocol/frontier.ts";
import type { Store } from "../server/store/store.ts";
import { TransferError } from "../server/store/transfer-error.ts";
import { comesToLead } from "../server/store/transfer.ts";
import { runRecordsCommand } from "./records/command.ts";
import { nameOfPlace, openSource, parsePlace, type Place } from "./records/places.ts";

const USAGE = "Usage: npm run behind -- --of DATA_DIR|postgres://... [--remove]";

await runRecordsCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: { of: { type: "string" }, remove: { type: "boolean", default: false } },
  });
  const place = parsePlace("--of", values.of, process.env);
  const store = await openSource(place);
  await (values.remove ? remove(store, place) : show(store, place)).finally(store.close);
});

async function show(store: Store, place: Place): Promise<void> {
  const [reason, what] = [await store.behind(), await about(store, place)];
  if (reason === undefined) {
    console.log(`${what} They are not marked as behind.`);
    return;
  }
  console.log(`${what} They are marked as behind what was promised: ${reason}`);
  process.exitCode = 1;
}

async function remove(store: Store, place: Place): Promise<void> {
  if (!(await comesToLead(store)))
    throw new TransferError(
      "in-use",
      "A ledger runs on these records. End it; it is forgotten some seconds later.",
    );
  const reason = await store.behind();
  if (reason !== undefined) await store.setBehind(undefined);
  const done = reason === undefined ? "They were not marked." : `Taken away: ${reason}`;
  console.log(`${await about(store, place)} ${done}`);
}

async function about(store: Store, place: Place): Promise<string> {
  const { size, frontier } = await store.head();
  return `${nameOfPlace(place)} holds ${size} events, root ${toHex(frontierRoot(frontier))}.`;
}
