import type { Bytes } from "../../protocol/bytes.ts";
import type { Frontier } from "../../protocol/frontier.ts";
import type { Source } from "../../protocol/source.ts";

/** The state the next commit starts from: how long the log is and the subtree roots its next root is computed from. */
export interface Head {
  /** Events in the log; the next event gets this index. */
  readonly size: number;
  readonly frontier: Frontier;
  /** Commits made so far. */
  readonly commits: number;
}

/** A submission as it was received and receipted. It holds the consecutive indexes `index .. index + count - 1`. */
export interface StoredSubmission {
  readonly source: Source;
  /** Sequence number of its first event. */
  readonly first: number;
  readonly count: number;
  /** Log index of its first event. */
  readonly index: number;
  /** When it was sequenced, in Unix seconds by our clock (its own claim is `iat` in the JWS). */
  readonly time: number;
  /** The signed submission, compact JWS, as received. */
  readonly jws: string;
  /** Our receipt, compact JWS, as sent. */
  readonly receipt: string;
}

/** A list of byte strings, each behind its length as an unsigned 16-bit big-endian number (as in a C2SP entry bundle). */
export type Bundle = Bytes;

/** A submission to commit, with everything of its events. Each bundle has `count` entries, in order. */
export interface NewSubmission extends StoredSubmission {
  /** The payloads (ASCII of the base64url text). Public, kept for ever. */
  readonly payloads: Bundle;
  /**
   * The sealed disclosures: AES-256-GCM of the ASCII text `disclosure~disclosure~`, ciphertext then 16-byte tag, under the
   * event's own key with the all-zero nonce (safe because a key seals one text only; attachments use the nonce 1).
   */
  readonly sealed: Bundle;
  /**
   * The key rows: the event's 32-byte key, then its index key tags, 33 bytes each (u8 kind, 32-byte HMAC). Erasing takes the key away and
   * leaves the tags, so that the log never loses its index; it must wait until the index covers the event, because a new person's
   * key can be computed from the disclosures only (see `eraseKeys`).
   */
  readonly keys: Bundle;
  readonly attachment?: Attachment;
  /** Of a submission that comes from other records: what is kept beside its event, sealed there already. */
  readonly keptAttachment?: KeptAttachment;
}

/** What is kept whole beside an event, as it is stored: under the event's key, or nothing where that was destroyed. */
export interface KeptAttachment {
  readonly name: Bytes;
  readonly sealed: Bytes;
}

/** A submission with everything of its events as it is stored, for who moves records. An erased event's key row has its tags alone. */
export interface KeptSubmission extends StoredSubmission {
  readonly payloads: Bundle;
  readonly sealed: Bundle;
  readonly keys: Bundle;
  /** What is kept whole beside its event is called so, if there is anything: see `keptAttachment`. */
  readonly attachmentName?: Bytes;
}

/** What the ledger keeps whole beside the one event of a submission of its own source. */
export interface Attachment {
  /** 32 bytes by which it is found again, so that the same conflict or the same catalogue is recorded only once. */
  readonly name: Bytes;
  /** At most 8 MiB: the refused submission as received, or the published catalogue. The store seals it under the event's key. */
  readonly body: Bytes;
}

/** Everything that becomes durable at once. */
export interface Group {
  /** The head after the group. */
  readonly head: Head;
  /** In index order, without gaps, from the head before the group. */
  readonly submissions: readonly NewSubmission[];
}

/** A source's state: its next sequence number, and what came last. */
export interface SourceState {
  readonly source: Source;
  /** Sequence number its next event must have. A source without events begins at FIRST_SEQ. */
  readonly next: number;
  /** Unix seconds of its last submission. */
  readonly lastTime: number;
}

/** What an index tag stands for in the index tree; see `addIndexKeys`. */
export interface IndexKeyRow {
  /** As stored with the events: u8 kind, then the 32-byte HMAC. */
  readonly tag: Bytes;
  /** The tree's key, 32 bytes. */
  readonly key: Bytes;
}

/** One event with what it came with. */
export interface RecordedEvent {
  readonly payload: Bytes;
  /** See `StoreReader.disclosures`. */
  readonly disclosures: string | undefined;
  readonly submission: StoredSubmission;
}

