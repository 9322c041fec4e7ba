/** Deterministic statements for the tests of this folder and for the generator of test/vectors. */
import { sha256 } from "#sha256";
import { utf8 } from "../../protocol/bytes.ts";
import { parseEvent, payloadLeafHash, payloadOf, showEvent } from "../../protocol/event.ts";
import { appendAll, emptyFrontier } from "../../protocol/frontier.ts";
import { entryCommitment, indexKey } from "../../protocol/index-tree.ts";
import { rootHash } from "../../protocol/merkle.ts";
import type { Statement, StatementList } from "../../protocol/statement.ts";
import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../protocol/vrf.ts";
import { buildIndex, type IndexRow, proveKey } from "./naive-index-tree.ts";
import { LOG, sampleEvent, sampleEvidence } from "./samples.ts";

/** The seed of the samples' VRF key, which anybody can derive: for tests only. */
export const VRF_SEED = sha256(utf8("vrf"));
const VRF_KEY = expandVrfSecretKey(VRF_SEED);

const PERSON = "vn-cccd:001099012345";
const CONSENT = "consent:c-2026-1";
const EVENTS = [1, 2, 3].map((seq) => sampleEvent(seq));
const LEAVES = EVENTS.map((event) => payloadLeafHash(payloadOf(event)));
const INDEXES = [17, 20, 41];
const BLINDING = sha256(utf8("blinding"));
const PROOF = proveVrf(VRF_KEY, utf8(PERSON));

/** The index: the person with three events, and nine keys more. */
const ROWS: readonly IndexRow[] = [
  {
    key: indexKey("person", vrfOutput(PROOF)),
    commitment: entryCommitment({ count: 3, treeRoot: rootHash(LEAVES), blinding: BLINDING }),
  },
  ...Array.from({ length: 9 }, (_, at) => ({
    key: indexKey("consent", utf8(`consent:other-${at}`)),
    commitment: sha256(utf8(`commitment ${at}`)),
  })),
];
const TREE = buildIndex(ROWS);

/** What the index says of a person, with the events after the first `since`, the second of all closed. */
export function personList(since = 0): StatementList {
  const events = EVENTS.map((event, at) => {
    const shown = showEvent(parseEvent(event), ({ name }) => at !== 1 && name !== "decoy");
    return { index: INDEXES[at] ?? 0, event: shown, ...(at === 1 ? { closedBy: 0 } : {}) };
  });
  return {
    kind: "person",
    id: PERSON,
    vrf: PROOF,
    proof: proveKey(TREE, ROWS[0]?.key ?? new Uint8Array(32)),
    entry: { count: 3, blinding: BLINDING },
    since: since === 0 ? undefined : appendAll(emptyFrontier(), LEAVES.slice(0, since)),
    events: events.slice(since),
  };
}

/** What the index says of a consent that nobody stated. */
export function absentConsent(): StatementList {
  const proof = proveKey(TREE, indexKey("consent", utf8(CONSENT)));
  return {
    kind: "consent",
    id: CONSENT,
    vrf: undefined,
    proof,
    entry: undefined,
    since: undefined,
    events: [],
  };
}

export function sampleStatement(...lists: readonly StatementList[]): Statement {
  const isClosed = lists.some(({ events }) => events.some(({ closedBy }) => closedBy !== undefined));
  return {
    log: LOG,
    horizon: 42,
    anchor: { block: 12, transaction: `0x${"ab".repeat(32)}` },
    lists,
    closures: isClosed ? [sampleEvidence()] : [],
  };
}
