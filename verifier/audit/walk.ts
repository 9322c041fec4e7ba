import { equal, fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { isCount } from "../../protocol/submission.ts";
import { ChainError, type ChainReader, type KeyVersion } from "../chain.ts";
import type { TrustProfile } from "../trust-profile.ts";
import { EntryReader } from "./entry-reader.ts";
import type { LOG_CHECKS } from "./fault.ts";
import { AuditFault, type LogCheckId, type Remarks } from "./fault.ts";
import { type AuditedSubmission, LogAudit, type LogProgress } from "./log-audit.ts";
import { PublishedAnchors } from "./published-anchors.ts";
import { LedgerUnreachable, type PublishedLog } from "./published-log.ts";
import type { BuiltTile } from "./tile-builder.ts";

/** The checks that one walk over a log makes. */
export const WALK_CHECKS = [
  ...(["entries", "submissions", "sequences", "signatures", "receipts", "promises"] as const),
  ...(["tiles", "anchors", "published-anchors", "root"] as const),
] satisfies readonly (keyof typeof LOG_CHECKS)[];

/** How a walk over the log ended. */
export type WalkEnd =
  | { readonly kind: "done" }
  | { readonly kind: "fault"; readonly fault: AuditFault }
  /** Nothing is wrong, and not everything was reached. */
  | { readonly kind: "stopped"; readonly reason: string };

/** What the chain held about the log when the walk began. */
export interface ChainBasis {
  readonly anchorCount: number;
  readonly asOf: number;
  readonly logKeys: readonly KeyVersion[];
  /** The time of that block: promises that have run out by then are due. */
  readonly now: number;
}

/** Reads it as of a block. */
export async function readChainBasis(
  chain: ChainReader,
  { anchorRegistry, logId }: TrustProfile,
  asOf: number,
): Promise<ChainBasis> {
  const logKeys = await chain.keyVersions(anchorRegistry, logId, asOf);
  const anchorCount = await chain.anchorCount(anchorRegistry, logId, asOf);
  return { anchorCount, asOf, logKeys, now: await chain.blockTime(asOf) };
}

/** How far a walk is. */
export interface WalkStep {
  /** Entries checked, and entries there are. */
  readonly size: number;
  readonly of: number;
  readonly progress: () => LogProgress;
}

export interface LogWalkOptions {
  readonly ledger: Pick<PublishedLog, "entries" | "submission" | "anchors">;
  readonly profile: TrustProfile;
  readonly chain: ChainReader;
  readonly basis: ChainBasis;
  /** The tree to come to. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Where an earlier walk ended, or `NO_PROGRESS`. */
  readonly from: LogProgress;
  /** Compares a tile with what the ledger has; throws AuditFault. */
  readonly compareTile: (tile: BuiltTile) => Promise<void>;
  /** Told after every submission. Asking for the progress costs something, the rest is free. */
  readonly onProgress: (step: WalkStep) => Promise<void>;
  /** Ends the walk between two submissions. */
  readonly signal: AbortSignal;
}

/** One walk over a log, from where the last one ended to a tree's end. */
export class LogWalk {
  readonly #options: LogWalkOptions;
  readonly #audit: LogAudit;
  readonly #anchors: PublishedAnchors;
  readonly #entries: EntryReader;

  constructor(options: LogWalkOptions) {
    const { ledger, profile, chain, basis, from, size, compareTile } = options;
    this.#options = options;
    this.#entries = new EntryReader(ledger, size);
    const listed = { ledger, chain, profile, logKeys: basis.logKeys, count: basis.anchorCount };
    this.#anchors = new PublishedAnchors(listed, from.anchors);
    const onAnchor: PublishedAnchors["compare"] = async (anchor) => await this.#anchors.compare(anchor);
    this.#audit = new LogAudit({ profile, chain, ...basis, compareTile, onAnchor }, from);
  }

  /** Entries checked. */
  get size(): number {
    return this.#audit.size;
  }

  get remarks(): Remarks {
    return this.#audit.remarks;
  }

  /** What a later walk needs to go on. Of no use after a fault. */
  progress(): LogProgress {
    return this.#audit.progress();
  }

  async run(): Promise<WalkEnd> {
    try {
      return await this.#run();
    } catch (error) {
      if (error instanceof AuditFault) return { kind: "fault", fault: error };
      if (error instanceof LedgerUnreachable || error instanceof ChainError)
        return { kind: "stopped", reason: error.message };
      throw error;
    }
  }

  async #run(): Promise<WalkEnd> {
    const { signal, onProgress, size, root, compareTile } = this.#options;
    if (this.size > size) {
      const message = `an earlier audit saw ${this.size} entries, and now there are only ${size}`;
      throw new AuditFault("root", size, message);
    }
    while (this.size < size) {
      if (signal.aborted) return { kind: "stopped", reason: `interrupted at entry ${this.size}` };
      await this.#audit.add(await this.#nextSubmission());
      await onProgress({ size: this.size, of: size, progress: () => this.#audit.progress() });
    }
    await this.#audit.finish();
    await this.#anchors.finish();
    for (const tile of this.#audit.partialTiles()) await compareTile(tile);
    if (!equal(root, this.#audit.root()))
      throw new AuditFault("root", Math.max(0, size - 1), "the entries lead to another root");
    return { kind: "done" };
  }

  /** The submission that the next entry says it is in. */
  async #nextSubmission(): Promise<AuditedSubmission> {
    const index = this.size;
    const [entry = new Uint8Array()] = await this.#entries.read(index, index + 1);
    const { src, seq } = reading("entries", index, () => parsePayload(fromUtf8(entry)));
    const submission = await this.#options.ledger.submission(src, seq).catch((cause: unknown) => {
      throw cause instanceof FormatError ? unreadable("submissions", index, cause) : cause;
    });
    if (submission === undefined)
      throw new AuditFault("submissions", index, `there is no submission of ${src} with number ${seq}`);
    const { first, count } = submission;
    const end = index + count;
    if (submission.index !== index || first !== seq || !isCount(count) || end > this.#options.size) {
      const message = `number ${seq} of ${src} is here, in a submission of ${count} from number ${first} on at ${submission.index}`;
      throw new AuditFault("submissions", index, message);
    }
    return { ...submission, payloads: await this.#entries.read(index, end) };
  }
}

function reading<T>(check: LogCheckId, index: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof FormatError ? unreadable(check, index, cause) : cause;
  }
}

/** What is of no known form is a fault of its check. */
export function unreadable(check: LogCheckId, index: number, cause: FormatError): AuditFault {
  return new AuditFault(check, index, `${cause.message} (${cause.code})`, { cause });
}