/** The secrets of one event. */
export interface EventKey {
  readonly key: Bytes;
  readonly tags: readonly { readonly kind: number; readonly tag: Bytes }[];
}

/** What is stored of one event, opened. */
export interface StoredEvent {
  /** The payload (ASCII of the base64url text). */
  readonly payload: Bytes;
  /** As `disclosures` gives them; undefined when the event's key was erased. */
  readonly disclosures: string | undefined;
  /** The event's tags as `indexTags` gives them. */
  readonly tags: Bytes;
}

/** Events as they are stored, sealed, in a form that is moved to another thread whole, which opens them there. */
export interface SealedEvents {
  /** Log index of the first one. */
  readonly from: number;
  readonly count: number;
  /** The submissions that hold them, in log order. */
  readonly submissions: readonly Pick<StoredSubmission, "source" | "index" | "count" | "time">[];
  /** The events' keys, 32 bytes each; zeros where one was erased. */
  readonly keys: Uint8Array<ArrayBuffer>;
  /** The sealed disclosures, one event's after the other's, and how many bytes each has: none where the key was erased. */
  readonly sealed: Uint8Array<ArrayBuffer>;
  readonly sealedLengths: Uint32Array;
  /** The events' tags (33 bytes each), and how many each has. */
  readonly tags: Uint8Array<ArrayBuffer>;
  readonly tagCounts: Uint16Array;
}

/** A checkpoint that the contract accepted and that was final when recorded. */
export interface StoredAnchor {
  /** Its place in the contract's history of this log, from 0. */
  readonly number: number;
  readonly size: number;
  readonly root: Bytes;
  readonly indexSize: number;
  readonly indexRoot: Bytes;
  /** The signed note (C2SP checkpoint) over exactly this size and root. */
  readonly checkpoint: string;
  readonly block: number;
  /** 0x and 64 hexadecimal digits, as is `transaction`. */
  readonly blockHash: string;
  readonly transaction: string;
  /** The block's time in Unix seconds. */
  readonly time: number;
}

/** A state of the log that was published: what the anchors, the index and the proofs of all servers go by. */
export interface StoredCheckpoint {
  readonly size: number;
  readonly root: Bytes;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
}

/**
 * Reads. A missing row is `undefined`, never an error; a failing disk or a closed store rejects with LedgerError
 * `store-unavailable`. Every answer shows whole groups only.
 */
