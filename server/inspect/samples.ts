import { randomUUID } from "node:crypto";
import { fromHex, toBase64url } from "../../protocol/bytes.ts";
import { isGrant } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { drawSample, isSampleRange, MAX_SAMPLE, type SampleRange } from "../../protocol/sample.ts";
import type { Desk, RecordedAct } from "../desk/desk.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, SignedOn } from "../identity/caller.ts";
import type { Prover } from "../prove/evidence.ts";
import type { StoreReader } from "../store/store.ts";
import { bad } from "./asked.ts";
import type { TermStorage } from "./search/filter.ts";
import type { PostingQuery } from "./search/messages.ts";
import type { SearchIndex } from "./search/search-index.ts";
import type { Term } from "./search/terms.ts";
import { openStored } from "./stored-event.ts";

export interface SamplesOptions {
  readonly desk: Pick<Desk, "source" | "record">;
  readonly store: Pick<StoreReader, "head" | "events" | "anchorCovering">;
  readonly prover: Pick<Prover, "evidenceAt">;
  readonly search: Pick<SearchIndex, "caughtUp" | "find" | "range">;
  readonly terms: Pick<TermStorage, "hashOf">;
}

/** From what is to be drawn: a range of the log, or a time whose range is looked up. */
export type SampleFrom =
  | { readonly from: number; readonly to: number }
  | { readonly receivedFrom: number; readonly receivedBefore: number };

/** A sample that was asked for, and its place in the log. */
export interface AskedSample {
  readonly range: SampleRange;
  readonly act: RecordedAct;
}

/** A sample that was drawn. */
export interface DrawnSample {
  readonly index: number;
  /** Leaf hash of the event that asked for it: 32 bytes. */
  readonly leafHash: Uint8Array;
  readonly range: SampleRange;
  readonly seed: { readonly block: number; readonly blockHash: string; readonly transaction: string };
  /** Log indexes, in the order of drawing. */
  readonly indexes: readonly number[];
  /** Those of them that fit the filter, in the same order. */
  readonly matching?: readonly number[];
  /** Evidence of the event that asked for it. */
  readonly evidence: unknown;
}

export interface SampleFilter {
  readonly agency?: string | undefined;
  readonly procedure?: string | undefined;
  /** Only what was granted (protocol/grant.ts). */
  readonly only?: "granted" | undefined;
}

/** Verifiable random samples (protocol/sample.ts): asked for by a recorded event, drawn by the block that anchors it. */
export interface Samples {
  /** @throws LedgerError `bad-request` where nothing can be drawn; those of the desk. */
  ask: (caller: Caller, from: SampleFrom, count: number) => Promise<AskedSample>;
  /** @throws LedgerError `unknown-sample`, `not-yet-anchored` until the seed is known. */
  drawn: (index: number, filter: SampleFilter, caller: Caller) => Promise<DrawnSample>;
  /** Log indexes of the drawn events that are grants, in the order of drawing. @throws LedgerError as `drawn`. */
  granted: (index: number, caller: Caller) => Promise<readonly number[]>;
}

const FOUND_AT_ONCE = 1000;
/** What the search knows of grants. */
const GRANT_TERMS: readonly Term[] = [
  { kind: "type", text: "action" },
  { kind: "outcome", text: "success" },
];
/** Events that are opened at once, to see whether they are grants. */
const OPENED_AT_ONCE = 500;

