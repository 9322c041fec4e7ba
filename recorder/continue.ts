import { openFacets, parseEvent, payloadOf } from "../protocol/event.ts";
import { RecorderError } from "./errors.ts";
import type { Recorder } from "./index.ts";
import { httpLedger, type LedgerUrl } from "./ledger.ts";
import { Spool } from "./spool.ts";
import { openSpoolDisk } from "./spool-disk.ts";

/** What became of the events of the old spool that had no receipt. */
export interface Continued {
  oldSource: string;
  /** Recorded under the new source by this or an earlier call. */
  moved: number;
  /** In the log already, under the old source: sent before the backup's copy was taken into use. */
  alreadyHeld: number;
}

/**
 * Moves the events of a spool that must not be continued (restored from a backup, or copied) to a recorder with a new source
 * id. Events that the log holds already are left; tombstones too. May be called again after an interruption: each event
 * is moved once. Throws `spool-failed` or `wrong-spool` when the directory holds no spool, `bad-setting` when the new source is the old one,
 * and whatever recording an event throws.
 */
export async function continueUnderNewSource(options: {
  oldDirectory: string;
  ledgerUrl: LedgerUrl;
  recorder: Recorder;
}): Promise<Continued> {
  const old = await Spool.openExisting(() => openSpoolDisk(options.oldDirectory, { createIfMissing: false }));
  try {
    const { spoolId, source } = old.meta;
    if (options.recorder.status().source === source) {
      throw new RecorderError("bad-setting", `The numbers of ${source} are used up: choose a new source id.`);
    }
    const ledger = httpLedger({ url: options.ledgerUrl, source });
    const result = { oldSource: source, moved: 0, alreadyHeld: 0 };
    for (let seq = old.state.receiptedThrough + 1; seq < old.state.nextSeq; seq++) {
      const text = await old.event(seq);
      if (text === undefined) continue;
      const isHeld = await ledger.holds(seq, payloadOf(text));
      if (isHeld === undefined) {
        throw new RecorderError(
          "bad-setting",
          `${[options.ledgerUrl].flat().join(", ")} does not say what it holds; try again when the ledger answers.`,
        );
      }
      const event = plainEventOf(text);
      if (isHeld || event["type"] === "tombstone") result.alreadyHeld += 1;
      else {
        await options.recorder.recordAll([event], { idempotencyKey: `moved ${spoolId} ${seq}` });
        result.moved += 1;
      }
    }
    return result;
  } finally {
    await old.close();
  }
}

function plainEventOf(text: string): { readonly [name: string]: unknown } {
  const { "agent.id": id, "agent.role": role, ...facets } = openFacets(parseEvent(text));
  if (id === undefined && role === undefined) return facets;
  return {
    ...facets,
    agent: { ...(id === undefined ? {} : { id }), ...(role === undefined ? {} : { role }) },
  };
}
