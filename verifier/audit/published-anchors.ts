import { equal } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import { checkpointOrigin } from "../../protocol/log-id.ts";
import { verifierKey, verifyNote } from "../../protocol/note.ts";
import type { Anchor, ChainReader, KeyVersion } from "../chain.ts";
import { logOf, type TrustProfile } from "../trust-profile.ts";
import { AuditFault } from "./fault.ts";
import type { PublishedAnchor, PublishedLog } from "./published-log.ts";

export interface PublishedAnchorsOptions {
  readonly ledger: Pick<PublishedLog, "anchors">;
  readonly chain: ChainReader;
  readonly profile: TrustProfile;
  readonly logKeys: readonly KeyVersion[];
  /** How many anchors the chain has. */
  readonly count: number;
}

/** A ledger lists an anchor when it is final; until then one is under way, and one may have come while it was asked. */
const UNDER_WAY = 2;

/** The ledger's list of anchors beside the chain's history, from the anchor `place` of size `size` on. */
export class PublishedAnchors {
  readonly #options: PublishedAnchorsOptions;
  #listed: readonly PublishedAnchor[] = [];
  #place: number;
  /** Asked for next: anchors with a size greater than this. */
  #after: number;
  #isEnd = false;

  constructor(options: PublishedAnchorsOptions, place: number, size: number) {
    this.#options = options;
    this.#place = place;
    this.#after = Math.max(0, size - 1);
  }

  /** Compares the next anchor of the chain. @throws AuditFault. */
  async compare(anchor: Anchor, place: number): Promise<void> {
    // An anchor of the empty log is in no page of the list.
    if (anchor.size === 0) return;
    const listed = await this.#next(place, anchor.size - 1);
    if (listed === undefined) {
      if (place >= this.#options.count - UNDER_WAY) return;
      throw wrong(
        anchor.size - 1,
        `the ledger does not list the chain's anchor ${place} of block ${anchor.block}`,
      );
    }
    this.#requireSame(listed, anchor, place);
  }

  /** What the ledger lists beyond the anchors compared: it must have come to the chain since. @throws AuditFault. */
  async finish(): Promise<void> {
    const { chain, profile } = this.#options;
    const first = await this.#next(this.#place, 0);
    if (first === undefined) return;
    const count = await chain.anchorCount(profile.anchorRegistry, profile.logId);
    for (const [n, listed] of [first, ...this.#listed].entries()) {
      const place = this.#place - 1 + n;
      if (place >= count)
        throw wrong(
          listed.size - 1,
          `the ledger lists an anchor ${listed.number}, and the chain has only ${count}`,
        );
      const anchor = await chain.anchorAt(profile.anchorRegistry, profile.logId, place);
      this.#requireSame(listed, anchor, place);
    }
  }

  async #next(place: number, index: number): Promise<PublishedAnchor | undefined> {
    this.#place = place + 1;
    if (this.#listed.length === 0 && !this.#isEnd) this.#listed = await this.#page(place, index);
    const [listed, ...rest] = this.#listed;
    this.#listed = rest;
    return listed;
  }

  async #page(place: number, index: number): Promise<readonly PublishedAnchor[]> {
    try {
      const page = (await this.#options.ledger.anchors(this.#after)).filter(({ number }) => number >= place);
      this.#isEnd = page.length === 0;
      const last = page.at(-1)?.size ?? 0;
      // The next page begins with this size again: a page may end between two anchors of one size.
      this.#after = Math.max(this.#after, last - 1);
      return page;
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw wrong(
        index,
        `the ledger's list of anchors cannot be read: ${cause.message} (${cause.code})`,
        cause,
      );
    }
  }

  #requireSame(listed: PublishedAnchor, anchor: Anchor, place: number): void {
    const isSame =
      listed.number === place &&
      listed.size === anchor.size &&
      listed.indexSize === anchor.indexSize &&
      listed.block === anchor.block &&
      listed.time === anchor.time &&
      equal(listed.root, anchor.root) &&
      equal(listed.indexRoot, anchor.indexRoot);
    if (!isSame)
      throw wrong(
        anchor.size - 1,
        `the ledger lists another anchor ${place} than the chain's of block ${anchor.block}`,
      );
    const fault = checkpointFault(listed.checkpoint, anchor, this.#options);
    if (fault !== undefined) throw wrong(anchor.size - 1, `the checkpoint of anchor ${place} ${fault}`);
  }
}

/** What is wrong with the signed checkpoint of an anchor. */
export function checkpointFault(
  text: string,
  { size, root }: Pick<Anchor, "size" | "root">,
  { profile, logKeys }: { readonly profile: TrustProfile; readonly logKeys: readonly KeyVersion[] },
): string | undefined {
  const origin = checkpointOrigin(logOf(profile));
  try {
    const checkpoint = parseCheckpoint(text);
    if (checkpoint.origin !== origin) return `is of another log: ${checkpoint.origin}`;
    if (checkpoint.size !== size || !equal(checkpoint.root, root)) return "is of another size or root";
    const isSigned = logKeys.some((version) =>
      verifyNote(checkpoint.note, verifierKey(origin, version.checkpoint)),
    );
    return isSigned ? undefined : "has no valid signature of the log";
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    return `cannot be read: ${cause.message} (${cause.code})`;
  }
}

function wrong(index: number, message: string, cause?: unknown): AuditFault {
  return new AuditFault("published-anchors", index, message, { cause });
}
