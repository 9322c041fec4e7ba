import { equal } from "../../protocol/bytes.ts";
import { type EvidenceFile, parseEvidenceFile } from "../../protocol/evidence.ts";
import { appendAll, emptyFrontier, type Frontier, frontierRoot } from "../../protocol/frontier.ts";
import { entryCommitment, verifyIndexProof } from "../../protocol/index-tree.ts";
import type { IndexKind } from "../../protocol/index-keys.ts";
import type { LogId } from "../../protocol/log-id.ts";
import type { StatementEntry, StatementHead, StatementListHead } from "../../protocol/statement.ts";
import { isSamePerson } from "../../protocol/subject.ts";
import type { Representation } from "../disclose/representation.ts";
import type { Looking, Showing } from "../disclose/showing.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { IndexAnswer, IndexReader, Posting } from "../index/reader.ts";
import type { StoredAnchor, StoreReader } from "../store/store.ts";
import type { Prover } from "./evidence.ts";

export interface StatementOptions {
  readonly store: Pick<StoreReader, "events" | "lastAnchor">;
  readonly index: Pick<IndexReader, "keyOf" | "prove" | "postings">;
  readonly representation: Pick<Representation, "numbersOf">;
  readonly showing: Showing;
  readonly prover: Pick<Prover, "evidenceAt">;
  readonly log: LogId;
}

/** Whose events are asked for. The route has checked that the caller may ask. */
export type StatementSubject =
  | { readonly kind: "person"; readonly person: PersonId }
  | { readonly kind: Exclude<IndexKind, "person">; readonly id: string };

export interface StatementRequest {
  readonly subject: StatementSubject;
  readonly caller: Caller;
  /** How many events of each list, in their order, an earlier statement had. */
  readonly since: readonly number[];
}

/** A statement as it is made: the head, then its parts in the order of its lines. */
export interface MadeStatement {
  readonly head: StatementHead;
  readonly parts: AsyncIterable<StatementPart>;
}

export type StatementPart =
  | { readonly list: number; readonly entry: StatementEntry }
  /** Before the first entry that names it; the first one is number 0. */
  | { readonly closure: EvidenceFile };

/**
 * Makes the statement, its proofs verified before anything is handed out; the events are read while they are taken.
 * @throws LedgerError `statement-not-ready` while index or anchor are not there yet, `since-beyond`, `starting`, `look-not-recorded`; the
 * parts also `disclosures-missing`.
 */
export type MakeStatement = (request: StatementRequest) => Promise<MadeStatement>;

/** Events read at once; two such pages are in memory for each statement under way. */
const PAGE_EVENTS = 100;
const POSTINGS_AT_ONCE = 10_000;
/** Anchors that became final while the proofs were made. */
const MAX_TRIES = 3;

