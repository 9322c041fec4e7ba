import type { SealedEvents } from "../../store/store.ts";
import type { Count } from "./counts.ts";
import type { Progress } from "./database.ts";
import type { StoredTerm } from "./terms.ts";

/** What the search thread is started with. */
export interface SearchThreadSettings {
  /** Folder of its database. */
  readonly path: string;
  /** Log and key: a database of another is not used. */
  readonly identity: string;
  /** Of the terms: see searchKey. */
  readonly key: Uint8Array;
}

/** What is looked for. All of it must hold. */
export interface PostingQuery {
  /** Terms that an event has. */
  readonly terms: readonly StoredTerm[];
  /** Events that it is among, ascending; undefined for any. */
  readonly among?: readonly number[] | undefined;
  /** Receive time, Unix seconds: from the first on, before the second. */
  readonly receivedFrom?: number | undefined;
  readonly receivedBefore?: number | undefined;
  /** Log indexes from this one on (downwards when `newestFirst`); undefined for the beginning (the end). */
  readonly start?: number | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** The events found. Where much has to be passed over it is fewer than asked for, or none, although there are more. */
export interface PostingPage {
  readonly indexes: readonly number[];
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined;
  /** How many events of the log were searched. */
  readonly size: number;
}

/** Log indexes from `from` on, before `to`. */
export interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/** What the search thread is asked; each request gets one reply. `load` is the first. */
export type SearchRequest =
  | { readonly kind: "load" }
  /** Forgets everything. */
  | { readonly kind: "clear" }
  /** The next events; `submission` names the one they end in, when they end with it. */
  | { readonly kind: "extend"; readonly events: SealedEvents; readonly submission: string }
  | { readonly kind: "find"; readonly query: PostingQuery }
  /** The smallest range that holds everything received from the first time on and before the second. */
  | { readonly kind: "range"; readonly receivedFrom: number; readonly receivedBefore: number }
  | { readonly kind: "counts"; readonly month: number }
  | { readonly kind: "close" };

export type SearchReply =
  | { readonly kind: "done" }
  | { readonly kind: "status"; readonly status: SearchThreadStatus }
  | { readonly kind: "page"; readonly page: PostingPage }
  | { readonly kind: "range"; readonly range: IndexRange }
  | { readonly kind: "counts"; readonly counts: readonly Count[] };

export interface SearchThreadStatus {
  readonly progress: Progress;
  /** Memory of the thread's heap and arrays, without LevelDB's own. */
  readonly memoryBytes: number;
  /** Processor time that the thread has used. */
  readonly cpuMs: number;
}

export interface SearchRequestMessage {
  readonly id: number;
  readonly request: SearchRequest;
}

export interface SearchReplyMessage {
  readonly id: number;
  readonly reply: SearchReply;
}
