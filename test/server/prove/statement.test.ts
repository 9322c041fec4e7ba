import { expect } from "chai";
import { openFacets, parseShownEvent, payloadLeafHash, payloadOf } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { appendAll, emptyFrontier, frontierRoot } from "../../../protocol/frontier.ts";
import { entryCommitment } from "../../../protocol/index-tree.ts";
import { toBase64url } from "../../../protocol/bytes.ts";
import { parseStatement, type Statement } from "../../../protocol/statement.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { mandateRegister } from "../../../server/disclose/mandate-register.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { representation } from "../../../server/disclose/representation.ts";
import { showing } from "../../../server/disclose/showing.ts";
import type { RecordLook } from "../../../server/desk/looks.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { IndexReader } from "../../../server/index/reader.ts";
import { createLog } from "../../../server/log.ts";
import { makeProver } from "../../../server/prove/evidence.ts";
import {
  type MakeStatement,
  statementMaker,
  type StatementRequest,
} from "../../../server/prove/statement.ts";
import { statementDocument, statementNdjson } from "../../../server/prove/statement-text.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";
import type { Store } from "../../../server/store/store.ts";
import { citizen, INSPECTOR } from "../callers.ts";
import { memoryIndex, type MemoryIndex } from "./memory-index.ts";
import { type KeptLooks, keptLooks } from "../desk/kept-looks.ts";
import { access, LOG, PEPPER, type RecordedLog, recordedLog, WHOLE } from "./recorded-log.ts";

const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const CHILD = { scheme: "vn-newborn", id: "22001.GCS.00001.26" } as const;
const STRANGER = { scheme: "vn-cccd", id: "999199000009" } as const;
const CITIZEN = citizen(PERSON);
const NOW = Date.parse("2026-11-22T00:00:00Z");
const LATER = "2027-01-01T00:00:00Z";
const time = { occurred: "2026-11-22T08:00:00Z" };

