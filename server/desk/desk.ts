import type { Facets } from "../../protocol/facet-values.ts";
import type { Source } from "../../protocol/source.ts";
import type { SignedOn } from "../identity/caller.ts";

/** Something that a person, an inspector or an officer does, to be recorded as an event of the desk. */
export interface DeskAct {
  /** Who does it: their sign-on is recorded with the event. */
  readonly by: SignedOn;
  /** What is recorded. `agent.id` and `agent.role` are for the maker of the act to set; the desk adds `time` and `signOn`. */
  readonly facets: Omit<Facets, "time" | "signOn">;
  /**
   * Asked in the act's turn, when everything that the desk recorded before is in the store. What it throws refuses the act, and nothing is
   * recorded. It may be asked again, when another process recorded something meanwhile.
   */
  readonly check?: () => Promise<void>;
}

/** Where an act stands in the log. */
export interface RecordedAct {
  /** Log index. */
  readonly index: number;
  /** Number of the desk's source. */
  readonly seq: number;
  /** base64url of the 32 bytes. */
  readonly leafHash: string;
  /** When it was sequenced, in Unix seconds. */
  readonly time: number;
}

/** The source `<operator>/desk`, through which the acts of people are recorded. */
export interface Desk {
  readonly source: Source;
  /**
   * Records an act and resolves once that is durable. Acts are recorded one after the other, in the order of the calls; those without `check` that
   * wait together go into one submission.
   * @throws what `check` throws; LedgerError `schema-violation` and FormatError for facets that can form no event; `starting`,
   * `overloaded`, `rate-limited`, `desk-not-entitled`, and those of the sequencer. After `store-unavailable` and `disk-full` the act may have been recorded or not.
   */
  readonly record: (act: DeskAct) => Promise<RecordedAct>;
}
