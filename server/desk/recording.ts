import { toBase64url } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import type { LogId } from "../../protocol/log-id.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { signLater } from "../../protocol/sign-later.ts";
import type { Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import { type LedgerCode, LedgerError, NumbersTaken, shuttingDown } from "../errors.ts";
import type { Sequenced } from "../sequence/queue.ts";
import type { Signer } from "../sequence/receipts.ts";
import type { VerifiedSubmission } from "../sequence/verified.ts";
import type { StoreReader } from "../store/store.ts";
import type { Desk, DeskAct, RecordedAct } from "./desk.ts";
import { signOnFacet } from "./sign-on.ts";

export interface DeskParts {
  readonly source: Source;
  /** Signs the sign-ons, with the key that signs the desk's submissions. */
  readonly signer: Signer;
  readonly log: LogId;
  readonly clock: Clock;
  readonly store: Pick<StoreReader, "source">;
  /** Throws `starting` as long as nothing can be recorded: the chain was not read yet, or does not know the desk's key. */
  readonly requireOpen: () => void;
  /** Makes the desk's submission from a number on, by the same checks as for everybody's (receive/). */
  readonly prepare: (first: number, facets: readonly Facets[]) => Promise<VerifiedSubmission>;
  /** The sequencer's `submitOwn`. */
  readonly submit: (submission: VerifiedSubmission) => Promise<Sequenced>;
  readonly limits?: Partial<DeskLimits>;
}

export interface DeskLimits {
  /** Acts that wait for their turn; more are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** Acts with a check that one caller has under way: each costs a write of its own, and others wait behind it. */
  readonly maxOfOneCaller: number;
  /** Acts that share a submission. */
  readonly maxTogether: number;
}

/** A desk that can be closed. */
export interface OpenDesk extends Desk {
  /** Waits for what is being recorded; whatever still waits is refused. */
  readonly close: () => Promise<void>;
}

const DEFAULT_LIMITS: DeskLimits = {
  // Some seconds of work; who waits longer had better be told.
  maxWaiting: 2048,
  // What a page sends at once, and no more.
  maxOfOneCaller: 16,
  // Some events of 2 KiB each: one signature and one write for the looks of a busy second.
  maxTogether: 256,
};

/** How often an act gives way to another process before its caller is told to come back. */
const MAX_TURNS = 16;
/** The same submission again tells what became of the last try. */
const MAX_SUBMISSIONS = 3;

const HASH_BYTES = 32;

/** The desk's own standing on the chain, and not what the caller did wrong. */
const NOT_ENTITLED: ReadonlySet<LedgerCode> = new Set<LedgerCode>([
  "unknown-key",
  "revoked-key",
  "key-of-another-source",
  "key-out-of-range",
  "wrong-signature",
  "not-entitled",
  "agency-of-another-log",
  "reserved-type",
]);

interface Waiting {
  readonly act: DeskAct;
  readonly answer: (recorded: RecordedAct) => void;
  readonly refuse: (error: unknown) => void;
}

/** The desk. What it promises stands in desk.ts. */
export function createDesk(parts: DeskParts): OpenDesk {
  const { maxWaiting, maxOfOneCaller, maxTogether } = { ...DEFAULT_LIMITS, ...parts.limits };
  /** Acts with a check that have no answer yet, by who is at it. */
  const underWay = new Map<string, number>();
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  async function record(act: DeskAct): Promise<RecordedAct> {
    if (closed) throw shuttingDown();
    parts.requireOpen();
    if (waiting.length >= maxWaiting)
      throw new LedgerError(
        "overloaded",
        "Too many wait at the desk already. Send the same again in a second.",
      );
    const giveBack = act.check === undefined ? undefined : takeTurn(callerOf(act));
    try {
      return await new Promise<RecordedAct>((answer, refuse) => {
        waiting.push({ act, answer, refuse });
        running ??= recordAll();
      });
    } finally {
      giveBack?.();
    }
  }

  function takeTurn(caller: string): () => void {
    const before = underWay.get(caller) ?? 0;
    if (before >= maxOfOneCaller)
      throw new LedgerError("rate-limited", "You do too much at once. Wait for the answers, then go on.");
    underWay.set(caller, before + 1);
    return () => {
      const left = (underWay.get(caller) ?? 1) - 1;
      if (left === 0) underWay.delete(caller);
      else underWay.set(caller, left);
    };
  }

  async function recordAll(): Promise<void> {
    // What comes in the same turn of the event loop goes together.
    await Promise.resolve();
    while (waiting.length > 0 && !closed) await settle(parts, waiting.splice(0, together()));
    // In the same step as the last look: whoever comes after it starts anew.
    running = undefined;
  }

  /** How many of those who wait go in the next submission: one with a check goes alone, what has none goes together. */
  function together(): number {
    const firstChecked = waiting.findIndex(({ act }) => act.check !== undefined);
    return firstChecked === -1
      ? Math.min(waiting.length, maxTogether)
      : Math.max(1, Math.min(firstChecked, maxTogether));
  }

  async function close(): Promise<void> {
    closed = true;
    await running;
    for (const { refuse } of waiting.splice(0)) refuse(shuttingDown());
  }

  return { source: parts.source, record, close };
}

function callerOf({ by }: DeskAct): string {
  return JSON.stringify([by.role, by.signOn.issuer, by.signOn.subject]);
}

/** Answers or refuses each of these acts, which have no check when they are several. Never throws. */
async function settle(parts: DeskParts, batch: readonly Waiting[]): Promise<void> {
  try {
    const recorded = await recordTogether(
      parts,
      batch.map(({ act }) => act),
    );
    for (const [at, { answer, refuse }] of batch.entries()) {
      const of = recorded[at];
      if (of === undefined) refuse(new Error("the desk recorded too little"));
      else answer(of);
    }
  } catch (error) {
    // Nothing was recorded: the acts that were not at fault have another chance without the one that was.
    if (batch.length > 1 && isAboutOneAct(error)) for (const each of batch) await settle(parts, [each]);
    else for (const { refuse } of batch) refuse(refusalOf(error));
  }
}

async function recordTogether(parts: DeskParts, acts: readonly DeskAct[]): Promise<RecordedAct[]> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    // Read before the checks: what another process records after this takes the number, and the checks are asked again.
    const first = (await parts.store.source(parts.source))?.next ?? FIRST_SEQ;
    for (const { check } of acts) await check?.();
    const facets = await Promise.all(acts.map((act, at) => facetsOf(parts, act, first + at)));
    const submission = await parts.prepare(first, facets);
    try {
      return placesOf(submission, await submitted(parts, submission));
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }
  throw new LedgerError(
    "overloaded",
    "Other processes record all the time. Send the same again in a second.",
  );
}

