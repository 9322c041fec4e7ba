/**
 * Evidence bundles: the evidence of several events in one file, for a court or another authority, with the log's receipts and what the ledger
 * found about each event. A bundle says nothing about what to trust, and only its evidence and receipts prove something: who made it, when, what about,
 * and the findings are what the ledger says; `record` names the event by which the log holds that it was made.
 *
 * Lines (NDJSON, `application/x-ndjson`), each one JSON text and a newline: the head; an item for each event; `{"end": {"items": how many}}`, without
 * which the bundle was cut off.
 */
import { FormatError } from "./errors.ts";
import { EVIDENCE_DEPTH, type EvidenceFile, evidenceFileOf } from "./evidence.ts";
import { fromUtf8 } from "./bytes.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { isSize } from "./merkle.ts";
import { isUnixSeconds } from "./submission.ts";

export const BUNDLE_TYPE = "minhbach/evidence-bundle";
export const BUNDLE_VERSION = 1;

/** Items in a bundle at most. */
export const MAX_BUNDLE_ITEMS = 1000;
/** Longest bundle. */
export const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;
/** Findings about one event at most. */
const MAX_FINDINGS = 32;
const MAX_TEXT = 1024;

/** The members of the first line but type and version. */
export interface BundleHead {
  readonly log: LogId;
  /** Unix seconds. */
  readonly madeAt: number;
  /** For which authority, and for which of its officials. */
  readonly madeFor: { readonly authority: string; readonly official: string };
  /** What was asked for: `indexes`, `case` or `person`. */
  readonly about: (typeof BUNDLE_SUBJECTS)[number];
  /** The event by which the log holds that the bundle was made: its log index, and its leaf hash (base64url). */
  readonly record: { readonly index: number; readonly leaf: string };
  /** Where the ledger says its log is: to be compared with the reader's trust profile, never to be trusted. */
  readonly chain: {
    readonly chainId: number;
    readonly genesisHash: string;
    readonly anchorRegistry: string;
    readonly agencyRegistry: string;
  };
}

export const BUNDLE_SUBJECTS = ["indexes", "case", "person"] as const;

/** One event. */
export interface BundleItem {
  /** Its log index; the evidence proves it. */
  readonly index: number;
  readonly evidence: EvidenceFile;
  /** The log's receipt for the submission that it came with. */
  readonly receipt: string;
  /** What the ledger found about it. */
  readonly findings: readonly BundleFinding[];
}

export interface BundleFinding {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  /** Unix seconds. */
  readonly since: number;
}

/** A bundle with its outer JSON parsed, and nothing of what it claims checked. */
export interface Bundle extends BundleHead {
  readonly items: readonly BundleItem[];
}

/** The first line. */
export function bundleHeadLine(head: BundleHead): string {
  const { log, madeAt, madeFor, about, record, chain } = head;
  return line({
    ...{ type: BUNDLE_TYPE, version: BUNDLE_VERSION, log: formatLogId(log) },
    ...{ madeAt, madeFor, about, record, chain },
  });
}

/** The line of an item. */
export function bundleItemLine({ index, evidence, receipt, findings }: BundleItem): string {
  return line({ index, evidence, receipt, findings });
}

/** The last line, after this many items. */
export function bundleEndLine(items: number): string {
  return line({ end: { items } });
}

/** The whole bundle; it has passed `parseBundle`. Throws FormatError. */
export function formatBundle({ items, ...head }: Bundle): string {
  const text = bundleHeadLine(head) + items.map(bundleItemLine).join("") + bundleEndLine(items.length);
  parseBundle(text);
  return text;
}

/**
 * Parses a bundle: UTF-8 or text. Unknown members are refused at every level, the same index twice too. Throws FormatError `bundle`,
 * `bundle-truncated` (lines that end before their end line), `evidence`, `log-id` or one of `parseStrictJson`'s.
 */
export function parseBundle(input: Uint8Array | string): Bundle {
  if (input.length > MAX_BUNDLE_BYTES) throw bad(`at most ${MAX_BUNDLE_BYTES} bytes`);
  const text = typeof input === "string" ? input : fromUtf8(input);
  const lines = text.split("\n");
  // The last line ends with a newline too.
  const rest = lines.pop();
  if (lines.length > MAX_BUNDLE_ITEMS + 2) throw bad(`at most ${MAX_BUNDLE_ITEMS} events`);
  const [first, ...others] = lines;
  if (first === undefined) throw truncated();
  const head = headOf(valueOf(first));
  const values = others.map(valueOf);
  const end = values.pop();
  if (end === undefined || !isJsonObject(end) || !("end" in end) || rest !== "") throw truncated();
  const items = values.map(itemOf);
  const { items: count } = members(members(end, ["end"])["end"], ["items"]);
  if (count !== items.length) throw truncated();
  if (new Set(items.map(({ index }) => index)).size !== items.length) throw bad("each event once");
  return { ...head, items };
}

