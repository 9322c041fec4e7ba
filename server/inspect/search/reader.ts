import { type Count, countOf, monthKey } from "./counts.ts";
import type { Progress, SearchDatabase } from "./database.ts";
import type { IndexRange, PostingPage, PostingQuery } from "./messages.ts";
import { MAX_INDEX, postingKey, postingsIn, timeKey, type TimeRow, timeRowOf } from "./rows.ts";
import type { StoredTerm } from "./terms.ts";

/** Rows read for one page at most: about a tenth of a second. Whoever wants more goes on from there. */
const MAX_ROWS = 2000;

/** A list of log indexes that is gone through in one direction. */
interface Walk {
  /** The first at `target` or beyond it in the direction; undefined at the end. `target` never goes back. */
  readonly reach: (target: number) => number | undefined | Promise<number | undefined>;
}

/** Reads the database as far as it had been built when each question came. */
export class SearchReader {
  readonly #db: SearchDatabase;
  readonly #progress: () => Progress;

  constructor(db: SearchDatabase, progress: () => Progress) {
    this.#db = db;
    this.#progress = progress;
  }

  async find(query: PostingQuery): Promise<PostingPage> {
    const { size, setBack } = this.#progress();
    const { newestFirst, limit, among, receivedFrom, receivedBefore } = query;
    const range = await this.range(receivedFrom ?? 0, receivedBefore ?? Infinity);
    const cost = { rows: 0 };
    const walks: Walk[] = query.terms.map((term) => this.#termWalk(term, newestFirst, cost));
    if (among !== undefined) walks.push(listWalk(among, newestFirst));
    const first = newestFirst ? range.to - 1 : range.from;
    const start = query.start ?? first;
    let target = newestFirst ? Math.min(start, first) : Math.max(start, first);
    const isWithin = (index: number): boolean => index >= range.from && index < range.to;
    const indexes: number[] = [];
    while (isWithin(target)) {
      if (indexes.length === limit || cost.rows > MAX_ROWS) return { indexes, next: target, size };
      const meeting = await meet(walks, target, () => cost.rows > MAX_ROWS);
      if (meeting === undefined || !isWithin(meeting.place)) break;
      target = meeting.place;
      if (!meeting.isMet) continue;
      // Only where a clock was put back, times are not in the order of the log.
      if (setBack === 0 || (await this.#wasReceived(target, query, cost))) indexes.push(target);
      target += newestFirst ? -1 : 1;
    }
    return { indexes, next: undefined, size };
  }

  /** The smallest range of log indexes outside of which nothing was received from the first time on and before the second. */
  async range(receivedFrom: number, receivedBefore: number): Promise<IndexRange> {
    const { size, setBack } = this.#progress();
    const from = await this.#firstAfter(receivedFrom, size);
    const to = receivedBefore === Infinity ? size : await this.#firstAfter(receivedBefore + setBack, size);
    return { from, to: Math.max(from, to) };
  }

  async counts(month: number): Promise<Count[]> {
    const counts: Count[] = [];
    for await (const [key, row] of this.#db.iterator({ gte: monthKey(month), lt: monthKey(month + 1) })) {
      counts.push(countOf(key, row));
    }
    return counts;
  }

  /** The first event from which on the clock had shown this time: all before it were received earlier. */
  async #firstAfter(time: number, size: number): Promise<number> {
    let [low, high] = [0, size];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = await this.#timeAt(middle);
      if (row === undefined || row.latest < time) low = middle + 1;
      else high = row.index;
    }
    return low;
  }

  async #timeAt(index: number): Promise<TimeRow | undefined> {
    const range = { gte: timeKey(0), lte: timeKey(index), reverse: true, limit: 1 };
    const [entry] = await this.#db.iterator(range).all();
    return entry && timeRowOf(...entry);
  }

  async #wasReceived(
    index: number,
    { receivedFrom = 0, receivedBefore = Infinity }: PostingQuery,
    cost: { rows: number },
  ): Promise<boolean> {
    cost.rows++;
    const row = await this.#timeAt(index);
    return row !== undefined && row.time >= receivedFrom && row.time < receivedBefore;
  }

  #termWalk(term: StoredTerm, newestFirst: boolean, cost: { rows: number }): Walk {
    let row: readonly number[] = [];
    const read = async (range: { gte?: Buffer; lte: Buffer; reverse: boolean }): Promise<boolean> => {
      cost.rows++;
      const [entry] = await this.#db.iterator({ gte: postingKey(term, 0), ...range, limit: 1 }).all();
      row = entry === undefined ? [] : postingsIn(...entry);
      return entry !== undefined;
    };
    /** The row that begins last at or before the target. */
    const readBelow = (target: number): Promise<boolean> =>
      read({ lte: postingKey(term, target), reverse: true });
    const within = (target: number): number | undefined =>
      newestFirst ? row.findLast((index) => index <= target) : row.find((index) => index >= target);
    return {
      reach: async (target) => {
        const isInRow = newestFirst ? (row[0] ?? Infinity) <= target : (row.at(-1) ?? -1) >= target;
        const known = isInRow ? within(target) : undefined;
        if (known !== undefined) return known;
        // No row begins between this one's last index and the next.
        if (target !== (row.at(-1) ?? -1) + 1 && (await readBelow(target))) {
          const found = within(target);
          if (found !== undefined) return found;
        }
        if (newestFirst) return undefined;
        await read({ gte: postingKey(term, target), lte: postingKey(term, MAX_INDEX), reverse: false });
        return within(target);
      },
    };
  }
}

/** Where all walks meet first, at the target or beyond it; not met when it took too long, and everything before the place is behind them. */
async function meet(
  walks: readonly Walk[],
  target: number,
  isTired: () => boolean,
): Promise<{ readonly place: number; readonly isMet: boolean } | undefined> {
  let place = target;
  for (let agreed = 0, at = 0; agreed < walks.length; at = (at + 1) % walks.length) {
    if (isTired()) return { place, isMet: false };
    const found = await walks[at]?.reach(place);
    if (found === undefined) return undefined;
    agreed = found === place ? agreed + 1 : 1;
    place = found;
  }
  return { place, isMet: true };
}

function listWalk(indexes: readonly number[], newestFirst: boolean): Walk {
  const ahead = newestFirst ? indexes.toReversed() : indexes;
  let at = 0;
  return {
    reach: (target) => {
      while (at < ahead.length && isBefore(ahead[at] ?? 0, target, newestFirst)) at++;
      return ahead[at];
    },
  };
}

function isBefore(index: number, target: number, newestFirst: boolean): boolean {
  return newestFirst ? index > target : index < target;
}
