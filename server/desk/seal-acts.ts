import { randomUUID } from "node:crypto";
import { fromBase64url, fromUtf8, toBase64url } from "../../protocol/bytes.ts";
import { closingBar } from "../../protocol/closing.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import type { Seal } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { momentMs } from "../../protocol/moment.ts";
import { splitSource } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import { bad } from "./body.ts";
import type { Desk } from "./desk.ts";
import type { FindHalves, MayBeHalf } from "./exchange-halves.ts";
import { sealAt, sealedBy, type SealRecord, type SealRegister } from "./seals.ts";

export interface SealActsOptions {
  readonly desk: Pick<Desk, "source" | "record">;
  readonly seals: Pick<SealRegister, "one">;
  readonly store: Pick<StoreReader, "events">;
  readonly halvesOf: FindHalves;
  /** The log index of a leaf; undefined when it is in no published checkpoint. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  readonly clock: Clock;
}

type Inspector = SignedOn & { readonly role: "inspector" };
type LegalBasis = NonNullable<Seal["legalBasis"]>;

/** Until when, and by which law. */
export interface SealTerms {
  /** RFC 3339. */
  readonly until: string;
  readonly legalBasis: LegalBasis;
}

export interface PlacedSeal {
  readonly seal: SealRecord;
  /** Log indexes of the events that were sealed: those named, and the other records of their exchanges. */
  readonly sealed: readonly number[];
  /** Of these, the ones whose exchange the other side has not recorded yet: its record will be open until it is sealed too. */
  readonly waiting: readonly number[];
}

/**
 * An inspector's orders to delay that events are shown, recorded through the desk in the name of their authority. The operator's agency must be
 * entitled to seals on the chain; an agency that is records the seals of its own with its recorder.
 */
export interface SealActs {
  /**
   * Closes events of people, both halves of an exchange at once.
   * @throws LedgerError `unknown-event`, `not-sealable`, `bad-request` for a time that is over or too far away.
   */
  place: (by: Inspector, indexes: readonly number[], terms: SealTerms) => Promise<PlacedSeal>;
  /**
   * A later end, for what is closed and for what was recorded of the same exchanges since; where there is such, the same end may be said again.
   * @throws LedgerError `unknown-seal`, `forbidden` for another authority's, `seal-state` when it closes nothing any more, `bad-request`.
   */
  extend: (by: Inspector, id: string, terms: SealTerms) => Promise<SealRecord>;
  /** Opens it now. @throws LedgerError `unknown-seal`, `forbidden` for another authority's, `seal-state`. */
  lift: (by: Inspector, id: string, legalBasis: LegalBasis) => Promise<SealRecord>;
  /** Whether the inspector can extend or lift it here: their authority placed it through the ledger, and it closes something still. */
  mayChange: (by: Inspector, seal: SealRecord) => Promise<boolean>;
}

const DAY_MS = 86_400_000;
/** Longest time ahead that one order closes something: whoever needs longer says so again, and that is an event too. */
const MAX_SEAL_DAYS = 180;
/** Events that one request may name. */
export const MAX_SEALED_EVENTS = 32;
/** What they and the other records of their exchanges may be: nobody escapes a seal by recording an exchange over and over. */
const MAX_LEAVES = 1024;
/** As the facet's schema has it: a seal of more takes several orders. */
const LEAVES_PER_ORDER = 64;

export function sealActs(options: SealActsOptions): SealActs {
  const { desk, seals, store, halvesOf, leafIndex, clock } = options;
  const { agency } = splitSource(desk.source);

  async function sealable(indexes: readonly number[]): Promise<readonly StoredEvent[]> {
    const events = await store.events(indexes);
    return events.map((event, at) => {
      const index = indexes[at] ?? 0;
      if (event === undefined) throw new LedgerError("unknown-event", "The log does not reach this index.");
      if (event.disclosures === undefined || closingBar(openedEvent(event), "seal") !== undefined) {
        throw new LedgerError(
          "not-sealable",
          "Only events about people can be sealed, and neither mandates nor what is erased.",
          { members: { index } },
        );
      }
      return event;
    });
  }

  /** The leaf hashes of what else is recorded of the exchanges of these events. */
  async function halvesBeside(leaves: readonly string[]): Promise<string[]> {
    const places = await Promise.all(leaves.map(async (leaf) => await leafIndex(fromBase64url(leaf))));
    const indexes = await readable(places.filter((place) => place !== undefined));
    const halves = await halvesOf(placed(indexes, await sealable(indexes)));
    const others = await readable([...new Set(halves.flatMap((each) => each.others))]);
    return (await sealable(others)).map(leafOf);
  }

  /** Those that are not erased: the rest tell nobody anything. */
  async function readable(indexes: readonly number[]): Promise<number[]> {
    const events = await store.events(indexes);
    return indexes.filter((_, at) => events[at]?.disclosures !== undefined);
  }

  async function place(
    by: Inspector,
    indexes: readonly number[],
    { until, legalBasis }: SealTerms,
  ): Promise<PlacedSeal> {
    requireTime(until);
    const others = new Set<number>();
    const waiting: number[] = [];
    const named = placed(indexes, await sealable(indexes));
    for (const [at, halves] of (await halvesOf(named)).entries()) {
      for (const other of halves.others) others.add(other);
      if (halves.isHalf && halves.others.length === 0) waiting.push(named[at]?.index ?? 0);
    }
    const all = new Set([...indexes, ...(await readable([...others]))]);
    const sealed = [...all].sort((a, b) => a - b);
    if (sealed.length > MAX_LEAVES)
      throw bad(
        `These are ${sealed.length} events with their other halves; seal at most ${MAX_LEAVES} at once.`,
      );
    const leaves = (await sealable(sealed)).map(leafOf);
    const id = randomUUID();
    await order(by, { id, state: "placed", leaves, until, legalBasis });
    return { seal: await required(id), sealed, waiting };
  }

  async function extend(by: Inspector, id: string, { until, legalBasis }: SealTerms): Promise<SealRecord> {
    requireTime(until);
    const known = await ownSeal(by, id);
    const closed = closedNow(known);
    const late = (await halvesBeside(closed)).filter((leaf) => !Object.hasOwn(known.leaves, leaf));
    const leaves = [...closed, ...late];
    if (leaves.length > MAX_LEAVES)
      throw bad(`A seal closes at most ${MAX_LEAVES} events; place another one.`);
    await order(by, { id, state: "placed", leaves, until, legalBasis }, async () => {
      const seal = await required(id);
      closedNow(seal);
      const { until: before } = sealAt(seal, clock.now());
      const later = before === undefined ? 1 : momentMs(until) - momentMs(before);
      if (later < 0 || (later === 0 && late.length === 0))
        throw bad(
          "An extension ends later than the seal does now, or closes a record that came since; to end it earlier, lift it.",
        );
    });
    return await required(id);
  }

  async function lift(by: Inspector, id: string, legalBasis: LegalBasis): Promise<SealRecord> {
    const seal = await ownSeal(by, id);
    const leaves = closedNow(seal);
    const until = sealAt(seal, clock.now()).until ?? new Date(clock.now()).toISOString();
    await order(by, { id, state: "lifted", leaves, until, legalBasis }, async () => {
      closedNow(await required(id));
    });
    return await required(id);
  }

  /** In as many events as it takes; ended in between, what is recorded counts. `check` is asked before the first. */
  async function order(
    by: Inspector,
    { leaves, ...seal }: Omit<Seal, "authority">,
    check?: () => Promise<void>,
  ): Promise<void> {
    for (let at = 0; at < leaves.length; at += LEAVES_PER_ORDER) {
      await desk.record({
        by,
        facets: {
          type: "seal",
          seal: { ...seal, leaves: leaves.slice(at, at + LEAVES_PER_ORDER), authority: by.authority },
          "agent.id": by.name,
          "agent.role": `inspector of ${by.authority}`,
        },
        ...(check !== undefined && at === 0 && { check }),
      });
    }
  }

  async function required(id: string): Promise<SealRecord> {
    const seal = await seals.one(agency, id);
    if (seal === undefined)
      throw new LedgerError(
        "unknown-seal",
        "No seal of this id was placed through the ledger. GET /v1/seals lists all.",
      );
    return seal;
  }

  /** Who placed a seal says when it ends: another authority would open, or keep closed, what it does not investigate. */
  async function ownSeal({ authority }: Inspector, id: string): Promise<SealRecord> {
    const seal = await required(id);
    if ((await authorityOf(seal)) === authority) return seal;
    throw new LedgerError("forbidden", "Another authority placed this seal: ask it to extend or to lift it.");
  }

  async function authorityOf({ placed: first }: SealRecord): Promise<unknown> {
    const [event] = await store.events([first]);
    const facet = event && openFacets(openedEvent(event)).seal;
    return isJsonObject(facet) ? facet["authority"] : undefined;
  }

  async function mayChange({ authority }: Inspector, seal: SealRecord): Promise<boolean> {
    if (seal.agency !== agency || sealedBy(seal, clock.now()).length === 0) return false;
    return (await authorityOf(seal)) === authority;
  }

  function closedNow(seal: SealRecord): string[] {
    const leaves = sealedBy(seal, clock.now());
    if (leaves.length > 0) return leaves;
    const { state } = sealAt(seal, clock.now());
    throw new LedgerError(
      "seal-state",
      `The seal is ${state}: what it closed is open. Place a new one if there is reason to.`,
      {
        members: { state },
      },
    );
  }

  function requireTime(until: string): void {
    const ms = momentMs(until) - clock.now();
    if (ms > 0 && ms <= MAX_SEAL_DAYS * DAY_MS) return;
    throw bad(
      `until lies in the future, at most ${MAX_SEAL_DAYS} days ahead; a seal can be extended before it ends.`,
    );
  }

  return { place, extend, lift, mayChange };
}

function leafOf({ payload }: StoredEvent): string {
  return toBase64url(leafHash(payload));
}

function placed(indexes: readonly number[], events: readonly StoredEvent[]): MayBeHalf[] {
  return events.map((event, at) => ({
    index: indexes[at] ?? 0,
    event: openedEvent(event),
    tags: event.tags,
  }));
}

function openedEvent({ payload, disclosures }: StoredEvent): ReturnType<typeof parseEvent> {
  return parseEvent(`${fromUtf8(payload)}~${disclosures ?? ""}`);
}
