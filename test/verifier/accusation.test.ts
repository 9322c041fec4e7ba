import { expect } from "chai";
import fc from "fast-check";
import { formatAccusation, parseAccusation } from "../../protocol/accusation.ts";
import type { Disclosure } from "../../protocol/disclosure.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import {
  ACCUSATION_CHECKS,
  type AccusationReport,
  checkAccusation,
  verifyAccusation,
} from "../../verifier/accusation.ts";
import { chainReader, type ChainReader } from "../../verifier/chain.ts";
import { nodeOf } from "./chain-state.ts";
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
import { PROFILE } from "./world.ts";

const ANNAS = [ANNA, ANNAS_OLD];
const honest = statementWorld();
/** Lists nothing of Bình, and leaves entry 2 out of Anna's list. */
const dishonest = statementWorld({ omits: (id, index) => id === BINH || (id === ANNA && index === 2) });

function readerOf(world: StatementWorld): ChainReader {
  return chainReader(nodeOf(world.state()), "the node");
}

type Asked = Parameters<StatementWorld["statement"]>[1];

function accuse(world: StatementWorld, index: number, ids: readonly string[], asked: Asked = {}) {
  const accusation = { evidence: world.ledger.evidence(index), statement: world.statement(ids, asked) };
  return checkAccusation(accusation, PROFILE, readerOf(world));
}

function failed({ checks }: AccusationReport): string {
  return checks
    .filter(({ status }) => status === "failed")
    .map(({ id, detail }) => `${id}: ${detail}`)
    .join("; ");
}

