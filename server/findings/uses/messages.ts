import type { PublicKey } from "../../../protocol/jws.ts";
import type { SealedEvents } from "../../store/store.ts";
import type { RecordedUse } from "./use.ts";

/** What the reading thread is started with. */
export interface ReadingSettings {
  /** This log, as decisions name it. */
  readonly log: string;
}

/** What an event is to the rule: a use, nothing that it looks at, or unreadable because its key was erased. */
export type ReadEvent = RecordedUse | "other" | "erased";

/** The next events to open, and every key that a decision of this log may be signed with. */
export interface ReadingRequest {
  readonly id: number;
  readonly events: SealedEvents;
  readonly keys: readonly PublicKey[];
}

/** One for each event, in order. */
export interface ReadingReply {
  readonly id: number;
  readonly read: readonly ReadEvent[];
}
