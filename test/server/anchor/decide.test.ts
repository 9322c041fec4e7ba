import { expect } from "chai";
import { type AnchorContent, NO_INDEX_ROOT, NOTHING_ANCHORED } from "../../../server/anchor/content.ts";
import {
  decide,
  type Decision,
  type IntentObservation,
  type Observation,
  type Patience,
  type UnconfirmedAnchor,
} from "../../../server/anchor/decide.ts";
import type { AnchorIntent } from "../../../server/anchor/intent.ts";

const PATIENCE: Patience = { finalityDepth: 3, missingMs: 5_000 };
const PLACE = { block: 7, blockHash: `0x${"b".repeat(64)}`, transaction: `0x${"c".repeat(64)}` };

function content(size: number, indexSize = 0): AnchorContent {
  return {
    size,
    root: new Uint8Array(32).fill(size),
    indexSize,
    indexRoot: indexSize === 0 ? NO_INDEX_ROOT : new Uint8Array(32).fill(indexSize),
  };
}

function intentOn(expectedSize: number, target: AnchorContent, nonce = 4): AnchorIntent {
  return { expectedSize, content: target, transaction: { hash: `0x${"d".repeat(64)}`, nonce, raw: "0x02" } };
}

/** A log of three anchors, all confirmed, the last of 30 events, with nothing to do. */
function observation(change: Partial<Observation> = {}): Observation {
  return {
    count: 3,
    head: content(30),
    agreement: "agrees",
    recorded: 3,
    confirmed: 3,
    unconfirmed: undefined,
    record: undefined,
    missingForMs: 0,
    intent: undefined,
    latest: content(30),
    ...change,
  };
}

/** The fourth anchor, of 40 events, in the contract. */
function unconfirmed(change: Partial<UnconfirmedAnchor> = {}): Partial<Observation> {
  return {
    count: 4,
    head: content(40),
    unconfirmed: {
      anchor: { ...content(40), block: PLACE.block, time: 1_700_000_000 },
      place: PLACE,
      depth: 3,
      agreement: "agrees",
      ...change,
    },
  };
}

/** A transaction for 40 events in flight. */
function inFlight(change: Partial<IntentObservation> = {}): Partial<Observation> {
  const intent = intentOn(30, content(40));
  return {
    intent: { intent, state: "unknown", nextNonce: 4, isUnderpriced: false, ...change },
    latest: content(50),
  };
}

