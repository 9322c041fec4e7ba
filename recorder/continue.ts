import { openFacets, parseEvent, payloadOf } from "../protocol/event.ts";
import { RecorderError } from "./errors.ts";
import type { Recorder } from "./index.ts";
import { httpLedger, type Ledger, type LedgerUrl } from "./ledger.ts";
import { Spool } from "./spool.ts";
import { openSpoolDisk } from "./spool-disk.ts";

/** What became of the events of the old spool that had no receipt, or that the log lost. */
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
 * and whatever recording an event throws. With `logLostEvents` also the events that have receipts of a log which lost them, and was continued without them.
 */
export async function continueUnderNewSource(options: {
  oldDirectory: string;
  ledgerUrl: LedgerUrl;
  recorder: Recorder;
  logLostEvents?: boolean;
}): Promise<Continued> {
  const old = await Spool.openExisting(() => openSpoolDisk(options.oldDirectory, { createIfMissing: false }));
  try {
    const { spoolId, source } = old.meta;
    if (options.recorder.status().source === source) {
      throw new RecorderError("bad-setting", `The numbers of ${source} are used up: choose a new source id.`);
    }
    const ledger = httpLedger({ url: options.ledgerUrl, source });
    const result = { oldSource: source, moved: 0, alreadyHeld: 0 };
    const from = options.logLostEvents === true ? await nextHeld(ledger, options.ledgerUrl) : undefined;
    for (let seq = from ?? old.state.receiptedThrough + 1; seq < old.state.nextSeq; seq++) {
      const text = await old.event(seq);
      if (text === undefined) continue;
      const isHeld = await ledger.holds(seq, payloadOf(text));
      if (isHeld === undefined) throw silent(options.ledgerUrl);
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

/** The first number of the old source that the log does not hold. */
async function nextHeld(ledger: Pick<Ledger, "held">, url: LedgerUrl): Promise<number> {
  const held = await ledger.held();
  if (held.kind === "outage") throw silent(url);
  return held.next;
}

function silent(url: LedgerUrl): RecorderError {
  return new RecorderError(
    "bad-setting",
    `${[url].flat().join(", ")} does not say what it holds; try again when the ledger answers.`,
  );
}

function plainEventOf(text: string): { readonly [name: string]: unknown } {
  const { "agent.id": id, "agent.role": role, ...facets } = openFacets(parseEvent(text));
  if (id === undefined && role === undefined) return facets;
  return {
    ...facets,
    agent: { ...(id === undefined ? {} : { id }), ...(role === undefined ? {} : { role }) },
  };
}
