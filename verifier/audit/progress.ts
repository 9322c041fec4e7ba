import { fromBase64, toBase64 } from "../../protocol/bytes.ts";
import { emptyFrontier } from "../../protocol/frontier.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isSize } from "../../protocol/merkle.ts";
import { isSource } from "../../protocol/source.ts";
import type { Remark, Remarks } from "./fault.ts";
import type { IndexPromise, LogProgress } from "./log-audit.ts";

/** Nothing is checked yet. */
export const NO_PROGRESS: LogProgress = {
  frontier: emptyFrontier(),
  openTiles: [],
  next: new Map(),
  anchors: 0,
  anchoredSize: 0,
  anchorBlocks: [],
  indexPromises: [],
  remarks: {},
};

/** The progress as a value that JSON can hold. */
export function progressJson(progress: LogProgress): object {
  const { frontier, openTiles, next, ...rest } = progress;
  return {
    ...rest,
    size: frontier.size,
    nodes: frontier.nodes.map(toBase64),
    openTiles: openTiles.map((hashes) => hashes.map(toBase64)),
    next: Object.fromEntries(next),
  };
}

/** What `progressJson` gave; undefined for anything else, and for what could not be the progress of a check. */
export function parseProgress(value: unknown): LogProgress | undefined {
  if (!isJsonObject(value)) return undefined;
  const { size, nodes, openTiles, next, anchors, anchoredSize, anchorBlocks, indexPromises, remarks } = value;
  if (!isSize(size) || !isSize(anchors) || !isSize(anchoredSize)) return undefined;
  if (!isListOf(nodes, isText) || !isListOf(openTiles, isTextList)) return undefined;
  if (!isJsonObject(next) || !isListOf(anchorBlocks, isSize)) return undefined;
  if (!isListOf(indexPromises, isIndexPromise) || !isRemarks(remarks)) return undefined;
  const sources = Object.entries(next).flatMap(([source, seq]) =>
    isSource(source) && isSize(seq) ? [[source, seq] as const] : [],
  );
  return {
    frontier: { size, nodes: nodes.map(fromBase64) },
    openTiles: openTiles.map((hashes) => hashes.map(fromBase64)),
    next: new Map(sources),
    anchors,
    anchoredSize,
    anchorBlocks,
    indexPromises,
    remarks,
  };
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextList(value: unknown): value is readonly string[] {
  return isListOf(value, isText);
}

function isIndexPromise(value: unknown): value is IndexPromise {
  return isJsonObject(value) && isSize(value["index"]) && isSize(value["end"]) && isSize(value["indexBy"]);
}

function isRemarks(value: unknown): value is Remarks {
  return isJsonObject(value) && Object.values(value).every(isRemark);
}

function isRemark(value: unknown): value is Remark {
  return isJsonObject(value) && isSize(value["count"]) && isSize(value["index"]) && isText(value["detail"]);
}
