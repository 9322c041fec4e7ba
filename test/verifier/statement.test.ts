import { expect } from "chai";
import { formatDisclosure } from "../../protocol/disclosure.ts";
import { parseShownEvent, payloadOf, showEvent } from "../../protocol/event.ts";
import {
  formatStatement,
  formatStatementLines,
  type Statement,
  type StatementEntry,
  type StatementList,
} from "../../protocol/statement.ts";
import { chainReader } from "../../verifier/chain.ts";
import {
  STATEMENT_CHECKS,
  type StatementCheckId,
  type StatementOptions,
  type StatementReport,
  verifyStatement,
} from "../../verifier/statement.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type ChainState, nodeOf } from "./chain-state.ts";
import {
  ANNA,
  ANNAS_OLD,
  BINH,
  CONSENT,
  NOBODY,
  OFFICIAL,
  SEALED,
  statementWorld,
  type StatementWorld,
} from "./statement-world.ts";
import { POLICE, PROFILE } from "./world.ts";

const world = statementWorld();
const EVERYONE = [[ANNA, ANNAS_OLD], [BINH], [CONSENT], [OFFICIAL], [NOBODY], ["consent:none"]];
const ANNAS = [ANNA, ANNAS_OLD];
const whole = world.statement(ANNAS);
const binhs = world.statement([BINH]);

