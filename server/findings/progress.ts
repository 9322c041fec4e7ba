import { createHash } from "node:crypto";
import { isJsonObject } from "../../protocol/json.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { StoredAnchor, StoredSubmission, StoreReader } from "../store/store.ts";

/**
 * How far the records were read. Stored with what was made of them, so that a crash repeats nothing and skips nothing; it names the last
 * submission and the last anchor that were read, so that it is not taken for progress in other records.
 */
export interface Progress {
  /** The settings that the findings depend on. */
  readonly terms: string;
  /** The log before this index was read. */
  readonly index: number;
  /** Name of the submission that ends there; empty at the beginning, as is `anchor`. */
  readonly submission: string;
  /** Anchors read, in the order of the contract's history, and the name of the last one. */
  readonly anchors: number;
  readonly anchor: string;
  /** Sizes of the last anchor read. */
  readonly anchoredSize: number;
  readonly indexedSize: number;
}

/** A letter of ours among the derived tables (integrate/derived.ts). */
const PROGRESS_KEY = Buffer.of(0x67);
/** Anchors of one size differ by their index only. */
const ANCHORS_AT_ONCE = 100;

/** Nothing read yet. */
export function noProgress(terms: string): Progress {
  return { terms, index: 0, submission: "", anchors: 0, anchor: "", anchoredSize: 0, indexedSize: 0 };
}

/**
 * The stored progress; undefined when there is none or it is not progress in these records under these terms: a backup of the records
 * alone was restored, the chain lost anchors, a setting changed. Then everything is derived anew.
 */
export async function storedProgress(
  db: DerivedDatabase,
  store: Pick<StoreReader, "submissionOfIndex" | "anchors">,
  terms: string,
): Promise<Progress | undefined> {
  const row = await db.get(PROGRESS_KEY);
  const progress = row && parse(row.toString());
  if (progress?.terms !== terms) return undefined;
  const { index, submission, anchors, anchor } = progress;
  const last = index === 0 ? undefined : await store.submissionOfIndex(index - 1);
  if (submission !== (last === undefined ? "" : nameOfSubmission(last))) return undefined;
  const lastAnchor = anchors === 0 ? undefined : await anchorAt(store, progress, anchors - 1);
  if (anchor !== (lastAnchor === undefined ? "" : nameOfAnchor(lastAnchor))) return undefined;
  return progress;
}

/** Takes the stored progress away. */
export const forgetProgress: DerivedRow = { key: PROGRESS_KEY, value: undefined };

export function progressRow(progress: Progress): DerivedRow {
  return { key: PROGRESS_KEY, value: Buffer.from(JSON.stringify(progress)) };
}

/** The progress after another submission. */
export function afterSubmission(progress: Progress, submission: StoredSubmission): Progress {
  const { index, count } = submission;
  return { ...progress, index: index + count, submission: nameOfSubmission(submission) };
}

/** The progress after the next anchor. */
export function afterAnchor(progress: Progress, anchor: StoredAnchor): Progress {
  return {
    ...progress,
    anchors: anchor.number + 1,
    anchor: nameOfAnchor(anchor),
    anchoredSize: Math.max(progress.anchoredSize, anchor.size),
    indexedSize: Math.max(progress.indexedSize, anchor.indexSize),
  };
}

/** The next anchor to read, if there is one. */
export async function nextAnchor(
  store: Pick<StoreReader, "anchors">,
  progress: Progress,
): Promise<StoredAnchor | undefined> {
  return await anchorAt(store, progress, progress.anchors);
}

/** The anchor of this place in the contract's history, at or behind the last one read. */
async function anchorAt(
  store: Pick<StoreReader, "anchors">,
  { anchoredSize }: Progress,
  number: number,
): Promise<StoredAnchor | undefined> {
  for (let limit = ANCHORS_AT_ONCE; ; limit *= 2) {
    const anchors = await store.anchors({ after: Math.max(0, anchoredSize - 1), limit });
    const found = anchors.find((anchor) => anchor.number === number);
    if (found !== undefined || anchors.length < limit) return found;
    if ((anchors.at(-1)?.number ?? 0) > number) return undefined;
  }
}

/** A receipt is signed over where and when the submission was stored. */
function nameOfSubmission({ receipt }: StoredSubmission): string {
  return createHash("sha256").update(receipt).digest("base64url");
}

function nameOfAnchor({ number, size, indexSize, time, blockHash }: StoredAnchor): string {
  return [number, size, indexSize, time, blockHash].join(" ");
}

function parse(text: string): Progress | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isProgress(value) ? value : undefined;
}

/** The format of the derived database vouches for the rest. */
function isProgress(value: unknown): value is Progress {
  return isJsonObject(value) && typeof value["terms"] === "string";
}
