import { expect } from "chai";
import fc from "fast-check";
import { formatGathered, type GatheredPart, MAX_GATHERED_PARTS } from "../../protocol/gathered.ts";
import { parseSource } from "../../protocol/source.ts";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { agreeingReader } from "../../verifier/chain-agreement.ts";
import { chainReader } from "../../verifier/chain.ts";
import { GATHERED_CHECKS, type GatheredReport, verifyGathered } from "../../verifier/gathered.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { type ChainState, type LogOnChain, nodeOf } from "./chain-state.ts";
import { ANNA, ANNAS_OLD, BINH, NOBODY, statementWorld, type StatementWorld } from "./statement-world.ts";
import { PROFILE } from "./world.ts";

const PROFILES = [1, 2, 3].map((logId) => ({ ...PROFILE, logId }));

/** Three logs under one registry, each with its own VRF key and recorders; three agencies could be split over them. */
const [one, two, three] = PROFILES.map((profile) =>
  statementWorld({
    profile,
    departures: {
      vrf: profile.logId === 1 ? "vrf" : `vrf ${profile.logId}`,
      salts: `log ${profile.logId}`,
      sources: {
        police: parseSource(`qn-police/r${profile.logId}`),
        health: parseSource(`hue-health/r${profile.logId}`),
      },
    },
  }),
) as [StatementWorld, StatementWorld, StatementWorld];

/** One chain with all three. */
function chainState(): ChainState {
  const [first, ...others] = [one, two, three].map((world) => world.state());
  if (first === undefined) throw new Error("no log");
  return {
    ...first,
    otherLogs: others.map(({ anchors, logKeys, frozen, successor }) => ({
      ...{ anchors, logKeys, frozen, successor },
    })),
    recorderKeys: [first, ...others].flatMap(({ recorderKeys }) => recorderKeys),
  };
}

/** Log 4, which continues log 1: the same records and keys, with log 1's last anchor as its first. */
const four = statementWorld({
  profile: { ...PROFILE, logId: 4 },
  anchors: one.state().anchors.slice(-1),
  departures: {
    ...{ vrf: "vrf", salts: "log 1" },
    sources: { police: parseSource("qn-police/r1"), health: parseSource("hue-health/r1") },
  },
});

/** The chain after log 1 was frozen and log 4 created from its last anchor, unless a test says otherwise. */
function succeeded(change: Partial<LogOnChain> = {}): ChainState {
  const state = chainState();
  const { anchors, logKeys } = four.state();
  const predecessorAnchor = state.anchors.length - 1;
  const successor = { anchors, logKeys, frozen: false, successor: 0 };
  return {
    ...state,
    ...{ frozen: true, successor: 4 },
    otherLogs: [...(state.otherLogs ?? []), { ...successor, predecessor: 1, predecessorAnchor, ...change }],
  };
}

const IDS = [ANNA, ANNAS_OLD];

function part(world: StatementWorld, ids: readonly string[] = IDS, asked = {}): GatheredPart {
  const statement = world.statement(ids, asked);
  return { log: statement.log, statement: formatStatement(statement) };
}

const whole = (): GatheredPart[] => [part(one), part(two), part(three)];

async function verify(
  parts: readonly GatheredPart[] | string,
  { state = chainState(), profile = PROFILE, about }: Partial<VerifyOptions> = {},
): Promise<GatheredReport> {
  const input = typeof parts === "string" ? parts : formatGathered(parts);
  const reader = chainReader(nodeOf(state), "node");
  return await verifyGathered(input, profile, reader, about === undefined ? {} : { about });
}

interface VerifyOptions {
  readonly state: ChainState;
  readonly profile: typeof PROFILE;
  readonly about: { readonly kind: "person"; readonly id: string };
}

function outcome({ checks }: GatheredReport, id: keyof typeof GATHERED_CHECKS): string {
  const found = checks.find((check) => check.id === id);
  return `${found?.status ?? ""}: ${found?.detail ?? ""}`;
}

const verdicts = ({ parts }: GatheredReport): string[] => parts.map(({ verdict }) => verdict);

