import type { AnchorPlace, ChainAnchor, TransactionState } from "./chain-client.ts";
import { type AnchorContent, isBeyond, sameContent } from "./content.ts";
import type { AnchorIntent } from "./intent.ts";

/*
 * The anchorer's decisions, pure: what the chain and the store show in, the one next step out.
 *
 * The contract's history is a line of anchors. Our records are a line of anchors too, each final when it was recorded. The first
 * `confirmed` records stand on the chain at the very block they were recorded with. Ordinarily that is all of them, and
 * at most one anchor, the one in flight, follows on the chain. After a chain lost its newest blocks some records are not on
 * the chain any more, or are there again in another block.
 *
 * What is durable, and what a crash means there:
 *
 *   nothing stored      nothing was sent either: the next run plans anew from the contract's head
 *   intent stored       the transaction may or may not have been sent, and may or may not be mined: the chain tells; identical
 *                       bytes are sent again, and they can take effect only once (same nonce, same expected head)
 *   anchor recorded     the intent was removed in the same write: the next run sees the record confirmed on the chain
 */

export interface Observation {
  /** Anchors in the contract's history. */
  readonly count: number;
  /** The last of them, `NOTHING_ANCHORED` when there is none. */
  readonly head: AnchorContent;
  /** Whether the head's root is our root at its size; "beyond" when our log is shorter, "unread" when the tree is not there yet. */
  readonly agreement: Agreement;
  /** Anchors we recorded. */
  readonly recorded: number;
  /** The first of them, which stand on the chain where they were recorded. */
  readonly confirmed: number;
  /** The first anchor on the chain after the confirmed ones. */
  readonly unconfirmed: UnconfirmedAnchor | undefined;
  /** Our record of that same place in the line, when there is one. */
  readonly record: AnchorContent | undefined;
  /** For how long records have been seen missing, in milliseconds; 0 when none is. */
  readonly missingForMs: number;
  readonly intent: IntentObservation | undefined;
  /** What we would have anchored: the newest checkpoint. */
  readonly latest: AnchorContent | undefined;
}

export type Agreement = "agrees" | "unread" | "beyond" | "differs";

export interface UnconfirmedAnchor {
  readonly anchor: ChainAnchor;
  /** Undefined when the chain moved on while it was read. */
  readonly place: AnchorPlace | undefined;
  /** Blocks from its own to the newest, counting both. */
  readonly depth: number;
  readonly agreement: Agreement;
}

export interface IntentObservation {
  readonly intent: AnchorIntent;
  readonly state: TransactionState;
  /** The account's next nonce by the newest block. */
  readonly nextNonce: number;
  /** It pays less than the base fee, so nobody will mine it. */
  readonly isUnderpriced: boolean;
}

export interface Patience {
  /** Blocks after which an anchor is final, counting its own (QBFT: 1). */
  readonly finalityDepth: number;
  /** How long records must be missing before they are anchored again: a node that lags behind recovers by itself. */
  readonly missingMs: number;
}

export type Decision =
  | { readonly kind: "idle" }
  /** Somebody else must act first: the chain, the integrator. */
  | {
      readonly kind: "wait";
      readonly for: "tree" | "mining" | "finality" | "missing-anchors" | "chain-to-settle";
    }
  | { readonly kind: "record"; readonly anchor: ChainAnchor; readonly place: AnchorPlace }
  | { readonly kind: "forget"; readonly reason: ForgetReason }
  | { readonly kind: "broadcast"; readonly intent: AnchorIntent }
  /** Sign an anchor of this content on the head, as a replacement of `replaces` (same nonce, higher fee) when given. */
  | {
      readonly kind: "sign";
      readonly content: AnchorContent;
      readonly isLost: boolean;
      readonly replaces?: AnchorIntent;
    }
  | { readonly kind: "halt"; readonly reason: string };

export type ForgetReason = "head-moved" | "reverted" | "without-effect" | "nonce-used" | "nonce-gap";

/** The next step, by the newest observation alone. */
export function decide(seen: Observation, patience: Patience): Decision {
  if (seen.agreement !== "agrees") return disagreement(seen.agreement, seen.head);
  if (seen.unconfirmed !== undefined) return confirm(seen.unconfirmed, seen.record, patience);
  const isMissing = seen.recorded > seen.confirmed;
  if (isMissing && seen.missingForMs < patience.missingMs) return { kind: "wait", for: "missing-anchors" };
  if (seen.intent !== undefined) return resolve(seen.intent, seen.head);
  if (isMissing) return restore(seen.record, seen.confirmed);
  if (seen.latest !== undefined && isBeyond(seen.latest, seen.head))
    return { kind: "sign", content: seen.latest, isLost: false };
  return { kind: "idle" };
}

function disagreement(agreement: Exclude<Agreement, "agrees">, { size }: AnchorContent): Decision {
  switch (agreement) {
    case "unread":
      return { kind: "wait", for: "tree" };
    case "beyond":
      return {
        kind: "halt",
        reason: `The contract holds an anchor of ${size} events, and this store has fewer: it is an older copy. Restore the newest store.`,
      };
    case "differs":
      return {
        kind: "halt",
        reason: `The contract's anchor of ${size} events has another root than this store. Restore the store that belongs to this log.`,
      };
  }
}

/** An anchor in the contract that is not final yet, or that is and has to be recorded. */
function confirm(
  { anchor, place, depth, agreement }: UnconfirmedAnchor,
  record: AnchorContent | undefined,
  { finalityDepth }: Patience,
): Decision {
  if (agreement !== "agrees") return disagreement(agreement, anchor);
  if (record !== undefined && !sameContent(anchor, record)) {
    return {
      kind: "halt",
      reason: `Where the contract has an anchor of ${anchor.size} events our records have one of ${record.size}, for which evidence was given: find out who else anchored.`,
    };
  }
  if (place === undefined) return { kind: "wait", for: "chain-to-settle" };
  return depth >= finalityDepth ? { kind: "record", anchor, place } : { kind: "wait", for: "finality" };
}

/** The first record that the chain lost comes before any new checkpoint: a size that is skipped can never be anchored again. */
function restore(record: AnchorContent | undefined, place: number): Decision {
  if (record !== undefined) return { kind: "sign", content: record, isLost: true };
  return {
    kind: "halt",
    reason: `Our records lack the anchor at place ${place} although they have later ones: restore the newest store.`,
  };
}

/** What becomes of the transaction in flight when its anchor is not in the contract. */
function resolve(
  { intent, state, nextNonce, isUnderpriced }: IntentObservation,
  head: AnchorContent,
): Decision {
  const { nonce } = intent.transaction;
  // The contract would refuse it: it no longer extends the head.
  if (intent.expectedSize !== head.size || !isBeyond(intent.content, head))
    return { kind: "forget", reason: "head-moved" };
  if (state === "reverted") return { kind: "forget", reason: "reverted" };
  // The contract was read after the transaction: what was mined and does not show there was undone by a reorganisation.
  if (state === "mined") return { kind: "forget", reason: "without-effect" };
  if (nextNonce > nonce) return { kind: "forget", reason: "nonce-used" };
  // The chain lost blocks with earlier transactions of ours: these bytes would wait for ever.
  if (nextNonce < nonce) return { kind: "forget", reason: "nonce-gap" };
  if (isUnderpriced) return { kind: "sign", content: intent.content, isLost: false, replaces: intent };
  return state === "waiting" ? { kind: "wait", for: "mining" } : { kind: "broadcast", intent };
}
