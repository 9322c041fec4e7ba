/*
 * Run under a limit on file sizes (`ulimit -f`): commits until LevelDB cannot write its log any more, reloads, and goes on.
 * Prints what happened as one JSON line.
 */
import { openLevelStore } from "../../../server/store/level-store.ts";
import { LedgerError } from "../../../server/errors.ts";
import { groupAfter, madeSubmission } from "./groups.ts";

// Without a listener the signal would end the process; with one, the write fails.
process.on("SIGXFSZ", () => undefined);

const store = await openLevelStore({ path: process.argv[2] ?? "", minFreeBytes: 0 });
const codes: string[] = [];
let head = await store.head();
for (let round = 0; round < 12; round++) {
  const made = madeSubmission("qn-police/r1", head.size + 1, 1000, head.size);
  try {
    await store.commit(groupAfter(head, [made]), head.size);
  } catch (error) {
    codes.push(error instanceof LedgerError ? error.code : String(error));
    await store.turn((durable) => {
      head = durable;
      return Promise.resolve();
    });
    continue;
  }
  head = await store.head();
}
await store.close();
console.log(JSON.stringify({ codes, size: head.size }));
