import type { Logger } from "pino";
import { verifyConsistency } from "../../protocol/merkle.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { type AnchorAccount, type AnchorSender, signAnchor } from "./anchor-transaction.ts";
import type { AnchorPlace, ChainAnchor, ChainClient } from "./chain-client.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { AnchorContent } from "./content.ts";
import { decide, type Decision, type ForgetReason } from "./decide.ts";
import type { AnchorStatus } from "./anchor-status.ts";
import { type AnchorIntent, encodeIntent } from "./intent.ts";
import { type Rpc, RpcFailure } from "./json-rpc.ts";
import { observe, type Sighting } from "./observe.ts";
import type { AnchorMetrics } from "./metrics.ts";
import type { LogKeyWatch } from "./log-keys.ts";

export interface AnchorerOptions {
  readonly store: AnchorerStore;
  readonly chain: ChainClient;
  readonly rpc: Rpc;
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly logId: number;
  readonly account: AnchorAccount;
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: AnchorMetrics;
  /** Blocks after which an anchor is final, counting its own (QBFT: 1). */
  readonly finalityDepth: number;
  /** Whether the keys that sign here are the log's. */
  readonly keys: Pick<LogKeyWatch, "check">;
  /** Done before each look until the first agreement: turns to a node of the chain that is as far as the others. */
  readonly chooseNode?: () => Promise<void>;
  /** The contract's head was read and is a state of this store's log: sequencing may begin. Called again after `onWrongKeys`. */
  readonly onAgreement: () => void;
  /** The chain names other keys than ours: sequencing must wait. Called once until they agree again. */
  readonly onWrongKeys: (reason: string) => void;
  /** The contract holds what this store does not: sequencing must stop. Called once; nothing is anchored any more. */
  readonly halt: (reason: string) => void;
  readonly timing?: Partial<AnchorerTiming>;
}

export type AnchorerStore = Pick<
  Store,
  | "head"
  | "anchorsFrom"
  | "lastAnchor"
  | "anchorIntent"
  | "setAnchorIntent"
  | "recordAnchor"
  | "submissionOfIndex"
  | "leads"
>;

export interface AnchorerTiming {
  /** Final anchors must be missing on the chain for so long before they are anchored again. */
  readonly missingMs: number;
  /** Between two broadcasts of the same bytes. */
  readonly rebroadcastMs: number;
}

const DEFAULT_TIMING: AnchorerTiming = {
  // A node that was behind has caught up by then; a chain that lost its blocks has not.
  missingMs: 5_000,
  // Longer than a node takes to pass a transaction on.
  rebroadcastMs: 2_000,
};

/**
 * Brings checkpoints to the contract, one at a time. Whatever happened before, each step reads the contract's head and goes on from
 * there; all that has to survive a crash is in the store (see decide.ts). Of several servers each looks, and the leader acts.
 */
export interface Anchorer {
  /**
   * Takes steps until there is nothing to do but wait. Never run two at once.
   * @throws LedgerError `chain-unavailable`, `wrong-keys` or `store-unavailable`, AnchorRefused. The next tick starts over.
   */
  tick: () => Promise<void>;
  status: () => AnchorStatus;
}

/** Bounds one tick; the next one goes on. A backlog of records after a loss is worked off in several. */
const MAX_STEPS_PER_TICK = 64;

export function createAnchorer(options: AnchorerOptions): Anchorer {
  return new OneInFlight(options);
}

class OneInFlight implements Anchorer {
  readonly #options: AnchorerOptions;
  readonly #timing: AnchorerTiming;
  #condition: AnchorStatus["condition"] = "starting";
  #problem: string | undefined;
  #finalSize = 0;
  #pendingSize = 0;
  #missingAnchors = 0;
  #otherIndexAt: number | undefined;
  /** Unix seconds of the oldest receipt without a final anchor. */
  #waitingSince: number | undefined;
  /** Whether all our records were on the chain when it was last read. */
  #isLineWhole = true;
  /** When records were first seen missing from the chain, in milliseconds. */
  #missingSince: number | undefined;
  #isMissingReported = false;
  #broadcast: { readonly hash: string; readonly at: number } | undefined;

  constructor(options: AnchorerOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    options.metrics.watch(() => this.status());
  }

  status(): AnchorStatus {
    const now = this.#options.clock.now() / 1000;
    return {
      condition: this.#condition,
      problem: this.#problem,
      finalSize: this.#finalSize,
      pendingSize: this.#pendingSize,
      missingAnchors: this.#missingAnchors,
      otherIndexAt: this.#otherIndexAt,
      lagSeconds: this.#waitingSince === undefined ? 0 : Math.max(0, now - this.#waitingSince),
    };
  }