export interface StoreReader {
  head: () => Promise<Head>;
  /** All sources, in ASCII order, after `after` when given; at most `limit`. */
  sources: (page: { after?: Source; limit: number }) => Promise<SourceState[]>;
  source: (source: Source) => Promise<SourceState | undefined>;
  /** The submission that holds the event `seq` of `source`. */
  submissionHolding: (source: Source, seq: number) => Promise<StoredSubmission | undefined>;
  /** The submission that holds log index `index`. */
  submissionOfIndex: (index: number) => Promise<StoredSubmission | undefined>;
  /** The submissions of a source from the one holding `from` on, in order; at most `limit`. The next page begins at the last one's `first + count`. */
  submissionsOf: (source: Source, page: { from: number; limit: number }) => Promise<StoredSubmission[]>;
  /** Payloads of the indexes `from .. to - 1`; shorter when the log ends before `to`. */
  payloads: (from: number, to: number) => Promise<Bytes[]>;
  /** The disclosures of one event as received (`disclosure~disclosure~`), or undefined when its key was erased or there is no such event. */
  disclosures: (index: number) => Promise<string | undefined>;
  /** The events at these indexes, in the order asked for; undefined where there is none. Ask for a page at a time: their rows are read at once. */
  events: (indexes: readonly number[]) => Promise<(StoredEvent | undefined)[]>;
  /** The events `from .. to - 1` as they are stored; fewer when the log ends before `to`. Nothing is opened, so it costs what copying costs. */
  sealedEvents: (from: number, to: number) => Promise<SealedEvents>;
  eventKey: (index: number) => Promise<EventKey | undefined>;
  /** The event as evidence needs it, in one read. */
  eventWithSubmission: (index: number) => Promise<RecordedEvent | undefined>;
  /** Per event of `from .. to - 1` its index key tags, 33 bytes each one after the other, whether its key was erased or not; shorter when the log ends before `to`. */
  indexTags: (from: number, to: number) => Promise<Bytes[]>;
  /** The rows of `addIndexKeys` from the ordinal `from` on (0: all), in order; at most `limit`. A row's ordinal is its place in this list. */
  indexKeys: (page: { from: number; limit: number }) => Promise<IndexKeyRow[]>;
  /** The opened attachment of one event, or undefined when there is none or the event's key was erased. */
  attachment: (index: number) => Promise<Bytes | undefined>;
  /** Index of the event beside which the attachment named so is kept, if there is one. */
  attachmentIndex: (name: Bytes) => Promise<number | undefined>;
  /** Anchors in the order of the contract's history, from the first with `size > after` on (0: all); at most `limit`. */
  anchors: (page: { after: number; limit: number }) => Promise<StoredAnchor[]>;
  /** Anchors in the order of the contract's history, from the one with the number `from` on; at most `limit`. */
  anchorsFrom: (page: { from: number; limit: number }) => Promise<StoredAnchor[]>;
  /** The first anchor whose size is greater than `index`: the one every evidence of that event uses. */
  anchorCovering: (index: number) => Promise<StoredAnchor | undefined>;
  lastAnchor: () => Promise<StoredAnchor | undefined>;
  /** The newest published checkpoint. Of a store that one process writes, only what it published itself since it was opened. */
  checkpoint: () => Promise<StoredCheckpoint | undefined>;
  /** What was last bound to this name with `bind`. */
  bound: (name: string) => Promise<Bytes | undefined>;
  /** What the anchorer last stored with `setAnchorIntent`; the format is its own. */
  anchorIntent: () => Promise<Bytes | undefined>;
  /** Everything of the submissions from the one that holds index `from` on, until they hold `events` events or the log ends. Nothing is opened. */
  keptSubmissions: (page: { from: number; events: number }) => Promise<KeptSubmission[]>;
  /** What is kept whole beside one event, as it is stored. */
  keptAttachment: (index: number) => Promise<KeptAttachment | undefined>;
  /** Why these records are behind what was promised, if somebody found so: see `Store.setBehind`. */
  behind: () => Promise<string | undefined>;
  /** All that was bound with `bind`, by name in ASCII order. */
  bindings: () => Promise<{ readonly name: string; readonly value: Bytes }[]>;
}

/** Something about the database that takes away from what the records promise, as far as can be seen from here. */
export interface StoreRisk {
  readonly kind: StoreRiskKind;
  /** What it means and what to do, for the operator. */
  readonly message: string;
}

/** See docs/deploying.md for each. */
export type StoreRiskKind =
  "asynchronous-replica" | "torn-pages" | "recycled-log" | "kept-log" | "old-rows-kept" | "missing-rights";

/** What is done in a turn, with the durable head and a reader of the same moment. */
export type TurnWork = (
  head: Head,
  records: Pick<StoreReader, "source" | "submissionOfIndex">,
) => Promise<void>;

/**
 * All reads show the state at one head until it is closed. Close it soon: it holds back compaction, and erasure. PostgreSQL ends one that asked nothing for
 * a minute; then its reads reject with `store-unavailable`.
 */
export interface StoreSnapshot extends StoreReader {
  close: () => Promise<void>;
}

/**
 * The ledger's truth: submissions as received, disclosures, per-event keys, anchors. Everything else is derived.
 *
 * Three tables lie apart from the first version on: payloads with submissions (public, for ever), sealed disclosures, and
 * event keys with index tags (small, erasable, to be kept out of long-lived backups).
 *
 * A LevelDB store is written by one process, a PostgreSQL store by any number. Its format is versioned: opening migrates an older format and refuses
 * a newer one (LedgerError `store-unavailable`).
 */
