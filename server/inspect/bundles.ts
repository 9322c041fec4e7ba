import { randomUUID } from "node:crypto";
import { toBase64url } from "../../protocol/bytes.ts";
import {
  type BundleFinding,
  bundleEndLine,
  type BundleHead,
  bundleHeadLine,
  type BundleItem,
  bundleItemLine,
  MAX_BUNDLE_ITEMS,
} from "../../protocol/bundle.ts";
import { parseEvidenceFile } from "../../protocol/evidence.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Clock } from "../clock.ts";
import type { Desk, RecordedAct } from "../desk/desk.ts";
import type { Representation } from "../disclose/representation.ts";
import type { Looking, SeenEvent, Showing } from "../disclose/showing.ts";
import { LedgerError } from "../errors.ts";
import type { FindingsBoard, ShownFinding } from "../findings/board.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { IndexReader } from "../index/reader.ts";
import type { Prover } from "../prove/evidence.ts";
import type { StoredSubmission, StoreReader } from "../store/store.ts";
import { bad } from "./asked.ts";
import { inspectorOf } from "./samples.ts";
import { indexesOf } from "./search/event-search.ts";
import type { TermStorage } from "./search/filter.ts";
import type { SearchIndex } from "./search/search-index.ts";

export interface BundlesOptions {
  readonly desk: Pick<Desk, "record">;
  readonly store: Pick<
    StoreReader,
    "head" | "events" | "payloads" | "submissionOfIndex" | "anchorCovering" | "lastAnchor"
  >;
  readonly showing: Pick<Showing, "viewerOf" | "show">;
  readonly prover: Pick<Prover, "evidenceShown">;
  readonly findings: Pick<FindingsBoard, "about">;
  readonly search: Pick<SearchIndex, "caughtUp" | "find">;
  readonly terms: Pick<TermStorage, "hashOf">;
  readonly index: Pick<IndexReader, "keyOf" | "postings" | "newest">;
  readonly representation: Pick<Representation, "numbersOf">;
  readonly log: BundleHead["log"];
  readonly chain: BundleHead["chain"];
  readonly clock: Clock;
}

/** Of which events evidence is wanted. */
export type BundleSubject =
  | { readonly about: "indexes"; readonly indexes: readonly number[] }
  | { readonly about: "case"; readonly case: string }
  /**
   * Received from the first time on and before the second, Unix seconds, as far as the last final anchor's index goes, like a statement: what was recorded
   * a moment ago can't be proven yet.
   */
  | { readonly about: "person"; readonly person: PersonId; readonly from: number; readonly to: number };

/**
 * The lines of an evidence bundle, made while they are taken. That it is made, and who is looked at, is recorded before.
 * @throws LedgerError `bad-request` for too many events, `unknown-event`, `not-yet-anchored`, `starting`, those of the desk; the lines also `disclosures-missing` and `look-not-recorded`.
 */
export type MakeBundle = (subject: BundleSubject, caller: Caller) => Promise<AsyncIterable<string>>;

/** Events whose findings and looks are dealt with at once. */
const ITEMS_AT_ONCE = 50;
/** What the facet of an inspection has room for. */
const MAX_LEAVES = 64;
const MAX_FINDINGS = 32;
const POSTINGS_AT_ONCE = 10_000;

