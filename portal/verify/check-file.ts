import { sha256 } from "#sha256";

import { fromUtf8, toBase64url } from "../../protocol/bytes.ts";
import { BUNDLE_TYPE } from "../../protocol/bundle.ts";
import { FormatError } from "../../protocol/errors.ts";
import { GATHERED_TYPE, parseGathered } from "../../protocol/gathered.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { parseStatement, STATEMENT_TYPE } from "../../protocol/statement.ts";
import { verifyAccusation } from "../../verifier/accusation.ts";
import { verifyBreach } from "../../verifier/breach.ts";
import { verifyBundle } from "../../verifier/bundle.ts";
import type { ChainReader } from "../../verifier/chain.ts";
import { type EvidenceClaim, verifyEvidence } from "../../verifier/evidence.ts";
import { verifyGathered } from "../../verifier/gathered.ts";
import { checkReceiptPromises, type ReceiptWorth } from "../../verifier/receipt-promises.ts";
import { type StatementClaim, verifyStatement } from "../../verifier/statement.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { comparedWith } from "./check.ts";
import { entriesOf, type Entry } from "./entries.ts";
import { readFacets } from "./facets.ts";
import type { CheckedFile, FileKind, FileTask, FileVerdict, Proven } from "./file-messages.ts";

type Found = Pick<CheckedFile, "verdict" | "checks" | "proven">;
type ProvenStatement = Extract<Proven, { kind: "statement" }>;
type Verify = (task: FileTask, chain: ChainReader | undefined) => Promise<Found>;

const KINDS: ReadonlyMap<unknown, FileKind> = new Map<unknown, FileKind>([
  [STATEMENT_TYPE, "statement"],
  [GATHERED_TYPE, "gathered"],
  ["minhbach/evidence", "evidence"],
  [BUNDLE_TYPE, "bundle"],
  ["minhbach/accusation", "accusation"],
  ["minhbach/breach", "breach"],
]);

const VERIFY: Readonly<Record<FileKind, Verify>> = {
  statement: checkStatementFile,
  gathered: checkGathered,
  evidence: checkEvidence,
  bundle: checkBundle,
  accusation: async ({ bytes, profile }, chain) => {
    const { claim, ...found } = await verifyAccusation(bytes, profile, chain);
    return { ...found, proven: claim && { kind: "accusation", claim } };
  },
  breach: async ({ bytes, profile }, chain) => {
    const { claim, ...found } = await verifyBreach(bytes, profile, chain);
    return { ...found, proven: claim && { kind: "breach", claim } };
  },
  receipt: checkReceipt,
};

/** Verifies a file of any kind that is known. Never throws on hostile bytes or a hostile chain. */
export async function checkFile(task: FileTask, chain: ChainReader | undefined): Promise<CheckedFile> {
  const { bytes, profile, nodes } = task;
  const kind = kindOf(bytes);
  const found: Found =
    kind === undefined ? { verdict: "invalid", checks: [], proven: null } : await VERIFY[kind](task, chain);
  return {
    ...{ kind, ...found, nodes, digest: toBase64url(sha256(bytes)) },
    comparedWith: profile && comparedWith(profile),
  };
}

