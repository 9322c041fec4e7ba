import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import type { Sequenced } from "../../../server/sequence/sequencer.ts";
import type { Store } from "../../../server/store/store.ts";
import { testRecorder } from "../receive/recorder.ts";
import { faultyStore, type Fault } from "../store/faulty-store.ts";
import { expectHonoured, expectWholeLog, ledgerRecorder, testLedger, withFolder } from "./ledger.ts";

const recorder = testRecorder("qn-police/r1");
const other = testRecorder("qn-health/r1");
const own = Array.from({ length: 9 }, (_, at) => recorder.event(at + 1));
const others = Array.from({ length: 3 }, (_, at) => other.event(at + 1));
const forged = recorder.event(2);

/** What is sent, step by step; the submissions of one step at once. The last but one contradicts what was sent before. */
const STEPS = [
  [recorder.submission(1, own.slice(0, 3)), other.submission(1, others.slice(0, 1))],
  [recorder.submission(4, own.slice(3, 4))],
  [other.submission(2, others.slice(1, 3)), recorder.submission(5, own.slice(4, 7))],
  [recorder.submission(2, [forged])],
  [recorder.submission(8, own.slice(7, 9))],
];
/** One commit for each step, the contradiction's being the ledger's own event. Steps of two may take one or two. */
const MOST_WRITES = STEPS.flat().length;

type Aftermath = "goes on" | "is restarted";

describe("sequencer: every store write fails in turn", () => {
  for (const fault of ["kept", "lost"] as const) {
    for (const aftermath of ["goes on", "is restarted"] as const) {
      it(`honours every receipt when a write is ${fault} and the server ${aftermath}`, async function () {
        this.timeout(600_000);
        for (let failing = 0; failing < MOST_WRITES; failing++) await failWrite(failing, fault, aftermath);
      });
    }
  }
});

async function failWrite(failing: number, fault: Fault, aftermath: Aftermath): Promise<void> {
  await withFolder(async (open) => {
    const acknowledged = new Map<string, readonly string[]>();
    let store = await open();
    let failures = 0;
    let ledger = testLedger(
      faultyStore(store, (before) => failAt(before)),
      [recorder, other],
    );
    const failAt = (before: number): Fault | undefined =>
      before === failing && failures++ === 0 ? fault : undefined;

    for (const step of STEPS) {
      let unanswered = step;
      for (let attempt = 0; unanswered.length > 0 && attempt < 5; attempt++) {
        const outcomes = await Promise.all(
          unanswered.map(async (body) => ({ body, outcome: await settled(ledger.submit(body)) })),
        );
        for (const { body, outcome } of outcomes) {
          if (!(outcome instanceof LedgerError)) expect(outcome.receipts).to.have.length(1);
          if (!(outcome instanceof LedgerError)) acknowledged.set(outcome.receipts[0] ?? "", body.events);
        }
        unanswered = outcomes.filter(({ outcome }) => isUndecided(outcome)).map(({ body }) => body);
        if (unanswered.length > 0 && aftermath === "is restarted") {
          await store.close();
          store = await open();
          ledger = testLedger(store, [recorder, other]);
        }
      }
      expect(unanswered, `write ${failing} ${fault}`).to.deep.equal([]);
    }
    // A step of two may have been one write, so the last fault of the table may have found no write to fail.
    if (failing < STEPS.length) expect(failures).to.equal(1);
    await store.close();
    await expectEverything(await open(), acknowledged);
  });
}

async function expectEverything(
  store: Store,
  acknowledged: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  await expectWholeLog(store);
  expect(acknowledged.size).to.equal(MOST_WRITES - 1);
  for (const [receipt, events] of acknowledged) await expectHonoured(store, receipt, events);
  expect((await store.head()).size).to.equal(own.length + others.length + 1);
  expect((await store.source(ledgerRecorder.source))?.next, "one record of the contradiction").to.equal(2);
  await store.close();
}

function isUndecided(outcome: Sequenced | LedgerError): boolean {
  return outcome instanceof LedgerError && outcome.code === "store-unavailable";
}

async function settled(answer: Promise<Sequenced>): Promise<Sequenced | LedgerError> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}
