/**
 * The public part of an audit: everything that anybody can check of a running ledger with the chain and nothing else. All of the log is
 * fetched and recomputed: every entry, its submission, its tiles, and every anchor.
 */
import { parseCheckpoint, type SignedCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import type { ChainReader } from "../chain.ts";
import { CheckList, established, failed, notChecked, type Outcome } from "../checks.ts";
import { haveCode, isTrustedChain } from "../evidence-anchoring.ts";
import type { TrustProfile } from "../trust-profile.ts";
import { LOG_CHECKS, type LogCheckId, type Remarks } from "./fault.ts";
import type { LogProgress } from "./log-audit.ts";
import { checkpointFault } from "./published-anchors.ts";
import { LedgerUnreachable, type PublishedLog } from "./published-log.ts";
import { type AuditReport, faultOf, verdictOf, walkChecks } from "./report.ts";
import { type BuiltTile, requireSameTile } from "./tile-builder.ts";
import {
  type ChainBasis,
  LogWalk,
  readChainBasis,
  unreadable,
  WALK_CHECKS,
  type WalkEnd,
  type WalkStep,
} from "./walk.ts";

export interface AuditOptions {
  readonly ledger: PublishedLog;
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader | undefined;
  /** Where an earlier audit of this log ended, or `NO_PROGRESS`. */
  readonly from: LogProgress;
  /** Told after every submission. */
  readonly onProgress: (step: WalkStep) => Promise<void>;
  /** Ends the audit between two submissions. */
  readonly signal: AbortSignal;
}

/** Audits a running ledger. Never throws on a hostile ledger or a hostile chain. */
export async function auditPublishedLog(options: AuditOptions): Promise<AuditReport> {
  const { ledger, profile, chain, from } = options;
  const list = new CheckList<LogCheckId>(LOG_CHECKS);
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const coded = await list.ask("registries", { profile, chain, asOf }, haveCode);
  const asked = { profile, chain, asOf, coded };
  // After the block is fixed: what was anchored by then, the ledger has to have.
  const published = await list.ask("checkpoint", asked, async (given) => await readPublished(ledger, given));
  const size = published?.checkpoint.size ?? 0;
  let end: WalkEnd = { kind: "stopped", reason: "not reached, because an earlier check did not pass" };
  let walked: { readonly size: number; readonly remarks: Remarks } = {
    size: from.frontier.size,
    remarks: {},
  };
  if (published !== undefined && profile !== undefined && chain !== undefined) {
    const { basis, checkpoint } = published;
    const compareTile = async (tile: BuiltTile): Promise<void> => await comparePublished(ledger, tile);
    const walk = new LogWalk({ ...options, profile, chain, basis, size, root: checkpoint.root, compareTile });
    end = await walk.run();
    walked = walk;
  }
  const before = from.frontier.size;
  const done = before === 0 ? `${size} entries` : `${size} entries, ${before} of them in an earlier run`;
  const checks = [
    ...list.checks,
    ...walkChecks(LOG_CHECKS, WALK_CHECKS, end, { remarks: walked.remarks, done }),
  ];
  const entries = { checked: walked.size, before, of: size };
  return { verdict: verdictOf(checks, profile), checks, entries, fault: faultOf(end) };
}

interface Published {
  readonly checkpoint: SignedCheckpoint;
  readonly basis: ChainBasis;
}

async function readPublished(
  ledger: PublishedLog,
  given: { readonly profile: TrustProfile; readonly chain: ChainReader; readonly asOf: number },
): Promise<Outcome<Published>> {
  const { profile, chain, asOf } = given;
  let text: string | undefined;
  try {
    text = await ledger.checkpoint();
  } catch (error) {
    if (error instanceof LedgerUnreachable) return notChecked(error.message);
    throw error;
  }
  if (text === undefined) return notChecked("the ledger has no checkpoint yet; ask again later");
  const basis = await readChainBasis(chain, profile, asOf);
  const checkpoint = parseCheckpoint(text);
  const fault = checkpointFault(text, checkpoint, { profile, logKeys: basis.logKeys });
  return fault === undefined
    ? established(`${checkpoint.size} entries`, { checkpoint, basis })
    : failed(`the checkpoint ${fault}`);
}

async function comparePublished(ledger: PublishedLog, tile: BuiltTile): Promise<void> {
  const given = await ledger.tile(tile).catch((cause: unknown) => {
    throw cause instanceof FormatError
      ? unreadable("tiles", tile.index * 256 ** (tile.level + 1), cause)
      : cause;
  });
  requireSameTile(tile, given);
}
