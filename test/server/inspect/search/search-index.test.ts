import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { pino } from "pino";
import type { Facets } from "../../../../protocol/facet-values.ts";
import { indexKeys } from "../../../../protocol/index-keys.ts";
import { parseSource } from "../../../../protocol/source.ts";
import { monthOf } from "../../../../server/inspect/search/counts.ts";
import type { PostingQuery } from "../../../../server/inspect/search/messages.ts";
import { startSearchThread } from "../../../../server/inspect/search/thread.ts";
import { createSearchIndex, type SearchIndex } from "../../../../server/inspect/search/search-index.ts";
import {
  officialTerm,
  searchKey,
  type StoredTerm,
  type Term,
  termHasher,
  type TermKind,
} from "../../../../server/inspect/search/terms.ts";
import { indexTags } from "../../../../server/receive/index-tags.ts";
import { PEPPER, recordedLog, type RecordedLog } from "../../prove/recorded-log.ts";

const SILENT = pino({ level: "silent" });
const KEY = searchKey(PEPPER);
const hashOf = termHasher(KEY);
const tagOf = indexTags(PEPPER);

/** What a test says of an event, and what is found of it. */
interface Made {
  readonly source: string;
  readonly facets: Facets;
  readonly time: number;
  /** Erased before the search read it, so that only its tags are left. */
  erasedUnread: boolean;
}

const AGENCIES = ["qn-police", "qn-justice", "qn-health"] as const;
const PROCEDURES = ["1.004222", "2.000635"] as const;
const OFFICIALS = ["officer-1", "officer-2", "officer-3"] as const;
const CASES = ["H50-1", "H50-2", "H50-3"] as const;
const OUTCOMES = ["success", "refused", "failure"] as const;

