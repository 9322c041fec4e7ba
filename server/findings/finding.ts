import type { ExchangeSide } from "../../protocol/exchange.ts";
import type { Source } from "../../protocol/source.ts";

/**
 * A breach or an oddity that follows from the records, the anchors and the time: recomputed from them at any moment, never entered by
 * hand. The rules beside this file are pure and shared with the audit. Nothing in a finding is about a person: no subject, no message id.
 */
export type Finding =
  | EquivocationFinding
  | MissedAnchorFinding
  | MissedIndexFinding
  | UnmatchedExchangeFinding
  | SilentSourceFinding
  | UseFinding;

/** What can be wrong with an access or an action (use-rule.ts). */
export const USE_FINDING_KINDS = [
  "no-legal-basis",
  "outside-purpose",
  "excess-categories",
  "consent-missing",
  "consent-withdrawn",
  "consent-expired",
  "objection-ignored",
  "no-case",
  "emergency-unreviewed",
] as const;
export type UseFindingKind = (typeof USE_FINDING_KINDS)[number];

export const FINDING_KINDS = [
  "equivocation",
  "missed-anchor",
  "missed-index",
  "unmatched-exchange",
  "silent-source",
  ...USE_FINDING_KINDS,
] as const satisfies readonly Finding["kind"][];
export type FindingKind = (typeof FINDING_KINDS)[number];

/**
 * `open`: somebody has to act. `settled`: what was due came late; the breach remains on record. The others are what officers (`explained`) and
 * inspectors have said of it, by `inspection` events (states.ts).
 */
export type FindingState = "open" | "settled" | "explained" | "confirmed" | "dismissed";

interface FindingBase {
  /** Stays the same however often the finding is derived. */
  readonly id: string;
  readonly state: FindingState;
  /** Since when it holds, Unix seconds. It does not change when the finding is settled. */
  readonly since: number;
}

/** A source signed two events under one number. */
export interface EquivocationFinding extends FindingBase {
  readonly kind: "equivocation";
  readonly source: Source;
  /** Indexes of the event that took the number, and of the ledger's own event that holds the signed proof. */
  readonly evidence: { readonly seq: number; readonly storedIndex: number; readonly recordedIndex: number };
}

/** The ledger did not anchor in the time it promised. The receipt proves it to anybody. */
export interface MissedAnchorFinding extends FindingBase {
  readonly kind: "missed-anchor";
  readonly source: Source;
  /** The oldest receipt concerned, and the anchor that came late (its number) if one came. */
  readonly evidence: { readonly receipt: string; readonly anchorBy: number; readonly anchor?: number };
}

/** The ledger did not bring events into the anchored index in the time it promised. */
export interface MissedIndexFinding extends FindingBase {
  readonly kind: "missed-index";
  readonly source: Source;
  readonly evidence: { readonly receipt: string; readonly indexBy: number; readonly anchor?: number };
}

/** One side of an exchange recorded it, the other did not in time. */
export interface UnmatchedExchangeFinding extends FindingBase {
  readonly kind: "unmatched-exchange";
  /** The agency that did not record it. Absent where the recorded half was erased since. */
  readonly agency?: string;
  /** Log index of the recorded half, which side recorded it, and the index of the other half if it came late. */
  readonly evidence: {
    readonly index: number;
    readonly recorded: ExchangeSide;
    readonly otherIndex?: number;
  };
}

/** A source was not heard of for longer than the limit. */
export interface SilentSourceFinding extends FindingBase {
  readonly kind: "silent-source";
  readonly source: Source;
  /** First log index and receive time (Unix seconds) of its last submission before the silence, and of the one that ended it. */
  readonly evidence: { readonly last: Heard; readonly next?: Heard };
}

/** An access or an action that the catalogue or a person's consent did not allow, or that lacks what the law demands. */
export interface UseFinding extends FindingBase {
  readonly kind: UseFindingKind;
  /** The agency that used the data. Absent where the record names none. */
  readonly agency?: string;
  readonly evidence: {
    /** Log index of the event, and its leaf hash (base64url). */
    readonly index: number;
    readonly leaf: string;
    /** Version of the catalogue that it was judged by. */
    readonly catalogue: string;
    /** Absent where it is none of the catalogue's: what an event says freely may be about somebody. */
    readonly procedure?: string;
    /** Which agency's data it was, when another's than the reader's own. */
    readonly provider?: string;
    /** The categories that were too many, by the catalogue's names; and how many others, which it does not list. */
    readonly categories?: readonly string[];
    readonly unlisted?: number;
  };
}

/** When and where something of a source was received. */
export interface Heard {
  readonly index: number;
  readonly time: number;
}

/** Where a finding stands among all: by time, then by id. */
export function cursorOf({ since, id }: Pick<Finding, "since" | "id">): string {
  return `${String(since).padStart(12, "0")}:${id}`;
}

/** The source or the agency that answers for it. */
export function answerableFor(finding: Finding): string | undefined {
  return isUseFinding(finding) || finding.kind === "unmatched-exchange" ? finding.agency : finding.source;
}

export function isUseFinding(finding: Finding): finding is UseFinding {
  return USE_FINDING_KINDS.some((kind) => kind === finding.kind);
}