async function facetsOf(
  { source, signer, log, clock }: DeskParts,
  { by, facets }: DeskAct,
  seq: number,
): Promise<Facets> {
  const now = clock.now();
  const place = { log, src: source, seq, iat: Math.floor(now / 1000) };
  return {
    ...facets,
    time: { occurred: new Date(now).toISOString() },
    signOn: await signLater((sign) => signOnFacet(by, place, { ...signer, sign }), signer.sign),
  };
}

/**
 * Submits until it is known what became of it: after a failed write the very same bytes are either found in the store or stored now. When that
 * fails too the caller is told; whether it was stored shows at the next act, whose number is taken then.
 */
async function submitted({ submit }: DeskParts, submission: VerifiedSubmission): Promise<Sequenced> {
  for (let times = 1; ; times++) {
    try {
      return await submit(submission);
    } catch (error) {
      if (times === MAX_SUBMISSIONS || !isOutcomeUnknown(error)) throw error;
    }
  }
}

function placesOf({ count, leafHashes }: VerifiedSubmission, { receipts }: Sequenced): RecordedAct[] {
  const { receipt } = parseReceipt(receipts[0] ?? "");
  return Array.from({ length: count }, (_, at) => ({
    index: receipt.index + at,
    seq: receipt.first + at,
    leafHash: toBase64url(leafHashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)),
    time: receipt.time,
  }));
}

function isOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof LedgerError &&
    !(error instanceof NumbersTaken) &&
    (error.code === "store-unavailable" || error.code === "disk-full")
  );
}

/** The number is not the next one: another process took it, or a commit that was in doubt was lost after all. */
function isOvertaken(error: unknown): boolean {
  return error instanceof NumbersTaken || (error instanceof LedgerError && error.code === "sequence-gap");
}

function isAboutOneAct(error: unknown): boolean {
  return error instanceof FormatError || (error instanceof LedgerError && error.code === "schema-violation");
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof LedgerError) || !NOT_ENTITLED.has(error.code)) return error;
  return new LedgerError(
    "desk-not-entitled",
    "The chain does not entitle the ledger's desk to record this. The operator has to have its key and its entitlements put right there.",
    { cause: error },
  );
}