describe("server/prove/statement", () => {
  let log: RecordedLog;
  let index: MemoryIndex;
  let now: number;
  let make: MakeStatement;
  let kept: KeptLooks;

  beforeEach(async () => {
    log = await recordedLog();
    now = NOW;
    kept = keptLooks();
    index = memoryIndex(
      log,
      [PERSON, CHILD, STRANGER].map(({ scheme, id }) => ["person", `${scheme}:${id}`]),
    );
    make = maker();
  });
  afterEach(async () => {
    await log.close();
  });

  function maker(
    changes: { index?: Partial<IndexReader>; store?: Partial<Store>; recordLook?: RecordLook } = {},
  ): MakeStatement {
    const [reader, store] = [
      { ...index, ...changes.index },
      { ...log.store, ...changes.store },
    ];
    const clock = { now: () => now };
    const logger = createLog({ logLevel: "silent" });
    const db = log.derived;
    const follow = followLog({ store, db, log: logger });
    const closures = closureRegister({ follow, db, clock, log: logger });
    const represented = representation({
      ...{ index: reader, mandates: mandateRegister({ follow, db }), readEvents: store.events, closures },
      ...{ tagOf: indexTags(PEPPER), clock },
    });
    const leafIndex = async (leaf: Uint8Array) => await log.tree().leafIndex(leaf);
    const recordLook: RecordLook = changes.recordLook ?? kept.recordLook;
    const shown = showing({ closures, representation: represented, leafIndex, recordLook, log: logger });
    const prover = makeProver({ store, tree: log.tree, show: shown.showTo, anchoring: WHOLE });
    return statementMaker({
      store,
      index: reader,
      representation: represented,
      showing: shown,
      prover,
      log: LOG,
    });
  }

  async function anchored(): Promise<void> {
    const { indexSize, indexRoot } = await index.build();
    await log.anchor(indexSize, { indexSize, indexRoot });
  }

  async function statement(changes: Partial<StatementRequest> = {}, from = make): Promise<Statement> {
    const request = {
      subject: { kind: "person", person: PERSON },
      caller: CITIZEN,
      since: [],
      ...changes,
    } as const;
    const document = parseStatement(await text(statementDocument(await from(request))));
    expect(parseStatement(await text(statementNdjson(await from(request)))), "both spellings").to.deep.equal(
      document,
    );
    for (const list of document.lists) expectWhole(list);
    return document;
  }

  const indexes = ({ lists }: Statement): number[][] =>
    lists.map(({ events }) => events.map((entry) => entry.index));

  async function leafOf(place: number): Promise<string> {
    const [payload] = await log.store.payloads(place, place + 1);
    return toBase64url(payloadLeafHash(Buffer.from(payload ?? []).toString()));
  }

  async function seal(place: number, changes: Partial<NonNullable<Facets["seal"]>> = {}): Promise<number> {
    const order = {
      id: "s-1",
      state: "placed",
      leaves: [await leafOf(place)],
      authority: "court",
      until: LATER,
    } as const;
    return await log.append("qn-police/r1", [{ type: "seal", seal: { ...order, ...changes }, time }]);
  }

  async function erase(place: number): Promise<number> {
    const erasure = { id: "e-1", leaves: [await leafOf(place)], authority: "court" };
    return await log.append("qn-operator/r1", [{ type: "erasure", erasure, time }]);
  }

  it("lists a person's events in order, page after page, in two spellings, and nobody else's", async () => {
    await log.append(
      "qn-police/r1",
      Array.from({ length: 230 }, (_, n) => access(`${n}`)),
    );
    await log.append("qn-health/r1", [{ ...access("other"), subject: STRANGER }]);
    await log.append("qn-police/r1", [access("last")]);
    await anchored();
    const made = await statement();
    expect(made).to.deep.include({ log: LOG, horizon: 232 });
    expect(indexes(made)).to.deep.equal([[...Array.from({ length: 230 }, (_, n) => n), 231]]);
    const [first] = made.lists[0]?.events ?? [];
    const facets = openFacets(parseShownEvent(first?.event ?? ""));
    expect(facets.subject).to.deep.equal(PERSON);
  });

  describe("watches the watchers:", () => {
    const people = (): string[][] => kept.looks.map((look) => look.people.map(({ id }) => id));

    it("the person asked for before anything, everybody else page by page before the page", async () => {
      await log.append(
        "qn-police/r1",
        Array.from({ length: 120 }, (_, n) => ({
          ...access(`${n}`),
          ...(n === 3 || n === 110 ? { "subject.2": n === 3 ? CHILD : STRANGER } : {}),
        })),
      );
      await anchored();
      const request = { subject: { kind: "person", person: PERSON }, caller: INSPECTOR, since: [] } as const;
      const { parts } = await make(request);
      expect(people()).to.deep.equal([[PERSON.id]]);
      expect(kept.looks[0]).to.deep.include({ caller: INSPECTOR, what: "statement" });
      for await (const part of parts) {
        const index = "entry" in part ? part.entry.index : undefined;
        if (index === 0) expect(people()[1]).to.deep.equal([CHILD.id]);
        if (index === 100) expect(people()[2]).to.deep.equal([STRANGER.id]);
      }
      expect(people(), "each once a statement").to.have.length(3);
    });

    it("also of a person whose data nobody used, and by each of their numbers", async () => {
      const mandate = { id: "m", state: "granted", basis: "same-person" } as const;
      await log.append("qn-justice/r1", [
        { type: "mandate", subject: CHILD, "subject.2": PERSON, mandate, time },
      ]);
      await anchored();
      await statement({ subject: { kind: "person", person: STRANGER }, caller: INSPECTOR });
      expect(people()[0]).to.deep.equal([STRANGER.id]);
      await statement({ subject: { kind: "person", person: PERSON }, caller: INSPECTOR });
      expect(people()[2]).to.deep.equal([PERSON.id, CHILD.id]);
    });

    it("before it is told how many events somebody has", async () => {
      await log.append("qn-police/r1", [access("a")]);
      await anchored();
      const subject = { kind: "person", person: PERSON } as const;
      expect(await refusal(statement({ subject, caller: INSPECTOR, since: [9] }))).to.have.property(
        "code",
        "since-beyond",
      );
      expect(people()).to.deep.equal([[PERSON.id]]);
    });

    it("shows nothing that could not be recorded, neither the head nor a later page", async () => {
      await log.append("qn-police/r1", [access("a"), { ...access("b"), "subject.2": STRANGER }]);
      await anchored();
      const failing = (id: string): MakeStatement =>
        maker({
          recordLook: async (_caller, look) => {
            await Promise.resolve();
            if (look.people.some((person) => person.id === id))
              throw new LedgerError("look-not-recorded", "no");
          },
        });
      const changes = { subject: { kind: "person", person: PERSON }, caller: INSPECTOR } as const;
      for (const id of [PERSON.id, STRANGER.id]) {
        const refused = await refusal(statement(changes, failing(id)));
        expect(refused, id).to.have.property("code", "look-not-recorded");
      }
    });
  });

  it("proves that nobody used the data of a person without events", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await anchored();
    const made = await statement({ subject: { kind: "person", person: STRANGER }, caller: INSPECTOR });
    expect(made.lists).to.have.length(1);
    expect(made.lists[0]).to.include({ entry: undefined, id: "vn-cccd:999199000009" });
    expect(made.lists[0]?.events).to.deep.equal([]);
  });

  it("goes on from an earlier statement, wherever that one ended", async () => {
    await log.append(
      "qn-police/r1",
      Array.from({ length: 7 }, (_, n) => access(`${n}`)),
    );
    await anchored();
    const whole = await statement();
    for (let count = 1; count <= 7; count++) {
      const [list] = (await statement({ since: [count] })).lists;
      expect(list?.events).to.deep.equal(whole.lists[0]?.events.slice(count));
      expect(list?.since?.size).to.equal(count);
    }
    expect((await statement({ since: [0] })).lists).to.deep.equal(whole.lists);
    expect(await refusal(statement({ since: [8] }))).to.have.property("code", "since-beyond");
    expect(await refusal(statement({ since: [1, 0] }))).to.have.property("code", "since-beyond");
  });

  it("is not ready without an anchored index, nor when that version is gone, and says to ask again", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const notReady = { code: "statement-not-ready", retryAfterSeconds: 2 };
    expect(await refusal(statement())).to.include(notReady);
    await log.anchor(1);
    expect(await refusal(statement()), "anchored without an index").to.include(notReady);
    await anchored();
    const forgetful = maker({ index: { prove: () => Promise.resolve(undefined) } });
    expect(await refusal(statement({}, forgetful))).to.include(notReady);
    await statement();
  });

  it("hands out nothing when index, records and anchor contradict each other", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    await anchored();
    const without = maker({
      index: { postings: async (key, from, to) => (await index.postings(key, from, to)).slice(1) },
    });
    expect(String(await refusal(statement({}, without)))).to.contain("contradicts");
    const swapped = maker({
      index: {
        postings: async (key, from, to) =>
          (await index.postings(key, from, to)).map((p) => ({ ...p, index: 2 - p.index })),
      },
    });
    expect(String(await refusal(statement({}, swapped)))).to.contain("the log's order");
    const others = maker({
      store: { events: async (list) => await log.store.events(list.map((at) => (at + 1) % 3)) },
    });
    expect(String(await refusal(statement({}, others)))).to.contain("the records");
    await log.anchor(3, { indexSize: 3, indexRoot: new Uint8Array(32).fill(1) });
    expect(String(await refusal(statement()))).to.contain("the anchored root");
  });

  it("closes a sealed event to the person until the seal ends, with the seal's evidence, and never to inspectors", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    const ordered = await seal(0);
    await index.build();
    await log.anchor(2, await index.build());
    expect(await refusal(statement()), "the seal is not anchored").to.have.property(
      "code",
      "statement-not-ready",
    );
    await anchored();
    const closed = await statement();
    expect(closed.lists[0]?.events.map(({ closedBy }) => closedBy)).to.deep.equal([0, undefined]);
    expect(closed.lists[0]?.events[0]?.event).to.match(/^[^~]+~$/);
    expect(closed.closures).to.have.length(1);
    const [order] = closed.closures;
    expect(openFacets(parseShownEvent(order?.event ?? ""))).to.have.all.keys("type", "seal", "time");
    expect(ordered).to.equal(2);
    const open = await statement({ subject: { kind: "person", person: PERSON }, caller: INSPECTOR });
    expect(open.closures).to.deep.equal([]);
    now = Date.parse(LATER);
    expect((await statement()).closures).to.deep.equal([]);
  });

  it("opens it again when the seal is lifted", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await seal(0);
    await seal(0, { state: "lifted" });
    await anchored();
    expect((await statement()).closures).to.deep.equal([]);
  });

  it("lists an erased event with the erasure for everybody, and hides no loss that nobody ordered", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await log.append("qn-police/r1", [access("b")], { erased: true });
    await anchored();
    for (const caller of [CITIZEN, INSPECTOR]) {
      expect(await refusal(statement({ caller }))).to.have.property("code", "disclosures-missing");
    }
    await erase(1);
    await anchored();
    for (const caller of [CITIZEN, INSPECTOR]) {
      const made = await statement({ caller });
      expect(made.lists[0]?.events.map(({ closedBy }) => closedBy)).to.deep.equal([undefined, 0]);
      const [order] = made.closures;
      expect(openFacets(parseShownEvent(order?.event ?? ""))).to.include.keys("erasure");
    }
  });

  it("closes to everybody what was ordered to be erased, also before its key is destroyed", async () => {
    await log.append("qn-police/r1", [access("a")]);
    await erase(0);
    await anchored();
    for (const caller of [CITIZEN, INSPECTOR]) {
      const [entry] = (await statement({ caller })).lists[0]?.events ?? [];
      expect(entry).to.have.property("closedBy", 0);
      expect(entry?.event).to.match(/^[^~]+~$/);
    }
  });

  it("has a list for each number that a mandate joins to the person's", async () => {
    await log.append("qn-police/r1", [access("a"), { ...access("b"), subject: CHILD }]);
    const mandate = { id: "m", state: "granted", basis: "same-person" } as const;
    await log.append("qn-justice/r1", [
      { type: "mandate", subject: CHILD, "subject.2": PERSON, mandate, time },
    ]);
    await anchored();
    const made = await statement();
    expect(made.lists.map(({ id }) => id)).to.deep.equal([
      "vn-cccd:999199000001",
      "vn-newborn:22001.GCS.00001.26",
    ]);
    expect(indexes(made)).to.deep.equal([
      [0, 2],
      [1, 2],
    ]);
    const later = await statement({ since: [1] });
    expect(indexes(later)).to.deep.equal([[2], [1, 2]]);
  });

  it("opens each event once, and in search of other numbers only the mandates", async () => {
    const mandate = { id: "m", state: "granted", basis: "same-person" } as const;
    await log.append("qn-justice/r1", [
      { type: "mandate", subject: CHILD, "subject.2": PERSON, mandate, time },
    ]);
    await log.append(
      "qn-police/r1",
      Array.from({ length: 250 }, (_, n) => ({ ...access(`${n}`), "subject.2": STRANGER })),
    );
    await anchored();
    const read = new Map<number, number>();
    const counting = maker({
      store: {
        events: async (list) => {
          for (const place of list) read.set(place, (read.get(place) ?? 0) + 1);
          return await log.store.events(list);
        },
      },
    });
    const request = { subject: { kind: "person", person: PERSON }, caller: INSPECTOR, since: [] } as const;
    await text(statementNdjson(await counting(request)));
    expect(read.size).to.equal(251);
    expect([...read].filter(([place, times]) => place !== 0 && times !== 1)).to.deep.equal([]);
  });

  it("takes little memory for a long list: no page is read before the one before it is taken", async () => {
    await log.append(
      "qn-police/r1",
      Array.from({ length: 1000 }, (_, n) => access(`${n}`)),
    );
    await anchored();
    let read = 0;
    const counting = maker({
      store: {
        events: async (list) => {
          read += list.length;
          return await log.store.events(list);
        },
      },
    });
    const request = { subject: { kind: "person", person: PERSON }, caller: INSPECTOR, since: [500] } as const;
    const { parts } = await counting(request);
    const before = read;
    for await (const part of parts) {
      expect(part).to.have.property("entry");
      break;
    }
    expect(read - before).to.be.at.most(200);
  });
});

/** The list has the events that its leaf commits to. */
function expectWhole({ since, events, entry, proof }: Statement["lists"][number]): void {
  if (entry === undefined) return;
  const leaves = events.map(({ event }) => payloadLeafHash(payloadOf(event)));
  const treeRoot = frontierRoot(appendAll(since ?? emptyFrontier(), leaves));
  expect(proof.leaf?.commitment).to.deep.equal(entryCommitment({ ...entry, treeRoot }));
}

async function text(chunks: AsyncIterable<string>): Promise<string> {
  let all = "";
  for await (const chunk of chunks) all += chunk;
  return all;
}

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
