import { toBase64 } from "../../protocol/bytes.ts";
import { EVIDENCE_TYPE, EVIDENCE_VERSION, evidenceText } from "../../protocol/evidence.ts";
import { verifyInclusion } from "../../protocol/merkle.ts";
import { proveInclusion } from "../../protocol/proof-nodes.ts";
import { tlogProofText } from "../../protocol/tlog-proof.ts";
import type { AnchorStatus } from "../anchor/anchor-status.ts";
import type { EventToShow, SeenEvent } from "../disclose/showing.ts";
import { LedgerError, parsingRecords } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Tree } from "../integrate/tree.ts";
import type { RecordedEvent, StoreReader, StoredAnchor } from "../store/store.ts";
import { submissionTrees } from "./submission-trees.ts";

/** What a caller sees of an event: disclose/ in the running server. */
export type ShowEvent = (caller: Caller, what: string, event: EventToShow) => Promise<SeenEvent>;

export interface ProverOptions {
  readonly store: StoreReader;
  readonly tree: () => Tree;
  readonly show: ShowEvent;
  /** How the chain was seen last: it may have lost anchors that were final. */
  readonly anchoring: () => Pick<AnchorStatus, "missingAnchors" | "finalSize">;
}

export interface Prover {
  /** The event at this index. @throws LedgerError `unknown-event`, `disclosures-missing`, `look-not-recorded`. */
  eventAt: (index: number, caller: Caller) => Promise<SeenEvent>;
  /**
   * The evidence file of the event at this index, verified as far as it can be without the chain.
   * @throws LedgerError `unknown-event`, `disclosures-missing`, `look-not-recorded`, or `not-yet-anchored` when no final anchor covers it yet.
   */
  evidenceAt: (index: number, caller: Caller) => Promise<string>;
  /** The same with the event as `show` shows it: for whoever makes evidence of many events under one look. @throws as `evidenceAt` does. */
  evidenceShown: (index: number, show: (event: EventToShow) => Promise<SeenEvent>) => Promise<string>;
  /** The index of the event with this leaf hash. @throws LedgerError `unknown-event`. */
  indexOfLeaf: (leafHash: Uint8Array) => Promise<number>;
}

/** Evidence for the public kept in memory, about 4 KB each: what many ask for at once is made once. */
const PUBLIC_EVIDENCE_KEPT = 8192;

/** Makes evidence from the records and the tiles. */
export function makeProver({ store, tree, show, anchoring }: ProverOptions): Prover {
  const submissions = submissionTrees(tree);
  const madeForPublic = new Map<number, { readonly anchor: StoredAnchor; readonly text: string }>();

  async function requireAnchor(index: number): Promise<StoredAnchor> {
    const anchor = await store.anchorCovering(index);
    if (anchor !== undefined) {
      const { missingAnchors, finalSize } = anchoring();
      if (missingAnchors === 0 || anchor.size <= finalSize) return anchor;
      // Evidence handed out now would be refused by everybody who asks the chain.
      throw new LedgerError(
        "not-yet-anchored",
        "The chain lost the anchor of this event; it is being anchored again. Ask again in a minute.",
        { retryAfterSeconds: 60 },
      );
    }
    const { size } = await store.head();
    if (index >= size) throw unknownEvent();
    throw new LedgerError(
      "not-yet-anchored",
      "The event is recorded, and its anchor is not final yet. Ask again in a moment.",
    );
  }

  async function recordedEvent(index: number): Promise<RecordedEvent> {
    const recorded = await store.eventWithSubmission(index);
    if (recorded === undefined) throw unknownEvent();
    return recorded;
  }

  async function evidenceAt(index: number, caller: Caller): Promise<string> {
    const anchor = await requireAnchor(index);
    const isPublic = caller.role === "public";
    const made = isPublic ? madeForPublic.get(index) : undefined;
    // The anchor is another one when the chain lost it and it was anchored again: the hint where to look has changed.
    if (made !== undefined && made.anchor.blockHash === anchor.blockHash) return made.text;
    const toCaller = (event: EventToShow): Promise<SeenEvent> => show(caller, "evidence", event);
    const text = await parsingRecords(`event ${index}`, () => makeEvidence(index, anchor, toCaller));
    if (isPublic) keep(index, anchor, text);
    return text;
  }

  function keep(index: number, anchor: StoredAnchor, text: string): void {
    madeForPublic.delete(index);
    madeForPublic.set(index, { anchor, text });
    if (madeForPublic.size <= PUBLIC_EVIDENCE_KEPT) return;
    const [oldest] = madeForPublic.keys();
    if (oldest !== undefined) madeForPublic.delete(oldest);
  }

  async function makeEvidence(
    index: number,
    anchor: StoredAnchor,
    showIt: (event: EventToShow) => Promise<SeenEvent>,
  ): Promise<string> {
    const recorded = await recordedEvent(index);
    const { submission } = recorded;
    const event = await showIt({ ...recorded, index });
    const { leafHash } = event;
    const place = index - submission.index;
    const { path, root: signedRoot } = await submissions.pathTo(submission, place);
    const inSubmission = { index: place, size: submission.count, leafHash, proof: path, root: signedRoot };
    if (!verifyInclusion(inSubmission)) throw selfContradiction(index, "its submission");
    const hashes = await proveInclusion(index, anchor.size, tree().readNodes);
    const { size, root } = anchor;
    if (!verifyInclusion({ index, size, leafHash, proof: hashes, root }))
      throw selfContradiction(index, "its anchor");
    // Both proofs were verified, and what they prove was parsed when it was received: reading it all again would take as long as everything before.
    return evidenceText({
      type: EVIDENCE_TYPE,
      version: EVIDENCE_VERSION,
      event: event.text,
      submission: { jws: submission.jws, index: place, path: path.map(toBase64) },
      proof: tlogProofText({ index, hashes, checkpoint: anchor.checkpoint }),
      anchor: { block: anchor.block, transaction: anchor.transaction },
    });
  }

  return {
    eventAt: async (index, caller) =>
      await parsingRecords(`event ${index}`, async () =>
        show(caller, "event", { ...(await recordedEvent(index)), index }),
      ),
    evidenceAt,
    evidenceShown: async (index, showIt) => {
      const anchor = await requireAnchor(index);
      return await parsingRecords(`event ${index}`, () => makeEvidence(index, anchor, showIt));
    },
    indexOfLeaf: async (leafHash) => {
      const index = await tree().leafIndex(leafHash);
      if (index === undefined) {
        throw new LedgerError(
          "unknown-event",
          "No event with this leaf hash is in the published log; a new one takes some seconds.",
        );
      }
      return index;
    },
  };
}

function unknownEvent(): LedgerError {
  return new LedgerError("unknown-event", "The log does not reach this index.");
}

/** Our own records or tiles are damaged: no evidence is better than evidence that fails at the reader's. */
function selfContradiction(index: number, other: string): Error {
  return new Error(`the event ${index} does not lead to the root of ${other}`);
}
