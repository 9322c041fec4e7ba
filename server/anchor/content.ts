import { type Bytes, equal } from "../../protocol/bytes.ts";

/** What an anchor says, wherever it stands: in the contract, in our records, or still to be sent. */
export interface AnchorContent {
  readonly size: number;
  /** RFC 6962 root of the first `size` leaves, 32 bytes. */
  readonly root: Bytes;
  /** Leaves the index tree covers; 0, with 32 zero bytes as its root, while there is no index tree. */
  readonly indexSize: number;
  readonly indexRoot: Bytes;
}

/** 32 zero bytes: the root of an index that covers nothing. */
export const NO_INDEX_ROOT: Bytes = new Uint8Array(32);

/** What the contract answers for the head of a log without anchors. */
export const NOTHING_ANCHORED: AnchorContent = {
  size: 0,
  root: new Uint8Array(32),
  indexSize: 0,
  indexRoot: NO_INDEX_ROOT,
};

export function sameContent(a: AnchorContent, b: AnchorContent): boolean {
  return (
    a.size === b.size &&
    a.indexSize === b.indexSize &&
    equal(a.root, b.root) &&
    equal(a.indexRoot, b.indexRoot)
  );
}

/**
 * The content with the head's index instead of an older one: while the index is built again, it says less than the contract knows. So too instead of
 * one of the same size: the contract takes no other root for it, and refuses the whole anchor.
 */
export function withNoOlderIndex(content: AnchorContent, head: AnchorContent): AnchorContent {
  return content.indexSize > head.indexSize ? content : withIndexOf(content, head);
}

/** The content with the head's index. */
export function withIndexOf(content: AnchorContent, head: AnchorContent): AnchorContent {
  return { ...content, indexSize: head.indexSize, indexRoot: head.indexRoot };
}

/** Whether the contract would take `next` after `head` as something new. */
export function isBeyond(next: AnchorContent, head: AnchorContent): boolean {
  return next.size > head.size || (next.size === head.size && next.indexSize > head.indexSize);
}