describe("verifyStatement", () => {
  for (const ids of EVERYONE) {
    it(`finds an honest statement valid in both spellings: ${ids.join(", ")}`, async () => {
      const statement = world.statement(ids);
      for (const text of [formatStatement(statement), formatStatementLines(statement)]) {
        const report = await verify(text);
        expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
        expect(report.verdict).to.equal("valid");
        expect(report.claim?.lists.map(({ id }) => id)).to.deep.equal(ids);
      }
    });
  }

  it("claims what was verified: the events in order, what is shown of them, and why the rest is not", async () => {
    const { claim } = await verify(whole);
    expect(claim).to.deep.include({ horizon: 12, anchor: { block: 20, time: 1_760_000_060 } });
    const [present, old] = claim?.lists ?? [];
    expect(present).to.deep.include({ kind: "person", id: ANNA, count: 7, since: 0 });
    expect(present?.events.map(({ indexHint }) => indexHint)).to.deep.equal([0, 2, 3, 5, 6, 7, 10]);
    expect(present?.events[0]).to.deep.include({
      source: "qn-police/r1",
      seq: 1,
      closedDigests: 1,
      closed: null,
    });
    expect(present?.events[0]?.facets.purpose).to.deep.equal({ procedure: "1.004222" });
    expect(present?.events[4]).to.deep.include({
      facets: {},
      closedDigests: 8,
      closed: { type: "seal", authority: "Cơ quan điều tra", until: "2026-12-31T00:00:00Z" },
    });
    expect(present?.events[5]?.closed).to.deep.equal({ type: "erasure", authority: "Tòa án", until: null });
    expect(old?.events.map(({ indexHint }) => indexHint)).to.deep.equal([3, 4]);
  });

  it("proves absence", async () => {
    const { claim, verdict } = await verify(world.statement([NOBODY]));
    expect(verdict).to.equal("valid");
    expect(claim?.lists).to.deep.equal([{ kind: "person", id: NOBODY, count: 0, since: 0, events: [] }]);
  });

  it("verifies under every anchor with an index of its own, and none beside them", async () => {
    for (const horizon of [5, 10, 12]) {
      expect((await verify(world.statement(ANNAS, { horizon }))).verdict, String(horizon)).to.equal("valid");
    }
    for (const horizon of [1, 4, 6, 9, 11]) {
      expect(failures(await verify(world.statement(ANNAS, { horizon }))), String(horizon)).to.include(
        "anchor",
      );
    }
  });

  it("lists every check in the same order whatever the outcome", async () => {
    const ids = Object.keys(STATEMENT_CHECKS);
    for (const input of [formatStatement(whole), "", "{}", formatStatement(binhs).replace(/\d/g, "7")]) {
      const { checks } = await verify(input);
      expect(checks.map(({ id }) => id)).to.deep.equal(ids);
      for (const { detail } of checks) expect(detail).to.not.equal("");
    }
  });

  it("says development on an embedded chain, and is incomplete without a profile or a chain", async () => {
    const profile: TrustProfile = { ...PROFILE, environment: "embedded" };
    expect((await verify(whole, { profile })).verdict).to.equal("development");
    const text = formatStatement(whole);
    for (const report of [
      await verifyStatement(text, undefined, chainReader(nodeOf(world.state()), "the node")),
      await verifyStatement(text, PROFILE, undefined),
    ]) {
      expect(report.verdict).to.equal("incomplete");
      expect(report.claim).to.equal(null);
      expect(failures(report)).to.deep.equal([]);
    }
  });

  describe("finds what was tampered with, by name", () => {
    const forgeries: readonly Forgery[] = [
      {
        name: "an entry removed from the middle",
        forge: changeEvents((events) => events.filter((_, at) => at !== 1)),
        fails: { entry: /^list 1: entries were removed or cut off: 7 are proven, 6 are there$/ },
      },
      {
        name: "the last entry removed",
        forge: changeEvents((events) => events.slice(0, -1)),
        fails: { entry: /removed or cut off/ },
      },
      {
        name: "an entry removed and the count made smaller",
        forge: changeList(0, (list) => ({
          ...list,
          entry: list.entry && { ...list.entry, count: 6 },
          events: list.events.slice(1),
        })),
        fails: { entry: /changed, swapped, replaced or left out/ },
      },
      {
        name: "somebody else's event added",
        forge: changeEvents((events) => [...events, ...(binhs.lists[0]?.events.slice(-1) ?? [])]),
        fails: {
          entry: /entries were added: 7 are proven, 8 are there/,
          entries: /does not show why it is in this list/,
        },
      },
      {
        name: "somebody else's event in the place of one's own",
        forge: changeEvents((events) => [...(binhs.lists[0]?.events.slice(0, 1) ?? []), ...events.slice(1)]),
        fails: { entry: /replaced/, entries: /entry 1 \(log index 1\) does not show why/ },
      },
      {
        name: "two entries swapped",
        forge: changeEvents(([a, b, ...rest]) => (a && b ? [b, a, ...rest] : rest)),
        fails: { entry: /swapped/, order: /entry 2 \(log index 0\) stands before the entry in front of it/ },
      },
      {
        name: "two entries swapped and their indexes put right",
        forge: changeEvents(([a, b, ...rest]) =>
          a && b ? [{ ...b, index: a.index }, { ...a, index: b.index }, ...rest] : rest,
        ),
        fails: { entry: /swapped/ },
      },
      {
        name: "an entry replayed",
        forge: changeEvents(([a, b, c, ...rest]) =>
          a && b && c ? [a, { ...a, index: 1 }, b, ...rest] : rest,
        ),
        fails: { entry: /changed/, order: /entry 2 \(log index 1\) repeats entry 1/ },
      },
      {
        name: "an entry from beyond the horizon",
        forge: changeEvents((events) =>
          events.map((entry) => (entry.index === 10 ? { ...entry, index: 12 } : entry)),
        ),
        fails: { order: /lies beyond the horizon, 12/ },
      },
      {
        name: "a payload changed",
        forge: changeEvents(([a, ...rest]) =>
          a ? [{ ...a, event: a.event.replace(/^(.{40})./, "$1A") }, ...rest] : rest,
        ),
        fails: { entry: /changed/, entries: /cannot be read/ },
      },
      {
        name: "a disclosure that opens nothing",
        forge: changeEvents(([a, ...rest]) =>
          a
            ? [{ ...a, event: `${a.event}${formatDisclosure(new Uint8Array(16), "decoy", null)}~` }, ...rest]
            : rest,
        ),
        fails: { entries: /entry 1 \(log index 0\) cannot be read: .*disclosure-unmatched/ },
      },
      {
        name: "an event that does not show that it is this person's",
        forge: changeEvents(([a, ...rest]) =>
          a ? [{ ...a, event: `${payloadOf(a.event)}~` }, ...rest] : rest,
        ),
        fails: { entries: /no closure says why/ },
      },
      {
        name: "somebody else's row under this id",
        forge: () => ({ ...binhs, lists: binhs.lists.map((list) => ({ ...list, id: NOBODY })) }),
        fails: { vrf: /may be somebody else's list/, entries: /does not show why/ },
      },
      {
        name: "somebody else's row under this id with its own VRF proof",
        forge: () => {
          const [own] = world.statement([NOBODY]).lists;
          return { ...binhs, lists: binhs.lists.map((list) => ({ ...list, id: NOBODY, vrf: own?.vrf })) };
        },
        fails: { index: /does not lead from this id's key/, entries: /does not show why/ },
      },
      {
        name: "the absence of somebody else",
        forge: () => {
          const absent = world.statement([NOBODY]);
          return { ...absent, lists: absent.lists.map((list) => ({ ...list, id: BINH })) };
        },
        fails: { vrf: /somebody else's/ },
      },
      {
        name: "the absence of somebody else under this id's VRF proof",
        forge: () => {
          const absent = world.statement([NOBODY]);
          const [{ vrf } = { vrf: undefined }] = binhs.lists;
          return { ...absent, lists: absent.lists.map((list) => ({ ...list, id: BINH, vrf })) };
        },
        fails: { index: /does not lead|holds events/ },
      },
      {
        name: "absence where the index holds events",
        forge: () => ({
          ...binhs,
          lists: binhs.lists.map((list) => ({ ...list, entry: undefined, events: [] })),
        }),
        fails: { index: /the index holds events of this id, but none is listed/ },
      },
      {
        name: "events where the index holds none",
        forge: () => {
          const [list] = binhs.lists;
          const absent = world.statement([NOBODY]);
          return {
            ...absent,
            lists: absent.lists.map((own) => ({ ...own, entry: list?.entry, events: list?.events ?? [] })),
          };
        },
        fails: {
          index: /the index holds no events of this id/,
          entry: /not the events/,
          entries: /does not show/,
        },
      },
      {
        name: "events under an absence",
        forge: () => {
          const absent = world.statement([NOBODY]);
          const events = binhs.lists[0]?.events ?? [];
          return { ...absent, lists: absent.lists.map((own) => ({ ...own, events })) };
        },
        fails: { entry: /said to be empty/, entries: /does not show/ },
      },
      {
        name: "a step of the index proof left out",
        forge: changeList(0, (list) => ({
          ...list,
          proof: { ...list.proof, steps: list.proof.steps.slice(1) },
        })),
        fails: { index: /does not lead/ },
      },
      {
        name: "another blinding",
        forge: changeList(0, (list) => ({
          ...list,
          entry: list.entry && { ...list.entry, blinding: new Uint8Array(32) },
        })),
        fails: { entry: /not the events/ },
      },
      {
        name: "another log",
        forge: (honest) => ({ ...honest, log: { ...honest.log, logId: 2 } }),
        fails: { log: /it is of the log 5151:.*:2; you trust/ },
      },
      {
        name: "a horizon nobody anchored",
        forge: (honest) => ({ ...honest, horizon: 11 }),
        fails: { anchor: /no index of 11 entries was anchored; the next one covers 12/ },
      },
      {
        name: "a horizon beyond every anchor",
        forge: (honest) => ({ ...honest, horizon: 13 }),
        fails: { anchor: /no anchor on the chain has an index of 13 entries/ },
      },
      {
        name: "an old list under a new horizon",
        forge: () => ({ ...world.statement(ANNAS, { horizon: 10 }), horizon: 12 }),
        fails: { index: /does not lead/ },
      },
      {
        name: "the list of the old number left out",
        forge: (honest) => ({ ...honest, lists: honest.lists.slice(0, 1) }),
        // An entry behind the mandate is erased, and may have ended it: only then is it no failure.
        fails: {},
        warns: { linked: /joined to this one, unless an erased entry ended that/ },
      },
      {
        name: "the list of the old number left out, without a closed entry to blame",
        forge: () => {
          const [list] = world.statement([ANNA], { horizon: 5 }).lists;
          return { ...world.statement([ANNA], { horizon: 5 }), lists: list ? [list] : [] };
        },
        fails: {
          linked: /a mandate \(log index 3\) joins another number to this one, but its list is missing/,
        },
      },
      {
        name: "the earlier events left out",
        forge: () => world.statement(ANNAS, { since: [3, 0] }),
        fails: {},
        open: { continues: /it leaves out 3 earlier events: name the statement that lists them/ },
      },
      {
        name: "earlier events said to be others",
        forge: () => {
          const honest = world.statement(ANNAS, { since: [3, 0] });
          const [first, ...rest] = honest.lists;
          const since = first?.since && { ...first.since, nodes: first.since.nodes.toReversed() };
          return first === undefined ? honest : { ...honest, lists: [{ ...first, since }, ...rest] };
        },
        fails: { entry: /not the events/ },
        open: { continues: /leaves out/ },
      },
    ];
    for (const { name, forge, fails, warns = {}, open = {} } of forgeries) {
      it(name, async () => {
        for (const spell of [formatStatement, formatStatementLines]) {
          const report = await verify(spell(forge(whole)));
          byStatus(report, "failed", fails);
          expect(failures(report)).to.have.members(Object.keys(fails));
          byStatus(report, "warning", warns);
          byStatus(report, "not-checked", open);
          const isSound = Object.keys(fails).length === 0 && Object.keys(open).length === 0;
          expect(report.claim === null).to.equal(!isSound);
        }
      });
    }

    it("a file cut off, in either spelling", async () => {
      for (const text of [formatStatement(whole), formatStatementLines(whole)]) {
        const report = await verify(text.slice(0, -200));
        expect(failures(report)).to.deep.equal(["format"]);
      }
      const { checks } = await verify(formatStatementLines(whole).slice(0, -200));
      expect(checks[0]?.detail).to.match(/cut off before its end line.*statement-truncated/);
    });
  });

  describe("closes nothing without an order that closes it", () => {
    it("refuses a closure that names another event", async () => {
      const other = statementWorld({ sealedPlace: 4 });
      await expectFailure(other, /^closure 1 does not name the event of list 1: entry 5 \(log index 6\)$/);
    });

    it("refuses a seal that has ended when the index was anchored, and shows it by an older one", async () => {
      const ended = statementWorld({ sealedUntil: "2025-10-09T08:53:45Z" });
      await expectFailure(
        ended,
        /ended at 2025-10-09T08:53:45Z, before the statement's anchor: what it closed must be shown/,
      );
    });

    it("refuses a time that no calendar has", async () => {
      await expectFailure(statementWorld({ sealedUntil: "2025-13-01T00:00:00Z" }), /ended at/);
    });

    it("refuses orders of an agency that may not give them", async () => {
      await expectFailure(
        statementWorld({ authority: POLICE }),
        /is of qn-police, which could not seal at block/,
      );
    });

    it("refuses the lifting of a seal as its placing", async () => {
      await expectFailure(statementWorld({ sealState: "lifted" }), /neither a placed seal nor an erasure/);
    });

    it("refuses a closure that is not there, or that closes nothing", async () => {
      const none = { ...whole, closures: [] };
      expect(detailOf(await verify(formatStatement(none)), "closures")).to.match(
        /names a closure that is not there/,
      );
      const [first, ...more] = binhs.lists;
      if (first === undefined) throw new Error("there is a list");
      const idle = { ...binhs, lists: [first, ...more], closures: whole.closures };
      expect(detailOf(await verify(idle), "closures")).to.match(/closure 1 closes no entry here/);
    });

    it("refuses a closure whose evidence was tampered with, and says what is wrong with it", async () => {
      const closures = whole.closures.map((closure) => ({
        ...closure,
        submission: { ...closure.submission, index: closure.submission.index + 1 },
      }));
      expect(detailOf(await verify({ ...whole, closures }), "closures")).to.match(
        /^closure 1: the event has the number/,
      );
    });

    it("refuses an access as a reason to close", async () => {
      const closures = [world.ledger.evidence(0), ...whole.closures.slice(1)];
      expect(detailOf(await verify({ ...whole, closures }), "closures")).to.match(/closure 1 is neither/);
    });
  });

  describe("wants a list for every number of the person", () => {
    it("whichever of the numbers was asked for", async () => {
      expect((await verify(world.statement([ANNAS_OLD, ANNA]))).verdict).to.equal("valid");
      const alone = await verify(world.statement([ANNAS_OLD]));
      expect(failures(alone)).to.deep.equal(["linked"]);
      expect(detailOf(alone, "linked")).to.match(
        /^a mandate \(log index 3\) joins another number to this one/,
      );
    });

    it("until the mandate is revoked under its own id", async () => {
      const ended = statementWorld({ revoked: "m-1" });
      const report = await verify(ended.statement([ANNAS_OLD]), { state: ended.state() });
      expect(report.verdict).to.equal("valid");
      // The operator could have made up the revocation: only its evidence tells.
      expect(detailOf(report, "linked", "warning")).to.match(
        /says that another number is not this person's any more; evidence of that entry proves who said so/,
      );
      const other = statementWorld({ revoked: "m-2" });
      const refused = await verify(other.statement([ANNAS_OLD]), { state: other.state() });
      expect(failures(refused)).to.deep.equal(["linked"]);
    });

    it("and fails where the other number is not shown", async () => {
      const hide = changeEvents((events) =>
        events.map((entry) => {
          const shown = parseShownEvent(entry.event);
          return { ...entry, event: showEvent(shown, ({ name }) => name !== "subject.2") };
        }),
      );
      const report = await verify(hide(world.statement([ANNAS_OLD])));
      expect(failures(report)).to.deep.equal(["linked"]);
      expect(detailOf(report, "linked")).to.match(/joins another number, but does not show which/);
    });
  });

  describe("continuing an earlier statement", () => {
    const earlier = world.statement(ANNAS, { horizon: 5 });
    const later = world.statement(ANNAS, { since: [3, 2] });

    it("accepts the additions alone, and a whole list too", async () => {
      for (const spell of [formatStatement, formatStatementLines]) {
        for (const statement of [later, whole, world.statement(ANNAS, { since: [0, 2] })]) {
          const report = await verify(statement, { earlier: spell(earlier) });
          expect(failures(report)).to.deep.equal([]);
          expect(report.verdict).to.equal("valid");
        }
      }
      const { claim } = await verify(later, { earlier: formatStatement(earlier) });
      expect(claim?.lists[0]).to.deep.include({ count: 7, since: 3 });
      expect(claim?.lists[0]?.events.map(({ indexHint }) => indexHint)).to.deep.equal([5, 6, 7, 10]);
    });

    it("goes on from one that itself continues, and from an absence", async () => {
      const middle = world.statement(ANNAS, { horizon: 10, since: [3, 2] });
      const last = world.statement(ANNAS, { since: [6, 2] });
      expect((await verify(last, { earlier: formatStatement(middle) })).verdict).to.equal("valid");
      const absent = world.statement([CONSENT], { horizon: 5 });
      expect(absent.lists[0]?.entry).to.equal(undefined);
      expect(
        (await verify(world.statement([CONSENT]), { earlier: formatStatement(absent) })).verdict,
      ).to.equal("valid");
    });

    const refusals: readonly (readonly [
      name: string,
      statement: Statement,
      earlier: Statement,
      reason: RegExp,
    ])[] = [
      [
        "an older one",
        earlier,
        whole,
        /this statement is the older one: it covers 5 entries, the one it should continue 12/,
      ],
      [
        "one after more events",
        world.statement(ANNAS, { since: [4, 2] }),
        earlier,
        /list 1: it leaves out 4 events, the earlier statement lists 3/,
      ],
      ["one of somebody else", later, binhs, /older|does not list/],
      [
        "additions from before its end",
        changeEvents(([a, ...rest]) => (a ? [{ ...a, index: 3 }, ...rest] : rest))(later),
        earlier,
        /list 1: it adds an event in front of those of the earlier statement/,
      ],
      ["one of another log", later, { ...earlier, log: { ...earlier.log, logId: 7 } }, /of another log/],
      [
        "one that loses the list it is about",
        world.statement([ANNAS_OLD], { since: [0] }),
        earlier,
        /the list of the earlier statement has none here/,
      ],
      [
        "one with a list of events unknown before",
        later,
        world.statement([ANNA], { horizon: 5 }),
        /list 2: it leaves out events that the earlier/,
      ],
      [
        "one of other events",
        later,
        changeEvents(([a, ...rest]) => (a ? [...rest.slice(0, 1), a, ...rest.slice(1)] : rest))(earlier),
        /not those that this one goes on from/,
      ],
    ];
    for (const [name, statement, before, reason] of refusals) {
      it(`refuses ${name}`, async () => {
        const report = await verify(statement, { earlier: formatStatement(before) });
        expect(report.verdict).to.equal("invalid");
        expect(detailOf(report, "continues")).to.match(reason);
      });
    }

    it("leaves open why a number joined before has no list any more: the mandate may have ended", async () => {
      const report = await verify(world.statement([ANNA], { since: [3] }), {
        earlier: formatStatement(earlier),
      });
      expect(failures(report)).to.deep.equal([]);
      expect(report.verdict).to.equal("incomplete");
      expect(detailOf(report, "continues", "not-checked")).to.match(
        /list 2 of the earlier statement has no list here .* ask for this statement without since/,
      );
    });

    it("says what is wrong with an earlier statement that cannot be read", async () => {
      const report = await verify(later, { earlier: formatStatementLines(earlier).slice(0, -20) });
      expect(detailOf(report, "continues")).to.match(/statement-truncated/);
    });
  });

  it("fails when it is not about the one it was asked for, however right it is", async () => {
    const honest = world.statement(ANNAS);
    const asked = await verify(honest, { about: { kind: "person", id: ANNA } });
    expect(asked.verdict).to.equal("valid");
    const other = await verify(honest, { about: { kind: "person", id: ANNAS_OLD } });
    expect(failures(other)).to.deep.equal(["about"]);
    const kind = await verify(honest, { about: { kind: "consent", id: ANNA } });
    expect(failures(kind)).to.deep.equal(["about"]);
  });

  it("says that a statement is old, and that the log does not go on", async () => {
    const state = { ...world.state(), times: () => 1_760_000_060 + 25 * 3600, frozen: true };
    const report = await verify(whole, { state });
    expect(report.verdict).to.equal("valid");
    expect(detailOf(report, "freshness", "warning")).to.match(/last 25 hours/);
    expect(detailOf(report, "log-since", "warning")).to.match(/frozen/);
  });

  it("waits for the anchor to be final", async () => {
    const report = await verify(whole, { state: { ...world.state(), latestBlock: 21 } });
    expect(report.verdict).to.equal("incomplete");
    expect(detailOf(report, "finality", "not-checked")).to.match(/final at 3/);
  });

  it("believes no chain that contradicts itself", async () => {
    const honest = chainReader(nodeOf(world.state()), "the node");
    const lies = [{ block: 31 }, { indexSize: 11 }, { size: 3 }];
    for (const lie of lies) {
      const chain = {
        ...honest,
        anchorIndexing: async (registry: string, logId: number, index: number) => {
          const anchor = await honest.anchorIndexing(registry, logId, index);
          return anchor && { ...anchor, ...lie };
        },
      };
      const report = await verifyStatement(formatStatement(whole), PROFILE, chain);
      expect(report.verdict).to.equal("incomplete");
      expect(detailOf(report, "anchor", "not-checked")).to.match(/contradicts itself/);
    }
  });
});

type Details = Partial<Record<StatementCheckId, RegExp>>;

interface Forgery {
  readonly name: string;
  readonly forge: (honest: Statement) => Statement;
  /** The checks that fail, and no others, with what they say. */
  readonly fails: Details;
  readonly warns?: Details;
  readonly open?: Details;
}

interface Circumstances {
  readonly profile?: TrustProfile;
  readonly state?: ChainState;
  readonly earlier?: string;
  readonly about?: StatementOptions["about"];
}

function verify(
  input: string | Statement,
  { profile, state, earlier, about }: Circumstances = {},
): Promise<StatementReport> {
  const text = typeof input === "string" ? input : formatStatement(input);
  const chain = chainReader(nodeOf(state ?? world.state()), "the node");
  return verifyStatement(text, profile ?? PROFILE, chain, {
    ...(earlier !== undefined && { earlier }),
    ...(about !== undefined && { about }),
  });
}

/** Changes the events of the first list. */
function changeEvents(change: (events: readonly StatementEntry[]) => readonly StatementEntry[]) {
  return changeList(0, (list) => ({ ...list, events: change(list.events) }));
}

function changeList(at: number, change: (list: StatementList) => StatementList) {
  return (honest: Statement): Statement => ({
    ...honest,
    lists: honest.lists.map((list, place) => (place === at ? change(list) : list)),
  });
}

/** The details of the checks with this status; those that are expected must match. */
function byStatus(report: StatementReport, status: string, expected: Details): void {
  const found = Object.fromEntries(
    report.checks.filter((check) => check.status === status).map(({ id, detail }) => [id, detail]),
  );
  for (const [id, pattern] of Object.entries(expected)) expect(found[id], id).to.match(pattern);
}

function failures({ checks }: StatementReport): string[] {
  return checks.filter(({ status }) => status === "failed").map(({ id }) => id);
}

function detailOf({ checks }: StatementReport, id: StatementCheckId, status = "failed"): string | undefined {
  return checks.find((check) => check.id === id && check.status === status)?.detail;
}

async function expectFailure(dishonest: StatementWorld, reason: RegExp): Promise<void> {
  expect(dishonest.statement(ANNAS).lists[0]?.events.some(({ index }) => index === SEALED)).to.equal(true);
  const report = await verify(dishonest.statement(ANNAS), { state: dishonest.state() });
  expect(failures(report)).to.deep.equal(["closures"]);
  expect(detailOf(report, "closures")).to.match(reason);
}
