import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import { parseBundle } from "../../../protocol/bundle.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import type { Desk } from "../../../server/desk/desk.ts";
import { type RecordLook, lookRecorder } from "../../../server/desk/looks.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { mandateRegister } from "../../../server/disclose/mandate-register.ts";
import { representation } from "../../../server/disclose/representation.ts";
import { showing } from "../../../server/disclose/showing.ts";
import { LedgerError } from "../../../server/errors.ts";
import { bundleMaker } from "../../../server/inspect/bundles.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { makeProver } from "../../../server/prove/evidence.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { INSPECTOR } from "../callers.ts";
import { memoryIndex, type MemoryIndex } from "../prove/memory-index.ts";
import { access, LOG, PEPPER, type RecordedLog, recordedLog, WHOLE } from "../prove/recorded-log.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const TIME = { time: { occurred: "2026-11-22T08:00:00Z" } };
/** All of the time in which the events of these tests were received. */
const EVER = { from: 0, to: 4_102_444_800 };
const CHAIN = {
  chainId: LOG.chainId,
  genesisHash: `0x${"6e".repeat(32)}`,
  anchorRegistry: LOG.registry,
  agencyRegistry: `0x${"a2".repeat(20)}`,
};

/** Only bundles of a case search. */
function unasked(): never {
  throw new Error("nothing is searched for");
}

describe("server/inspect/bundles of a person", () => {
  let log: RecordedLog;
  let index: MemoryIndex;

  beforeEach(async () => {
    log = await recordedLog();
    index = memoryIndex(log, [["person", `${PERSON.scheme}:${PERSON.id}`]]);
    await log.append("qn-police/r1", [access("m-1"), access("m-2")]);
  });
  afterEach(async () => {
    await log.close();
  });

  const desk: Pick<Desk, "source" | "record"> = {
    source: parseSource("minhbach/desk"),
    record: async ({ facets }) => {
      const at = await log.append("minhbach/desk", [{ ...facets, ...TIME }]);
      const [payload = new Uint8Array()] = await log.store.payloads(at, at + 1);
      return { index: at, seq: 1, leafHash: toBase64url(leafHash(payload)), time: 1000 };
    },
  };

  /** The log indexes in a bundle about the person; the index has the look at them at once. */
  async function indexes(): Promise<readonly number[]> {
    const { store, derived: db, tree } = log;
    const clock = { now: () => 0 };
    const logger = createLog({ logLevel: "silent" });
    const follow = followLog({ store, db, log: logger });
    const closures = closureRegister({ follow, db, clock, log: logger });
    const represented = representation({
      ...{ index, mandates: mandateRegister({ follow, db }), readEvents: store.events, closures },
      ...{ tagOf: indexTags(PEPPER), clock },
    });
    const recordLook: RecordLook = async (caller, look) => {
      await lookRecorder(desk)(caller, look);
      await index.build();
    };
    const leafIndex = async (leaf: Uint8Array) => await tree().leafIndex(leaf);
    const shown = showing({ closures, representation: represented, leafIndex, recordLook, log: logger });
    const make = bundleMaker({
      ...{ desk, store, showing: shown, representation: represented, index, clock },
      prover: makeProver({ store, tree, show: shown.showTo, anchoring: WHOLE }),
      findings: { about: () => Promise.resolve([]) },
      ...{ search: { caughtUp: unasked, find: unasked }, terms: { hashOf: unasked } },
      ...{ log: LOG, chain: CHAIN },
    });
    let text = "";
    for await (const line of await make({ about: "person", person: PERSON, ...EVER }, INSPECTOR))
      text += line;
    return parseBundle(text).items.map((item) => item.index);
  }

  async function anchored(): Promise<void> {
    const { indexSize, indexRoot } = await index.build();
    await log.anchor(indexSize, { indexSize, indexRoot });
  }

  it("goes as far as the last anchor's index: the look that it is itself, and what else has no anchor yet, is left to later ones", async () => {
    await anchored();
    expect(await indexes()).to.deep.equal([0, 1]);
    await anchored();
    await log.append("qn-police/r1", [access("m-3")]);
    expect(await indexes(), "the first look, and neither what is new nor the second").to.deep.equal([
      0, 1, 2,
    ]);
  });

  it("is refused, and nobody was looked at, while no anchor has an index, or the server's own lags behind it", async () => {
    const refusal = async (): Promise<unknown> => await indexes().catch((error: unknown) => error);
    await log.anchor(2);
    expect(await refusal())
      .to.be.instanceOf(LedgerError)
      .and.to.have.property("code", "not-yet-anchored");
    const { indexRoot } = await index.build();
    await log.append("qn-police/r1", [access("m-3")]);
    await log.anchor(3, { indexSize: 3, indexRoot });
    expect(await refusal())
      .to.be.instanceOf(LedgerError)
      .and.to.have.property("code", "starting");
    expect((await log.store.head()).size).to.equal(3);
  });
});