describe("checkAccusation", function () {
  this.timeout(600_000);

  it("convicts a ledger that left an event out, and whoever reads the file", async () => {
    const evidence = dishonest.ledger.evidence(2);
    const statement = dishonest.statement(ANNAS);
    const text = formatAccusation({ evidence, statement });
    expect(parseAccusation(text)).to.deep.equal({ evidence, statement });
    const report = await verifyAccusation(text, PROFILE, readerOf(dishonest));
    expect(report.checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
    expect(report.checks.map(({ id }) => id)).to.deep.equal(Object.keys(ACCUSATION_CHECKS));
    expect(report.verdict).to.equal("valid");
    const { leafHash, ...event } = report.claim?.event ?? {};
    expect(leafHash).to.equal(Buffer.from(dishonest.ledger.leafHashes[2] ?? []).toString("hex"));
    expect({ ...report.claim, event }).to.deep.equal({
      log: `5151:0x${"a1".repeat(20)}:1`,
      kind: "person",
      id: ANNA,
      event: { index: 2, source: "qn-police/r1", seq: 3 },
      horizon: 12,
      listed: 6,
      anchor: { block: 20, time: 1_760_000_060 },
    });
  });

  it("convicts a ledger that says that nobody used somebody's data", async () => {
    const report = await accuse(dishonest, 1, [BINH]);
    expect(report.verdict).to.equal("valid");
    expect(report.claim).to.deep.include({ id: BINH, listed: 0 });
  });

  it("accuses nobody whose index lags: neither at the horizon nor beyond it", async () => {
    const lagging = statementWorld({ omits: (id, index) => id === BINH && index >= 10 });
    for (const world of [honest, lagging]) {
      const report = await accuse(world, 11, [BINH], { horizon: 10 });
      expect(failed(report)).to.match(
        /^horizon: the event is entry 11, .* only those below 10: it had not come so far/,
      );
      expect(report.claim).to.equal(null);
    }
    const edge = statementWorld({ omits: (_id, index) => index === 10 });
    expect(failed(await accuse(edge, 10, ANNAS, { horizon: 10 }))).to.match(
      /^horizon: the event is entry 10/,
    );
    expect((await accuse(edge, 10, ANNAS, { horizon: 12 })).verdict).to.equal("valid");
  });

  it("accuses nobody by a statement that shows additions only", async () => {
    const report = await accuse(dishonest, 2, ANNAS, { since: [4, 0] });
    expect(failed(report)).to.match(
      /^whole: it leaves out 4 earlier events, .* fetch the whole statement, without since$/,
    );
    expect(report.verdict).to.equal("invalid");
  });

  it("accuses nobody for an entry that is listed, shown or closed", async () => {
    expect(failed(await accuse(honest, 2, ANNAS))).to.equal(
      "missing: the list holds the event: nothing is missing",
    );
    expect(failed(await accuse(honest, SEALED, ANNAS))).to.equal(
      "missing: the list holds the event, closed by a seal of Cơ quan điều tra: nothing is missing",
    );
  });

  it("accuses nobody for an event of somebody else, or one that does not show whose it is", async () => {
    expect(failed(await accuse(dishonest, 0, [BINH]))).to.match(
      /^named: what the evidence shows .* names nobody/,
    );
    const hidden = (shown: (disclosure: Disclosure) => boolean) =>
      checkAccusation(
        { evidence: dishonest.ledger.evidence(1, shown), statement: dishonest.statement([BINH]) },
        PROFILE,
        readerOf(dishonest),
      );
    expect(failed(await hidden(() => false))).to.match(/^named: /);
    expect((await hidden(({ name }) => name === "subject")).verdict).to.equal("valid");
  });

  it("accuses nobody by an action whose exchange is hidden, which may be another agency's official's", async () => {
    const action: Facets = {
      type: "action",
      subject: { scheme: "vn-cccd", id: "001200000002" },
      "agent.id": "official-17",
      purpose: { procedure: "1.004222" },
      time: { occurred: "2026-03-01T08:00:00+07:00" },
    };
    const exchange = { messageId: "m", client: "VN/GOV/hue-health/civil", service: "births" };
    const foreign = statementWorld({ last: { ...action, exchange } });
    const [recordersOwn, real] = [
      "agent:qn-police/official-17",
      "agent:VN%2FGOV%2Fhue-health%2Fcivil/official-17",
    ];
    const by = (world: StatementWorld, id: string, shown: (disclosure: Disclosure) => boolean) =>
      checkAccusation(
        { evidence: world.ledger.evidence(11, shown), statement: world.statement([id]) },
        PROFILE,
        readerOf(world),
      );
    const hidden = await by(foreign, recordersOwn, ({ name }) => name !== "exchange");
    expect(failed(hidden)).to.match(/^named: /);
    const half = await by(foreign, recordersOwn, ({ name }) => name === "agent.id" || name === "type");
    expect(failed(half)).to.match(/^named: /);
    expect(failed(await by(foreign, real, () => true))).to.equal(
      "missing: the list holds the event: nothing is missing",
    );
    // Only the last digest opened shows that there was no exchange.
    const guilty = statementWorld({ last: action, omits: (id) => id === recordersOwn });
    expect(failed(await by(guilty, recordersOwn, ({ name }) => name !== "decoy"))).to.match(/^named: /);
    expect((await by(guilty, recordersOwn, () => true)).verdict).to.equal("valid");
  });

  it("accuses nobody by evidence or a statement that is not valid", async () => {
    const [evidence, statement] = [dishonest.ledger.evidence(2), dishonest.statement(ANNAS)];
    const [otherEvidence, otherList] = [dishonest.ledger.evidence(4), honest.statement(ANNAS)];
    const forgeries = [
      ["evidence", { evidence: { ...evidence, event: otherEvidence.event }, statement }],
      ["statement", { evidence, statement: { ...statement, lists: otherList.lists } }],
      ["statement", { evidence, statement: { ...statement, horizon: 10 } }],
    ] as const;
    for (const [check, accusation] of forgeries) {
      const report = await checkAccusation(accusation, PROFILE, readerOf(dishonest));
      expect(failed(report)).to.match(new RegExp(`^${check}: not established of it: `));
      expect(report.claim).to.equal(null);
    }
    // An honest list from which an entry was cut is no proof of anything.
    const cut = honest.statement([BINH]);
    const lists = cut.lists.map((list) => ({ ...list, events: list.events.slice(1) }));
    const accusation = { evidence: honest.ledger.evidence(1), statement: { ...cut, lists } };
    const report = await checkAccusation(accusation, PROFILE, readerOf(honest));
    expect(failed(report)).to.match(/^statement: .*entries were removed/);
  });

  it("settles nothing without a profile, without a chain, and before the anchors are final", async () => {
    const accusation = { evidence: dishonest.ledger.evidence(2), statement: dishonest.statement(ANNAS) };
    const young = chainReader(nodeOf({ ...dishonest.state(), latestBlock: 21 }), "the node");
    const reports = [
      await checkAccusation(accusation, undefined, readerOf(dishonest)),
      await checkAccusation(accusation, PROFILE, undefined),
      await checkAccusation(accusation, PROFILE, young),
    ];
    for (const { verdict, claim } of reports) {
      expect(verdict).to.equal("incomplete");
      expect(claim).to.equal(null);
    }
  });

  it("convicts in random histories exactly who left out what the evidence shows to be the person's", async () => {
    const groups = [ANNAS, [BINH], [CONSENT], [OFFICIAL], [NOBODY]];
    let convicted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([ANNA, BINH, CONSENT, OFFICIAL], { minLength: 3 }),
        fc.subarray([...Array(12).keys()], { minLength: 8 }),
        fc.nat(11),
        fc.constantFrom(...groups),
        fc.constantFrom(5, 10, 12, 12),
        fc.subarray(["subject", "subject.2", "agent.id", "exchange", "consent", "purpose"], { maxLength: 2 }),
        async (whose, places, index, ids, horizon, hidden) => {
          const omits = (id: string, place: number) => whose.includes(id) && places.includes(place);
          const world = statementWorld({ omits });
          const evidence = world.ledger.evidence(
            index,
            ({ name }) => name !== "decoy" && !hidden.includes(name),
          );
          const accusation = { evidence, statement: world.statement(ids, { horizon }) };
          const report = await checkAccusation(accusation, PROFILE, readerOf(world));
          const listed = honest.statement(ids, { horizon }).lists;
          const isGuilty = listed.some(
            ({ id, events }) =>
              events.some((entry) => entry.index === index) && omits(id, index) && shows(id, evidence.event),
          );
          expect(report.verdict === "valid").to.equal(isGuilty);
          if (isGuilty) convicted++;
        },
      ),
      { numRuns: 60 },
    );
    expect(convicted).to.be.greaterThan(0);
  });

  it("proves no other claim, whichever byte of the file is changed or missing", async () => {
    const text = formatAccusation({
      evidence: dishonest.ledger.evidence(1, ({ name }) => name === "subject"),
      statement: dishonest.statement([BINH]),
    });
    const chain = readerOf(dishonest);
    const { claim } = await verifyAccusation(text, PROFILE, chain);
    expect(claim).to.not.equal(null);
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += 11) {
      for (const changed of [
        bytes.with(at, (bytes[at] ?? 0) ^ 1),
        bytes.filter((_, place) => place !== at),
      ]) {
        const report = await verifyAccusation(changed, PROFILE, chain);
        if (report.claim !== null) expect(report.claim, `byte ${at}`).to.deep.equal(claim);
        else expect(report.verdict, `byte ${at}`).to.equal("invalid");
      }
    }
  });

  it("never throws on garbage", async () => {
    for (const garbage of ["", "[]", "{}", '{"type":"minhbach/accusation"}', new Uint8Array([0xff])]) {
      const report = await verifyAccusation(garbage, PROFILE, readerOf(honest));
      expect(failed(report)).to.match(/^format: /);
    }
  });
});

/** Whether what is shown of the event proves it to belong to the id, told from the disclosures by their names alone. */
function shows(id: string, event: string): boolean {
  const values = event
    .split("~")
    .slice(1, -1)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as [string, string, unknown]);
  const names = new Set(values.map(([, name]) => name));
  if (id === OFFICIAL) return names.has("agent.id") && names.has("exchange");
  const wanted = id === CONSENT ? ["consent", "purpose"] : ["subject", "subject.2"];
  const [, number = ""] = id.split(":");
  return values.some(
    ([, name, value]) => wanted.includes(name) && JSON.stringify(value).includes(`"${number}"`),
  );
}
