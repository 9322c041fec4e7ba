import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { pino } from "pino";
import { fromUtf8 } from "../../../../protocol/bytes.ts";
import type { Facets } from "../../../../protocol/facet-values.ts";
import { leafHash } from "../../../../protocol/merkle.ts";
import type { Looking, Showing } from "../../../../server/disclose/showing.ts";
import type { ShownFinding } from "../../../../server/findings/board.ts";
import type { Caller } from "../../../../server/identity/caller.ts";
import {
  type EventQuery,
  eventSearch,
  type SearchEvents,
} from "../../../../server/inspect/search/event-search.ts";
import { createSearchIndex, type SearchIndex } from "../../../../server/inspect/search/search-index.ts";
import { officialTerm, searchKey, termHasher } from "../../../../server/inspect/search/terms.ts";
import { indexTags } from "../../../../server/receive/index-tags.ts";
import { INSPECTOR, officer } from "../../callers.ts";
import { PEPPER, recordedLog, type RecordedLog } from "../../prove/recorded-log.ts";

const KEY = searchKey(PEPPER);
const tagOf = indexTags(PEPPER);
const POLICE = officer("qn-police");
const FINDING: ShownFinding = {
  ...{ id: "no-case:1", kind: "no-case", state: "open", since: 1000, agency: "qn-police" },
  evidence: { index: 1, leaf: "A".repeat(43), catalogue: "1" },
};

