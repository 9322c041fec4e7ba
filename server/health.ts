import { Gauge, type Registry } from "prom-client";
import type { AnchorStatus } from "./anchor/anchor-status.ts";
import type { Clock } from "./clock.ts";
import type { EraserStatus } from "./disclose/eraser.ts";
import type { IndexStatus } from "./index/log-index.ts";
import type { SearchStatus } from "./inspect/search/search-index.ts";
import type { Checkpoint } from "./integrate/integrator.ts";
import type { Answer, Route } from "./route.ts";
import type { SequencerState } from "./sequence/sequencer.ts";
import type { StoreReader } from "./store/store.ts";

export interface HealthParts {
  readonly store: Pick<StoreReader, "head" | "lastAnchor">;
  readonly sequencing: () => SequencerState;
  /** Whether the recorder keys on the chain were read. */
  readonly areKeysRead: () => boolean;
  readonly anchoring: () => AnchorStatus;
  readonly checkpoint: () => Checkpoint | undefined;
  readonly indexing: () => IndexStatus;
  readonly searching: () => SearchStatus;
  /** How many events were looked at for whether they were allowed. */
  readonly judged: () => Promise<number>;
  readonly erasing: () => EraserStatus;
  readonly anchorPromiseSeconds: number;
  readonly indexPromiseSeconds: number;
  readonly erasurePromiseSeconds: number;
  /** While the index has failed for longer, receipts promise none. */
  readonly indexPatienceSeconds: number;
  readonly clock: Clock;
  /** This log, as receipts name it. */
  readonly log: string;
}

/**
 * `/live` (the process works: restarting would not help), `/ready` (it keeps its promises: submissions are taken and anchored
 * in time) and `/health` (why, in detail). Apart, because an outage of the chain must not restart a healthy ledger.
 */
export function healthRoutes(parts: HealthParts): Route[] {
  return [
    { name: "getLive", method: "get", path: "/live", handle: () => ({ json: { status: "live" } }) },
    {
      name: "getReady",
      method: "get",
      path: "/ready",
      handle: () => answer(problemsOf(parts), {}),
    },
    {
      name: "getHealth",
      method: "get",
      path: "/health",
      handle: async () => answer(problemsOf(parts), await detailsOf(parts)),
    },
  ];
}

/** Whether it is ready, as a figure to alert on; `/health` says in words what keeps it from being. */
export function readyMetric(registry: Registry, parts: HealthParts): void {
  new Gauge({
    name: "minhbach_ready",
    help: "1 while the ledger keeps its promises, as /ready says; else 0.",
    registers: [registry],
    collect() {
      this.set(problemsOf(parts).length === 0 ? 1 : 0);
    },
  });
}

/** What keeps the ledger from being ready, in words for an operator. */
function problemsOf(parts: HealthParts): string[] {
  const { sequencing, anchoring, checkpoint, indexing, anchorPromiseSeconds, indexPromiseSeconds } = parts;
  const problems: string[] = [];
  const state = sequencing();
  if (checkpoint() === undefined) problems.push("The tiles are catching up with the records.");
  if (state.kind === "starting") problems.push("The chain was not read yet: nothing is sequenced before.");
  if (!parts.areKeysRead())
    problems.push("The recorder keys on the chain were not read yet: no agency is known before.");
  if (state.kind === "suspended")
    problems.push(`The keys are not the log's, so nothing is sequenced or anchored: ${state.reason}`);
  if (state.kind === "halted") problems.push(`Sequencing is halted: ${state.reason}`);
  const { lagSeconds, otherIndexAt } = anchoring();
  if (lagSeconds > anchorPromiseSeconds) {
    problems.push(
      `Anchoring is overdue: receipts promise it within ${anchorPromiseSeconds} s, the oldest waits ${Math.floor(lagSeconds)} s.`,
    );
  }
  const { lagSeconds: indexLagSeconds, failingSeconds } = indexing();
  if (failingSeconds > parts.indexPatienceSeconds) {
    problems.push(
      `The index has not gone on for ${Math.floor(failingSeconds)} s, so new receipts promise none: the log says why ("indexing failed").`,
    );
  }
  if (otherIndexAt !== undefined) problems.push(otherIndex(otherIndexAt));
  if (indexLagSeconds > indexPromiseSeconds) {
    problems.push(
      `Indexing is overdue: receipts promise it within ${indexPromiseSeconds} s, the oldest waits ${Math.floor(indexLagSeconds)} s.`,
    );
  }
  const { waiting, oldestSeconds } = parts.erasing();
  if (oldestSeconds > parts.erasurePromiseSeconds) {
    problems.push(
      `Erasing is overdue: ${waiting} orders wait, the oldest for ${Math.floor(oldestSeconds / 3600)} h: the log says why ("destroying what was erased").`,
    );
  }
  return problems;
}

/** What to do when the index of the first `size` events is not the anchored one. */
function otherIndex(size: number): string {
  return (
    `The contract holds another index root of the first ${size} events than this ledger: its index is not anchored, and no newer statement can be made. ` +
    "Stop the ledger, move DATA_DIR/index away and start it: the index is built again from the records. If the roots still differ, " +
    "these are not the records, or VRF_KEY is not the key, that the anchored index was made with: restore those."
  );
}

async function detailsOf({
  store,
  sequencing,
  anchoring,
  checkpoint,
  indexing,
  searching,
  judged,
  erasing,
  clock,
  log,
}: HealthParts): Promise<object> {
  const { size } = await store.head();
  const last = await store.lastAnchor();
  const { condition, problem, finalSize, pendingSize, missingAnchors, lagSeconds } = anchoring();
  const index = indexing();
  const search = searching();
  const { waiting, sealed, oldestSeconds } = erasing();
  return {
    log,
    sequencing: sequencing().kind,
    events: {
      recorded: size,
      published: checkpoint()?.size ?? 0,
      indexed: index.size,
      judged: await judged(),
      searchable: search.size,
      pending: pendingSize,
      anchored: finalSize,
    },
    index: { loaded: index.isLoaded, keys: index.keys, lagSeconds: Math.round(index.lagSeconds) },
    search: { loaded: search.isLoaded, lagSeconds: Math.round(search.lagSeconds) },
    erasing: { waiting, sealed, oldestSeconds: Math.round(oldestSeconds) },
    anchoring: {
      condition,
      lagSeconds: Math.round(lagSeconds),
      missingAnchors,
      lastAnchor: last && lastAnchor(last, clock),
    },
    chain: {
      reachable: problem === undefined ? condition !== "starting" : condition === "wrong-keys",
      ...(problem === undefined ? {} : { problem }),
    },
  };
}

function lastAnchor(
  { size, block, time }: { size: number; block: number; time: number },
  clock: Clock,
): object {
  return { size, block, time, ageSeconds: Math.max(0, Math.round(clock.now() / 1000 - time)) };
}

function answer(problems: readonly string[], details: object): Answer {
  const isReady = problems.length === 0;
  const status = isReady ? "ready" : "not ready";
  return { status: isReady ? 200 : 503, json: { status, problems, ...details } };
}
