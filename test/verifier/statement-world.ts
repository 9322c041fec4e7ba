import { sha256 } from "#sha256";
import { fromHex, toBase64url, toHex, u64, utf8 } from "../../protocol/bytes.ts";
import { openFacets, parseEvent, showEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { appendAll, emptyFrontier } from "../../protocol/frontier.ts";
import { type IndexKind, shownIndexKeys } from "../../protocol/index-keys.ts";
import { entryCommitment, indexKey } from "../../protocol/index-tree.ts";
import { rootHash } from "../../protocol/merkle.ts";
import type { Source } from "../../protocol/source.ts";
import type { Statement, StatementEntry, StatementList } from "../../protocol/statement.ts";
import { expandVrfSecretKey, proveVrf, type VrfSecretKey, vrfOutput } from "../../protocol/vrf.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import { buildIndex, type IndexRow, proveKey, rootOf } from "../protocol/naive-index-tree.ts";
import type { ChainState } from "./chain-state.ts";
import {
  accessOf,
  type Contents,
  type Departures,
  HEALTH,
  POLICE,
  PROFILE,
  type SmallLedger,
  smallLedger,
} from "./world.ts";

export const ANNA = "vn-cccd:001200000001";
export const BINH = "vn-cccd:001200000002";
/** Anna's number before she had the present one. */
export const ANNAS_OLD = "vn-cmnd:012345678";
export const NOBODY = "vn-cccd:001200000009";
export const CONSENT = "consent:c-1";
export const OFFICIAL = "agent:qn-police%2Fr1/official-17";

const [anna, binh] = [subjectOf(ANNA), subjectOf(BINH)];
const time = { occurred: "2026-03-01T08:00:00+07:00" } as const;
/** Places in the log of the events that are closed, and of the orders that close them. */
export const SEALED = 6;
const ERASED = 7;
const SEAL = 8;
const ERASURE = 9;

const mandate: Facets = {
  type: "mandate",
  subject: subjectOf(ANNAS_OLD),
  "subject.2": anna,
  mandate: { id: "m-1", state: "granted", basis: "same-person" },
  time,
};

export interface WorldOptions {
  /** When the seal ends. */
  readonly sealedUntil?: string;
  /** Which leaf the seal names, by its place. */
  readonly sealedPlace?: number;
  /** Who orders the seal and the erasure. */
  readonly authority?: Source;
  readonly sealState?: "placed" | "lifted";
  /** The id of the mandate that is revoked at last; the one that joins Anna's numbers is `m-1`. */
  readonly revoked?: string;
  /** What a dishonest ledger leaves out of its index. */
  readonly omits?: (id: string, index: number) => boolean;
  /** What the last event says, in the place of an access to Bình's data. */
  readonly last?: Facets;
  /** What its parties do differently. */
  readonly departures?: Departures;
  /** Where the log has others than the four below, such as one that continues another from its last anchor. */
  readonly anchors?: Contents["anchors"];
  /** Of the log and its chain. */
  readonly profile?: TrustProfile;
}

/** Twelve events about three numbers, a consent and officials, under three anchors whose indexes lag. */
function contentsOf(options: WorldOptions): Contents {
  const { sealedUntil = "2026-12-31T00:00:00Z", sealedPlace = SEALED, authority = HEALTH } = options;
  const { sealState = "placed", revoked } = options;
  const revocation: Facets = {
    ...mandate,
    mandate: { id: revoked ?? "", state: "revoked", basis: "same-person" },
  };
  const access = (seq: number, more: Partial<Facets> = {}) => ({ ...accessOf(POLICE, seq), ...more });
  const leaf = (earlier: readonly Uint8Array[], place: number) =>
    toBase64url(earlier[place] ?? new Uint8Array(32));
  const order = (earlier: readonly Uint8Array[]): readonly Facets[] => [
    {
      type: "seal",
      seal: {
        id: "s-1",
        state: sealState,
        leaves: [leaf(earlier, sealedPlace)],
        authority: "Cơ quan điều tra",
        until: sealedUntil,
      },
      time,
    },
    { type: "erasure", erasure: { id: "e-1", leaves: [leaf(earlier, ERASED)], authority: "Tòa án" }, time },
  ];
  const consent = { id: "c-1", state: "ConsentGiven" } as const;
  return {
    submissions: [
      {
        source: POLICE,
        first: 1,
        facets: () => [
          access(1),
          access(2, { subject: binh }),
          access(3, { "subject.2": binh }),
          mandate,
          access(5, { subject: subjectOf(ANNAS_OLD) }),
          { type: "consent", subject: anna, consent, time },
        ],
      },
      { source: HEALTH, first: 1, facets: () => [1, 2].map((seq) => accessOf(HEALTH, seq)) },
      authority === HEALTH
        ? { source: HEALTH, first: 3, facets: order }
        : { source: POLICE, first: 7, facets: order },
      {
        source: POLICE,
        first: authority === HEALTH ? 7 : 9,
        facets: () => [
          access(7, { purpose: { procedure: "1.004222", consent: "c-1" } }),
          options.last ?? (revoked === undefined ? access(8, { subject: binh }) : revocation),
        ],
      },
    ],
    anchors: options.anchors ?? [
      { size: 6, indexSize: 5, block: 10, time: 1_760_000_000, root: new Uint8Array() },
      { size: 10, indexSize: 5, block: 14, time: 1_760_000_030, root: new Uint8Array() },
      { size: 12, indexSize: 10, block: 18, time: 1_760_000_050, root: new Uint8Array() },
      { size: 12, indexSize: 12, block: 20, time: 1_760_000_060, root: new Uint8Array() },
    ],
  };
}

export interface Asked {
  readonly horizon?: number;
  /** How many events each list leaves out. */
  readonly since?: readonly number[];
}

export interface StatementWorld {
  readonly ledger: SmallLedger;
  readonly state: () => ChainState;
  /** The statement of these ids, whatever is joined to them. */
  readonly statement: (ids: readonly string[], asked?: Asked) => Statement;
}

/** A ledger whose index is built as its definition says. */
export function statementWorld(options: WorldOptions = {}): StatementWorld {
  const contents = contentsOf(options);
  const { profile = PROFILE, departures = {} } = options;
  const ledger = smallLedger(departures, profile, contents);
  const secret = expandVrfSecretKey(sha256(utf8(`test key ${departures.vrf ?? "vrf"}`)));
  const rows = ledger.events.map((event, index) => {
    const parsed = parseEvent(event);
    return { index, parsed, keys: shownIndexKeys(parsed.payload.src, openFacets(parsed), true) };
  });

  const found = (kind: IndexKind, id: string, horizon: number) =>
    rows.filter(
      ({ index, keys }) =>
        index < horizon &&
        keys.some((key) => key.kind === kind && key.id === id) &&
        options.omits?.(id, index) !== true,
    );

  function entryOf(kind: IndexKind, id: string, horizon: number) {
    const leaves = found(kind, id, horizon).map(({ index }) => ledger.leafHashes[index] ?? new Uint8Array());
    const { key, vrf } = keyOf(secret, kind, id);
    const blinding = sha256(Uint8Array.of(...key, ...u64(leaves.length)));
    return { key, vrf, leaves, entry: { count: leaves.length, blinding, treeRoot: rootHash(leaves) } };
  }

  function treeOf(horizon: number) {
    const known = rows.slice(0, horizon).flatMap(({ keys }) => keys);
    const unique = new Map(known.map(({ kind, id }) => [`${kind} ${id}`, { kind, id }]));
    const leaves: IndexRow[] = [...unique.values()].flatMap(({ kind, id }) => {
      const { key, entry } = entryOf(kind, id, horizon);
      return entry.count === 0 ? [] : [{ key, commitment: entryCommitment(entry) }];
    });
    return buildIndex(leaves);
  }

  function listOf(id: string, horizon: number, since: number): StatementList {
    const kind = kindOf(id);
    const { key, vrf, leaves, entry } = entryOf(kind, id, horizon);
    const events = found(kind, id, horizon).map(({ index, parsed }): StatementEntry => {
      const closure = [SEALED, ERASED].indexOf(index);
      if (closure !== -1) return { index, event: showEvent(parsed, () => false), closedBy: closure };
      return { index, event: showEvent(parsed, ({ name }) => name !== "decoy") };
    });
    return {
      kind,
      id,
      vrf,
      proof: proveKey(treeOf(horizon), key),
      entry: leaves.length === 0 ? undefined : { count: entry.count, blinding: entry.blinding },
      since: since === 0 ? undefined : appendAll(emptyFrontier(), leaves.slice(0, since)),
      events: events.slice(since),
    };
  }

  return {
    ledger,
    state: () => {
      const state = ledger.state();
      const anchors = state.anchors.map((anchor) => ({
        ...anchor,
        indexRoot: rootOf(treeOf(anchor.indexSize ?? 0)),
      }));
      return { ...state, anchors };
    },
    statement(ids, { horizon = 12, since = [] } = {}) {
      const lists = ids.map((id, at) => listOf(id, horizon, since[at] ?? 0));
      const used = new Set(lists.flatMap(({ events }) => events.map(({ closedBy }) => closedBy)));
      const closures = [SEAL, ERASURE].filter((_, at) => used.has(at)).map((index) => ledger.evidence(index));
      // Where only one of the two is needed, it is number 0.
      const renumbered = lists.map((list) => ({
        ...list,
        events: list.events.map((entry) =>
          entry.closedBy === undefined
            ? entry
            : { ...entry, closedBy: closures.length === 1 ? 0 : entry.closedBy },
        ),
      }));
      return {
        log: logOf(profile),
        horizon,
        anchor: { block: 20, transaction: `0x${"7a".repeat(32)}` },
        lists: renumbered,
        closures,
      };
    },
  };
}

const keys = new Map<string, { readonly key: Uint8Array; readonly vrf: Uint8Array | undefined }>();

/** The key of an id; the proofs of the ids are made once. */
function keyOf(secret: VrfSecretKey, kind: IndexKind, id: string) {
  const name = `${toHex(secret.publicKey)} ${kind} ${id}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const vrf = kind === "consent" ? undefined : proveVrf(secret, utf8(id));
  const key = indexKey(kind, vrf === undefined ? utf8(id) : vrfOutput(vrf));
  const made = { key: fromHex(toHex(key)), vrf };
  keys.set(name, made);
  return made;
}

function kindOf(id: string): IndexKind {
  if (id.startsWith("consent:")) return "consent";
  return id.startsWith("agent:") ? "official" : "person";
}

function subjectOf(id: string): { readonly scheme: "vn-cccd" | "vn-cmnd"; readonly id: string } {
  const [scheme, number = ""] = id.split(":");
  return { scheme: scheme === "vn-cmnd" ? scheme : "vn-cccd", id: number };
}
