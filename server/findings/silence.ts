import type { Source } from "../../protocol/source.ts";
import type { RecorderKey } from "../receive/keys.ts";
import type { Heard, SilentSourceFinding } from "./finding.ts";

/** The entitlement to record (see RecorderKey). */
const RECORD = 1;

export interface SilenceTerms {
  /** Unix seconds; counts as long as nothing came. */
  readonly asOf: number;
  /** Longest time between two submissions of a source. */
  readonly limitSeconds: number;
}

/**
 * The finding that a source was not heard of for longer than the limit after its submission `last`: settled by the `next` one, open
 * when none came. The times are those at which the ledger received them, so an outage of the ledger shows as a silence of every source.
 */
export function silentSource(
  source: Source,
  { last, next }: { readonly last: Heard; readonly next?: Heard | undefined },
  { asOf, limitSeconds }: SilenceTerms,
): SilentSourceFinding | undefined {
  if ((next?.time ?? asOf) - last.time <= limitSeconds) return undefined;
  return {
    id: `silent-source:${last.index}`,
    kind: "silent-source",
    source,
    evidence: next === undefined ? { last } : { last, next },
    state: next === undefined ? "open" : "settled",
    since: last.time + limitSeconds,
  };
}

/** Whether the source could send its event number `next` now: only then its silence is an open finding. */
export function mayRecord(keys: readonly RecorderKey[], source: Source, next: number): boolean {
  return keys.some(
    (key) =>
      key.source === source &&
      key.fromSeq <= next &&
      next < key.toSeq &&
      !key.revoked &&
      key.elsewhere === undefined &&
      (key.entitlements & RECORD) !== 0,
  );
}
