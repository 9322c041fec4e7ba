/**
 * Checks a log from its first entry to its last as a reader replays it: submission by submission, each with its payloads, receipt
 * and signature, and every anchor of the chain's history where it falls. Nothing of the log is held but what an append-only tree has
 * to remember, so a log of any length is checked in little memory, and a check can stop anywhere and go on later.
 */
import { equal, fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { appendAll, type Frontier, frontierRoot } from "../../protocol/frontier.ts";
import { parseCompactJws, type ParsedJws, verifyJws } from "../../protocol/jws.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { FIRST_SEQ, parsePayload } from "../../protocol/payload.ts";
import { parseReceipt, type Receipt } from "../../protocol/receipt.ts";
import type { Source } from "../../protocol/source.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { type Anchor, ChainError, type ChainReader, type KeyVersion } from "../chain.ts";
import { logOf, type TrustProfile } from "../trust-profile.ts";
import { AnchorWalk } from "./anchor-walk.ts";
import { AuditFault, type LogCheckId, type Remarks, remarked } from "./fault.ts";
import { safeKeys, signerAt, sourceHistories } from "./key-history.ts";
import { type BuiltTile, TileBuilder } from "./tile-builder.ts";

/** A submission as the ledger shows it, with the entries it holds in the log. */
export interface AuditedSubmission {
  readonly source: Source;
  readonly first: number;
  readonly count: number;
  readonly index: number;
  /** When the ledger says it received it, Unix seconds. */
  readonly time: number;
  readonly jws: string;
  readonly receipt: string;
  readonly payloads: readonly Uint8Array[];
}

/** A promise of a receipt to index the entries before `end`, for which no anchor was met yet. */
export interface IndexPromise {
  readonly index: number;
  readonly end: number;
  readonly indexBy: number;
}

/** How far a log was checked, and all that the rest depends on. */
export interface LogProgress {
  readonly frontier: Frontier;
  readonly openTiles: readonly (readonly Uint8Array[])[];
  /** The number each source's next event must have. */
  readonly next: ReadonlyMap<Source, number>;
  /** Anchors compared so far, and the size of the last one. */
  readonly anchors: number;
  readonly anchoredSize: number;
  /** Blocks of the last two, the newer first. */
  readonly anchorBlocks: readonly number[];
  readonly indexPromises: readonly IndexPromise[];
  readonly remarks: Remarks;
}

interface SignedRoot {
  readonly jws: ParsedJws;
  readonly root: Uint8Array;
}

export interface LogAuditOptions {
  readonly profile: TrustProfile;
  readonly chain: ChainReader;
  /** How many anchors the log has, and the block at whose end it had them: entries beyond them are judged by it. */
  readonly anchorCount: number;
  readonly asOf: number;
  /** Every checkpoint and receipt key the log ever had, oldest first. */
  readonly logKeys: readonly KeyVersion[];
  /** Compares a full tile with what the ledger has; throws AuditFault. */
  readonly compareTile: (tile: BuiltTile) => Promise<void>;
  /** Told of every anchor that follows from the entries; throws AuditFault. */
  readonly onAnchor: (anchor: Anchor) => Promise<void>;
  /** Unix seconds: promises that have run out by then are due. */
  readonly now: number;
}

/** Checks a log, submission by submission, and knows how far it came. */
export class LogAudit {
  readonly #options: LogAuditOptions;
  readonly #log: string;
  readonly #walk: AnchorWalk;
  readonly #historyOf: ReturnType<typeof sourceHistories>;
  readonly #isSafe = safeKeys();
  readonly #next: Map<Source, number>;
  readonly #tiles: TileBuilder;
  #frontier: Frontier;
  #anchoredSize: number;
  #anchorBlocks: readonly number[];
  #indexPromises: IndexPromise[];
  #remarks: Remarks;

  constructor(options: LogAuditOptions, from: LogProgress) {
    const { profile, chain, anchorCount } = options;
    this.#options = options;
    this.#log = formatLogId(logOf(profile));
    this.#walk = new AnchorWalk(chain, profile, anchorCount, from.anchors);
    this.#historyOf = sourceHistories(chain, profile);
    this.#next = new Map(from.next);
    this.#tiles = new TileBuilder(from.frontier.size, from.openTiles);
    this.#frontier = from.frontier;
    this.#anchoredSize = from.anchoredSize;
    this.#anchorBlocks = from.anchorBlocks;
    this.#indexPromises = [...from.indexPromises];
    this.#remarks = from.remarks;
  }

  /** Entries checked so far. */
  get size(): number {
    return this.#frontier.size;
  }

  get remarks(): Remarks {
    return this.#remarks;
  }

  /** The RFC 6962 root over them. */
  root(): Uint8Array {
    return frontierRoot(this.#frontier);
  }

  /** What a later audit needs to go on. Of no use after a fault. */
  progress(): LogProgress {
    return {
      frontier: this.#frontier,
      openTiles: this.#tiles.open.map((hashes) => [...hashes]),
      next: new Map(this.#next),
      anchors: this.#walk.place,
      anchoredSize: this.#anchoredSize,
      anchorBlocks: this.#anchorBlocks,
      indexPromises: [...this.#indexPromises],
      remarks: this.#remarks,
    };
  }

  /** Checks the next submission of the log. @throws AuditFault naming the first entry that is wrong. */
  async add(submission: AuditedSubmission): Promise<void> {
    const leaves = this.#checkEntries(submission);
    const signed = this.#checkSubmission(submission, leaves);
    this.#checkNumbers(submission);
    const receipt = this.#checkReceipt(submission, signed.root);
    const { index, count } = submission;
    if (receipt.indexBy > 0)
      this.#indexPromises.push({ index, end: index + count, indexBy: receipt.indexBy });
    let anchor = await this.#passAnchors();
    for (let done = 0; done < count;) {
      const end = Math.min(count, (anchor?.size ?? Infinity) - index);
      await this.#checkSigner(submission, signed.jws, { from: done, to: end - 1 }, anchor);
      await this.#append(leaves.slice(done, end));
      done = end;
      if (done === count) this.#checkAnchorPromise(index, receipt, anchor);
      anchor = await this.#passAnchors();
    }
  }

  /** Compares the anchors of the size reached so far, and returns the next: the one at whose block the next entry is judged. */
  async #passAnchors(): Promise<Anchor | undefined> {
    let anchor = await this.#walk.peek();
    for (; anchor?.size === this.size; anchor = await this.#walk.peek()) {
      if (!equal(anchor.root, this.root())) {
        const message = `from here to entry ${this.size - 1} the entries lead to another root than the chain's of block ${anchor.block}`;
        throw fault("anchors", Math.min(this.#anchoredSize, this.size - 1), message);
      }
      await this.#options.onAnchor(anchor);
      this.#keepIndexPromises(anchor);
      this.#anchoredSize = anchor.size;
      this.#anchorBlocks = [anchor.block, ...this.#anchorBlocks].slice(0, 2);
      this.#walk.advance();
    }
    if (anchor !== undefined && anchor.size < this.size) {
      const message = `${this.#options.chain.name} contradicts itself: the log's anchors are not in order`;
      throw new ChainError("malformed", message);
    }
    return anchor;
  }

  /** After the last submission: the chain must hold nothing beyond. @throws AuditFault. */
  async finish(): Promise<void> {
    const anchor = await this.#passAnchors();
    if (anchor !== undefined) {
      const message = `the chain holds an anchor of ${anchor.size} entries (block ${anchor.block}), and there are only ${this.size}`;
      throw fault("anchors", this.size, message);
    }
    const { now } = this.#options;
    for (const { index, indexBy } of this.#indexPromises.filter((promise) => promise.indexBy < now))
      this.#remark("promises", index, `promised in the index by ${utc(indexBy)}, and not there yet`);
  }

  /** The unfinished tiles at the end. */
  partialTiles(): BuiltTile[] {
    return this.#tiles.partial();
  }

  #checkEntries({ source, first, index, payloads }: AuditedSubmission): Uint8Array[] {
    return payloads.map((bytes, n) =>
      reading("entries", index + n, () => {
        const { src, seq } = parsePayload(fromUtf8(bytes));
        if (src !== source || seq !== first + n) {
          const message = `it is number ${seq} of ${src}, in a submission where number ${first + n} of ${source} belongs`;
          throw fault("submissions", index + n, message);
        }
        return leafHash(bytes);
      }),
    );
  }

  #checkSubmission(submission: AuditedSubmission, leaves: readonly Uint8Array[]): SignedRoot {
    const { source, first, count, index } = submission;
    return reading("submissions", index, () => {
      if (index !== this.size || leaves.length !== count)
        throw fault(
          "submissions",
          this.size,
          `a submission of ${leaves.length} entries from ${index} on does not belong here`,
        );
      const jws = parseCompactJws(submission.jws, "submission+jws");
      const signed = parseSubmissionPayload(jws.payload);
      if (formatLogId(signed.log) !== this.#log)
        throw fault("submissions", index, `it was signed for the log ${formatLogId(signed.log)}`);
      if (signed.src !== source || signed.first !== first || signed.count !== count) {
        const message = `${signed.src} signed ${signed.count} events from number ${signed.first}, not ${count} from ${first} of ${source}`;
        throw fault("submissions", index, message);
      }
      if (!equal(signed.root, rootHash(leaves)))
        throw fault(
          "submissions",
          index,
          `its ${count} entries are not those that ${source} signed: the root differs`,
        );
      return { jws, root: signed.root };
    });
  }

  #checkNumbers({ source, first, count, index }: AuditedSubmission): void {
    const expected = this.#next.get(source) ?? FIRST_SEQ;
    if (first !== expected)
      throw fault("sequences", index, `${source} goes on with number ${first}; the next is ${expected}`);
    this.#next.set(source, first + count);
  }

  #checkReceipt(submission: AuditedSubmission, root: Uint8Array): Receipt {
    const { source, first, count, index, time } = submission;
    return reading("receipts", index, () => {
      const { jws, receipt } = parseReceipt(submission.receipt);
      const isForIt =
        formatLogId(receipt.log) === this.#log &&
        receipt.src === source &&
        receipt.first === first &&
        receipt.count === count &&
        receipt.index === index &&
        receipt.time === time &&
        equal(receipt.root, root);
      if (!isForIt) throw fault("receipts", index, "its receipt is about something else");
      const isSigned = this.#options.logKeys.some(({ receipt: key }) =>
        verifyJws(jws, { alg: "EdDSA", key }),
      );
      if (!isSigned) throw fault("receipts", index, "no receipt key the log ever had signed its receipt");
      return receipt;
    });
  }

  async #checkSigner(
    { source, first, index }: AuditedSubmission,
    jws: ParsedJws,
    part: { readonly from: number; readonly to: number },
    anchor: Anchor | undefined,
  ): Promise<void> {
    const history = await this.#historyOf(source);
    const range = { source, from: first + part.from, to: first + part.to };
    const at = index + part.from;
    reading("signatures", at, () => {
      const signer = signerAt(history, range, jws.header.kid, anchor?.block ?? this.#options.asOf);
      // What the ledger accepted may lose its key before the anchor comes. An anchor comes after its checkpoint, and that after the
      // anchor before: at one of the last two anchors the key was good, or the ledger should not have taken it.
      const earlier = this.#anchorBlocks.map((block) => signerAt(history, range, jws.header.kid, block));
      const found = [signer, ...earlier].find((each) => "key" in each);
      if (found === undefined || !("key" in found))
        throw fault("signatures", at, "reason" in signer ? signer.reason : "there is no key");
      if (!this.#isSafe(found.key, jws))
        throw fault("signatures", at, "the key is no safe point of its curve");
      if (!verifyJws(jws, found.key)) throw fault("signatures", at, `${source} did not sign this submission`);
      if ("reason" in signer)
        this.#remark(
          "signatures",
          at,
          `when it was anchored, ${signer.reason}; its evidence does not verify`,
        );
    });
  }

  async #append(leaves: readonly Uint8Array[]): Promise<void> {
    for (const leaf of leaves) {
      for (const tile of this.#tiles.append(leaf)) await this.#options.compareTile(tile);
    }
    this.#frontier = appendAll(this.#frontier, leaves);
  }

  /** `anchor` is the one that covers the last entry. */
  #checkAnchorPromise(index: number, { anchorBy }: Receipt, anchor: Anchor | undefined): void {
    if ((anchor?.time ?? this.#options.now) <= anchorBy) return;
    const came = anchor === undefined ? "and is not yet" : `and was by ${utc(anchor.time)}`;
    this.#remark("promises", index, `promised to be anchored by ${utc(anchorBy)}, ${came}`);
  }

  #keepIndexPromises({ indexSize, time }: Anchor): void {
    const isMet = ({ end }: IndexPromise): boolean => end <= indexSize;
    for (const { index, indexBy } of this.#indexPromises.filter(isMet)) {
      const detail = `promised in the index by ${utc(indexBy)}, and was by ${utc(time)}`;
      if (time > indexBy) this.#remark("promises", index, detail);
    }
    this.#indexPromises = this.#indexPromises.filter((promise) => !isMet(promise));
  }

  #remark(check: LogCheckId, index: number, detail: string): void {
    this.#remarks = remarked(this.#remarks, check, index, detail);
  }
}

function fault(check: LogCheckId, index: number, message: string): AuditFault {
  return new AuditFault(check, index, message);
}

/** What cannot be read is a fault of its check. */
function reading<T>(check: LogCheckId, index: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new AuditFault(check, index, `${cause.message} (${cause.code})`, { cause });
  }
}

/** A time in Unix seconds for people to read; years beyond 9999 stay numbers. */
function utc(seconds: number): string {
  return seconds < 253_402_300_800 ? new Date(seconds * 1000).toISOString() : `${seconds} seconds`;
}