export function bundleMaker(options: BundlesOptions): MakeBundle {
  const { desk, store, showing, prover, findings, search, terms, index, representation, clock } = options;

  /** @param horizon of a person: how many events the last final anchor's index covers */
  async function indexesIn(subject: BundleSubject, horizon: number): Promise<readonly number[]> {
    switch (subject.about) {
      case "indexes":
        return [...new Set(subject.indexes)].sort((a, b) => a - b);
      case "case":
        return await indexesOfCase(subject.case);
      case "person":
        return await indexesOfPerson(subject, horizon);
    }
  }

  async function indexesOfCase(caseOf: string): Promise<number[]> {
    await search.caughtUp();
    const found: number[] = [];
    for (let start: number | undefined = 0; start !== undefined;) {
      const page = await search.find({
        terms: [terms.hashOf({ kind: "case", text: caseOf })],
        ...{ newestFirst: false, start, limit: MAX_BUNDLE_ITEMS + 1 },
      });
      found.push(...page.indexes);
      if (found.length > MAX_BUNDLE_ITEMS) throw tooMany();
      start = page.next;
    }
    return found;
  }

  async function indexesOfPerson(
    { person, from, to }: BundleSubject & { readonly about: "person" },
    horizon: number,
  ): Promise<number[]> {
    const found = new Set<number>();
    for (const { scheme, id } of await representation.numbersOf(person)) {
      const { key } = await index.keyOf("person", `${scheme}:${id}`);
      for (let at = 0; ; at += POSTINGS_AT_ONCE) {
        const page = await index.postings(key, at, at + POSTINGS_AT_ONCE);
        const covered = page.filter((posting) => posting.index < horizon);
        for (const posting of covered) {
          const time = (await store.submissionOfIndex(posting.index))?.time ?? -1;
          if (time >= from && time < to) found.add(posting.index);
          if (found.size > MAX_BUNDLE_ITEMS) throw tooMany();
        }
        if (covered.length < POSTINGS_AT_ONCE) break;
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  /** How many events the last final anchor's index covers, and our own too. */
  async function indexAnchored(): Promise<number> {
    const { indexSize = 0 } = (await store.lastAnchor()) ?? {};
    if (indexSize === 0) throw new LedgerError("not-yet-anchored", "No final anchor covers the index yet.");
    if ((index.newest()?.size ?? 0) < indexSize)
      throw new LedgerError("starting", "The index is being made; ask again in a moment.");
    return indexSize;
  }

  /** Evidence needs anchors: what has none is said before anything is sent. */
  async function requireAnchored(indexes: readonly number[]): Promise<void> {
    const last = indexes.at(-1);
    if (last === undefined || (await store.anchorCovering(last)) !== undefined) return;
    const { size } = await store.head();
    if (last >= size)
      throw new LedgerError("unknown-event", "The log does not reach the last of these indexes.");
    throw new LedgerError(
      "not-yet-anchored",
      "The newest of these events is recorded, and its anchor is not final yet.",
    );
  }

  async function leavesOf(indexes: readonly number[]): Promise<string[]> {
    if (indexes.length > MAX_LEAVES) return [];
    const payloads = await Promise.all(
      indexes.map(async (each) => (await store.payloads(each, each + 1))[0]),
    );
    return payloads.flatMap((payload) => (payload === undefined ? [] : [toBase64url(leafHash(payload))]));
  }

  /** That it was made is on the log, with the events where there is room for them. */
  async function recordMaking(caller: Caller, indexes: readonly number[]): Promise<RecordedAct> {
    const by = inspectorOf(caller);
    const leaves = await leavesOf(indexes);
    return await desk.record({
      by,
      facets: {
        type: "inspection",
        inspection: {
          ...{ id: `bundle-${randomUUID()}`, state: "viewed", authority: by.authority },
          ...(leaves.length > 0 && { leaves }),
        },
        "agent.id": by.name,
        "agent.role": "inspector",
      },
    });
  }

  async function* linesOf(
    head: BundleHead,
    indexes: readonly number[],
    viewer: Looking,
  ): AsyncGenerator<string> {
    yield bundleHeadLine(head);
    for (let at = 0; at < indexes.length; at += ITEMS_AT_ONCE) {
      for (const item of await itemsOf(indexes.slice(at, at + ITEMS_AT_ONCE), viewer))
        yield bundleItemLine(item);
    }
    yield bundleEndLine(indexes.length);
  }

  async function itemsOf(indexes: readonly number[], viewer: Looking): Promise<BundleItem[]> {
    const places = await Promise.all(
      indexes.map(async (each) => ({ index: each, submission: await submissionAt(each) })),
    );
    const about = await findings.about(
      places.map(({ index: place, submission }) => ({ index: place, time: submission.time })),
    );
    const seen = await seenOf(indexes, viewer);
    const items: BundleItem[] = [];
    for (const [at, { index: place, submission }] of places.entries()) {
      const evidence = await prover.evidenceShown(place, async () => seen[at] ?? noEvent());
      const found = about.filter((finding) => indexesOf(finding).includes(place)).slice(0, MAX_FINDINGS);
      items.push({
        index: place,
        evidence: parseEvidenceFile(evidence),
        receipt: submission.receipt,
        findings: found.map(findingOf),
      });
    }
    return items;
  }

  /** Shown together, so that one record tells of the look at all of them. */
  async function seenOf(indexes: readonly number[], viewer: Looking): Promise<SeenEvent[]> {
    const events = await store.events(indexes);
    return await showing.show(
      viewer,
      events.map((event, at) => ({ ...(event ?? noEvent()), index: indexes[at] ?? 0 })),
    );
  }

  async function submissionAt(place: number): Promise<StoredSubmission> {
    const submission = await store.submissionOfIndex(place);
    return submission ?? noEvent();
  }

  return async (subject, caller) => {
    const by = inspectorOf(caller);
    const viewer = await showing.viewerOf(caller, "bundle");
    // Known before the look, which is itself an event about the person.
    const horizon = subject.about === "person" ? await indexAnchored() : 0;
    // Also that nothing, or too much, was recorded about somebody is something to know about them.
    if (subject.about === "person") await viewer.look(await representation.numbersOf(subject.person));
    const indexes = await indexesIn(subject, horizon);
    if (indexes.length > MAX_BUNDLE_ITEMS) throw tooMany();
    await requireAnchored(indexes);
    const { index: recordedAt, leafHash: leaf } = await recordMaking(caller, indexes);
    const head: BundleHead = {
      ...{ log: options.log, chain: options.chain, about: subject.about },
      madeAt: Math.floor(clock.now() / 1000),
      madeFor: { authority: by.authority, official: by.name },
      record: { index: recordedAt, leaf },
    };
    return linesOf(head, indexes, viewer);
  };
}

function noEvent(): never {
  throw new LedgerError("unknown-event", "The log does not reach this index.");
}

function findingOf({ id, kind, state, since }: ShownFinding): BundleFinding {
  return { id, kind, state, since };
}

function tooMany(): LedgerError {
  return bad(
    `A bundle has at most ${MAX_BUNDLE_ITEMS} events: ask for a shorter time, or for some of them by their indexes.`,
  );
}