  async tick(): Promise<void> {
    try {
      // Before anything is asked of the chain: the lag has to be visible just when the chain is not.
      await this.#measureLag();
      if (this.#condition !== "store-behind") await this.#advance();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  async #measureLag(): Promise<void> {
    const { store } = this.#options;
    if (this.#isLineWhole) this.#finalSize = (await store.lastAnchor())?.size ?? 0;
    this.#waitingSince = (await store.submissionOfIndex(this.#finalSize))?.time;
  }

  async #advance(): Promise<void> {
    // A restored store agrees with a node that fell behind.
    if (this.#condition === "starting") await this.#options.chooseNode?.();
    await this.#requireOwnKeys();
    for (let step = 0; step < MAX_STEPS_PER_TICK; step++) {
      const sighting = await observe({ ...this.#options, account: this.#options.account.address });
      const missingForMs = this.#noteSighting(sighting);
      const { finalityDepth } = this.#options;
      const decision = decide(
        { ...sighting, missingForMs },
        { finalityDepth, missingMs: this.#timing.missingMs },
      );
      this.#noteAgreement(sighting, decision);
      if (!(await this.#act(decision, sighting))) return;
    }
  }

  /** The keys are read at every look: they may be rotated, and put right again, at any time. */
  async #requireOwnKeys(): Promise<void> {
    const reason = await this.#options.keys.check();
    if (reason === undefined) {
      if (this.#condition === "wrong-keys") this.#condition = "starting";
      return;
    }
    if (this.#condition !== "wrong-keys") {
      this.#condition = "wrong-keys";
      this.#options.onWrongKeys(reason);
    }
    throw new LedgerError("wrong-keys", reason);
  }

  /** Remembers what the status shows, and returns for how long records have been missing, in milliseconds. */
  #noteSighting({ head, recorded, confirmed, count, lastConfirmed, isOtherIndex }: Sighting): number {
    const { clock, log } = this.#options;
    if (isOtherIndex && this.#otherIndexAt === undefined) {
      log.error(
        { indexSize: head.indexSize },
        "the contract holds another index root than this ledger; the log is anchored on with the contract's index, /health says what to do",
      );
    }
    this.#otherIndexAt = isOtherIndex ? head.indexSize : undefined;
    this.#pendingSize = head.size;
    this.#isLineWhole = recorded === confirmed;
    // What the chain lost is not anchored any more, whatever our records say.
    this.#finalSize = lastConfirmed?.size ?? 0;
    this.#missingAnchors = Math.max(0, recorded - count);
    if (this.#missingAnchors === 0) {
      this.#missingSince = undefined;
      return 0;
    }
    if (this.#missingSince === undefined) {
      this.#missingSince = clock.now();
      this.#isMissingReported = false;
    }
    const missingForMs = clock.now() - this.#missingSince;
    // Not at the first look: a node that is a block behind does not show yet what another server recorded by another node.
    if (missingForMs >= this.#timing.missingMs / 2 && !this.#isMissingReported) {
      this.#isMissingReported = true;
      log.error(
        { missing: this.#missingAnchors, recorded },
        "the chain lost anchors that were final; unless they come back by themselves they are anchored again",
      );
    }
    return missingForMs;
  }

  #noteAgreement({ agreement }: Sighting, decision: Decision): void {
    if (decision.kind === "halt" || agreement !== "agrees" || this.#condition !== "starting") return;
    // A node that shows less than we recorded may lag: what it does not show yet is what this store may be behind.
    if (decision.kind === "wait" && decision.for === "missing-anchors") return;
    this.#condition = "agrees";
    this.#options.onAgreement();
  }

  /** Does what was decided; true when there may be more to do at once. */
  async #act(decision: Decision, sighting: Sighting): Promise<boolean> {
    if (decision.kind !== "halt" && !this.#options.store.leads()) return false;
    switch (decision.kind) {
      case "idle":
      case "wait":
        return false;
      case "record":
        await this.#record(decision.anchor, decision.place, sighting.confirmed);
        return true;
      case "forget":
        await this.#forget(decision.reason, sighting);
        return true;
      case "sign":
        await this.#broadcastNow(await this.#sign(decision, sighting.head));
        return false;
      case "broadcast":
        await this.#broadcastAgain(decision.intent);
        return false;
      case "halt":
        this.#halt(decision.reason);
        return false;
    }
  }

  /** A crash before this is done leaves the intent; the anchor is found in the contract and recorded by the next run. */
  async #record(
    anchor: ChainAnchor,
    { block, blockHash, transaction }: AnchorPlace,
    number: number,
  ): Promise<void> {
    const { store, checkpoints, log, metrics } = this.#options;
    const { size, root, indexSize, indexRoot, time } = anchor;
    const checkpoint = await checkpoints.sign(size, root);
    await store.recordAnchor({
      number,
      size,
      root,
      indexSize,
      indexRoot,
      checkpoint,
      block,
      blockHash,
      transaction,
      time,
    });
    log.info({ number, size, block, transaction }, "anchored");
    metrics.recorded();
    this.#finalSize = size;
    await this.#measureLag();
  }

  async #forget(reason: ForgetReason, { intent }: Sighting): Promise<void> {
    const { store, log } = this.#options;
    const details = { reason, transaction: intent?.intent.transaction.hash };
    if (reason === "reverted")
      log.error(details, "the anchor's transaction was mined and failed; signing it anew");
    else log.warn(details, "the anchor's transaction cannot take effect any more; signing it anew");
    await store.setAnchorIntent(undefined);
  }

  /** A crash before the intent is stored: nothing was sent. After it: the next run finds the bytes and sends them. */
  async #sign(
    { content, isLost, replaces }: Decision & { kind: "sign" },
    head: AnchorContent,
  ): Promise<AnchorIntent> {
    const { store } = this.#options;
    const next = isLost ? content : await this.#withinGrowth(content, head);
    const proof = await this.#consistencyProof(head, next);
    const call = { expectedSize: head.size, content: next, proof };
    const transaction = await signAnchor(call, this.#sender(), replaces?.transaction);
    const intent = { expectedSize: head.size, content: next, transaction };
    await store.setAnchorIntent(encodeIntent(intent));
    return intent;
  }

  /** As much of the checkpoint as one anchor may add. What is in between carries the index on unchanged. */
  async #withinGrowth(latest: AnchorContent, head: AnchorContent): Promise<AnchorContent> {
    const { chain, checkpoints } = this.#options;
    const { maxGrowth } = await chain.logState();
    const size = head.size + maxGrowth;
    if (latest.size <= size) return latest;
    const root = await checkpoints.rootAt(size);
    if (root === undefined) throw new Error(`the tree has no root at ${size}, below its own checkpoint`);
    return { size, root, indexSize: head.indexSize, indexRoot: head.indexRoot };
  }

  /** A proof is verified by its maker: the contract would only say that it is wrong. */
  async #consistencyProof(head: AnchorContent, next: AnchorContent): Promise<Uint8Array[]> {
    const proof = await this.#options.checkpoints.consistencyProof(head.size, next.size);
    if (head.size > 0) {
      const claim = { oldSize: head.size, newSize: next.size, oldRoot: head.root, newRoot: next.root, proof };
      if (!verifyConsistency(claim))
        throw new Error(`no consistency proof from ${head.size} to ${next.size}`);
    }
    return proof;
  }

  #sender(): AnchorSender {
    const { rpc, chainId, anchorRegistry, logId, account } = this.#options;
    return { rpc, chainId, anchorRegistry, logId, account };
  }

  async #broadcastAgain(intent: AnchorIntent): Promise<void> {
    const last = this.#broadcast;
    const dueAt = last?.hash === intent.transaction.hash ? last.at + this.#timing.rebroadcastMs : -Infinity;
    if (this.#options.clock.now() >= dueAt) await this.#broadcastNow(intent);
  }

  /**
   * Offers the signed bytes to the node. An error answer decides nothing, nodes word "I have it already" in many ways: the next look
   * at the chain does.
   */
  async #broadcastNow({ content, transaction: { hash, raw } }: AnchorIntent): Promise<void> {
    const { rpc, clock, log } = this.#options;
    this.#broadcast = { hash, at: clock.now() };
    try {
      await rpc("eth_sendRawTransaction", [raw]);
      log.debug({ size: content.size, transaction: hash }, "anchor sent");
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      log.warn(
        { size: content.size, transaction: hash, answer: error.message },
        "the node did not take the anchor",
      );
    }
  }

  #halt(reason: string): void {
    this.#condition = "store-behind";
    this.#options.log.fatal({ reason }, "anchoring stopped: the chain and the store do not belong together");
    this.#options.halt(reason);
  }
}
