import type { Anchor, ChainReader } from "../chain.ts";
import type { TrustProfile } from "../trust-profile.ts";

/** Anchors read at once: enough to hide the distance to a node, few enough to hold in memory. */
const PAGE = 16;

/** Walks over the first `count` anchors of a log's history on the chain, from `place` on, without holding them all. */
export class AnchorWalk {
  readonly #read: (place: number) => Promise<Anchor>;
  readonly #count: number;
  #page: readonly Anchor[] = [];
  #pageStart: number;
  #place: number;

  constructor(chain: ChainReader, profile: TrustProfile, count: number, place: number) {
    // What is in the history stays there: it may be read at any later block.
    this.#read = async (at) => await chain.anchorAt(profile.anchorRegistry, profile.logId, at);
    this.#count = count;
    this.#place = place;
    this.#pageStart = place;
  }

  /** The place of the next anchor. */
  get place(): number {
    return this.#place;
  }

  /** The next anchor; undefined after the last one. */
  async peek(): Promise<Anchor | undefined> {
    if (this.#place >= this.#count) return undefined;
    if (this.#place >= this.#pageStart + this.#page.length) {
      this.#pageStart = this.#place;
      const places = Array.from(
        { length: Math.min(PAGE, this.#count - this.#place) },
        (_, n) => this.#place + n,
      );
      this.#page = await Promise.all(places.map(this.#read));
    }
    return this.#page[this.#place - this.#pageStart];
  }

  /** Goes on to the one after. */
  advance(): void {
    this.#place++;
  }
}
