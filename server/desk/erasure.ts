import { fromBase64url, fromUtf8, toBase64url } from "../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import type { Erasure } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import type { ErasureOrder, ErasureRegister } from "../disclose/erasures.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId, SignedOn } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import type { ComplaintRegister } from "./complaints.ts";
import type { Desk, RecordedAct } from "./desk.ts";
import type { ErasureChoice, Left } from "./erasure-choice.ts";
import type { RecordLook } from "./looks.ts";

/** A data-protection officer. */
export type Officer = Extract<SignedOn, { readonly agency: string }>;

/** What an officer asks to have erased. */
export interface ErasureRequest {
  /** The officer's own name for it: asked again under the same id, what is ordered already is not ordered twice. */
  readonly id: string;
  readonly what:
    | { readonly events: readonly number[] }
    /** All events about this person that the officer's agency recorded; for the ledger's own officer, that anybody did. */
    | { readonly person: PersonId };
  readonly legalBasis: { readonly law: string; readonly article: string };
  /** In words for the person; it names nobody. */
  readonly reason: string;
}

/** What was ordered. */
export interface OrderedErasure {
  /** The orders that this request recorded. */
  readonly orders: readonly RecordedAct[];
  /** Events that they name. */
  readonly events: number;
  readonly left: Readonly<Record<Left, number>>;
  /** False when there are more events than one request orders: the same request again goes on. */
  readonly complete: boolean;
}

export interface ErasureDeskOptions {
  readonly desk: Pick<Desk, "record">;
  readonly choice: ErasureChoice;
  readonly erasures: Pick<ErasureRegister, "caughtUp" | "ordersOf">;
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  readonly complaints: Pick<ComplaintRegister, "inOpen">;
  readonly recordLook: RecordLook;
  readonly store: Pick<StoreReader, "events">;
}

/**
 * Orders an erasure through the desk, in as many events as it takes, and resolves when all are durable. Ended in between, the same request goes on.
 * How many events there are about a person, and which of them are sealed, is something to know about them: that is a look, and recorded as one.
 * @throws LedgerError `erasure-conflict`, `look-not-recorded`, and those of the choice and of the desk.
 */
export type OrderErasure = (officer: Officer, request: ErasureRequest) => Promise<OrderedErasure>;

/** The schema of an erasure has room for so many. */
const LEAVES_PER_ORDER = 64;

export function erasureDesk(options: ErasureDeskOptions): OrderErasure {
  const { desk, choice, erasures, closures, complaints, recordLook, store } = options;
  /** The last request of each authority and id that is under way. */
  const underWay = new Map<string, Promise<unknown>>();

  async function order(officer: Officer, request: ErasureRequest): Promise<OrderedErasure> {
    await erasures.caughtUp();
    const before = await erasures.ordersOf(officer.agency, request.id);
    await requireSame(before, request);
    const { what } = request;
    if ("person" in what) await recordLook(officer, { people: [what.person], what: "erasure" });
    const { chosen, left, complete } =
      "person" in what
        ? await choice.about(officer.agency, what.person)
        : await choice.named(officer.agency, what.events);
    const orders: RecordedAct[] = [];
    let part = Math.max(0, ...before.map(partOf));
    // What names one agency's events is shown to it, and must not tell it which events of others are about the same person.
    for (const events of Map.groupBy(chosen, ({ agency }) => agency).values()) {
      for (let at = 0; at < events.length; at += LEAVES_PER_ORDER) {
        part++;
        const leaves = events.slice(at, at + LEAVES_PER_ORDER).map(({ leaf }) => leaf);
        orders.push(await record(officer, request, { id: `${request.id}/${part}`, leaves }));
      }
    }
    return { orders, events: chosen.length, left, complete };
  }

  async function record(
    officer: Officer,
    { legalBasis, reason }: ErasureRequest,
    { id, leaves }: Pick<Erasure, "id" | "leaves">,
  ): Promise<RecordedAct> {
    const erasure: Erasure = { id, leaves, authority: officer.agency, legalBasis, reason };
    return await desk.record({
      by: officer,
      facets: {
        ...{ type: "erasure", erasure },
        "agent.id": officer.name,
        "agent.role": `data-protection officer of ${officer.agency}`,
      },
      // Somebody may have sealed one, complained of it or ordered it erased since it was looked at, in this process or another.
      check: async () => {
        const closed = await closures.closuresOf(leaves.map((leaf) => fromBase64url(leaf)));
        const complained = await complaints.inOpen(leaves);
        if (complained.size === 0 && closed.every((closure) => closure === undefined)) return;
        throw conflict(
          "An event was sealed, complained of or ordered erased meanwhile. Send the same request again.",
        );
      },
    });
  }

  async function requireSame(before: readonly ErasureOrder[], request: ErasureRequest): Promise<void> {
    const recorded = (await store.events(before.map(({ index }) => index))).map(erasureIn);
    if (!recorded.every((erasure) => isFor(erasure, request)))
      throw conflict("This id was used for another reason or legal basis. Choose another id.");
    if (recorded.length === 0 || !("events" in request.what)) return;
    const asked = await store.events(request.what.events);
    const leaves = new Set(asked.map((event) => event && toBase64url(leafHash(event.payload))));
    const isWithin = recorded.every((erasure) =>
      listOf(erasure?.["leaves"]).every((leaf) => leaves.has(leaf)),
    );
    if (!isWithin) throw conflict("This id was used for other events. Choose another id.");
  }

  return async (officer, request) => {
    const name = JSON.stringify([officer.agency, request.id]);
    const last = underWay.get(name) ?? Promise.resolve();
    const work = last.catch(() => undefined).then(async () => await order(officer, request));
    underWay.set(name, work);
    try {
      return await work;
    } finally {
      if (underWay.get(name) === work) underWay.delete(name);
    }
  };
}

type ErasureFacet = { readonly [member: string]: unknown } | undefined;

/** What an erasure event orders, as recorded. */
export function erasureIn(event: StoredEvent | undefined): ErasureFacet {
  if (event?.disclosures === undefined) return undefined;
  const { erasure } = openFacets(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`));
  return isJsonObject(erasure) ? erasure : undefined;
}

function isFor(erasure: ErasureFacet, { legalBasis: { law, article }, reason }: ErasureRequest): boolean {
  const basis = erasure?.["legalBasis"];
  return (
    erasure?.["reason"] === reason &&
    isJsonObject(basis) &&
    basis["law"] === law &&
    basis["article"] === article
  );
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

/** The number at the end of an order's id. */
function partOf({ id }: ErasureOrder): number {
  return Number(/\/([0-9]{1,9})$/.exec(id)?.[1] ?? 0);
}

function conflict(message: string): LedgerError {
  return new LedgerError("erasure-conflict", message);
}
