import type { FindingsBoard, ShownFinding } from "../findings/board.ts";
import type { StoreReader } from "../store/store.ts";
import type { ComplaintRegister } from "./complaints.ts";

/**
 * What is still to be settled about an event, for which it is the evidence: an open complaint, which it may be an act of; a finding about its use that nobody has dismissed, or that was
 * confirmed and is not notified yet; `unjudged`: the ledger has not looked yet whether there is something to be found.
 */
export type Dispute = "complaint" | "finding" | "unjudged";

/** An event of the log that somebody wants to have erased. */
export interface DisputableEvent {
  readonly index: number;
  /** Leaf hash, base64url. */
  readonly leaf: string;
}

/** The dispute about each of these events, as of now; undefined where there is none. */
export type DisputesAbout = (events: readonly DisputableEvent[]) => Promise<readonly (Dispute | undefined)[]>;

export interface DisputesOptions {
  readonly complaints: Pick<ComplaintRegister, "inOpen">;
  readonly findings: Pick<FindingsBoard, "about">;
  /** Resolves when everything is judged, as far as that is soon done, with how many events of the log were. */
  readonly judged: () => Promise<number>;
  /** Other records of the same exchange whose findings are taken back when this one is erased. */
  readonly restingOn: (index: number) => Promise<readonly number[]>;
  readonly store: Pick<StoreReader, "submissionOfIndex">;
}

export function disputesAbout(options: DisputesOptions): DisputesAbout {
  const { complaints, findings, judged, restingOn, store } = options;

  /** Those of the events that are the evidence of something found about themselves, or about what rests on them. */
  async function inFindings(events: readonly DisputableEvent[]): Promise<ReadonlySet<number>> {
    const evidence = await Promise.all(
      events.map(async ({ index }) => ({ index, all: [index, ...(await restingOn(index))] })),
    );
    const places = await Promise.all(
      [...new Set(evidence.flatMap(({ all }) => all))].map(async (index) => ({
        index,
        time: (await store.submissionOfIndex(index))?.time ?? 0,
      })),
    );
    const unsettled = (await findings.about(places)).filter(isUnsettled);
    // What names a leaf is about the use of data that this very event records.
    const found = new Set(unsettled.flatMap(({ evidence }) => ("leaf" in evidence ? [evidence.index] : [])));
    const inSome = evidence.filter(({ all }) => all.some((index) => found.has(index)));
    return new Set(inSome.map(({ index }) => index));
  }

  return async (events) => {
    const size = await judged();
    const complained = await complaints.inOpen(events.map(({ leaf }) => leaf));
    const found = await inFindings(events);
    return events.map(({ index, leaf }) => {
      if (complained.has(leaf)) return "complaint";
      if (index >= size) return "unjudged";
      return found.has(index) ? "finding" : undefined;
    });
  };
}

/** What was dismissed, or confirmed and notified where that is due, needs its evidence no more. */
function isUnsettled({ state, notifyBy, notifiedAt }: ShownFinding): boolean {
  return state === "open" || state === "explained" || (notifyBy !== undefined && notifiedAt === undefined);
}