describe("server/anchor/decide", () => {
  const signed = intentOn(30, content(40));
  const cases: readonly [string, Partial<Observation>, Partial<Decision>][] = [
    ["does nothing when the newest checkpoint is anchored", {}, { kind: "idle" }],
    ["does nothing before the log has a checkpoint", { latest: undefined }, { kind: "idle" }],
    [
      "does nothing for an empty log",
      { count: 0, head: NOTHING_ANCHORED, recorded: 0, confirmed: 0, latest: content(0) },
      { kind: "idle" },
    ],
    [
      "anchors a newer checkpoint",
      { latest: content(50) },
      { kind: "sign", content: content(50), isLost: false },
    ],
    [
      "anchors the first checkpoint",
      { count: 0, head: NOTHING_ANCHORED, recorded: 0, confirmed: 0 },
      { kind: "sign", content: content(30) },
    ],
    [
      "anchors a grown index of the same log",
      { latest: content(30, 20) },
      { kind: "sign", content: content(30, 20) },
    ],
    [
      "waits for the tree before it trusts the head",
      { agreement: "unread", latest: content(50) },
      { kind: "wait", for: "tree" },
    ],

    ["records an anchor that is deep enough", unconfirmed(), { kind: "record", place: PLACE }],
    ["waits for an anchor to get deeper", unconfirmed({ depth: 2 }), { kind: "wait", for: "finality" }],
    [
      "waits when the anchor's block was just replaced",
      unconfirmed({ place: undefined, depth: 0 }),
      { kind: "wait", for: "chain-to-settle" },
    ],
    [
      "sends nothing before the anchor in flight is final",
      { ...unconfirmed({ depth: 1 }), latest: content(60) },
      { kind: "wait", for: "finality" },
    ],
    [
      "records what its own transaction did, whatever the node says of it",
      { ...inFlight(), ...unconfirmed() },
      { kind: "record" },
    ],
    [
      "waits for the tree before it records",
      unconfirmed({ agreement: "unread" }),
      { kind: "wait", for: "tree" },
    ],

    ["sends bytes again that the node does not know", inFlight(), { kind: "broadcast", intent: signed }],
    ["waits while the node has them", inFlight({ state: "waiting" }), { kind: "wait", for: "mining" }],
    [
      "signs anew after a revert",
      inFlight({ state: "reverted", nextNonce: 5 }),
      { kind: "forget", reason: "reverted" },
    ],
    [
      "signs anew when the nonce went to another transaction",
      inFlight({ nextNonce: 5 }),
      { kind: "forget", reason: "nonce-used" },
    ],
    [
      "signs anew when the chain lost earlier transactions",
      inFlight({ nextNonce: 3 }),
      { kind: "forget", reason: "nonce-gap" },
    ],
    [
      "signs anew what was mined and undone",
      inFlight({ state: "mined", nextNonce: 5 }),
      { kind: "forget", reason: "without-effect" },
    ],
    [
      "signs anew what does not extend the head",
      { ...inFlight(), head: content(31) },
      { kind: "forget", reason: "head-moved" },
    ],
    [
      "signs anew what the head holds already",
      { ...inFlight(), head: content(30), intent: { ...noIntent(), intent: intentOn(30, content(30)) } },
      { kind: "forget", reason: "head-moved" },
    ],
    [
      "raises a fee that is too low, under the same nonce",
      inFlight({ state: "waiting", isUnderpriced: true }),
      { kind: "sign", content: content(40), replaces: signed },
    ],

    [
      "waits for lost anchors to come back",
      lost({ missingForMs: 4_999 }),
      { kind: "wait", for: "missing-anchors" },
    ],
    [
      "anchors the first lost one again, not the newest checkpoint",
      lost({ missingForMs: 5_000 }),
      { kind: "sign", content: content(20), isLost: true },
    ],
    [
      "forgets a transaction on top of what was lost",
      { ...lost({ missingForMs: 5_000 }), ...inFlight(), head: content(10) },
      { kind: "forget", reason: "head-moved" },
    ],
    [
      "keeps it while the lost ones may come back",
      { ...lost({ missingForMs: 1 }), ...inFlight(), head: content(10) },
      { kind: "wait", for: "missing-anchors" },
    ],
    [
      "skips no lost anchor for want of its record",
      lost({ missingForMs: 5_000, record: undefined }),
      { kind: "halt" },
    ],
    [
      "records an anchor again that is in another block now",
      { ...unconfirmed(), recorded: 4, record: content(40) },
      { kind: "record" },
    ],

    ["stops when the contract is ahead of the store", { agreement: "beyond" }, { kind: "halt" }],
    ["stops when the contract has another root", { agreement: "differs" }, { kind: "halt" }],
    [
      "stops when an anchor that was not recorded has another root",
      unconfirmed({ agreement: "differs" }),
      { kind: "halt" },
    ],
    [
      "stops when the contract's line and the records part",
      { ...unconfirmed(), recorded: 4, record: content(35) },
      { kind: "halt" },
    ],
  ];

  for (const [title, change, expected] of cases) {
    it(title, () => {
      expect(decide(observation(change), PATIENCE)).to.deep.include(expected);
    });
  }

  it("says in a halt what to do", () => {
    const decision = decide(observation({ agreement: "beyond" }), PATIENCE);
    expect(decision)
      .to.have.property("reason")
      .that.matches(/30 events.*Restore/);
  });
});

function noIntent(): Omit<IntentObservation, "intent"> {
  return { state: "unknown", nextNonce: 4, isUnderpriced: false };
}

/** Of three anchors the chain has only the first, of 10 events; the second had 20. */
function lost(change: Partial<Observation>): Partial<Observation> {
  return {
    count: 1,
    head: content(10),
    confirmed: 1,
    recorded: 3,
    record: content(20),
    latest: content(50),
    ...change,
  };
}