describe("the search over the log", () => {
  let folder: string;
  let log: RecordedLog;
  let search: SearchIndex;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-search-"));
    log = await recordedLog();
    search = open();
  });
  afterEach(async () => {
    await search.close();
    await log.close();
    await rm(folder, { recursive: true });
  });

  function open(identity = "test", store: RecordedLog["store"] = log.store): SearchIndex {
    const made = createSearchIndex({
      store,
      thread: { path: folder, identity, key: KEY },
      clock: { now: () => 0 },
      log: SILENT,
    });
    made.start();
    return made;
  }

  /** All pages of a search, each of at most `limit`. */
  async function all(query: Partial<PostingQuery>, limit = 1000): Promise<number[]> {
    await loaded(search);
    await search.caughtUp();
    const found: number[] = [];
    let start: number | undefined;
    do {
      const page = await search.find({
        ...{ terms: [], newestFirst: false, ...query, limit },
        start,
      });
      expect(page.indexes.length).to.be.at.most(limit);
      found.push(...page.indexes);
      start = page.next;
    } while (start !== undefined);
    return found;
  }

  it("finds what a naive filter over all events finds, through restarts, erasures and rebuilding", async function () {
    this.timeout(600_000);
    const choice = <T>(values: readonly T[]) => fc.constantFrom(...values);
    const event = fc.record({
      source: choice(AGENCIES).map((agency) => `${agency}/r1`),
      type: choice(["access", "action", "consent"] as const),
      client: choice(AGENCIES),
      provider: choice(AGENCIES),
      procedure: fc.option(choice(PROCEDURES), { nil: undefined }),
      official: fc.option(choice(OFFICIALS), { nil: undefined }),
      caseOf: fc.option(choice(CASES), { nil: undefined }),
      outcome: fc.option(choice(OUTCOMES), { nil: undefined }),
      emergency: fc.boolean(),
    });
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant("append" as const),
          events: fc.array(event, { minLength: 1, maxLength: 30 }),
          later: fc.integer({ min: -20, max: 90 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("erase" as const), index: fc.nat() }) },
      { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: "rebuild" as const }) },
    );
    const query = fc.record({
      agency: fc.option(choice(AGENCIES), { nil: undefined }),
      official: fc.option(fc.tuple(choice(AGENCIES), choice(OFFICIALS)), { nil: undefined }),
      procedure: fc.option(choice(PROCEDURES), { nil: undefined }),
      case: fc.option(choice(CASES), { nil: undefined }),
      type: fc.option(choice(["access", "action", "consent", "seal"]), { nil: undefined }),
      outcome: fc.option(choice(OUTCOMES), { nil: undefined }),
      emergency: fc.option(fc.constant(true as const), { nil: undefined }),
      from: fc.option(fc.integer({ min: 900, max: 1300 }), { nil: undefined }),
      length: fc.option(fc.nat(300), { nil: undefined }),
      among: fc.option(fc.uniqueArray(fc.nat(200), { maxLength: 80 }), { nil: undefined }),
      newestFirst: fc.boolean(),
      limit: fc.integer({ min: 1, max: 40 }),
    });

    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 8 }),
        fc.array(query, { minLength: 12, maxLength: 12 }),
        async (steps, queries) => {
          await search.close();
          await log.close();
          await rm(folder, { recursive: true, force: true });
          log = await recordedLog();
          search = open();
          const made: Made[] = [];
          const erased = new Set<number>();
          let time = 1000;
          for (const each of steps) {
            if (each.kind === "append") {
              time += each.later;
              const bySource = Map.groupBy(each.events, ({ source }) => source);
              for (const [source, events] of bySource) {
                const facets = events.map((given, at) => facetsOf(given, made.length + at));
                await log.append(source, facets, { time });
                made.push(...facets.map((of) => ({ source, facets: of, time, erasedUnread: false })));
              }
            } else if (each.kind === "erase" && made.length > 0) {
              // What was read before is found as before.
              await loaded(search);
              await search.caughtUp();
              const index = each.index % made.length;
              await log.store.eraseKeys([index]);
              erased.add(index);
            } else {
              await search.close();
              if (each.kind === "rebuild") {
                await rm(folder, { recursive: true, force: true });
                for (const index of erased) {
                  const event = made[index];
                  if (event !== undefined) event.erasedUnread = true;
                }
              }
              search = open();
            }
          }
          for (const { from, length, newestFirst, limit, among, ...filter } of queries) {
            const to = from === undefined || length === undefined ? undefined : from + length;
            const expected = made.flatMap((event, index) =>
              naive(event, filter) &&
              event.time >= (from ?? 0) &&
              event.time < (to ?? Infinity) &&
              among?.includes(index) !== false
                ? [index]
                : [],
            );
            const found = await all(
              {
                terms: termsIn(filter),
                receivedFrom: from,
                receivedBefore: to,
                among: among?.toSorted((a, b) => a - b),
                newestFirst,
              },
              limit,
            );
            expect(found).to.deep.equal(newestFirst ? expected.toReversed() : expected);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("counts what statistics are made of, once, however often it is restarted", async () => {
    const january = Date.UTC(2026, 0, 31, 23, 59, 59) / 1000;
    await log.append("qn-police/r1", [access(1), access(2), { ...access(3), outcome: { code: "refused" } }], {
      time: january,
    });
    await log.append("qn-justice/r1", [access(1)], { time: january });
    await all({});
    await search.close();
    search = open();
    await log.append("qn-police/r1", [access(4)], { time: january + 1 });
    await all({});
    const named = async (month: number) =>
      (await search.counts(month)).map(({ side, outcome, count, agency, procedure }) => [
        side,
        outcome,
        count,
        agency === hashOf({ kind: "agency", text: "qn-police" }),
        procedure === hashOf({ kind: "procedure", text: "1.004222" }),
      ]);
    expect(await named(monthOf(january))).to.have.deep.members([
      ["client", "none", 2, true, true],
      ["client", "refused", 1, true, true],
      ["provider", "none", 1, true, true],
    ]);
    expect(await named(monthOf(january + 1))).to.deep.equal([["client", "none", 1, true, true]]);
    expect(await named(monthOf(january) - 1)).to.deep.equal([]);
  });

  it("gives the smallest range of the log that holds everything received in a time, also when a clock was put back", async () => {
    for (const time of [1000, 1010, 1005, 1020]) await log.append("qn-police/r1", [access(1)], { time });
    await all({});
    expect(await search.range(0, Infinity)).to.deep.equal({ from: 0, to: 4 });
    expect(await search.range(1006, Infinity)).to.deep.equal({ from: 1, to: 4 });
    // The event of 1005 stands behind that of 1010.
    expect((await search.range(1000, 1006)).to).to.be.at.least(3);
    expect(await search.range(2000, 3000)).to.deep.equal({ from: 4, to: 4 });
    expect(await all({ receivedFrom: 1001, receivedBefore: 1010 })).to.deep.equal([2]);
  });

  it("holds nothing in the clear: no case, official, agency, procedure or person", async () => {
    await log.append("qn-police/r1", [
      { ...access(1), case: "H50.12-241122-0007", "agent.id": "nguyen.van.a" },
    ]);
    await all({});
    await search.close();
    const files = await readdir(folder);
    const bytes = Buffer.concat(
      await Promise.all(files.map(async (file) => await readFile(path.join(folder, file)))),
    );
    expect(bytes.length).to.be.greaterThan(200);
    for (const text of [
      "H50.12-241122-0007",
      "nguyen.van.a",
      "qn-police",
      "qn-justice",
      "1.004222",
      "999199000001",
      "m-1",
    ]) {
      expect(bytes.includes(text), text).to.be.false;
    }
    search = open();
    expect(await all({ terms: [hashOf({ kind: "case", text: "H50.12-241122-0007" })] })).to.deep.equal([0]);
  });

  it("begins anew with records, keys or formats that are not those it was built from", async () => {
    await log.append("qn-police/r1", [access(1)]);
    await all({});
    await search.close();
    search = open("another log");
    expect(await all({ terms: [hashOf({ kind: "agency", text: "qn-police" })] })).to.deep.equal([0]);
    await search.close();
    // Records with another history under the same name, as after restoring an older copy.
    const other = await recordedLog();
    try {
      await other.append("qn-health/r1", [access(2)]);
      search = open("another log", other.store);
      expect(await all({ terms: [hashOf({ kind: "agency", text: "qn-health" })] })).to.deep.equal([0]);
      await search.close();
    } finally {
      await other.close();
    }
    search = open("another log");
    expect(await all({ terms: [hashOf({ kind: "agency", text: "qn-health" })] })).to.deep.equal([]);
  });

  it("says how far behind it is, and that it is being loaded", async () => {
    await search.close();
    await log.append("qn-police/r1", [access(1), access(2)]);
    const sleeping = createSearchIndex({
      store: log.store,
      thread: { path: folder, identity: "test", key: KEY },
      clock: { now: () => 0 },
      log: SILENT,
    });
    const refusal = await sleeping
      .find({ terms: [], newestFirst: false, limit: 1 })
      .catch((error: unknown) => error);
    expect(refusal).to.have.property("code", "starting");
    expect(sleeping.status()).to.include({ isLoaded: false, size: 0 });
    await sleeping.close();
    search = open();
    await all({});
    expect(search.status()).to.include({ isLoaded: true, size: 2, lagEvents: 0, lagSeconds: 0 });
  });

  it("is caught up when it is loaded, for whoever asks meanwhile", async () => {
    await log.append("qn-police/r1", [access(1)]);
    await search.close();
    const gate = Promise.withResolvers<undefined>();
    search = createSearchIndex({
      store: log.store,
      thread: { path: folder, identity: "test", key: KEY },
      ...{ clock: { now: () => 0 }, log: SILENT },
      start: (settings) => {
        const thread = startSearchThread(settings);
        return { ...thread, load: async () => await gate.promise.then(thread.load) };
      },
    });
    search.start();
    const asked = search
      .caughtUp()
      .then(async () => await search.find({ terms: [], newestFirst: false, limit: 9 }));
    await new Promise(setImmediate);
    gate.resolve(undefined);
    expect((await asked).indexes).to.deep.equal([0]);
  });
});

