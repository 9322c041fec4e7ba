import type { Logger } from "pino";
import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { closingBar } from "../../protocol/closing.ts";
import { type ParsedEvent, showEvent } from "../../protocol/event.ts";
import type { Disclosure } from "../../protocol/disclosure.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { isWatchedRole } from "../../protocol/visibility.ts";
import { LedgerError } from "../errors.ts";
import type { RecordLook } from "../desk/looks.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { StoredEvent } from "../store/store.ts";
import type { ClosureRegister } from "./closure-register.ts";
import { type Closure, orderIn } from "./closures.ts";
import { capacityOf, eventAsSeenBy, type Viewer } from "./disclose.ts";
import { peopleNamedIn } from "./named-people.ts";
import { recordedEvent } from "./recorded-event.ts";
import type { Representation } from "./representation.ts";

/** An event as the store gives it, at its place in the log. */
export type EventToShow = Pick<StoredEvent, "payload" | "disclosures"> & { readonly index: number };

/** An event of the log as one caller sees it. */
export interface SeenEvent {
  /** `payload~disclosure~...~` with the disclosures the caller may see. */
  readonly text: string;
  readonly leafHash: Uint8Array;
  /** Whether the disclosures were erased, for everybody. */
  readonly erased: boolean;
  /** What keeps the caller from seeing more of it: a seal or an erasure. */
  readonly closure?: Closure;
}

/** The same with what is shown of it still to be read. */
type Opened = SeenEvent & { readonly disclosures: readonly Disclosure[] };

/** A caller with one request under way. */
export interface Looking extends Viewer {
  /**
   * Records that the caller sees these people, each once a request, before anything about them leaves (desk/looks.ts says whom that concerns).
   * `show` does it for whoever is in what it shows; whoever shows people otherwise calls it.
   * @throws LedgerError `look-not-recorded`.
   */
  readonly look: (people: readonly PersonId[], indexes?: readonly number[]) => Promise<void>;
}

export interface Showing {
  /**
   * Who the caller is towards the people in the log, by the mandates in force now: none while the ledger is still reading them.
   * @param what Which part of the ledger they look at: one word such as `statement`.
   */
  viewerOf: (caller: Caller, what: string) => Promise<Looking>;
  /**
   * The events as the viewer sees them; that they see them is recorded by then.
   * @throws LedgerError `disclosures-missing` when disclosures are gone that no erasure ordered away, `look-not-recorded`.
   */
  show: (viewer: Looking, events: readonly EventToShow[]) => Promise<SeenEvent[]>;
  /** One event as the caller sees it. @throws as `show` does. */
  showTo: (caller: Caller, what: string, event: EventToShow) => Promise<SeenEvent>;
}

interface AboutEvent {
  readonly leafHash: Uint8Array;
  readonly closure: Closure | undefined;
}

