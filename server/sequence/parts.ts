import type { Logger } from "pino";
import type { PublicKey } from "../../protocol/jws.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "../store/store.ts";
import type { SequenceMetrics } from "./metrics.ts";
import type { OwnSourceParts } from "./own-source.ts";
import type { ReceiptTerms } from "./receipts.ts";

/**
 * `starting` until `open`; `suspended` until `open` again; `halted` until the process is started again on a store that is not
 * behind, or whose mark the operator took away.
 */
export type SequencerState =
  { readonly kind: "starting" | "open" } | { readonly kind: "suspended" | "halted"; readonly reason: string };

export interface SequencerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly terms: ReceiptTerms;
  /** All receipt keys this log ever had, as far as known now, to recognise receipts of ours. */
  readonly receiptKeys: () => readonly PublicKey[];
  /** The ledger's own source, for what it has to record itself. */
  readonly own: OwnSourceParts;
  readonly metrics: SequenceMetrics;
  readonly log: Logger;
  readonly limits?: Partial<SequencerLimits>;
}

export interface SequencerLimits {
  /** Submissions that wait for their answer; more are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** How long a submission that overtook its predecessor waits for it. */
  readonly reorderMs: number;
}