type Filter = Partial<Record<Exclude<TermKind, "official" | "emergency">, string | undefined>> & {
  readonly official?: readonly [string, string] | undefined;
  readonly emergency?: true | undefined;
};

function termsIn({ official, emergency, ...texts }: Filter): StoredTerm[] {
  const terms = Object.entries(texts).flatMap(([kind, text]): Term[] =>
    text === undefined ? [] : [{ kind: kind as TermKind, text }],
  );
  if (emergency) terms.push({ kind: "emergency", text: "" });
  const tag = official && tagOf({ kind: "official", id: `agent:${official.join("/")}` });
  return [...terms.map(hashOf), ...(tag === undefined ? [] : [officialTerm(Buffer.from(tag, "latin1"))])];
}

/** Written without any of what the search is made of. */
function naive({ source, facets, erasedUnread }: Made, filter: Filter): boolean {
  const has = (value: string | undefined, wanted: string | undefined): boolean =>
    wanted === undefined || (!erasedUnread && value === wanted);
  const recording = source.slice(0, source.indexOf("/"));
  const { exchange } = facets;
  const agencies = erasedUnread
    ? [recording]
    : [recording, ...(exchange === undefined ? [] : [exchange.client, exchange.service.split("/")[0]])];
  const officials = indexKeys(parseSource(source), facets).map(({ kind, id }) => `${kind} ${id}`);
  return (
    (filter.agency === undefined || agencies.includes(filter.agency)) &&
    (filter.official === undefined || officials.includes(`official agent:${filter.official.join("/")}`)) &&
    has(facets.purpose?.procedure, filter.procedure) &&
    has(facets.case, filter.case) &&
    // A tag tells that it was a consent.
    (filter.type === undefined ||
      (facets.type === filter.type && (!erasedUnread || facets.type === "consent"))) &&
    has(facets.outcome?.code, filter.outcome) &&
    (filter.emergency === undefined || facets.handling?.emergency === true)
  );
}

