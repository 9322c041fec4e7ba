import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets, Subject } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import type { DeskAct, RecordedAct } from "../../../server/desk/desk.ts";
import { erasureChoice, MAX_ERASED_EVENTS } from "../../../server/desk/erasure-choice.ts";
import { complaintRegister } from "../../../server/desk/complaints.ts";
import { disputesAbout } from "../../../server/desk/erasure-disputes.ts";
import { erasureDesk, type ErasureRequest, type OrderErasure } from "../../../server/desk/erasure.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import type { RecordLook } from "../../../server/desk/looks.ts";
import { erasureRegister, type ErasureRegister } from "../../../server/disclose/erasures.ts";
import type { ShownFinding } from "../../../server/findings/board.ts";
import type { PersonId } from "../../../server/identity/caller.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import { parseSource } from "../../../protocol/source.ts";
import { SIGN_ON } from "../callers.ts";
import { access, PEPPER, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const FIRST = { scheme: "vn-cccd", id: "999199000001" } as const;
const OLD_CARD = { scheme: "vn-cmnd", id: "211000001" } as const;
const SECOND = { scheme: "vn-cccd", id: "999199000002" } as const;
const DESK = parseSource("minhbach/desk");
const time = { occurred: "2026-11-22T08:00:00Z" };
const REQUEST: ErasureRequest = {
  id: "e",
  what: { person: FIRST },
  legalBasis: { law: "Law 91/2025/QH15", article: "14" },
  reason: "Recorded by mistake.",
};
const NOTHING = { erased: 0, kept: 0, sealed: 0, shared: 0, disputed: 0 };

describe("server/desk/erasure", () => {
  let log: RecordedLog;
  let recorded: Facets[];
  let erasures: ErasureRegister;
  let order: OrderErasure;
  /** Whom officers looked at. */
  let looks: (readonly PersonId[])[];
  /** What is found about the event 0, and how many events were judged. */
  let finding: Partial<ShownFinding> | undefined;
  let judged: number;
  /** Done before the desk asks whether an act may be recorded: what comes first in the log meanwhile. */
  let meanwhile: () => Promise<void>;

  const officer = (agency: string) =>
    ({ role: "officer", name: `officer of ${agency}`, agency, signOn: SIGN_ON }) as const;
  const about = (subject: Subject, more: object = {}): Facets => ({ ...access("m"), subject, ...more });

  beforeEach(async () => {
    log = await recordedLog();
    [recorded, looks] = [[], []];
    [finding, judged] = [undefined, Infinity];
    meanwhile = () => Promise.resolve();
    const { store, derived: db } = log;
    const logger = createLog({ logLevel: "silent" });
    const follow = followLog({ store, db, log: logger });
    const closures = closureRegister({
      follow,
      db,
      clock: { now: () => Date.parse(time.occurred) },
      log: logger,
    });
    erasures = erasureRegister({ follow, db });
    const complaints = complaintRegister({ follow, db, store, desk: DESK });
    const found: ShownFinding = {
      ...{ id: "no-legal-basis:0", kind: "no-legal-basis", state: "open", since: 1 },
      evidence: { index: 0, leaf: "", catalogue: "1" },
    };
    const board = {
      about: async (events: readonly { readonly index: number }[]) =>
        (await Promise.resolve(
          finding !== undefined && events.some(({ index }) => index === 0) ? [{ ...found, ...finding }] : [],
        )) as ShownFinding[],
    };
    const choice = erasureChoice({
      disputesAbout: disputesAbout({
        ...{ complaints, findings: board, store },
        judged: async () => await Promise.resolve(judged),
        // The record at 1 is the reader's of the exchange that the one at 0 belongs to.
        restingOn: async (index) => await Promise.resolve(index === 1 ? [0] : []),
      }),
      ...{ closures, store, tagOf: indexTags(PEPPER), operator: "minhbach" },
      // Nothing is indexed yet: events are found by their tags.
      index: {
        newest: () => undefined,
        keyOf: async () => await Promise.resolve({ key: new Uint8Array(32), vrf: undefined }),
        postings: async () => await Promise.resolve([]),
      },
      representation: {
        numbersOf: async (person) =>
          await Promise.resolve(person.id === FIRST.id ? [FIRST, OLD_CARD] : [person]),
      },
    });
    let turn: Promise<unknown> = Promise.resolve();
    const record = async ({ facets, check }: DeskAct): Promise<RecordedAct> => {
      await meanwhile();
      await check?.();
      const whole = { ...facets, time };
      const index = await log.append("minhbach/desk", [whole]);
      recorded.push(whole);
      return { index, seq: recorded.length, leafHash: await leafAt(index), time: 1 };
    };
    const desk = {
      record: async (act: DeskAct) => {
        const mine = turn.then(async () => await record(act));
        turn = mine.catch(() => undefined);
        return await mine;
      },
    };
    const recordLook: RecordLook = async (_by, { people }) => {
      looks.push(people);
      await Promise.resolve();
    };
    order = erasureDesk({ desk, choice, erasures, closures, complaints, recordLook, store });
  });
  afterEach(async () => {
    await log.close();
  });

  async function leafAt(index: number): Promise<string> {
    const [payload] = await log.store.payloads(index, index + 1);
    return toBase64url(leafHash(payload ?? new Uint8Array()));
  }

  async function seal(index: number): Promise<void> {
    const leaves = [await leafAt(index)];
    const until = "2027-01-01T00:00:00Z";
    await log.append("qn-police/r1", [
      { type: "seal", seal: { id: "s", state: "placed", leaves, authority: "court", until }, time },
    ]);
  }

  async function complain(index: number, state: "filed" | "decided" = "filed"): Promise<number> {
    const complaint = { id: `about ${index}`, state, leaf: await leafAt(index), agency: "qn-police" };
    return await log.append(DESK, [{ type: "complaint", subject: SECOND, complaint, time }]);
  }

  async function refusal(request: ErasureRequest, agency = "qn-police"): Promise<unknown> {
    const error: unknown = await order(officer(agency), request).catch((reason: unknown) => reason);
    return error instanceof Error && "code" in error ? error.code : error;
  }

  it("orders what the agency recorded about a person, under each of their numbers, and leaves what is others' too", async () => {
    await log.append("qn-police/r1", [
      about(FIRST),
      about(SECOND),
      about(OLD_CARD),
      about(FIRST, { "subject.2": SECOND }),
      about(FIRST, { "subject.2": OLD_CARD }),
      about(FIRST),
    ]);
    await log.append("qn-justice/r1", [about(FIRST)]);
    await seal(5);
    const done = await order(officer("qn-police"), REQUEST);
    expect(done).to.deep.include({ events: 3, left: { ...NOTHING, sealed: 1, shared: 1 }, complete: true });
    expect(recorded).to.have.length(1);
    expect(recorded[0]).to.deep.include({
      type: "erasure",
      "agent.id": "officer of qn-police",
      "agent.role": "data-protection officer of qn-police",
      erasure: {
        ...{ id: "e/1", authority: "qn-police", legalBasis: REQUEST.legalBasis, reason: REQUEST.reason },
        leaves: await Promise.all([0, 2, 4].map(leafAt)),
      },
    });
    expect(JSON.stringify(recorded)).to.not.contain("999199");
  });

  it("records that an officer looked for a person, also where there is nothing to order", async () => {
    expect(await order(officer("minhbach"), REQUEST)).to.deep.include({ events: 0, left: NOTHING });
    expect(looks).to.deep.equal([[FIRST]]);
    await log.append("qn-police/r1", [about(FIRST)]);
    await order(officer("qn-police"), { ...REQUEST, id: "named", what: { events: [0] } });
    expect(looks).to.have.length(1);
  });

  it("lets the ledger's officer order any agency's, an order for each agency", async () => {
    await log.append("qn-police/r1", [about(FIRST)]);
    await log.append("qn-justice/r1", [about(FIRST)]);
    await log.append("qn-police/r1", [about(FIRST)]);
    await order(officer("minhbach"), REQUEST);
    const leaves = recorded.map(({ erasure }) => erasure?.leaves);
    expect(leaves).to.deep.equal([await Promise.all([0, 2].map(leafAt)), [await leafAt(1)]]);
  });

  it("orders once, however often and from wherever it is asked, and goes on where it was ended", async () => {
    await log.append(
      "qn-police/r1",
      Array.from({ length: 150 }, () => about(FIRST)),
    );
    let records = 0;
    meanwhile = () => (records++ === 1 ? Promise.reject(new Error("ended")) : Promise.resolve());
    expect(await refusal(REQUEST)).to.be.instanceOf(Error);
    expect(recorded).to.have.length(1);
    const both = await Promise.all([
      order(officer("qn-police"), REQUEST),
      order(officer("qn-police"), REQUEST),
    ]);
    expect(both.map(({ events, left }) => [events, left.erased])).to.deep.equal([
      [86, 64],
      [0, 150],
    ]);
    expect(recorded.map(({ erasure }) => [erasure?.id, erasure?.leaves.length])).to.deep.equal([
      ["e/1", 64],
      ["e/2", 64],
      ["e/3", 22],
    ]);
    expect((await erasures.ordersOf("qn-police", "e")).map(({ events }) => events)).to.deep.equal([
      64, 64, 22,
    ]);
  });

  it("takes an id for one thing only, of one agency", async () => {
    await log.append("qn-police/r1", [about(FIRST), about(SECOND)]);
    await log.append("qn-justice/r1", [about(FIRST)]);
    await order(officer("qn-police"), { ...REQUEST, what: { events: [0] } });
    const others: Partial<ErasureRequest>[] = [
      { reason: "Another." },
      { legalBasis: { ...REQUEST.legalBasis, article: "15" } },
      { what: { events: [1] } },
    ];
    for (const other of others)
      expect(await refusal({ ...REQUEST, what: { events: [0] }, ...other })).to.equal("erasure-conflict");
    const more = await order(officer("qn-police"), { ...REQUEST, what: { events: [0, 1] } });
    expect([more.events, more.left.erased]).to.deep.equal([1, 1]);
    expect((await order(officer("qn-justice"), { ...REQUEST, reason: "Ours." })).events).to.equal(1);
  });

  it("refuses to name what cannot be erased, and records nothing then", async () => {
    await log.append("qn-police/r1", [about(FIRST), { type: "heartbeat", heartbeat: {}, time }]);
    await log.append("qn-justice/r1", [about(FIRST)]);
    await seal(0);
    const refusals = await Promise.all(
      [[1], [2], [9], [0]].map(async (events) => await refusal({ ...REQUEST, what: { events } })),
    );
    expect(refusals).to.deep.equal(["not-erasable", "forbidden", "unknown-event", "not-erasable"]);
    expect(recorded).to.deep.equal([]);
  });

  it("orders nothing that was sealed or ordered erased a moment ago", async () => {
    await log.append("qn-police/r1", [about(FIRST), about(FIRST)]);
    meanwhile = async () => await seal(1);
    expect(await refusal(REQUEST)).to.equal("erasure-conflict");
    expect(recorded).to.deep.equal([]);
    meanwhile = () => Promise.resolve();
    expect(await order(officer("qn-police"), REQUEST)).to.deep.include({
      events: 1,
      left: { ...NOTHING, sealed: 1 },
    });
  });

  it("destroys no evidence of what somebody complains of, until that is decided", async () => {
    await log.append("qn-police/r1", [about(FIRST), about(FIRST)]);
    const filing = await complain(1);
    // Without its filing there would be no complaint.
    const acts = { ...REQUEST, id: "acts", what: { events: [filing] } };
    expect(await refusal(acts, "minhbach")).to.equal("not-erasable");
    const named = { ...REQUEST, id: "named", what: { events: [1] } };
    expect(await refusal(named)).to.equal("not-erasable");
    expect(await order(officer("qn-police"), REQUEST)).to.deep.include({
      events: 1,
      left: { ...NOTHING, disputed: 1 },
    });
    await complain(1, "decided");
    expect(await order(officer("minhbach"), named)).to.deep.include({ events: 1, left: NOTHING });
  });

  it("takes a complaint that comes in the last moment", async () => {
    await log.append("qn-police/r1", [about(FIRST)]);
    meanwhile = async () => {
      await complain(0);
    };
    expect(await refusal(REQUEST)).to.equal("erasure-conflict");
    expect(recorded).to.deep.equal([]);
  });

  it("destroys no evidence of a finding that is not settled, and nothing that was not judged yet", async () => {
    await log.append("qn-police/r1", [about(FIRST), about(SECOND)]);
    const named = { ...REQUEST, what: { events: [0] } };
    const unsettled: Partial<ShownFinding>[] = [
      { state: "open" },
      { state: "explained" },
      { state: "confirmed", notifyBy: 9 },
    ];
    const readers = { ...REQUEST, what: { events: [1] } };
    for (finding of unsettled) {
      expect(await refusal(named), finding.state ?? "").to.equal("not-erasable");
      expect(await refusal(readers), `${finding.state ?? ""}, by the reader's record`).to.equal(
        "not-erasable",
      );
    }
    finding = undefined;
    judged = 0;
    expect(await refusal(named)).to.equal("not-erasable");
    expect(recorded).to.deep.equal([]);
    judged = 1;
    finding = { state: "confirmed", notifyBy: 9, notifiedAt: 8 };
    expect((await order(officer("qn-police"), named)).events).to.equal(1);
    finding = { state: "dismissed" };
    expect((await order(officer("qn-police"), { ...named, id: "again" })).left.erased).to.equal(1);
  });

  it("orders so many at once, and says that there are more", async () => {
    const more = 6;
    for (let at = 0; at < MAX_ERASED_EVENTS + more; at += 683)
      await log.append(
        "qn-police/r1",
        Array.from({ length: Math.min(683, MAX_ERASED_EVENTS + more - at) }, () => about(FIRST)),
      );
    const first = await order(officer("qn-police"), REQUEST);
    expect([first.events, first.complete]).to.deep.equal([MAX_ERASED_EVENTS, false]);
    const second = await order(officer("qn-police"), REQUEST);
    expect([second.events, second.complete]).to.deep.equal([more, true]);
  });
});
