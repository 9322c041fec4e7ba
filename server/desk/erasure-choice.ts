import { fromUtf8, toBase64url } from "../../protocol/bytes.ts";
import { type ClosingBar, closingBar } from "../../protocol/closing.ts";
import { parseEvent } from "../../protocol/event.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { splitSource } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId } from "../identity/caller.ts";
import type { IndexReader } from "../index/reader.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import type { DisputableEvent, Dispute, DisputesAbout } from "./erasure-disputes.ts";

/**
 * Why an event is not ordered erased: it was before; an erasure never empties it (protocol/closing.ts); it is sealed; it is about somebody else too; it is the
 * evidence of what is still disputed (erasure-disputes.ts).
 */
export type Left = "erased" | "kept" | "sealed" | "shared" | "disputed";

/** An event to be erased. */
export interface Chosen extends DisputableEvent {
  /** Code of the agency that recorded it. */
  readonly agency: string;
}

/** What an officer may have erased of what they ask for. */
export interface Choice {
  readonly chosen: readonly Chosen[];
  /** How many events are left, and why. */
  readonly left: Readonly<Record<Left, number>>;
  /** False when there are more than one request orders. */
  readonly complete: boolean;
}

export interface ErasureChoiceOptions {
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  readonly disputesAbout: DisputesAbout;
  readonly store: Pick<StoreReader, "events" | "head" | "indexTags">;
  readonly index: Pick<IndexReader, "keyOf" | "postings" | "newest">;
  readonly representation: Pick<Representation, "numbersOf">;
  /** The keyed hash that stands for an id, a byte a character. */
  readonly tagOf: (key: IndexKey) => string;
  /** The operator's agency: its officer may have any agency's events erased. */
  readonly operator: string;
}

/** Chooses what an officer of an agency may have erased. */
export interface ErasureChoice {
  /**
   * The events at these log indexes, all of which must be the agency's and erasable; those ordered erased before are left.
   * @throws LedgerError `unknown-event`, `forbidden`, `not-erasable`.
   */
  readonly named: (agency: string, indexes: readonly number[]) => Promise<Choice>;
  /**
   * The events about a person that the agency recorded, whatever number of theirs they were recorded under, as of now. Those about somebody else too
   * are left: they are the other's as well, and whoever weighs that names them by index.
   */
  readonly about: (agency: string, person: PersonId) => Promise<Choice>;
}

/** Sixty-four orders: some seconds of work. */
export const MAX_ERASED_EVENTS = 4096;
const READ_AT_ONCE = 250;
const POSTINGS_AT_ONCE = 10_000;
const TAGS_AT_ONCE = 1024;

/** An event to erase, or why it is left. */
type Judged =
  | Chosen
  | { readonly left: "kept"; readonly bar: ClosingBar }
  | { readonly left: "disputed"; readonly dispute: Dispute }
  | { readonly left: Exclude<Left, "kept" | "disputed"> };

/** An event of the log, with its place. */
type Placed = StoredEvent & { readonly index: number };