describe("verifyGathered", function () {
  this.timeout(600_000);
  it("finds a part of every log good, each by its own keys and anchors", async () => {
    const report = await verify(whole());
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.checks.map(({ id }) => id)).to.deep.equal(Object.keys(GATHERED_CHECKS));
    expect(report.verdict).to.equal("valid");
    expect(verdicts(report)).to.deep.equal(["valid", "valid", "valid"]);
    expect(report.claim).to.deep.include({ kind: "person", id: ANNA });
    expect(report.claim?.logs.map(({ log }) => log)).to.deep.equal(
      PROFILES.map((profile) => `5151:${profile.anchorRegistry}:${profile.logId}`),
    );
    const lists = report.parts.map(({ claim }) => claim?.lists.map(({ id }) => id));
    expect(lists).to.deep.equal([IDS, IDS, IDS]);
  });

  it("says so whichever log the reader's profile names, in either spelling, and whoever it was asked about", async () => {
    const spelled = { ...part(two), statement: formatStatementLines(two.statement(IDS)) };
    const [profile = PROFILE] = PROFILES.slice(2);
    const about = { kind: "person", id: ANNA } as const;
    const report = await verify([part(one), spelled, part(three)], { profile, about });
    expect(report.verdict).to.equal("valid");
  });

  it("says development on an embedded chain", async () => {
    const { verdict, claim } = await verify(whole(), { profile: { ...PROFILE, environment: "embedded" } });
    expect(verdict).to.equal("development");
    expect(claim?.logs).to.have.length(3);
  });

  it("covers a person of whom nothing is recorded anywhere", async () => {
    const parts = [one, two, three].map((world) => part(world, [NOBODY]));
    const report = await verify(parts);
    expect(report.verdict).to.equal("valid");
    expect(report.claim?.logs.map(({ events }) => events)).to.deep.equal([0, 0, 0]);
  });

  describe("whatever parts are there, in whatever order", () => {
    it("names just the logs that are missing", async () => {
      const subsets = fc.shuffledSubarray([1, 2, 3], { minLength: 1 });
      const worlds = new Map([
        [1, part(one)],
        [2, part(two)],
        [3, part(three)],
      ]);
      await fc.assert(
        fc.asyncProperty(subsets, async (logs) => {
          const report = await verify(logs.flatMap((logId) => worlds.get(logId) ?? []));
          const missing = [1, 2, 3].filter((logId) => !logs.includes(logId));
          const named = [...outcome(report, "complete").matchAll(/log (\d)/g)].map(([, id]) => Number(id));
          expect(verdicts(report)).to.deep.equal(logs.map(() => "valid"));
          if (missing.length === 0) expect(report.verdict).to.equal("valid");
          else {
            expect(named).to.deep.equal(missing);
            expect(report.verdict).to.equal("incomplete");
            expect(report.claim).to.equal(null);
          }
        }),
        { numRuns: 8, seed: 67 },
      );
    });

    it("finds any part that one character was changed in bad, and no other", async () => {
      const texts = whole();
      const places = fc.record({
        at: fc.integer({ min: 0, max: 2 }),
        place: fc.double({ min: 0.15, max: 0.95, noNaN: true }),
      });
      await fc.assert(
        fc.asyncProperty(places, async ({ at, place }) => {
          const parts = texts.map((each, n) =>
            n === at ? { ...each, statement: bent(each.statement, place) } : each,
          );
          const report = await verify(parts);
          expect(verdicts(report)).to.deep.equal(
            [0, 1, 2].map((n) => (n === at ? "invalid" : "valid")),
            outcome(report, "parts"),
          );
          expect(report.verdict).to.equal("invalid");
          expect(report.claim).to.equal(null);
          expect(report.parts[(at + 1) % 3]?.claim).to.not.equal(null);
          expect(outcome(report, "parts")).to.match(new RegExp(`^failed: log ${at + 1}: `));
        }),
        { numRuns: 8, seed: 67 },
      );
    });
  });

  describe("does not take for whole", () => {
    it("parts of two people, though each is good", async () => {
      const report = await verify([part(one), part(two, [BINH]), part(three)]);
      expect(verdicts(report)).to.deep.equal(["valid", "valid", "valid"]);
      expect(outcome(report, "person")).to.equal(
        `failed: log 1 is about the person ${ANNA}, log 2 about the person ${BINH}`,
      );
      expect(report.verdict).to.equal("invalid");
    });

    it("parts that are all about somebody else than was asked for", async () => {
      const about = { kind: "person", id: ANNA } as const;
      const parts = [one, two, three].map((world) => part(world, [BINH]));
      const report = await verify(parts, { about });
      expect(verdicts(report)).to.deep.equal(["invalid", "invalid", "invalid"]);
    });

    it("parts that were swapped between two logs", async () => {
      const [first, second] = [part(one), part(two)];
      const report = await verify([
        { ...first, statement: second.statement },
        { ...second, statement: first.statement },
        part(three),
      ]);
      expect(verdicts(report)).to.deep.equal(["invalid", "invalid", "valid"]);
      expect(outcome(report, "parts")).to.contain("log 1: It is of the trusted log").and.contain("log 2: ");
    });

    it("a part that says it is of the log but was made with another log's key and index", async () => {
      const forged = one.statement(IDS);
      const statement = formatStatement({ ...forged, log: logOf(PROFILES[1] ?? PROFILE) });
      const report = await verify([part(one), { ...part(two), statement }, part(three)]);
      expect(verdicts(report)).to.deep.equal(["valid", "invalid", "valid"]);
      const checks = report.parts[1]?.checks.filter(({ status }) => status === "failed").map(({ id }) => id);
      expect(checks).to.contain("vrf");
    });

    it("two parts of one log, one of them older", async () => {
      const report = await verify([...whole(), part(one, IDS, { horizon: 10 })]);
      expect(outcome(report, "once")).to.match(/^failed: the log .*:1 has two parts/);
      expect(report.verdict).to.equal("invalid");
    });

    it("a part of another registry, whose log has the same number", async () => {
      const elsewhere = { ...PROFILE, logId: 2, anchorRegistry: `0x${"b1".repeat(20)}` };
      const foreign = statementWorld({ profile: elsewhere, departures: { vrf: "vrf 2" } });
      const report = await verify([part(one), part(foreign), part(three)]);
      expect(verdicts(report)).to.deep.equal(["valid", "invalid", "valid"]);
      expect(outcome(report, "complete")).to.match(/^not-checked: log 2 of the registry is missing/);
      const renamed = { log: part(foreign).log, statement: part(two).statement };
      const mixed = await verify([part(one), renamed, part(three)]);
      expect(verdicts(mixed)).to.deep.equal(["valid", "invalid", "valid"]);
      expect(mixed.parts[1]?.claim).to.equal(null);
      expect(outcome(mixed, "parts")).to.contain("names another registry for this part");
    });

    it("parts of logs that are not those the agencies were assigned", async () => {
      const state = {
        ...chainState(),
        assignments: [{ agency: "qn-police", fromBlock: 5, logId: 1 }],
        namedAnchorRegistry: `0x${"b1".repeat(20)}`,
      };
      const report = await verify(whole(), { state });
      expect(outcome(report, "one-registry")).to.match(/^failed: the agencies' logs are those of 0xb1b1/);
      expect(report.verdict).to.equal("invalid");
    });

    it("a part that leaves out what an earlier one listed", async () => {
      const report = await verify([part(one), part(two, IDS, { since: [2] }), part(three)]);
      expect(verdicts(report)).to.deep.equal(["valid", "incomplete", "valid"]);
      expect(report.verdict).to.equal("incomplete");
    });

    it("what no chain was asked about", async () => {
      const report = await verifyGathered(formatGathered(whole()), PROFILE, undefined);
      expect(report.verdict).to.equal("incomplete");
      expect(outcome(report, "complete")).to.match(/^not-checked: needs a node/);
      const without = await verifyGathered(formatGathered(whole()), undefined, undefined);
      expect(without.verdict).to.equal("incomplete");
      expect(without.parts.map(({ claim }) => claim)).to.deep.equal([null, null, null]);
    });
  });

  describe("tells its reader", () => {
    it("that a part is older than a day, and stays valid", async () => {
      const state = chainState();
      const day = 26 * 3600;
      state.times = (block) => (block >= 30 ? 1_760_000_060 + day : 1_760_000_060 + block);
      const report = await verify(whole(), { state });
      expect(outcome(report, "parts")).to.match(/^warning: log 1: It is up to date: .*26 hours/);
      expect(report.verdict).to.equal("valid");
    });

    it("that a log does not know a number which another joins to the person", async () => {
      const revoked = statementWorld({
        profile: PROFILES[1] ?? PROFILE,
        revoked: "m-1",
        departures: { vrf: "vrf 2" },
      });
      const state = chainState();
      const log = revoked.state();
      state.otherLogs = [log, ...(state.otherLogs ?? []).slice(1)];
      const report = await verify([part(one), part(revoked, [ANNA]), part(three)], { state });
      expect(outcome(report, "numbers")).to.equal(
        `warning: log 2 has no list of the person ${ANNAS_OLD}: what that log holds under it is not shown`,
      );
    });

    it("that a recorder stands in two logs", async () => {
      const copy = statementWorld({
        profile: PROFILES[1] ?? PROFILE,
        departures: {
          vrf: "vrf 2",
          sources: {
            police: parseSource("qn-police/r1"),
            health: parseSource("hue-health/r2"),
          },
        },
      });
      const report = await verify([part(one), part(copy), part(three)], {
        state: { ...chainState(), otherLogs: [copy.state(), three.state()] },
      });
      expect(outcome(report, "recorders")).to.match(
        /^warning: qn-police\/r1 stands in the logs .*:1 and .*:2/,
      );
      expect(report.verdict).to.equal("valid");
    });

    it("that a missing log is continued by another from its last anchor, under the same VRF key", async () => {
      const report = await verify([part(four), part(two), part(three)], { state: succeeded() });
      expect(outcome(report, "complete")).to.match(/^warning: .*; log 1 is frozen; log 4 continues it$/);
      expect(report.verdict).to.equal("valid");
    });

    it("that a log which another continues from an early one of its anchors is missing", async () => {
      const state = succeeded({ predecessorAnchor: 0 });
      const report = await verify([part(four), part(two), part(three)], { state });
      expect(outcome(report, "complete")).to.equal(
        "not-checked: log 1 of the registry is missing: nothing is shown of what they hold; log 4 goes on from anchor 1 of the 4 of log 1",
      );
      expect(report.verdict).to.equal("incomplete");
      expect(report.claim).to.equal(null);
      const whole = await verify([part(one), part(four), part(two), part(three)], { state });
      expect(outcome(whole, "complete")).to.match(/^passed: /);
    });

    it("that a log which another continues with another VRF key is missing", async () => {
      const state = succeeded();
      const [successor] = state.otherLogs?.slice(-1) ?? [];
      if (successor !== undefined)
        successor.logKeys = successor.logKeys.map((keys) => ({ ...keys, vrf: new Uint8Array(32).fill(7) }));
      const report = await verify([part(two), part(three)], { state });
      expect(outcome(report, "complete")).to.equal(
        "not-checked: log 1, log 4 of the registry are missing: nothing is shown of what they hold; log 4 continues log 1 with another VRF key, so its index began anew",
      );
    });

    it("that a node contradicts itself about which log continues which", async () => {
      for (const lie of [{ predecessor: 2 }, { predecessorAnchor: 4 }]) {
        const report = await verify([part(four), part(two), part(three)], { state: succeeded(lie) });
        expect(outcome(report, "complete")).to.match(
          /^not-checked: node contradicts itself: log 4 continues log 1/,
        );
        expect(report.verdict).to.equal("incomplete");
      }
    });

    it("nothing of a log that never anchored anything", async () => {
      const empty = chainState();
      empty.otherLogs?.push({ anchors: [], logKeys: [], frozen: false, successor: 0 });
      expect((await verify(whole(), { state: empty })).verdict).to.equal("valid");
    });
  });

  it("hears of a node that hides a log from another that does not", async () => {
    const liar = chainState();
    liar.otherLogs = liar.otherLogs?.slice(0, 1) ?? [];
    const [honest, lying] = [chainReader(nodeOf(chainState()), "a"), chainReader(nodeOf(liar), "b")];
    const parts = formatGathered([part(one), part(two)]);
    expect((await verifyGathered(parts, PROFILE, lying)).verdict).to.equal("valid");
    const report = await verifyGathered(parts, PROFILE, agreeingReader(honest, lying));
    expect(outcome(report, "complete")).to.match(/^failed: the nodes disagree about how many logs there are/);
  });

  it("does not ask about more logs than there can sensibly be", async () => {
    const state = chainState();
    const honest = nodeOf(state);
    let asked = 0;
    const report = await verifyGathered(
      formatGathered(whole()),
      PROFILE,
      chainReader((method, params) => {
        asked++;
        return JSON.stringify(params).includes("0xa503898f")
          ? Promise.resolve(`0x${(10 ** 6).toString(16).padStart(64, "0")}`)
          : honest(method, params);
      }, "node"),
    );
    expect(outcome(report, "complete")).to.match(/^not-checked: the registry has 1000000 logs/);
    expect(asked).to.be.lessThan(200);
  });

  describe("refuses a file", () => {
    const file = (change: object): string =>
      JSON.stringify({ ...(JSON.parse(formatGathered([part(one)])) as object), ...change });
    const statement = "{}";
    const cases: Record<string, string> = {
      "that is not JSON": "gathered",
      "without parts": file({ parts: [] }),
      "of a later version": file({ version: 2 }),
      "with a member nobody knows": file({ profile: PROFILE }),
      "with a part of no log": file({ parts: [{ log: "1:2:3", statement }] }),
      "with more parts than a country has logs": file({
        parts: Array.from({ length: MAX_GATHERED_PARTS + 1 }, (_, n) => ({
          log: `5151:${PROFILE.anchorRegistry}:${n + 1}`,
          statement,
        })),
      }),
    };
    for (const [name, text] of Object.entries(cases)) {
      it(name, async () => {
        const report = await verify(text);
        expect(report.verdict).to.equal("invalid");
        expect(report.parts).to.deep.equal([]);
        expect(outcome(report, "format")).to.match(/^failed: /);
      });
    }
  });
});

/** The text with one letter or digit of its middle made another. */
function bent(text: string, place: number): string {
  const from = Math.floor(text.length * place);
  const at = from + (/[0-9A-Za-z]/.exec(text.slice(from))?.index ?? 0);
  const other = text[at] === "A" ? "B" : "A";
  return text.slice(0, at) + other + text.slice(at + 1);
}
