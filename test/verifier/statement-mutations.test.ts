import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { formatStatement, formatStatementLines, parseStatement } from "../../protocol/statement.ts";
import { ChainError, chainReader, type Rpc } from "../../verifier/chain.ts";
import { type StatementReport, verifyStatement } from "../../verifier/statement.ts";
import { nodeOf } from "./chain-state.ts";
import { ANNA, ANNAS_OLD, BINH, CONSENT, OFFICIAL, statementWorld } from "./statement-world.ts";
import { PROFILE } from "./world.ts";

const world = statementWorld();
const honest = nodeOf(world.state());
const consent = world.statement([CONSENT]);
const person = world.statement([BINH]);
const IDS = [[ANNA, ANNAS_OLD], [BINH], [CONSENT], [OFFICIAL]];

describe("verifyStatement under mutation", function () {
  this.timeout(600_000);

  for (const [spelling, text] of [
    ["document", formatStatement(consent)],
    ["lines", formatStatementLines(consent)],
  ] as const) {
    it(`never accepts a ${spelling} with any byte changed as a different claim`, async () => {
      await sweep(text, 0, text.length);
    });
  }

  it("never accepts a person's list with any byte in front of the events changed as a different claim", async () => {
    const text = formatStatement(person);
    await sweep(text, 0, text.indexOf('"events"'));
  });

  it("never accepts several changes as a different claim", async () => {
    const text = formatStatementLines(world.statement([ANNA, ANNAS_OLD]));
    const original = await claimOf(text);
    const change = fc.record({
      at: fc.nat(text.length - 1),
      remove: fc.nat(3),
      insert: fc.constantFrom("", "0", "1", "~", ",", '"', "\n", "=", "A", "_", "\\u0041", "é"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const mutated = changes.reduce(
          (file, { at, remove, insert }) => file.slice(0, at) + insert + file.slice(at + remove),
          text,
        );
        if (!isReadable(mutated)) return;
        const claim = proven(await verify(utf8(mutated)));
        if (claim !== null) expect(claim).to.deep.equal(original);
      }),
      { numRuns: 400 },
    );
  });

  it("never accepts lines left out, doubled or moved as a different claim", async () => {
    const lines = formatStatementLines(world.statement([ANNA, ANNAS_OLD]))
      .trimEnd()
      .split("\n");
    const original = await claimOf(`${lines.join("\n")}\n`);
    const place = fc.nat(lines.length - 1);
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom(0, 1), async (from, to, removed) => {
        const moved = lines.toSpliced(from, removed).toSpliced(to, 0, lines[from] ?? "");
        for (const changed of [moved, lines.toSpliced(from, 1)]) {
          const claim = proven(await verify(changed.join("\n")));
          if (claim !== null) expect(claim).to.deep.equal(original);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("never accepts a mix of honest statements as a claim of none of them", async () => {
    const statements = [5, 10, 12].flatMap((horizon) => IDS.map((ids) => world.statement(ids, { horizon })));
    const claims = await Promise.all(
      statements.map(async (statement) => proven(await verify(formatStatement(statement)))),
    );
    const one = fc.constantFrom(...statements);
    await fc.assert(
      fc.asyncProperty(one, one, one, one, async (a, b, c, d) => {
        const [list, other, third] = [a.lists[0], b.lists[0], c.lists[0]];
        if (list === undefined || other === undefined || third === undefined) return;
        const mixed = { ...list, proof: other.proof, entry: third.entry, events: d.lists[0]?.events ?? [] };
        const claim = proven(await verify(formatStatement({ ...a, lists: [mixed, ...a.lists.slice(1)] })));
        if (claim !== null) expect(claims).to.deep.include(claim);
      }),
      { numRuns: 60 },
    );
  });

  it("never throws, and never says more than the truth, whatever the chain answers", async () => {
    const text = formatStatement(consent);
    const original = await claimOf(text);
    const answer = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, "0x", "0x0", "0x1f", `0x${"0".repeat(64)}`, `0x${"f".repeat(64)}`),
      fc.array(fc.nat(200), { maxLength: 12 }).map(wordsOf),
    );
    const methods = fc.constantFrom(
      "eth_chainId",
      "eth_getBlockByNumber",
      "eth_getCode",
      "eth_blockNumber",
      "eth_call",
    );
    await fc.assert(
      fc.asyncProperty(methods, fc.nat(6), answer, async (lied, after, lie) => {
        let asked = 0;
        const liar: Rpc = (method, params) =>
          method === lied && asked++ >= after ? Promise.resolve(lie) : honest(method, params);
        const claim = proven(await verifyStatement(text, PROFILE, chainReader(liar, "a liar")));
        if (claim !== null) expect(claim).to.deep.equal(original);
      }),
      { numRuns: 300 },
    );
  });

  it("is incomplete whichever question the chain leaves open", async () => {
    const text = formatStatement(world.statement([ANNA, ANNAS_OLD]));
    let questions = 0;
    const counting: Rpc = (method, params) => (questions++, honest(method, params));
    await verifyStatement(text, PROFILE, chainReader(counting, "the node"));
    expect(questions).to.be.greaterThan(20);
    for (let silent = 0; silent < questions; silent++) {
      let asked = 0;
      const tiring: Rpc = (method, params) =>
        asked++ === silent ? Promise.reject(new ChainError("unreachable", "gone")) : honest(method, params);
      const report = await verifyStatement(text, PROFILE, chainReader(tiring, "the node"));
      expect(report.verdict, `question ${silent}`).to.equal("incomplete");
      expect(report.claim).to.equal(null);
    }
  });
});

/** Changes every byte in turn, to its neighbour or to one of another column of the ASCII table. */
async function sweep(text: string, from: number, to: number): Promise<void> {
  const bytes = utf8(text);
  const original = await claimOf(text);
  let verified = 0;
  for (let at = from; at < to; at++) {
    const changed = bytes.map((byte, place) => (place === at ? byte ^ (at % 3 === 0 ? 16 : 1) : byte));
    if (!isReadable(changed)) continue;
    verified++;
    const claim = proven(await verify(changed));
    if (claim !== null) expect(claim, `byte ${at} changed`).to.deep.equal(original);
  }
  expect(verified).to.be.greaterThan((to - from) / 4);
}

/** What cannot be read is refused by the first check: no need to make the others. */
function isReadable(input: Uint8Array | string): boolean {
  try {
    parseStatement(input);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function verify(input: string | Uint8Array): Promise<StatementReport> {
  return verifyStatement(input, PROFILE, chainReader(honest, "the node"));
}

async function claimOf(text: string): Promise<object> {
  const claim = proven(await verify(text));
  if (claim === null) throw new Error("the unchanged file must be valid");
  return claim;
}

/** The claim without what is only a hint. */
function proven({ claim }: StatementReport): object | null {
  if (claim === null) return null;
  const lists = claim.lists.map((list) => ({
    ...list,
    events: list.events.map((event) => ({ ...event, indexHint: 0 })),
  }));
  for (const { events } of claim.lists) {
    const indexes = events.map(({ indexHint }) => indexHint);
    expect(indexes).to.deep.equal([...new Set(indexes)].sort((a, b) => a - b));
    expect(Math.max(-1, ...indexes)).to.be.below(claim.horizon);
  }
  return { ...claim, lists };
}

function wordsOf(numbers: readonly number[]): string {
  return `0x${numbers.map((number) => number.toString(16).padStart(64, "0")).join("")}`;
}