export function erasureChoice(options: ErasureChoiceOptions): ErasureChoice {
  const { closures, disputesAbout, store, index, representation, tagOf, operator } = options;

  async function named(agency: string, indexes: readonly number[]): Promise<Choice> {
    const left = nothing();
    const chosen: Chosen[] = [];
    for (let at = 0; at < indexes.length; at += READ_AT_ONCE) {
      const page = indexes.slice(at, at + READ_AT_ONCE);
      const events = (await store.events(page)).map((event, n) => {
        const place = page[n] ?? 0;
        if (event === undefined) throw unknown(place);
        if (!isOf(agency, event)) throw foreign(place);
        return { ...event, index: place };
      });
      for (const [n, each] of (await judged(events)).entries()) {
        if ("leaf" in each) chosen.push(each);
        else if (each.left === "erased") left.erased++;
        else throw notErasable(page[n] ?? 0, each);
      }
    }
    return { chosen, left, complete: true };
  }

  async function about(agency: string, person: PersonId): Promise<Choice> {
    const numbers = await representation.numbersOf(person);
    const own = new Set(numbers.map((number) => tagOf({ kind: "person", id: idOf(number) })));
    const left = nothing();
    const chosen: Chosen[] = [];
    for await (const page of pagesAbout(numbers, own)) {
      const events = await store.events(page);
      const theirs = events.flatMap((event, at) =>
        event !== undefined && isOf(agency, event) ? [{ ...event, index: page[at] ?? 0 }] : [],
      );
      for (const each of await judged(theirs, own)) {
        if ("left" in each) left[each.left]++;
        else if (chosen.length === MAX_ERASED_EVENTS) return { chosen, left, complete: false };
        else chosen.push(each);
      }
    }
    return { chosen, left, complete: true };
  }

  /** The log indexes of a person's events, each once: as far as they are indexed, from the index; then by their tags. */
  async function* pagesAbout(
    numbers: readonly PersonId[],
    own: ReadonlySet<string>,
  ): AsyncGenerator<number[]> {
    const indexed = index.newest()?.size ?? 0;
    const seen = new Set<number>();
    for (const number of numbers) {
      const { key } = await index.keyOf("person", idOf(number));
      for (let from = 0, isMore = true; isMore; from += POSTINGS_AT_ONCE) {
        const postings = await index.postings(key, from, from + POSTINGS_AT_ONCE);
        const places = postings
          .map((posting) => posting.index)
          .filter((place) => place < indexed && !seen.has(place));
        for (const place of places) seen.add(place);
        for (let at = 0; at < places.length; at += READ_AT_ONCE) yield places.slice(at, at + READ_AT_ONCE);
        isMore = postings.length === POSTINGS_AT_ONCE;
      }
    }
    const { size } = await store.head();
    for (let from = indexed; from < size; from += TAGS_AT_ONCE) {
      const tags = await store.indexTags(from, Math.min(size, from + TAGS_AT_ONCE));
      const places = tags.flatMap((list, at) =>
        peopleIn(list).some((tag) => own.has(tag)) ? [from + at] : [],
      );
      if (places.length > 0) yield places;
    }
  }

  async function judged(events: readonly Placed[], own?: ReadonlySet<string>): Promise<Judged[]> {
    const leaves = events.map(({ payload }) => leafHash(payload));
    const closed = await closures.closuresOf(leaves);
    const judged = events.map(({ index, payload, disclosures, tags }, at): Judged => {
      if (disclosures === undefined || closed[at]?.kind === "erasure") return { left: "erased" };
      const bar = closingBar(parseEvent(`${fromUtf8(payload)}~${disclosures}`), "erasure");
      if (bar !== undefined) return { left: "kept", bar };
      if (own !== undefined && peopleIn(tags).some((tag) => !own.has(tag))) return { left: "shared" };
      if (closed[at] !== undefined) return { left: "sealed" };
      return { index, leaf: toBase64url(leaves[at] ?? new Uint8Array()), agency: agencyOf(payload) };
    });
    const free = judged.filter((each) => "leaf" in each);
    const disputes = await disputesAbout(free);
    const disputeOf = new Map(free.map((each, at) => [each.index, disputes[at]]));
    return judged.map((each): Judged => {
      const dispute = "leaf" in each ? disputeOf.get(each.index) : undefined;
      return dispute === undefined ? each : { left: "disputed", dispute };
    });
  }

  function isOf(agency: string, { payload }: StoredEvent): boolean {
    return agency === operator || agencyOf(payload) === agency;
  }

  return { named, about };
}

function agencyOf(payload: Uint8Array): string {
  return splitSource(parsePayload(fromUtf8(payload)).src).agency;
}

function nothing(): Record<Left, number> {
  return { erased: 0, kept: 0, sealed: 0, shared: 0, disputed: 0 };
}

/** The tags of the people an event is about, a byte a character. */
function peopleIn(tags: Uint8Array): string[] {
  const people: string[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    if (tags[at] === TAG_KINDS.person)
      people.push(Buffer.from(tags.subarray(at + 1, at + TAG_BYTES)).toString("latin1"));
  }
  return people;
}

function idOf({ scheme, id }: PersonId): string {
  return `${scheme}:${id}`;
}

const WHY: Readonly<Record<ClosingBar, string>> = {
  machine: "it is an event of the ledger's machinery, which holds nobody's data",
  order: "an order to seal or erase must stay readable to those whom it concerns",
  mandate: "it is a mandate",
  look: "it records that somebody looked into the ledger, and whoever watches must be seen",
  inspection: "what an inspector or an officer said of a finding has to stay documented",
};

const UNTIL: Readonly<Record<Dispute, string>> = {
  complaint: "It is in a complaint that is open: it can be erased when that was decided or withdrawn.",
  finding:
    "There is a finding about it that it is the evidence of: it can be erased when an inspector dismissed the finding, or confirmed it and it was notified.",
  unjudged: "The ledger has not looked yet whether it was allowed. Send the same request again in a moment.",
};

function notErasable(index: number, judged: Exclude<Judged, Chosen>): LedgerError {
  switch (judged.left) {
    case "kept":
      return refused(index, judged.bar, `Event ${index} is never erased: ${WHY[judged.bar]}.`);
    case "disputed":
      return refused(index, judged.dispute, `Event ${index} is not erased now. ${UNTIL[judged.dispute]}`);
    default:
      return refused(
        index,
        judged.left,
        `Event ${index} is sealed for an investigation. It can be erased when the seal has ended or was lifted.`,
      );
  }
}

function refused(index: number, why: string, message: string): LedgerError {
  return new LedgerError("not-erasable", message, { members: { index, why } });
}

function unknown(index: number): LedgerError {
  return new LedgerError("unknown-event", `The log does not reach the index ${index}.`);
}

function foreign(index: number): LedgerError {
  const message = `Event ${index} was recorded by another agency: its officer, or the ledger's, can have it erased.`;
  return new LedgerError("forbidden", message, { members: { index } });
}
