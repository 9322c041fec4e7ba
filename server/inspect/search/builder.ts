import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import type { Source } from "../../../protocol/source.ts";
import { TAG_BYTES } from "../../../protocol/tag-kinds.ts";
import type { SealedEvents } from "../../store/store.ts";
import { type CountedAs, countedAs, countKey, countRow, monthOf } from "./counts.ts";
import { type Progress, progressRow, type SearchDatabase } from "./database.ts";
import { openSearched } from "./opening.ts";
import { addStep, NUMBER_BYTES, postingKey, TABLES, timeKey, timeRow } from "./rows.ts";
import { type StoredTerm, type Term, termHasher, termsOf, termsOfTags } from "./terms.ts";

/*
 * Brings the next events into the search database. What a term's newest row holds is remembered, so that the terms of many events have long rows
 * however few events come at once; for the others a row an event is what there is to write.
 */

/** Postings in a row at most: what is read in vain when one is looked for. */
const ROW_POSTINGS = 256;
/** Terms whose newest row is remembered: those with the latest events. */
const TAILS_KEPT = 8192;
/** Events between two pauses, in which others are let through: about two milliseconds. */
const PIECE_EVENTS = 32;
const KEY_BYTES = 32;

/** The newest row of a term. */
interface Tail {
  readonly first: number;
  last: number;
  count: number;
  readonly bytes: number[];
}

/** Reads events into the database, from where its progress is. After a failure what it remembers may be wrong: a new one begins. */
export class SearchBuilder {
  readonly #db: SearchDatabase;
  readonly #hashOf: (term: Term) => StoredTerm;
  readonly #pause: () => Promise<void>;
  readonly #tails = new Map<StoredTerm, Tail>();
  #progress: Progress;

  /** `pause` is awaited between pieces of the work. */
  constructor(db: SearchDatabase, key: Uint8Array, progress: Progress, pause: () => Promise<void>) {
    this.#db = db;
    this.#pause = pause;
    this.#hashOf = termHasher(key);
    this.#progress = progress;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Takes in the next events, all or nothing. */
  async extend(events: SealedEvents, submission: string): Promise<void> {
    if (events.from !== this.#progress.size) throw new RangeError("search goes on where it is, in log order");
    const step = new Step(this.#progress);
    let [sealedAt, tagsAt] = [0, 0];
    for (let at = 0; at < events.count; at++) {
      const sealedEnd = sealedAt + (events.sealedLengths[at] ?? 0);
      const tagsEnd = tagsAt + (events.tagCounts[at] ?? 0) * TAG_BYTES;
      const index = events.from + at;
      const { source, time } = step.placeOf(index, events);
      const sealed = events.sealed.subarray(sealedAt, sealedEnd);
      const key = events.keys.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES);
      // Erased: the tags are what is left to find it by.
      const facets = sealed.length === 0 ? {} : openSearched(key, sealed);
      for (const term of this.#termsOf(source, facets, events.tags.subarray(tagsAt, tagsEnd))) {
        this.#addPosting(step, term, index);
      }
      const counted = countedAs(source, facets, this.#hashOf);
      if (counted !== undefined) step.count(monthOf(time), counted);
      [sealedAt, tagsAt] = [sealedEnd, tagsEnd];
      if (at % PIECE_EVENTS === PIECE_EVENTS - 1) await this.#pause();
    }
    await this.#write(step, { size: events.from + events.count, submission });
  }

  #termsOf(source: Source, facets: OpenedFacets, tags: Uint8Array): Set<StoredTerm> {
    const { terms, officials } = termsOfTags(tags);
    return new Set([...[...terms, ...termsOf(source, facets)].map(this.#hashOf), ...officials]);
  }

  #addPosting(step: Step, term: StoredTerm, index: number): void {
    let tail = this.#tails.get(term);
    // A Map keeps its keys in the order they came: the first is the one used longest ago.
    this.#tails.delete(term);
    if (tail === undefined || tail.count >= ROW_POSTINGS) {
      tail = { first: index, last: index, count: 1, bytes: [] };
    } else {
      addStep(tail.bytes, index - tail.last);
      tail.last = index;
      tail.count++;
    }
    this.#tails.set(term, tail);
    step.changed.set(`${term}${tail.first}`, { term, tail });
  }

  async #write(step: Step, { size, submission }: Pick<Progress, "size" | "submission">): Promise<void> {
    const counted = [...step.counts.values()];
    const before = await this.#db.getMany(counted.map(({ key }) => key));
    const batch = this.#db.batch();
    for (const { term, tail } of step.changed.values()) {
      batch.put(postingKey(term, tail.first), Buffer.from(tail.bytes));
    }
    for (const [at, { key, count }] of counted.entries()) {
      batch.put(key, countRow((before[at]?.readUIntBE(0, NUMBER_BYTES) ?? 0) + count));
    }
    for (const [index, row] of step.times) batch.put(timeKey(index), row);
    const progress = { ...step.clock, size, submission };
    batch.put(Buffer.of(TABLES.progress), progressRow(progress));
    await batch.write();
    this.#progress = progress;
    for (const term of this.#tails.keys()) {
      if (this.#tails.size <= TAILS_KEPT) break;
      this.#tails.delete(term);
    }
  }
}

/** What one call of `extend` comes to. */
class Step {
  readonly changed = new Map<string, { readonly term: StoredTerm; readonly tail: Tail }>();
  readonly counts = new Map<string, { readonly key: Buffer; count: number }>();
  readonly times: (readonly [index: number, row: Buffer])[] = [];
  clock: Pick<Progress, "time" | "latest" | "setBack">;
  #submission = 0;

  constructor({ time, latest, setBack }: Progress) {
    this.clock = { time, latest, setBack };
  }

  /** Who recorded the event and when it was received. Asked in log order. */
  placeOf(index: number, { submissions }: SealedEvents): { readonly source: Source; readonly time: number } {
    while (index >= (submissions[this.#submission + 1]?.index ?? Infinity)) this.#submission++;
    const submission = submissions[this.#submission];
    if (submission === undefined) throw new Error("events came without their submissions");
    const { time } = submission;
    if (time !== this.clock.time) {
      const latest = Math.max(this.clock.latest, time);
      this.clock = { time, latest, setBack: Math.max(this.clock.setBack, latest - time) };
      this.times.push([index, timeRow({ time, latest })]);
    }
    return submission;
  }

  count(month: number, counted: CountedAs): void {
    const key = countKey(month, counted);
    const name = key.toString("latin1");
    const known = this.counts.get(name);
    if (known === undefined) this.counts.set(name, { key, count: 1 });
    else known.count++;
  }
}
