/** What statements are made of, and how the members that both their spellings share are read and written. */
import { fromBase64, toBase64 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import type { AnchorHint, EvidenceFile } from "./evidence.ts";
import type { Frontier } from "./frontier.ts";
import { type IndexKind, requireIndexId } from "./index-keys.ts";
import { BLINDING_BYTES, INDEX_KEY_BYTES, INDEX_KINDS, type IndexProof } from "./index-tree.ts";
import { isJsonObject } from "./json.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { HASH_BYTES, isSize } from "./merkle.ts";
import { VRF_PROOF_BYTES } from "./vrf.ts";

export const STATEMENT_TYPE = "minhbach/statement";
export const STATEMENT_VERSION = 1;

/** What a statement says before it lists events. */
export interface StatementHead<List extends StatementListHead = StatementListHead> {
  readonly log: LogId;
  /** The index size of the anchor: the statement covers the log's events with an index below it. At least 1. */
  readonly horizon: number;
  /** Where the anchor with this index size is found; a hint, never a proof. */
  readonly anchor: AnchorHint;
  /** First of the id that was asked for, then of those that are the same person, one each. */
  readonly lists: readonly List[];
}

/** What is proven of one id, before its events. */
export interface StatementListHead {
  readonly kind: IndexKind;
  /** As `requireIndexId` accepts it. */
  readonly id: string;
  /** The 80-byte proof that the key belongs to the id; none for a consent, whose key anybody can compute. */
  readonly vrf: Uint8Array | undefined;
  readonly proof: IndexProof;
  /** What opens the leaf's commitment (32 bytes of blinding); undefined when the id has no events. */
  readonly entry: { readonly count: number; readonly blinding: Uint8Array } | undefined;
  /** The tree of the events that an earlier statement listed and this one leaves out; undefined when it leaves out none. */
  readonly since: Frontier | undefined;
}

export interface StatementEntry {
  /** Place of the event in the log, from 0. */
  readonly index: number;
  /** `payload~disclosure~...~` with the disclosures being shown. */
  readonly event: string;
  /** Which of the closures says why the event is not shown. */
  readonly closedBy?: number;
}

export interface StatementList extends StatementListHead {
  readonly events: readonly StatementEntry[];
}

/** A statement with all its parts parsed but events and closures, which stay as they came. */
export interface Statement extends StatementHead<StatementList> {
  /** Evidence of the seals and erasures by which entries are closed. */
  readonly closures: readonly EvidenceFile[];
}

/** How deeply the JSON of a statement is nested: document, lists, list, proof, steps, step. */
export const STATEMENT_DEPTH = 6;

/** A person has a handful of numbers in a lifetime. */
const MAX_LISTS = 16;
/** Every bit of a key may be branched on. */
const MAX_STEPS = 8 * INDEX_KEY_BYTES;

type Members = { readonly [name: string]: unknown };

/** The members of the head as they are written. */
export function headMembers({ log, horizon, anchor, lists }: StatementHead) {
  return {
    type: STATEMENT_TYPE,
    version: STATEMENT_VERSION,
    log: formatLogId(log),
    horizon,
    anchor: { block: anchor.block, transaction: anchor.transaction },
    lists: lists.map(listMembers),
  };
}

function listMembers({ kind, id, vrf, proof, entry, since }: StatementListHead) {
  const { steps, leaf } = proof;
  return {
    kind,
    id,
    vrf: vrf === undefined ? null : toBase64(vrf),
    proof: {
      steps: steps.map(({ bit, sibling }) => [bit, toBase64(sibling)]),
      leaf: leaf === undefined ? null : { key: toBase64(leaf.key), commitment: toBase64(leaf.commitment) },
    },
    entry: entry === undefined ? null : { count: entry.count, blinding: toBase64(entry.blinding) },
    since: since === undefined ? null : { count: since.size, frontier: since.nodes.map(toBase64) },
  };
}

/** Reads the head; `readList` reads each of its lists. Throws FormatError. */
export function headOf<List extends StatementListHead>(
  value: unknown,
  readList: (list: unknown) => List,
): Omit<StatementHead, "lists"> & { readonly lists: readonly List[] } {
  const head = isJsonObject(value) ? value : {};
  if (head["type"] !== STATEMENT_TYPE) throw bad(`"type":"${STATEMENT_TYPE}"`);
  if (head["version"] !== STATEMENT_VERSION) {
    throw new FormatError(
      "statement-version",
      `this is a statement of another version than ${STATEMENT_VERSION}; a newer verifier may know it`,
    );
  }
  const { log, horizon, anchor, lists } = members(head, "a statement", 6);
  if (typeof log !== "string" || !isCount(horizon)) throw bad("log and horizon, which is at least 1");
  if (!Array.isArray(lists) || lists.length === 0 || lists.length > MAX_LISTS) {
    throw bad(`1 to ${MAX_LISTS} lists`);
  }
  const read = lists.map(readList);
  if (new Set(read.map(({ kind, id }) => `${kind} ${id}`)).size !== read.length)
    throw bad("one list for each id");
  return { log: parseLogId(log), horizon, anchor: anchorOf(anchor), lists: read };
}

function anchorOf(value: unknown): AnchorHint {
  const { block, transaction } = members(value, "an anchor", 2);
  if (!isSize(block) || typeof transaction !== "string" || !/^0x[0-9a-f]{64}$/.test(transaction)) {
    throw bad("anchor {block, transaction} with a block number and a transaction hash in lowercase");
  }
  return { block, transaction };
}

/** Reads a list without its events. Throws FormatError. */
export function listOf(value: unknown): StatementListHead {
  const { kind, id, vrf, proof, entry, since } = members(value, "a list", 6);
  if (!isKind(kind) || typeof id !== "string") throw bad("kind person, official or consent, and an id");
  requireIndexId(kind, id);
  if ((vrf === null) !== (kind === "consent")) throw bad("vrf of persons and officials, null for a consent");
  return {
    kind,
    id,
    vrf: vrf === null ? undefined : bytesOf(vrf, VRF_PROOF_BYTES),
    proof: proofOf(proof),
    entry: entry === null ? undefined : countedOf(entry),
    since: since === null ? undefined : sinceOf(since),
  };
}

function proofOf(value: unknown): IndexProof {
  const { steps, leaf } = members(value, "a proof", 2);
  if (!Array.isArray(steps) || steps.length > MAX_STEPS) throw bad(`a proof of at most ${MAX_STEPS} steps`);
  return { steps: steps.map(stepOf), leaf: leaf === null ? undefined : leafOf(leaf) };
}

function stepOf(value: unknown): IndexProof["steps"][number] {
  if (!Array.isArray(value)) throw bad("steps [bit, sibling]");
  const step: readonly unknown[] = value;
  const [bit, sibling, ...more] = step;
  if (!isSize(bit) || bit >= MAX_STEPS || more.length > 0)
    throw bad("steps [bit, sibling] with a bit of 0 to 255");
  return { bit, sibling: bytesOf(sibling, HASH_BYTES) };
}

function leafOf(value: unknown): IndexProof["leaf"] {
  const { key, commitment } = members(value, "a leaf", 2);
  return { key: bytesOf(key, INDEX_KEY_BYTES), commitment: bytesOf(commitment, HASH_BYTES) };
}

function countedOf(value: unknown): StatementListHead["entry"] {
  const { count, blinding } = members(value, "an entry", 2);
  if (!isCount(count)) throw bad("a count of at least 1");
  return { count, blinding: bytesOf(blinding, BLINDING_BYTES) };
}

function sinceOf(value: unknown): Frontier {
  const { count, frontier } = members(value, "since", 2);
  if (!isCount(count) || !Array.isArray(frontier) || frontier.length !== ones(count)) {
    throw bad("since {count, frontier} with a node for each bit set in the count");
  }
  return { size: count, nodes: frontier.map((node) => bytesOf(node, HASH_BYTES)) };
}

/** How many perfect subtrees a tree of this size has. */
function ones(count: number): number {
  return count.toString(2).replaceAll("0", "").length;
}

/** Reads an entry of a list from its own members. Throws FormatError. */
export function entryOf(value: Members): StatementEntry {
  const { index, event, closedBy } = value;
  const isClosed = Object.hasOwn(value, "closedBy");
  members(value, "an event", isClosed ? 3 : 2);
  if (!isSize(index) || typeof event !== "string") throw bad("events {index, event} of a number and a text");
  if (!isClosed) return { index, event };
  if (!isSize(closedBy)) throw bad("closedBy as the number of a closure");
  return { index, event, closedBy };
}

/** The members of an object, of which there must be as many. */
export function members(value: unknown, what: string, count?: number): Members {
  if (!isJsonObject(value) || (count !== undefined && Object.keys(value).length !== count)) {
    throw bad(`${what} with the members of section 16 of the specification and no others`);
  }
  return value;
}

function bytesOf(value: unknown, length: number): Uint8Array {
  const bytes = typeof value === "string" ? fromBase64(value) : undefined;
  if (bytes?.length !== length) throw bad(`base64 of ${length} bytes where the specification has it`);
  return bytes;
}

function isCount(value: unknown): value is number {
  return isSize(value) && value > 0;
}

function isKind(value: unknown): value is StatementListHead["kind"] {
  return typeof value === "string" && Object.hasOwn(INDEX_KINDS, value);
}

function bad(expected: string): FormatError {
  return new FormatError("statement", `not a statement of this version: expected ${expected}`);
}