function valueOf(text: string): unknown {
  return parseStrictJson(text, { maxDepth: EVIDENCE_DEPTH + 1 });
}

const HEAD = ["type", "version", "log", "madeAt", "madeFor", "about", "record", "chain"];

function headOf(value: unknown): BundleHead {
  const { type, version, log, madeAt, madeFor, about, record, chain } = members(value, HEAD);
  if (type !== BUNDLE_TYPE) throw bad(`"type":"${BUNDLE_TYPE}"`);
  if (version !== BUNDLE_VERSION)
    throw bad(`"version":${BUNDLE_VERSION}; a newer verifier may know this one`);
  const subject = BUNDLE_SUBJECTS.find((each) => each === about);
  if (typeof log !== "string" || !isSeconds(madeAt) || subject === undefined)
    throw bad(`log, madeAt in Unix seconds, and about: ${BUNDLE_SUBJECTS.join(", ")}`);
  const { authority, official } = members(madeFor, ["authority", "official"]);
  const { index, leaf } = members(record, ["index", "leaf"]);
  if (!isSize(index) || typeof leaf !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(leaf))
    throw bad("record with a log index and a leaf hash in base64url");
  return {
    ...{ log: parseLogId(log), madeAt, about: subject, record: { index, leaf }, chain: chainOf(chain) },
    madeFor: { authority: textOf(authority), official: textOf(official) },
  };
}

function chainOf(value: unknown): BundleHead["chain"] {
  const names = ["chainId", "genesisHash", "anchorRegistry", "agencyRegistry"];
  const { chainId, genesisHash, anchorRegistry, agencyRegistry } = members(value, names);
  if (!isSize(chainId)) throw bad("a chain id that is a number");
  return {
    chainId,
    genesisHash: hexOf(genesisHash, 64),
    anchorRegistry: hexOf(anchorRegistry, 40),
    agencyRegistry: hexOf(agencyRegistry, 40),
  };
}

function itemOf(value: unknown): BundleItem {
  const { index, evidence, receipt, findings } = members(value, ["index", "evidence", "receipt", "findings"]);
  if (!isSize(index) || typeof receipt !== "string") throw bad("items with an index and a receipt");
  if (!Array.isArray(findings) || findings.length > MAX_FINDINGS)
    throw bad(`items with a list of at most ${MAX_FINDINGS} findings`);
  return { index, evidence: evidenceFileOf(evidence), receipt, findings: findings.map(findingOf) };
}

function findingOf(value: unknown): BundleFinding {
  const { id, kind, state, since } = members(value, ["id", "kind", "state", "since"]);
  if (!isSeconds(since)) throw bad("findings with their time in Unix seconds");
  return { id: textOf(id), kind: textOf(kind), state: textOf(state), since };
}

function isSeconds(value: unknown): value is number {
  return isUnixSeconds(value);
}

function textOf(value: unknown): string {
  if (typeof value !== "string" || value === "" || value.length > MAX_TEXT)
    throw bad(`texts of 1 to ${MAX_TEXT} characters`);
  return value;
}

function hexOf(value: unknown, digits: number): string {
  if (typeof value !== "string" || value.length !== digits + 2 || !/^0x[0-9a-f]*$/.test(value))
    throw bad(`0x and ${digits} lowercase hexadecimal digits`);
  return value;
}

function members(value: unknown, names: readonly string[]): { readonly [name: string]: unknown } {
  if (
    isJsonObject(value) &&
    Object.keys(value).length === names.length &&
    names.every((name) => name in value)
  )
    return value;
  throw bad(`exactly {${names.join(", ")}}`);
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function truncated(): FormatError {
  return new FormatError("bundle-truncated", "the bundle was cut off before its end line; fetch it again");
}

function bad(expected: string): FormatError {
  return new FormatError(
    "bundle",
    `not the lines of an evidence bundle of this version: expected ${expected}`,
  );
}