export function samples({ desk, store, prover, search, terms }: SamplesOptions): Samples {
  async function rangeOf(from: SampleFrom): Promise<{ readonly from: number; readonly to: number }> {
    if ("from" in from) return from;
    await search.caughtUp();
    return await search.range(from.receivedFrom, from.receivedBefore);
  }

  async function ask(caller: Caller, asked: SampleFrom, count: number): Promise<AskedSample> {
    const by = inspectorOf(caller);
    const range = { ...(await rangeOf(asked)), count };
    if (!isSampleRange(range)) {
      const size = Math.max(0, range.to - range.from);
      throw bad(`The range has ${size} events; ask for 1 to ${Math.min(size, MAX_SAMPLE)} of them.`);
    }
    const act = await desk.record({
      by,
      facets: {
        type: "inspection",
        inspection: {
          ...{ id: `sample-${randomUUID()}`, state: "sampled", authority: by.authority },
          sample: range,
        },
        "agent.id": by.name,
        "agent.role": "inspector",
      },
      check: async () => {
        // What is drawn from was there before the seed could be known.
        const { size } = await store.head();
        if (range.to > size)
          throw bad(`The log has ${size} events: a sample is drawn from those that are there.`);
      },
    });
    return { range, act };
  }

  async function askedAt(index: number): Promise<{ range: SampleRange; leafHash: Uint8Array }> {
    const [event] = await store.events([index]);
    if (event?.disclosures === undefined) throw unknownSample();
    const { source, facets } = openStored(event);
    const range = source === desk.source ? sampleIn(facets.inspection) : undefined;
    if (range === undefined || range.to > index) throw unknownSample();
    return { range, leafHash: leafHash(event.payload) };
  }

  async function matching(
    drawn: readonly number[],
    { agency, procedure, only }: SampleFilter,
  ): Promise<readonly number[]> {
    const among = drawn.toSorted((a, b) => a - b);
    const found = new Set<number>();
    const query: PostingQuery = {
      terms: [
        ...(agency === undefined ? [] : [terms.hashOf({ kind: "agency", text: agency })]),
        ...(procedure === undefined ? [] : [terms.hashOf({ kind: "procedure", text: procedure })]),
        ...(only === undefined ? [] : GRANT_TERMS.map(terms.hashOf)),
      ],
      ...{ among, newestFirst: false, limit: FOUND_AT_ONCE },
    };
    await search.caughtUp();
    for (let start: number | undefined = 0; start !== undefined;) {
      const page = await search.find({ ...query, start });
      for (const index of page.indexes) found.add(index);
      start = page.next;
    }
    const fitting = drawn.filter((index) => found.has(index));
    return only === undefined ? fitting : await grantsAmong(fitting);
  }

  /** What was erased says no longer what it was. */
  async function grantsAmong(indexes: readonly number[]): Promise<number[]> {
    const grants: number[] = [];
    for (let at = 0; at < indexes.length; at += OPENED_AT_ONCE) {
      const page = indexes.slice(at, at + OPENED_AT_ONCE);
      for (const [place, event] of (await store.events(page)).entries()) {
        const index = page[place];
        if (index !== undefined && event !== undefined && isGrant(openStored(event).facets))
          grants.push(index);
      }
    }
    return grants;
  }

  async function drawn(index: number, filter: SampleFilter, caller: Caller): Promise<DrawnSample> {
    const { range, leafHash: leaf } = await askedAt(index);
    // First, because it is refused while the anchor is not final or was lost.
    const evidence: unknown = JSON.parse(await prover.evidenceAt(index, caller));
    const anchor = await store.anchorCovering(index);
    if (anchor === undefined) throw new Error("evidence was made of an event that no anchor covers");
    const { block, blockHash, transaction } = anchor;
    const indexes = drawSample(range, { blockHash: fromHex(blockHash.slice(2)), leafHash: leaf });
    const isFiltered = Object.values(filter).some((each) => each !== undefined);
    return {
      ...{ index, leafHash: leaf, range, seed: { block, blockHash, transaction }, indexes, evidence },
      ...(isFiltered && { matching: await matching(indexes, filter) }),
    };
  }

  return {
    ask,
    drawn,
    granted: async (index, caller) => (await drawn(index, { only: "granted" }, caller)).matching ?? [],
  };
}

/** Both on the wire. */
export function askedDocument({ range, act: { index, leafHash: leaf, time } }: AskedSample): object {
  return { index, leaf, time, sample: range };
}

export function drawnDocument({ index, leafHash: leaf, range, ...drawn }: DrawnSample): object {
  return { index, leaf: toBase64url(leaf), sample: range, ...drawn };
}

function sampleIn(inspection: unknown): SampleRange | undefined {
  if (!isJsonObject(inspection) || inspection["state"] !== "sampled") return undefined;
  const { from, to, count } = isJsonObject(inspection["sample"]) ? inspection["sample"] : {};
  if (typeof from !== "number" || typeof to !== "number" || typeof count !== "number") return undefined;
  return isSampleRange({ from, to, count }) ? { from, to, count } : undefined;
}

/** The permission table lets inspectors alone come here. */
export function inspectorOf(caller: Caller): SignedOn & { readonly role: "inspector" } {
  if (caller.role === "inspector") return caller;
  throw new LedgerError("forbidden", "This is for inspectors.");
}

function unknownSample(): LedgerError {
  return new LedgerError(
    "unknown-sample",
    "At this place of the log no sample was asked for, or that was erased.",
  );
}