describe("searching for events", () => {
  let folder: string;
  let log: RecordedLog;
  let search: SearchIndex;
  let searchEvents: SearchEvents;
  /** Log indexes of what is sealed to everybody but inspectors. */
  let sealed: Set<number>;
  /** Whom what was shown to. */
  let shown: number[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-event-search-"));
    log = await recordedLog();
    sealed = new Set();
    shown = [];
    const thread = { path: folder, identity: "test", key: KEY };
    search = createSearchIndex({
      store: log.store,
      thread,
      clock: { now: () => 0 },
      log: pino({ level: "silent" }),
    });
    search.start();
    searchEvents = eventSearch({
      search,
      terms: {
        hashOf: termHasher(KEY),
        officialOf: (id) => officialTerm(Buffer.from(tagOf({ kind: "official", id }), "latin1")),
      },
      store: log.store,
      showing: { viewerOf, show },
      findings: {
        list: async ({ kind, agency = "qn-police" }) => {
          const isFound = kind === "no-case" && agency === "qn-police";
          return await Promise.resolve({ findings: isFound ? [FINDING] : [], asOf: 0, size: 0 });
        },
        about: async (events) =>
          await Promise.resolve(events.some(({ index }) => index === 1) ? [FINDING] : []),
      },
    });
    await log.append("qn-police/r1", [access({ case: "H50-1" }), access({}), access({ case: "H50-1" })]);
    await log.append("qn-health/r1", [
      access({ case: "H50-1", exchange: exchange("qn-health", "qn-justice") }),
    ]);
    while (!search.status().isLoaded) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  afterEach(async () => {
    await search.close();
    await log.close();
    await rm(folder, { recursive: true });
  });

  const viewerOf = async (caller: Caller): Promise<Looking> =>
    await Promise.resolve({ caller, own: [], look: async () => {} });

  /** Everything to everybody, but nothing of what is sealed or erased. */
  const show: Showing["show"] = async ({ caller }, events) => {
    shown.push(...events.map(({ index }) => index));
    return await Promise.resolve(
      events.map(({ index, payload, disclosures }) => {
        const isClosed = sealed.has(index) && caller.role !== "inspector";
        const open = isClosed ? "" : (disclosures ?? "");
        return {
          text: `${fromUtf8(payload)}~${withoutDecoys(open)}`,
          leafHash: leafHash(payload),
          erased: disclosures === undefined,
        };
      }),
    );
  };

  async function indexes(query: Partial<EventQuery>, caller: Caller = INSPECTOR): Promise<number[]> {
    const page = await searchEvents({ filter: {}, newestFirst: false, limit: 50, ...query }, caller);
    return page.events.map(({ index }) => index);
  }

  it("finds for an officer what their agency is a party to", async () => {
    const filter = { case: "H50-1" };
    expect(await indexes({ filter })).to.deep.equal([0, 2, 3]);
    shown = [];
    expect(await indexes({ filter }, POLICE)).to.deep.equal([0, 2]);
    // What is not theirs is not even looked at.
    expect(shown).to.deep.equal([0, 2]);
    expect(await indexes({ filter: { agency: "qn-justice" } }, POLICE)).to.deep.equal([0, 1, 2]);
  });

  it("does not tell an officer by a search what a seal hides from them", async () => {
    sealed.add(2);
    const filter = { case: "H50-1" };
    expect(await indexes({ filter }, POLICE)).to.deep.equal([0]);
    expect(await indexes({ filter: { official: "agent:qn-police/officer-1" } }, POLICE)).to.deep.equal([
      0, 1,
    ]);
    expect(await indexes({ filter: { type: "access" } }, POLICE)).to.deep.equal([0, 1]);
    // That it is there, its own agency knows.
    expect(await indexes({ filter: {} }, POLICE)).to.deep.equal([0, 1, 2]);
    expect(await indexes({ filter })).to.deep.equal([0, 2, 3]);
  });

  it("finds for an inspector the place of what was erased, and for nobody else", async () => {
    await indexes({});
    await log.store.eraseKeys([0]);
    const filter = { case: "H50-1" };
    expect(await indexes({ filter })).to.deep.equal([0, 2, 3]);
    expect(await indexes({ filter }, POLICE)).to.deep.equal([2]);
  });

  it("finds by what was found about an event, with everything else that is asked", async () => {
    expect(await indexes({ finding: { kind: "no-case" } })).to.deep.equal([1]);
    expect(await indexes({ finding: { kind: "no-case" }, filter: { case: "H50-1" } })).to.deep.equal([]);
    expect(await indexes({ finding: { kind: "outside-purpose" } })).to.deep.equal([]);
    const { events } = await searchEvents({ filter: {}, newestFirst: false, limit: 50 }, POLICE);
    expect(events.map(({ findings }) => findings.length)).to.deep.equal([0, 1, 0]);
  });

  it("does not tell an officer by a search what was found about the other side", async () => {
    const finding = { kind: "no-case" } as const;
    expect(await indexes({ finding }, POLICE)).to.deep.equal([1]);
    expect(await indexes({}, officer("qn-justice")), "a party to it").to.include(1);
    expect(await indexes({ finding }, officer("qn-justice"))).to.deep.equal([]);
  });

  it("pages through what an officer may see, whatever lies between", async () => {
    sealed.add(0);
    const query = { filter: { type: "access" as const }, newestFirst: false, limit: 1 };
    const first = await searchEvents(query, POLICE);
    expect(first.events.map(({ index }) => index)).to.deep.equal([1]);
    const second = await searchEvents({ ...query, start: first.next }, POLICE);
    expect(second.events.map(({ index }) => index)).to.deep.equal([2]);
  });
});

function withoutDecoys(disclosures: string): string {
  return disclosures
    .split("~")
    .filter((text) => text !== "" && !Buffer.from(text, "base64url").toString("utf8").includes('"decoy"'))
    .map((text) => `${text}~`)
    .join("");
}

function exchange(client: string, provider: string): NonNullable<Facets["exchange"]> {
  return { messageId: "m-1", client, service: `${provider}/births` };
}

function access(change: Partial<Facets>): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "999199000001" },
    exchange: exchange("qn-police", "qn-justice"),
    "agent.id": "officer-1",
    data: { action: "R", personalData: ["name"] },
    time: { occurred: "2026-11-22T08:00:00Z" },
    ...change,
  };
}
