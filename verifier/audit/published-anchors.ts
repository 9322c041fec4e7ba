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

/** The ledger's list of anchors beside the chain's history, from the anchor `place` on. */
export class PublishedAnchors {
  readonly #options: PublishedAnchorsOptions;
  #listed: readonly PublishedAnchor[] = [];
  /** The place that is compared next. */
  #place: number;
  #isEnd = false;

  constructor(options: PublishedAnchorsOptions, place: number) {
    this.#options = options;
    this.#place = place;
  }

  /** Compares the next anchor of the chain. @throws AuditFault. */
  async compare(anchor: Anchor): Promise<void> {
    const place = this.#place++;
    const listed = await this.#next(place, anchor.size);
    if (listed !== undefined) this.#requireSame(listed, anchor, place);
    else if (place < this.#options.count - UNDER_WAY)
      throw wrong(
        anchor.size,
        `the ledger does not list the chain's anchor ${place} of block ${anchor.block}`,
      );
  }

  /** What the ledger lists beyond the anchors compared: it must have come to the chain since. @throws AuditFault. */
  async finish(): Promise<void> {
    const { chain, profile } = this.#options;
    const count = await chain.anchorCount(profile.anchorRegistry, profile.logId);
    for (let place = this.#place; ; place++) {
      const listed = await this.#next(place, 0);
      if (listed === undefined) return;
      if (place >= count)
        throw wrong(
          listed.size,
          `the ledger lists an anchor ${listed.number}, and the chain has only ${count}`,
        );
      const anchor = await chain.anchorAt(profile.anchorRegistry, profile.logId, place);
      this.#requireSame(listed, anchor, place);
    }
  }

  async #next(place: number, size: number): Promise<PublishedAnchor | undefined> {
    if (this.#listed.length === 0 && !this.#isEnd) {
      this.#listed = await this.#page(place, size);
      this.#isEnd = this.#listed.length === 0;
    }
    const [listed, ...rest] = this.#listed;
    this.#listed = rest;
    return listed;
  }

  async #page(place: number, size: number): Promise<readonly PublishedAnchor[]> {
    try {
      return await this.#options.ledger.anchors(place);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw wrong(
        size,
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
        anchor.size,
        `the ledger lists another anchor ${place} than the chain's of block ${anchor.block}`,
      );
    const fault = checkpointFault(listed.checkpoint, anchor, this.#options);
    if (fault !== undefined) throw wrong(anchor.size, `the checkpoint of anchor ${place} ${fault}`);
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

/** `size` is the anchor's: the last of its entries is named. */
function wrong(size: number, message: string, cause?: unknown): AuditFault {
  return new AuditFault("published-anchors", Math.max(0, size - 1), message, { cause });
}
