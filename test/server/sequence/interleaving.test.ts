import { expect } from "chai";
import fc from "fast-check";
import { payloadOf } from "../../../protocol/event.ts";
import { parseReceipt } from "../../../protocol/receipt.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { Sequenced } from "../../../server/sequence/sequencer.ts";
import { testRecorder, type TestRecorder } from "../receive/recorder.ts";
import {
  asText,
  expectHonoured,
  expectWholeLog,
  ledgerRecorder,
  testLedger,
  withFolder,
  type TestLedger,
} from "./ledger.ts";

const MAX_SEQ = 24;
const recorders = ["qn-police/r1", "qn-police/r2", "qn-health/r1"].map((name) => testRecorder(name));
/** Two variants of each event: the one a source means, and a contradiction. */
const variants = recorders.map((recorder) =>
  Array.from({ length: MAX_SEQ + 8 }, (_, at) => [recorder.event(at + 1), recorder.event(at + 1)] as const),
);

/** A submission of somebody: where it begins relative to the next number, how long it is, and which event it forges. */
interface Step {
  readonly who: number;
  readonly offset: number;
  readonly count: number;
  readonly forged: number | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  who: fc.nat(recorders.length - 1),
  offset: fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 4, arbitrary: fc.integer({ min: -6, max: 2 }) },
  ),
  count: fc.integer({ min: 1, max: 5 }),
  forged: fc.option(fc.nat(4), { nil: undefined, freq: 6 }),
});

/** The log as one would write it down by hand: for each source the events in order. */
class NaiveLog {
  readonly sources = recorders.map((): string[] => []);
  readonly conflicts = new Set<string>();

  /** What the ledger has to answer: a code, or which of the submission's events are new. */
  submit(who: number, first: number, events: readonly string[]): string {
    const log = this.sources[who] ?? [];
    const next = log.length + 1;
    if (first > next) return `sequence-gap ${next}`;
    const differs = events.findIndex((event, at) => (log[first + at - 1] ?? event) !== event);
    if (differs !== -1) {
      this.conflicts.add(payloadOf(events[differs] ?? ""));
      return `equivocation ${first + differs}`;
    }
    const end = first + events.length;
    if (end <= next) return "known";
    if (first < next) return `partial-overlap ${next}`;
    log.push(...events);
    return "created";
  }
}

describe("sequencer: interleavings", () => {
  it("answers like a list written by hand, one submission at a time", async function () {
    this.timeout(600_000);
    const property = fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      await onLedger(async (ledger) => {
        const naive = new NaiveLog();
        for (const each of steps) {
          const { who, first, events, recorder } = submissionOf(
            each,
            (naive.sources[each.who]?.length ?? 0) + 1,
          );
          const expected = naive.submit(who, first, events);
          expect(await answerOf(ledger.submit(recorder.submission(first, events)))).to.equal(expected);
        }
        await expectEqual(ledger, naive);
      });
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it("loses nothing and forks nothing when submissions come all at once", async function () {
    this.timeout(600_000);
    const volleys = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 5 });
    const property = fc.asyncProperty(volleys, async (list) => {
      await onLedger(async (ledger) => {
        for (const volley of list) {
          const sources = await ledger.store.sources({ limit: 10 });
          const next = new Map(sources.map((state) => [state.source, state.next]));
          const sent = volley.map((each) =>
            submissionOf(each, next.get(recorders[each.who]?.source ?? ledgerRecorder.source) ?? 1),
          );
          await Promise.all(
            sent.map(async ({ recorder, first, events }) => {
              const outcome = await settled(ledger.submit(recorder.submission(first, events)));
              if (outcome instanceof LedgerError) expectRefusal(outcome, first);
              else await expectCovered(ledger, outcome, first, events);
            }),
          );
        }
        await expectWholeLog(ledger.store);
      });
    });
    await fc.assert(property, { numRuns: 30 });
  });
});

function submissionOf(
  { who, offset, count, forged }: Step,
  next: number,
): { who: number; first: number; events: string[]; recorder: TestRecorder } {
  const recorder = recorders[who] ?? ledgerRecorder;
  const first = Math.max(1, Math.min(next + offset, MAX_SEQ));
  const events = Array.from(
    { length: count },
    (_, at) => variants[who]?.[first + at - 1]?.[at === forged ? 1 : 0] ?? "",
  );
  return { who, first, events, recorder };
}

async function answerOf(answer: Promise<Sequenced>): Promise<string> {
  const outcome = await settled(answer);
  if (!(outcome instanceof LedgerError)) return outcome.created ? "created" : "known";
  const { next, seq } = outcome.members;
  return `${outcome.code} ${String(next ?? seq)}`;
}

async function settled(answer: Promise<Sequenced>): Promise<Sequenced | LedgerError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

function expectRefusal({ code, members }: LedgerError, first: number): void {
  expect(code).to.match(/^(sequence-gap|partial-overlap|equivocation)$/);
  if (code === "sequence-gap") expect(members["next"]).to.be.below(first);
  if (code === "partial-overlap") expect(members["next"]).to.be.above(first);
}

/** The receipts cover the submission's numbers without gaps, and the log holds its events there. */
async function expectCovered(
  ledger: TestLedger,
  { receipts }: Sequenced,
  first: number,
  events: readonly string[],
): Promise<void> {
  let seq = first;
  for (const text of receipts) {
    const { receipt } = parseReceipt(text);
    expect(receipt.first <= seq && seq < receipt.first + receipt.count).to.equal(true);
    const index = receipt.index + seq - receipt.first;
    const count = Math.min(receipt.first + receipt.count, first + events.length) - seq;
    const stored = await ledger.store.payloads(index, index + count);
    expect(stored.map(asText)).to.deep.equal(events.slice(seq - first, seq - first + count).map(payloadOf));
    seq += count;
  }
  expect(seq).to.equal(first + events.length);
}

async function expectEqual({ store }: TestLedger, naive: NaiveLog): Promise<void> {
  await expectWholeLog(store);
  for (const [who, events] of naive.sources.entries()) {
    const source = recorders[who]?.source ?? ledgerRecorder.source;
    for (const submission of await store.submissionsOf(source, { from: 1, limit: 1000 })) {
      const from = submission.first - 1;
      await expectHonoured(store, submission.receipt, events.slice(from, from + submission.count));
    }
    expect((await store.source(source))?.next ?? 1).to.equal(events.length + 1);
  }
  expect(((await store.source(ledgerRecorder.source))?.next ?? 1) - 1).to.equal(naive.conflicts.size);
}

async function onLedger(use: (ledger: TestLedger) => Promise<void>): Promise<void> {
  await withFolder(async (open) => {
    const store = await open();
    await use(testLedger(store, recorders)).finally(store.close);
  });
}
