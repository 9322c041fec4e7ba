import type { EventBatch, UnknownTag } from "./builder.ts";
import type { IndexAnswer, Posting } from "./reader.ts";

/** What the index thread is started with. */
export interface ThreadSettings {
  /** Folder of its database. */
  readonly path: string;
  /** Log and VRF key: a database of another is not used. */
  readonly identity: string;
  /** Of entries/blindings: 32 bytes. */
  readonly blindingSecret: Uint8Array;
}

/** What the index thread is asked; each request gets one reply. `load` comes after all keys that the store holds, everything else after it. */
export type ThreadRequest =
  /** The next keys of the store: ROW_BYTES each, tag then key. */
  | { readonly kind: "keys"; readonly rows: Uint8Array }
  /** `limit`: events in the records. */
  | { readonly kind: "load"; readonly limit: number }
  | { readonly kind: "unknown-tags"; readonly batch: EventBatch }
  | { readonly kind: "extend"; readonly batch: EventBatch }
  /** Index sizes whose versions are still needed, beside the newest. */
  | { readonly kind: "keep"; readonly sizes: readonly number[] }
  | { readonly kind: "prove"; readonly key: Uint8Array; readonly size: number }
  | { readonly kind: "postings"; readonly key: Uint8Array; readonly from: number; readonly to: number }
  | { readonly kind: "close" };

export type ThreadReply =
  | { readonly kind: "done" }
  | { readonly kind: "status"; readonly status: ThreadStatus }
  | { readonly kind: "unknown-tags"; readonly unknown: readonly UnknownTag[] }
  | { readonly kind: "proof"; readonly answer: IndexAnswer | undefined }
  | { readonly kind: "postings"; readonly postings: Posting[] };

/** The newest version and what all of them cost. */
export interface ThreadStatus {
  readonly size: number;
  readonly root: Uint8Array;
  /** Keys that have events. */
  readonly keys: number;
  /** Index sizes that can be proven from. */
  readonly sizes: readonly number[];
  /** Tree nodes of all versions. */
  readonly nodes: number;
  /** Memory of the thread's heap and arrays, without LevelDB's own. */
  readonly memoryBytes: number;
  /** Processor time that the thread has used. */
  readonly cpuMs: number;
}

export interface RequestMessage {
  readonly id: number;
  readonly request: ThreadRequest;
}

export interface ReplyMessage {
  readonly id: number;
  readonly reply: ThreadReply;
}

/** A tag of 33 bytes and a key of 32. */
export const ROW_BYTES = 65;
