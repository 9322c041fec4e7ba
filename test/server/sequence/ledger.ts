import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import pino from "pino";
import { Registry } from "prom-client";
import { frontierRoot } from "../../../protocol/frontier.ts";
import { verifyJws } from "../../../protocol/jws.ts";
import { formatLogId } from "../../../protocol/log-id.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { parseReceipt, type Receipt } from "../../../protocol/receipt.ts";
import { payloadOf } from "../../../protocol/event.ts";
import type { SubmissionBody } from "../../../protocol/submission.ts";
import { submissionVerifier } from "../../../server/receive/verify.ts";
import { sequenceMetrics } from "../../../server/sequence/metrics.ts";
import {
  createSequencer,
  type Sequenced,
  type Sequencer,
  type SequencerLimits,
} from "../../../server/sequence/sequencer.ts";
import type { Signer } from "../../../server/sequence/receipts.ts";
import type { VerifiedSubmission } from "../../../server/sequence/verified.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { LOG, NOW_SECONDS, testKey, testRecorder, type TestRecorder } from "../receive/recorder.ts";

export const ANCHOR_PROMISE_SECONDS = 600;
export const INDEX_PROMISE_SECONDS = 86_400;
export const receiptKey = testKey();
/** The log's receipt key before it. */
export const replacedReceiptKey = testKey();
export const ledgerRecorder = testRecorder("minhbach/ledger");

/** One for all: its schemas take a fifth of a second to compile. */
const verifier = submissionVerifier({
  log: formatLogId(LOG),
  operator: "minhbach",
  pepper: new Uint8Array(32).fill(1),
});

/** A sequencer on a store, without HTTP and threads but with every check of a submission. */
export interface TestLedger {
  readonly store: Store;
  readonly sequencer: Sequencer;
  readonly submit: (body: SubmissionBody) => Promise<Sequenced>;
  readonly verified: (body: SubmissionBody) => VerifiedSubmission;
}

export function testLedger(
  store: Store,
  recorders: readonly TestRecorder[],
  limits: Partial<SequencerLimits> = { reorderMs: 0 },
  signer: Signer = receiptKey,
  isIndexing: () => boolean = () => true,
): TestLedger {
  verifier.setKeys([...recorders, ledgerRecorder].map((recorder) => recorder.listed()));
  const verified = (body: SubmissionBody): VerifiedSubmission =>
    verifier.verify(Buffer.from(JSON.stringify(body)));
  const sequencer = createSequencer({
    store,
    clock: { now: () => NOW_SECONDS * 1000 },
    terms: {
      ...{ log: LOG, signer },
      anchorPromiseSeconds: ANCHOR_PROMISE_SECONDS,
      indexPromiseSeconds: INDEX_PROMISE_SECONDS,
      isIndexing,
    },
    receiptKeys: () => [replacedReceiptKey, receiptKey],
    own: {
      source: ledgerRecorder.source,
      signer: ledgerRecorder,
      verify: async (body) => await Promise.resolve(verifier.verify(body)),
    },
    metrics: sequenceMetrics(new Registry()),
    log: pino({ level: "silent" }),
    limits,
  });
  sequencer.open();
  return { store, sequencer, verified, submit: async (body) => await sequencer.submit(verified(body)) };
}

/** Opens a LevelDB store in a folder of its own and removes it afterwards. */
export async function withFolder<T>(use: (open: () => Promise<Store>) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-sequence-"));
  try {
    return await use(async () => await openLevelStore({ path: folder }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Checks that a receipt is ours and that the log holds exactly these events where it says. */
export async function expectHonoured(
  store: Store,
  receiptText: string,
  events: readonly string[],
): Promise<Receipt> {
  const { jws, receipt } = parseReceipt(receiptText);
  expect(verifyJws(jws, receiptKey), "the receipt's signature").to.equal(true);
  expect(receipt.count).to.equal(events.length);
  const stored = await store.payloads(receipt.index, receipt.index + receipt.count);
  expect(stored.map(asText)).to.deep.equal(events.map(payloadOf));
  expect(Buffer.from(receipt.root).equals(rootHash(stored.map((payload) => leafHash(payload))))).to.equal(
    true,
  );
  return receipt;
}

/** Recomputes everything that can be recomputed: no gap, no duplicate, a frontier that fits the leaves. */
export async function expectWholeLog(store: Store): Promise<void> {
  const head = await store.head();
  const payloads = await store.payloads(0, head.size + 1);
  expect(payloads.length).to.equal(head.size);
  expect(
    Buffer.from(frontierRoot(head.frontier)).equals(rootHash(payloads.map((each) => leafHash(each)))),
  ).to.equal(true);
  let index = 0;
  const next = new Map<string, number>();
  while (index < head.size) {
    const submission = await store.submissionOfIndex(index);
    if (submission === undefined) throw new Error(`nothing holds index ${index}`);
    expect(submission.index).to.equal(index);
    expect(submission.first, submission.source).to.equal(next.get(submission.source) ?? 1);
    const numbers = payloads
      .slice(index, index + submission.count)
      .map((payload) => placeOf(asText(payload)));
    expect(numbers).to.deep.equal(numbers.map((_, at) => `${submission.source} ${submission.first + at}`));
    next.set(submission.source, submission.first + submission.count);
    index += submission.count;
  }
  const sources = await store.sources({ limit: 1000 });
  expect(new Map(sources.map(({ source, next: number }) => [source, number]))).to.deep.equal(
    new Map([...next].sort()),
  );
}

function placeOf(payloadText: string): string {
  const { src, seq } = JSON.parse(Buffer.from(payloadText, "base64url").toString()) as {
    src: string;
    seq: number;
  };
  return `${src} ${seq}`;
}

export function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