/** Makes statements from the index and the records. */
export function statementMaker(options: StatementOptions): MakeStatement {
  const { store, index, representation, showing, prover, log } = options;

  return async ({ subject, caller, since }) => {
    const viewer = await showing.viewerOf(caller, "statement");
    const { anchor, answers } = await answersFor(subject);
    // Also that nobody used somebody's data is something to know about them.
    await viewer.look(peopleOf(subject, answers));
    if (since.length > answers.length) throw sinceBeyond(`there is no list ${since.length}`);
    const lists: ProvenList[] = [];
    for (const [at, answer] of answers.entries()) lists.push(await proven(answer, anchor, since[at] ?? 0));
    const head: StatementHead = {
      log,
      horizon: anchor.indexSize,
      anchor: { block: anchor.block, transaction: anchor.transaction },
      lists: lists.map((list) => list.head),
    };
    return { head, parts: partsOf(lists, { viewer, caller }) };
  };

  /** The proofs of all ids under the index root of one final anchor. */
  async function answersFor(subject: StatementSubject): Promise<{ anchor: StoredAnchor; answers: Answer[] }> {
    const { kind } = subject;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const anchor = await store.lastAnchor();
      if (anchor === undefined || anchor.indexSize === 0) break;
      const ids = await idsOf(subject, anchor.indexSize);
      const answers = await Promise.all(
        ids.map(async (id) => {
          const proof = await index.keyOf(kind, id);
          const answer = await index.prove(proof.key, anchor.indexSize);
          return answer && { kind, id, ...proof, ...answer };
        }),
      );
      const found = answers.filter((answer) => answer !== undefined);
      if (found.length === ids.length) return { anchor, answers: found };
    }
    throw notReady("No final anchor covers the index yet, or the index is being built.");
  }

  /** The ids that a statement of this horizon must cover: those the verifier finds joined in what is shown. */
  async function idsOf(subject: StatementSubject, below: number): Promise<readonly string[]> {
    if (subject.kind !== "person") return [subject.id];
    const numbers = await representation.numbersOf(subject.person, { below });
    const now = await representation.numbersOf(subject.person);
    // What was found to be another person's meanwhile is not shown under the state from before.
    if (!numbers.every((number) => now.some((other) => isSamePerson(number, other))))
      throw notReady("A number of this person was taken from them a moment ago.");
    return numbers.map(({ scheme, id }) => `${scheme}:${id}`);
  }

  /** The list's head, with the proof followed from the anchored root down to the very leaf hashes of the events. */
  async function proven(answer: Answer, anchor: StoredAnchor, since: number): Promise<ProvenList> {
    const { kind, id, key, vrf, proof, entry } = answer;
    const result = verifyIndexProof(anchor.indexRoot, key, proof);
    if (result === undefined || result.present !== (entry !== undefined))
      throw selfContradiction(kind, "the anchored root");
    const count = entry?.count ?? 0;
    if (since > count) throw sinceBeyond(`a list has ${count} events`);
    let tree = emptyFrontier();
    let earlier: Frontier | undefined;
    let lastIndex = -1;
    while (tree.size < count) {
      const end = tree.size < since ? since : count;
      const page = await index.postings(key, tree.size, Math.min(end, tree.size + POSTINGS_AT_ONCE));
      if (page.length === 0) throw selfContradiction(kind, "the number of its events");
      for (const posting of page) {
        if (posting.index <= lastIndex || posting.index >= anchor.indexSize)
          throw selfContradiction(kind, "the log's order");
        lastIndex = posting.index;
      }
      tree = appendAll(
        tree,
        page.map(({ leafHash }) => leafHash),
      );
      if (tree.size === since) earlier = tree;
    }
    if (entry !== undefined) {
      const commitment = entryCommitment({ ...entry, treeRoot: frontierRoot(tree) });
      if (!result.present || !equal(commitment, result.commitment))
        throw selfContradiction(kind, "its commitment");
    }
    return { head: { kind, id, vrf, proof, entry, since: earlier }, key, count };
  }

  async function* partsOf(lists: readonly ProvenList[], reading: Reading): AsyncGenerator<StatementPart> {
    const closures = new Map<number, number>();
    for (const [at, list] of lists.entries()) {
      for await (const page of pagesOf(list, reading)) {
        for (const { index: place, text, closure } of page) {
          if (closure !== undefined && !closures.has(closure)) {
            yield { closure: parseEvidenceFile(await closureEvidence(closure, reading.caller)) };
            closures.set(closure, closures.size);
          }
          const closedBy = closure === undefined ? undefined : closures.get(closure);
          yield {
            list: at,
            entry: { index: place, event: text, ...(closedBy === undefined ? {} : { closedBy }) },
          };
        }
      }
    }
  }

  /** The next page is read while the one before is taken, and no further. */
  async function* pagesOf(list: ProvenList, reading: Reading): AsyncGenerator<PageEntry[]> {
    const begin = list.head.since?.size ?? 0;
    const pageAt = (from: number): Promise<PageEntry[]> => {
      const page = readPage(list, from, reading);
      // Whoever takes it sees the failure; a page that nobody takes any more fails nobody.
      page.catch(() => undefined);
      return page;
    };
    let next = begin < list.count ? pageAt(begin) : undefined;
    for (let from = begin; next !== undefined; from += PAGE_EVENTS) {
      const page = await next;
      next = from + PAGE_EVENTS < list.count ? pageAt(from + PAGE_EVENTS) : undefined;
      yield page;
    }
  }

  async function readPage(list: ProvenList, from: number, { viewer }: Reading): Promise<PageEntry[]> {
    const to = Math.min(from + PAGE_EVENTS, list.count);
    const postings = await index.postings(list.key, from, to);
    const stored = await store.events(postings.map((posting) => posting.index));
    const events = stored.flatMap((event, at) => {
      const posting = postings[at];
      return event === undefined || posting === undefined ? [] : [{ ...event, index: posting.index }];
    });
    if (events.length !== to - from) throw selfContradiction(list.head.kind, "the records");
    const seen = await showing.show(viewer, events);
    return seen.map(({ text, leafHash, closure }, at) => {
      const posting: Posting | undefined = postings[at];
      if (posting === undefined || !equal(leafHash, posting.leafHash))
        throw selfContradiction(list.head.kind, "the records");
      return { index: posting.index, text, closure: closure?.index };
    });
  }

  /** What closes an entry must be proven too, so it has to be anchored. */
  async function closureEvidence(place: number, caller: Caller): Promise<string> {
    try {
      return await prover.evidenceAt(place, caller);
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== "not-yet-anchored") throw error;
      throw notReady("A seal or an erasure of one of these events is not anchored yet.");
    }
  }
}

/** Whom a statement is about before any of its entries is shown: the person asked for, by each number. */
function peopleOf({ kind }: StatementSubject, answers: readonly Answer[]): PersonId[] {
  if (kind !== "person") return [];
  return answers.map(({ id }) => {
    const colon = id.indexOf(":");
    return { scheme: id.slice(0, colon), id: id.slice(colon + 1) };
  });
}

type Answer = IndexAnswer & {
  readonly kind: IndexKind;
  readonly id: string;
  readonly key: Uint8Array;
  readonly vrf: Uint8Array | undefined;
};

interface ProvenList {
  readonly head: StatementListHead;
  readonly key: Uint8Array;
  readonly count: number;
}

interface PageEntry {
  readonly index: number;
  readonly text: string;
  /** Log index of what closes it. */
  readonly closure: number | undefined;
}

/** Who reads. */
interface Reading {
  readonly viewer: Looking;
  readonly caller: Caller;
}

function notReady(reason: string): LedgerError {
  return new LedgerError("statement-not-ready", `${reason} Ask again in a moment.`);
}

function sinceBeyond(limit: string): LedgerError {
  return new LedgerError(
    "since-beyond",
    `The parameter since counts what no list of this statement has: ${limit}. Ask without it.`,
  );
}

/** Our own index or records are damaged: no statement is better than one that fails at its reader's. */
function selfContradiction(kind: IndexKind, other: string): Error {
  return new Error(`the index entry of a ${kind} contradicts ${other}`);
}