export interface Store extends StoreReader {
  /**
   * Makes the whole group durable (synced), or nothing of it, provided that the log's size is `expectedSize` at that
   * instant; else throws StoreConflict and changes nothing. After any other rejection (LedgerError `disk-full` or
   * `store-unavailable`) it may have been kept or lost: the next `turn` tells.
   */
  commit: (group: Group, expectedSize: number) => Promise<void>;
  /**
   * Does the work while nobody else can commit: in it, the durable head stays as it is given, until the work itself commits (once) or ends. One turn at a
   * time; where several processes write, the others wait, so the work reads what it needs through the reader it is given (before it commits), which waits
   * for nobody. Rejects with what the work throws; with LedgerError `store-unavailable` where the database's settings would lose what it confirms.
   */
  turn: (work: TurnWork) => Promise<void>;
  /**
   * Begins to seek the lead among the servers of this log, until the store is closed: what only one may do, the leader does. Resolves when it was
   * sought once. A leader that does not renew its lease is followed by another within ten seconds.
   */
  campaign: () => Promise<void>;
  /**
   * Whether this server leads now. One that was paused learns too late that it does not any more: so the leader's writes (checkpoints, anchors and
   * their intent) carry the number of its lease (a fencing token), and are refused with LeadLost when another has the lead.
   */
  leads: () => boolean;
  /** For the leader. Publishes a checkpoint; rejects one that is smaller than the one before. */
  publishCheckpoint: (checkpoint: StoredCheckpoint) => Promise<void>;
  /** For the leader. Adds the anchor (replacing the one with the same size and index size) and removes the anchor intent, durably and at once. */
  recordAnchor: (anchor: StoredAnchor) => Promise<void>;
  /** For the leader, who moves records: adds these anchors, each as `recordAnchor` does, durably and at once; the intent stays. */
  addAnchors: (anchors: readonly StoredAnchor[]) => Promise<void>;
  /**
   * Adds these rows durably (synced) and all or nothing after those there are. Truth: the key of a person whose disclosures were erased cannot
   * be computed again. The first row of a tag counts, so adding one twice does no harm; where several servers add rows, a tag that is there is passed over.
   */
  addIndexKeys: (rows: readonly IndexKeyRow[]) => Promise<void>;
  /**
   * For the leader. Destroys the keys of these events, their sealed disclosures and what is kept whole beside them; payloads, tags and submissions stay. Durable and all or
   * nothing. When it resolves, the bytes are in no file of the store any more, older versions of rows and journals included; so it waits for the
   * snapshots that are open, and takes as long as it takes to write the tables around the events anew. Asked again for what is erased it does all
   * of that again: whoever does not know how the last try ended tries again. The caller sees to it that the index covers the events.
   * Of PostgreSQL this holds for the keys, and if its server is set up for it; the sealed disclosures may stay in dead rows, where nothing opens them.
   */
  eraseKeys: (indexes: readonly number[]) => Promise<void>;
  /**
   * Of these events those whose keys are known to be in no file any more, whichever server destroyed them. One process alone does not remember it between
   * two starts: it answers none, and does it again.
   */
  destroyed: (indexes: readonly number[]) => Promise<ReadonlySet<number>>;
  /**
   * Durably remembers under a name (ASCII, without a zero byte) what these records belong to, such as the fingerprint of a secret that made some of
   * them. Replaces what the name had: whoever binds looks first.
   */
  bind: (name: string, value: Bytes) => Promise<void>;
  /** As `bind`, unless the name is bound already, by whoever came first. Resolves with what it is bound to. */
  bindFirst: (name: string, value: Bytes) => Promise<Bytes>;
  /**
   * Durably marks these records as behind what was promised, for this reason: from now on `turn` and `commit` reject with RecordsBehind, in every process and after
   * every start. Undefined takes the mark away, which is for the operator alone. It is no part of what is copied or backed up.
   */
  setBehind: (reason: string | undefined) => Promise<void>;
  /** For the leader. Durably remembers what is about to be sent to the chain; undefined forgets it. */
  setAnchorIntent: (intent: Bytes | undefined) => Promise<void>;
  /**
   * Calls the listener after every commit, in order, with the new head; commits that follow each other closely may be
   * reported once, by the newest head, as may be what was committed before the listener came. What it throws is reported and changes nothing. Returns the function that ends it.
   */
  onHead: (listener: (head: Head) => void) => () => void;
  snapshot: () => Promise<StoreSnapshot>;
  /** What is wrong with how the database is set up, now; none for LevelDB, which has no settings. */
  risks: () => Promise<readonly StoreRisk[]>;
  /** Waits for a running commit; whatever comes later rejects. */
  close: () => Promise<void>;
}