export interface ShowingOptions {
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  readonly representation: Representation;
  /** The log index of a leaf; undefined when it is in no published checkpoint. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  readonly recordLook: RecordLook;
  readonly log: Logger;
}

/** Puts together what decides how an event is shown: the role, the people in it, mandates, seals and erasures. */
export function showing({ closures, representation, leafIndex, recordLook, log }: ShowingOptions): Showing {
  /** Whether an order is about events of the citizen's own; only then does it explain something to them. */
  async function isConcernedBy(viewer: Viewer, event: ParsedEvent, index: number): Promise<boolean> {
    if (viewer.caller.role !== "citizen") return false;
    const leaves = orderIn(event, index)?.leaves ?? [];
    if (leaves.length === 0) return false;
    const indexes = await Promise.all(leaves.map(async (leaf) => await leafIndex(fromBase64url(leaf))));
    return await representation.isAboutAny(
      viewer.own,
      indexes.filter((found) => found !== undefined),
    );
  }

  async function showOpen(
    viewer: Viewer,
    event: ParsedEvent,
    { index, leafHash, closure }: AboutEvent & { readonly index: number },
  ): Promise<Opened> {
    const isConcerned = await isConcernedBy(viewer, event, index);
    const seesMore = capacityOf(viewer, event, isConcerned) !== "public";
    if (closure !== undefined && isClosedBy(closure, event) && !mayLookBehind(viewer, closure)) {
      const closed = { text: `${event.payloadText}~`, disclosures: [], leafHash, erased: false };
      // To whoever would see nothing anyway, the seal is none of their business either.
      return seesMore ? { ...closed, closure } : closed;
    }
    const shown = eventAsSeenBy(viewer, event, isConcerned);
    const text = showEvent(shown, () => true);
    return { text, disclosures: shown.disclosures, leafHash, erased: false };
  }

  async function ownOf(caller: Caller): Promise<readonly PersonId[]> {
    try {
      return await representation.ownOf(caller);
    } catch (error) {
      // Which mandates they hold is not known yet; who they are is.
      if (caller.role !== "citizen" || !isStarting(error)) throw error;
      return [caller.subject];
    }
  }

  async function viewerOf(caller: Caller, what: string): Promise<Looking> {
    const seen = new Set<string>();
    return {
      caller,
      own: await ownOf(caller),
      look: async (people, indexes) => {
        const unseen = people.filter((person) => !seen.has(nameOf(person)));
        if (unseen.length === 0) return;
        await recordLook(caller, { people: unseen, what, ...(indexes !== undefined && { indexes }) });
        // Not before: what could not be recorded is not taken for recorded the next time.
        for (const person of unseen) seen.add(nameOf(person));
      },
    };
  }

  async function show(viewer: Looking, events: readonly EventToShow[]): Promise<SeenEvent[]> {
    const seen = await seenBy(viewer, events);
    // Saves looking for people in what is shown to those whose looks nobody records.
    if (isWatchedRole(viewer.caller.role)) {
      const [only] = events.length === 1 ? events : [];
      await viewer.look(
        seen.flatMap(({ disclosures }) => peopleNamedIn(disclosures)),
        only && [only.index],
      );
    }
    return seen;
  }

  async function seenBy(viewer: Viewer, events: readonly EventToShow[]): Promise<Opened[]> {
    const leafHashes = events.map(({ payload }) => leafHash(payload));
    const mayBeClosed = seesPeople(viewer) || events.some(({ disclosures }) => disclosures === undefined);
    const found = mayBeClosed ? await closures.closuresOf(leafHashes) : [];
    return await Promise.all(
      events.map(
        async (event, at) =>
          await showOne(viewer, event, {
            leafHash: leafHashes[at] ?? leafHash(event.payload),
            closure: found[at],
          }),
      ),
    );
  }

  async function showOne(viewer: Viewer, event: EventToShow, about: AboutEvent): Promise<Opened> {
    const { index, payload, disclosures } = event;
    if (disclosures !== undefined)
      return await showOpen(viewer, recordedEvent(payload, disclosures), { ...about, index });
    const { leafHash, closure } = about;
    if (closure?.kind !== "erasure") throw missing(index);
    return { text: `${fromUtf8(payload)}~`, disclosures: [], leafHash, erased: true, closure };
  }

  return {
    viewerOf,
    show,
    showTo: async (caller, what, event) => {
      const [seen] = await show(await viewerOf(caller, what), [event]);
      if (seen === undefined) throw new Error("an event was shown as none");
      return seen;
    },
  };

  function missing(index: number): LedgerError {
    log.error({ index }, "the disclosures of an event are gone, and no erasure ordered it");
    return new LedgerError(
      "disclosures-missing",
      "The records lack the contents of an event that nobody ordered to be erased. Tell the operator and an inspector.",
      { members: { index } },
    );
  }
}

/** Whoever sees no event about people whatever happens has nothing that could be closed to them. */
function seesPeople({ caller }: Viewer): boolean {
  return ["citizen", "agency", "officer", "inspector"].includes(caller.role);
}

function isClosedBy({ kind }: Closure, event: ParsedEvent): boolean {
  return closingBar(event, kind) === undefined;
}

function nameOf({ scheme, id }: PersonId): string {
  return `${scheme}:${id}`;
}

function isStarting(error: unknown): boolean {
  return error instanceof LedgerError && error.code === "starting";
}

function mayLookBehind({ caller }: Viewer, closure: Closure): boolean {
  return closure.kind === "seal" && caller.role === "inspector";
}