function facetsOf(
  given: {
    type: "access" | "action" | "consent";
    client: string;
    provider: string;
    procedure: string | undefined;
    official: string | undefined;
    caseOf: string | undefined;
    outcome: (typeof OUTCOMES)[number] | undefined;
    emergency: boolean;
  },
  number: number,
): Facets {
  const { type, client, provider, official, caseOf, outcome, emergency } = given;
  // An action without a purpose is none.
  const procedure = given.procedure ?? (type === "action" ? PROCEDURES[0] : undefined);
  return {
    type,
    subject: { scheme: "vn-cccd", id: "999199000001" },
    ...(type === "consent"
      ? { consent: { id: `c-${number}`, state: "ConsentGiven" } }
      : { exchange: { messageId: `m-${number}`, client, service: `${provider}/births` } }),
    ...(procedure !== undefined && { purpose: { procedure } }),
    ...(official !== undefined && { "agent.id": official }),
    ...(caseOf !== undefined && { case: caseOf }),
    ...(outcome !== undefined && { outcome: { code: outcome } }),
    ...(emergency && { handling: { emergency } }),
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}

function access(number: number): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "999199000001" },
    exchange: { messageId: `m-${number}`, client: "qn-police", service: "qn-justice/births" },
    data: { action: "R", personalData: ["name"] },
    purpose: { procedure: "1.004222" },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}

/** Polls its status: nothing else tells. */
async function loaded(search: SearchIndex): Promise<void> {
  while (!search.status().isLoaded) await new Promise((resolve) => setTimeout(resolve, 5));
}
