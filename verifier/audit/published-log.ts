import { fromHex, fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { MAX_JWS_LENGTH } from "../../protocol/jws.ts";
import { isSize } from "../../protocol/merkle.ts";
import { MAX_NOTE_LENGTH } from "../../protocol/note.ts";
import { MAX_PAYLOAD_LENGTH } from "../../protocol/payload.ts";
import { isSource, type Source } from "../../protocol/source.ts";
import {
  entriesPath,
  type EntryBundle,
  parseEntryBundle,
  type Tile,
  TILE_WIDTH,
  tilePath,
} from "../../protocol/tile.ts";
import type { Anchor } from "../chain.ts";
import { type FetchResponse, readBody } from "../http-body.ts";
import type { AuditedSubmission } from "./log-audit.ts";

/** The part of the Fetch API that reading takes. */
export type FetchPage = (
  url: string,
  request: { readonly redirect: "error"; readonly signal: AbortSignal },
) => Promise<FetchResponse>;

/** The ledger gave no answer to check: nothing is known about the log. */
export class LedgerUnreachable extends Error {
  override readonly name = "LedgerUnreachable";
}

/** An anchor as the ledger lists it. */
export interface PublishedAnchor extends Anchor {
  readonly number: number;
  /** The signed checkpoint of this size. */
  readonly checkpoint: string;
}

/**
 * What anybody can read of a ledger. Every method rejects with LedgerUnreachable when no answer came; with FormatError when the
 * answer is not of the format; and gives undefined where the ledger says that it has no such thing.
 */
export interface PublishedLog {
  checkpoint: () => Promise<string | undefined>;
  entries: (bundle: EntryBundle) => Promise<readonly Uint8Array[] | undefined>;
  tile: (tile: Tile) => Promise<Uint8Array | undefined>;
  /** The submission that holds the number of the source, without the payloads. */
  submission: (source: Source, seq: number) => Promise<Omit<AuditedSubmission, "payloads"> | undefined>;
  /** Listed anchors in the order of the contract's history, from this number on; none behind the last. */
  anchors: (from: number) => Promise<readonly PublishedAnchor[]>;
}

/** A busy ledger over a slow link. */
const TIMEOUT_SECONDS = 30;
const MAX_TILE_BYTES = TILE_WIDTH * 32;
const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_PAYLOAD_LENGTH);
const MAX_SUBMISSION_BYTES = 2 * MAX_JWS_LENGTH + 4096;
const MAX_ANCHORS_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 4;
const ANCHORS_PER_PAGE = 1000;

/** The ledger at a URL without a slash at its end. */
export function publishedLog(url: string, fetch: FetchPage): PublishedLog {
  async function get(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const body = await getBody(path, maxBytes);
    if (body === "too long")
      throw new FormatError("json", `the answer of /${path} is longer than ${maxBytes} bytes`);
    return body;
  }

  async function getBody(path: string, maxBytes: number): Promise<Uint8Array | "too long" | undefined> {
    let response: FetchResponse;
    let bytes: Uint8Array | undefined;
    try {
      response = await fetch(`${url}/${path}`, {
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
      });
      bytes = await readBody(response, maxBytes);
    } catch (cause) {
      throw new LedgerUnreachable(`${url} does not answer; check the address, or go on later`, { cause });
    }
    if (response.status === 404) return undefined;
    if (response.status !== 200)
      throw new LedgerUnreachable(`${url}/${path} answers with HTTP status ${response.status}; go on later`);
    return bytes ?? "too long";
  }

  async function getJson(
    path: string,
    maxBytes: number,
  ): Promise<{ readonly [name: string]: unknown } | undefined> {
    const bytes = await get(path, maxBytes);
    if (bytes === undefined) return undefined;
    const value = parseStrictJson(fromUtf8(bytes), { maxDepth: MAX_DEPTH });
    if (!isJsonObject(value)) throw new FormatError("json", `/${path} is no JSON object`);
    return value;
  }

  return {
    checkpoint: async () => {
      const bytes = await get("checkpoint", 3 * MAX_NOTE_LENGTH);
      return bytes && fromUtf8(bytes);
    },
    entries: async (bundle) => {
      const bytes = await get(entriesPath(bundle), MAX_BUNDLE_BYTES);
      return bytes && parseEntryBundle(bytes);
    },
    tile: async (tile) => await get(tilePath(tile), MAX_TILE_BYTES),
    submission: async (source, seq) => {
      const value = await getJson(`v1/submissions/${source}/${seq}`, MAX_SUBMISSION_BYTES);
      return value && submissionOf(value);
    },
    anchors: async (from) => {
      const value = await getJson(`v1/anchors?from=${from}&limit=${ANCHORS_PER_PAGE}`, MAX_ANCHORS_BYTES);
      const list: readonly unknown[] = Array.isArray(value?.["anchors"]) ? value["anchors"] : [];
      return list.map(anchorOf);
    },
  };
}

function submissionOf(value: { readonly [name: string]: unknown }): Omit<AuditedSubmission, "payloads"> {
  const { source, first, count, index, time, jws, receipt } = value;
  if (
    !isSource(source) ||
    !isSize(first) ||
    !isSize(count) ||
    !isSize(index) ||
    !isSize(time) ||
    typeof jws !== "string" ||
    typeof receipt !== "string"
  )
    throw new FormatError("submission", "expected {source, first, count, index, time, jws, receipt}");
  return { source, first, count, index, time, jws, receipt };
}

function anchorOf(value: unknown): PublishedAnchor {
  const { number, size, root, indexSize, indexRoot, block, time, checkpoint } = isJsonObject(value)
    ? value
    : {};
  if (
    !isSize(number) ||
    !isSize(size) ||
    !isSize(indexSize) ||
    !isSize(block) ||
    !isSize(time) ||
    typeof root !== "string" ||
    typeof indexRoot !== "string" ||
    typeof checkpoint !== "string"
  )
    throw new FormatError("json", "a listed anchor lacks a member");
  return {
    number,
    size,
    root: fromHex(root),
    indexSize,
    indexRoot: fromHex(indexRoot),
    block,
    time,
    checkpoint,
  };
}