/** The member `type` of a file that is a JSON object, or of its first line where it has one object a line. The verifiers parse strictly. */
function typeOf(bytes: Uint8Array): unknown {
  const text = new TextDecoder().decode(bytes);
  for (const part of [text, text.slice(0, text.indexOf("\n") + 1)]) {
    try {
      const value: unknown = JSON.parse(part);
      return isJsonObject(value) ? value["type"] : undefined;
    } catch {
      // Not JSON; perhaps its first line is.
    }
  }
  // A file that was cut off still says at its beginning what it was.
  return /^\s*\{\s*"type"\s*:\s*"(minhbach\/[a-z-]+)"/.exec(text)?.[1];
}

/** Three parts with dots between them, as receipts are. */
const COMPACT_JWS = /^\s*[\w-]+\.[\w-]+\.[\w-]+\s*$/;
/** The longest text that is worth looking at as one. */
const MAX_RECEIPT_BYTES = 16_384;

function kindOf(bytes: Uint8Array): FileKind | undefined {
  if (bytes.length <= MAX_RECEIPT_BYTES && COMPACT_JWS.test(new TextDecoder().decode(bytes)))
    return "receipt";
  return KINDS.get(typeOf(bytes));
}

async function checkStatementFile(
  { bytes, earlier, profile }: FileTask,
  chain: ChainReader | undefined,
): Promise<Found> {
  const { verdict, checks, claim } = await verifyStatement(bytes, profile, chain, {
    ...(earlier !== undefined && { earlier }),
  });
  return { verdict, checks, proven: claim && provenStatement(claim, bytes) };
}

function provenStatement(claim: StatementClaim, text: Uint8Array | string): ProvenStatement {
  const { lists, ...rest } = claim;
  const shownLists = lists.map(({ kind, id, count, since }) => ({ kind, id, count, since }));
  return { kind: "statement", claim: rest, lists: shownLists, entries: entriesOf(parseStatement(text)) };
}

/** The good parts are shown also where another one is bad or missing: its checks say which. */
async function checkGathered({ bytes, profile }: FileTask, chain: ChainReader | undefined): Promise<Found> {
  const { verdict, checks, parts } = await verifyGathered(bytes, profile, chain);
  if (parts.every(({ claim }) => claim === null)) return { verdict, checks, proven: null };
  const texts = parseGathered(bytes);
  const shown = parts.map(({ log, verdict: worth, claim }, at) => ({
    ...{ log, verdict: worth },
    statement: claim && provenStatement(claim, texts[at]?.statement ?? ""),
  }));
  return { verdict, checks, proven: { kind: "gathered", parts: shown } };
}

async function checkEvidence({ bytes, profile }: FileTask, chain: ChainReader | undefined): Promise<Found> {
  const { claim, ...found } = await verifyEvidence(bytes, profile, chain);
  return { ...found, proven: claim && { kind: "evidence", claim, entries: [entryOf(claim)] } };
}

async function checkBundle({ bytes, profile }: FileTask, chain: ChainReader | undefined): Promise<Found> {
  const { claim, ...found } = await verifyBundle(bytes, profile, chain);
  if (claim === null) return { ...found, proven: null };
  const { items, ...rest } = claim;
  const entries = items.map(({ evidence }) => entryOf(evidence));
  const receipts = items.map(({ receipt }) => receipt);
  return { ...found, proven: { kind: "bundle", claim: rest, entries, receipts } };
}

function entryOf({ leafHash, index, source, seq, facets }: EvidenceClaim): Entry {
  const agency = source.slice(0, source.indexOf("/"));
  return { ...{ leaf: leafHash, index, agency, source, seq }, facets: readFacets(facets) };
}

/** What became of a receipt, as a verdict; where it was kept, the environment tells what that is worth. */
function verdictOf(worth: ReceiptWorth, profile: TrustProfile | undefined): FileVerdict {
  switch (worth) {
    case "kept":
      return profile?.environment === "production" ? "valid" : "development";
    case "unusable":
      return "invalid";
    case "unknown":
      return "incomplete";
    case "broken":
    case "not-due":
      return worth;
  }
}

async function checkReceipt({ bytes, profile }: FileTask, chain: ChainReader | undefined): Promise<Found> {
  const { worth, checks, receipt, breaches } = await checkReceiptPromises(textOf(bytes), { profile, chain });
  const isJudged = worth === "kept" || worth === "not-due" || worth === "broken";
  return {
    ...{ verdict: verdictOf(worth, profile), checks },
    proven: isJudged && receipt !== null ? { kind: "receipt", receipt, breaches } : null,
  };
}

/** Without the white space around it, which editors add. What is no UTF-8 is no receipt either. */
function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes).trim();
  } catch (error) {
    if (error instanceof FormatError) return "";
    throw error;
  }
}
