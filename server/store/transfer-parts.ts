import type { Bytes } from "../../protocol/bytes.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { bundleEntries } from "./bundle.ts";
import { eventKeyOf } from "./rows.ts";
import type { Head, IndexKeyRow, NewSubmission, StoredAnchor, StoreReader } from "./store.ts";
import { TransferError } from "./transfer-error.ts";

/** A submission on its way from one store to another, sealed as it was. */
export type MovedSubmission = Omit<NewSubmission, "attachment">;

/**
 * Everything that is truth in a store, piece by piece and always in this order: what the records are bound to; the submissions in the order of the log,
 * each anchor behind the first submission that reaches its size; the keys of the index; what the anchorer was about to send.
 */
export type Part =
  | { readonly kind: "binding"; readonly name: string; readonly value: Bytes }
  | { readonly kind: "submission"; readonly submission: MovedSubmission }
  | { readonly kind: "anchor"; readonly anchor: StoredAnchor }
  | { readonly kind: "index-key"; readonly row: IndexKeyRow }
  | { readonly kind: "anchor-intent"; readonly intent: Bytes };

/** What the records come to. */
export interface RecordsHead {
  readonly size: number;
  /** Root of the log, 32 bytes. */
  readonly root: Bytes;
  readonly commits: number;
}

/** Where records come from. They may be read more than once, and are the same every time. */
export interface Origin {
  readonly head: RecordsHead;
  /** With the submissions from this index on (0: all), or from some before. */
  readonly parts: (fromIndex?: number) => AsyncIterable<Part>;
}

/** The name under which a store remembers that records are being moved into it; it is not moved itself. */
export const TRANSFER_BINDING = "transfer";

/** Events read at once: some megabytes at most, and few enough questions. */
const PAGE_EVENTS = 1000;
const PAGE_KEYS = 4096;
const PAGE_ANCHORS = 500;

function recordsHead({ size, frontier, commits }: Head): RecordsHead {
  return { size, root: frontierRoot(frontier), commits };
}

/** The records that a reader shows; give a snapshot, so that they are of one moment. */
export async function originOf(reader: StoreReader): Promise<Origin> {
  const head = recordsHead(await reader.head());
  return { head, parts: (fromIndex = 0) => partsOf(reader, head.size, fromIndex) };
}

/** The same records for the log that succeeds theirs on the chain, where the anchors of theirs do not stand. */
export function forSuccessor({ head, parts }: Origin): Origin {
  return {
    head,
    parts: async function* (fromIndex) {
      for await (const part of parts(fromIndex))
        if (part.kind !== "anchor" && part.kind !== "anchor-intent") yield part;
    },
  };
}

/** What the records are bound to by the public key of VRF_KEY. */
const VRF_BINDING = "vrf";

/** The same records for a ledger with another VRF key, which makes the keys of its index anew from what the events say of people. */
export function forOtherVrfKey({ head, parts }: Origin): Origin {
  return {
    head,
    parts: async function* (fromIndex) {
      for await (const part of parts(fromIndex))
        if (part.kind !== "index-key" && !(part.kind === "binding" && part.name === VRF_BINDING)) yield part;
    },
  };
}

/** Whether every event says still of whom it is: otherwise `forOtherVrfKey` cannot do. @throws TransferError `erased` */
export function requireOpenable({ index, keys }: MovedSubmission): void {
  const entries = bundleEntries(keys, 0, Infinity);
  const at = entries.findIndex((entry) => entry.length > 0 && eventKeyOf(entry) === undefined);
  if (at === -1) return;
  throw new TransferError(
    "erased",
    `Event ${index + at} was erased, so nobody can make its index keys under another VRF key: these records stay with the one they have. Deploy a new, empty log instead, and keep this one readable.`,
  );
}

async function* partsOf(reader: StoreReader, size: number, fromIndex: number): AsyncGenerator<Part> {
  for (const { name, value } of await reader.bindings())
    if (name !== TRANSFER_BINDING) yield { kind: "binding", name, value };
  const anchors = anchorsOf(reader);
  let anchor = await anchors.next();
  for (let index = fromIndex; index < size;) {
    const page = await reader.keptSubmissions({ from: index, events: PAGE_EVENTS });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { attachmentName, ...submission } of page) {
      const kept = attachmentName && (await reader.keptAttachment(submission.index));
      yield { kind: "submission", submission: { ...submission, ...(kept && { keptAttachment: kept }) } };
      const end = submission.index + submission.count;
      for (; anchor.done !== true && anchor.value.size <= end; anchor = await anchors.next())
        yield { kind: "anchor", anchor: anchor.value };
    }
    index = last.index + last.count;
  }
  // Of a log that is longer than these records, which cannot be; whoever checks them says so.
  for (; anchor.done !== true; anchor = await anchors.next()) yield { kind: "anchor", anchor: anchor.value };
  for (let ordinal = 0; ;) {
    const rows = await reader.indexKeys({ from: ordinal, limit: PAGE_KEYS });
    for (const row of rows) yield { kind: "index-key", row };
    if (rows.length < PAGE_KEYS) break;
    ordinal += rows.length;
  }
  const intent = await reader.anchorIntent();
  if (intent !== undefined) yield { kind: "anchor-intent", intent };
}

/** By size, and index size. Anchors of one size, of which a page may hold a part, are read again with the next page. */
async function* anchorsOf(reader: StoreReader): AsyncGenerator<StoredAnchor> {
  let limit = PAGE_ANCHORS;
  for (let after = 0; ;) {
    const page = await reader.anchors({ after, limit });
    if (page.length < limit) {
      yield* page;
      return;
    }
    const lastSize = page.at(-1)?.size ?? after;
    const whole = page.filter(({ size }) => size < lastSize);
    yield* whole;
    after = whole.at(-1)?.size ?? after;
    limit = whole.length === 0 ? 2 * limit : PAGE_ANCHORS;
  }
}

/** What the part is called in messages; nothing about a person. */
export function nameOfPart(part: Part | undefined): string {
  switch (part?.kind) {
    case undefined:
      return "the end";
    case "binding":
      return `what the records are bound to as ${part.name}`;
    case "submission":
      return `the submission at index ${part.submission.index}`;
    case "anchor":
      return `the anchor of size ${part.anchor.size}`;
    case "index-key":
      return "a key of the index";
    case "anchor-intent":
      return "what the anchorer was about to send";
  }
}
