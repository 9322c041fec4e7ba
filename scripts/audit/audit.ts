/**
 * The audit of a ledger's records: everything that follows from them is derived anew, with the formats and the pure rules alone, and
 * compared with what the ledger has, what it published and what the chain holds. No code that writes for the ledger takes part.
 */
import { equal, toHex } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isSafePublicKey } from "../../protocol/jws.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { AnchorWalk } from "../../verifier/audit/anchor-walk.ts";
import { AuditFault, type Remarks } from "../../verifier/audit/fault.ts";
import { NO_PROGRESS, parseProgress, progressJson } from "../../verifier/audit/progress.ts";
import { type AuditReport, faultOf, verdictOf, walkChecks } from "../../verifier/audit/report.ts";
import type { BuiltTile } from "../../verifier/audit/tile-builder.ts";
import {
  type ChainBasis,
  LogWalk,
  readChainBasis,
  WALK_CHECKS,
  type WalkEnd,
} from "../../verifier/audit/walk.ts";
import { ChainError, type ChainReader } from "../../verifier/chain.ts";
import { type Check, CheckList } from "../../verifier/checks.ts";
import { haveCode, isTrustedChain } from "../../verifier/evidence-anchoring.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import { AUDIT_CHECKS, type AuditCheckId } from "./checks.ts";
import { type KeptRecords, openRecords, openSharedRecords } from "./databases.ts";
import {
  EventAudit,
  fault,
  followErasures,
  requireErasable,
  requireExplained,
  type Unexplained,
} from "./event-audit.ts";
import { noteOrder, type OrdersSeen, requireExecuted, requireFound } from "./executed-audit.ts";
import { compareFindings } from "./findings-audit.ts";
import { IndexAudit, storedKeyRows } from "./index-audit.ts";
import { compareKeptIndex, type KeptVersion, keptVersion } from "./kept-index.ts";
import { integratedSize, keptLog, tileComparison } from "./kept-log.ts";
import { requireEntitled } from "./orders-audit.ts";
import { type AuditSecrets, indexSecrets } from "./secrets.ts";
import { compareUses, deskIn, type DecisionKeys } from "./uses-audit.ts";
import { compareSources } from "./sources-audit.ts";
import type { AuditState } from "./state.ts";

export interface RecordsAuditOptions {
  readonly dataDir: string;
  /** `postgres://...` where the records are there; else they are in the data folder. */
  readonly database?: string | undefined;
  readonly profile: TrustProfile;
  readonly chain: ChainReader | undefined;
  readonly secrets: AuditSecrets;
  readonly state: AuditState;
  /** Told of every step of a stage. */
  readonly onProgress: (stage: string, done: number, of: number) => void;
  /** Ends the audit between two steps. */
  readonly signal: AbortSignal;
}

const EVENTS_AT_ONCE = 256;
/** How often the first walk is written down, in entries. */
const SAVE_ENTRIES = 10_000;

const EVENT_CHECKS = [
  "disclosures",
  "erasures",
  "executed",
  "tags",
  "index-keys",
  "index",
  "kept-index",
] as const;
type Stage = readonly [ids: readonly AuditCheckId[], run: () => Promise<WalkEnd>];

/** Audits the records of a stopped ledger, or in PostgreSQL at this moment. @throws AuditInputError when they cannot be opened. */
export async function auditRecords(options: RecordsAuditOptions): Promise<AuditReport> {
  const { dataDir, database, profile, chain } = options;
  const list = new CheckList<AuditCheckId>(AUDIT_CHECKS);
  let records: KeptRecords;
  try {
    records =
      database === undefined ? await openRecords(dataDir) : await openSharedRecords(database, dataDir);
  } catch (error) {
    if (!(error instanceof AuditFault)) throw error;
    return reportOf(options, [], [[["records"], { kind: "fault", fault: error }]], {
      size: 0,
      checked: 0,
      before: 0,
    });
  }
  try {
    const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
    await list.ask("registries", { profile, chain, asOf }, haveCode);
    const audit = new RecordsAudit(options, records, asOf);
    return await audit.run(list.checks);
  } finally {
    await records.close();
  }
}

class RecordsAudit {
  readonly #options: RecordsAuditOptions;
  readonly #records: KeptRecords;
  readonly #asOf: number | undefined;
  #basis: ChainBasis | undefined;
  #remarks: Remarks = {};
  #checked = 0;
  #before = 0;
  /** Checks that could not be made, and why. */
  readonly #left = new Map<AuditCheckId, string>();

  constructor(options: RecordsAuditOptions, records: KeptRecords, asOf: number | undefined) {
    this.#options = options;
    this.#records = records;
    this.#asOf = asOf;
  }

  /** The stages in their order; what is wrong in one ends the audit. */
  async run(made: readonly Check[]): Promise<AuditReport> {
    const stages: readonly Stage[] = [
      [["records"], () => Promise.resolve({ kind: "done" })],
      [WALK_CHECKS, async () => await this.#walkLog()],
      [["sources"], async () => await this.#checkSources()],
      [EVENT_CHECKS, async () => await this.#walkEvents()],
      [["findings"], async () => await this.#checkFindings()],
    ];
    const ends: (readonly [readonly AuditCheckId[], WalkEnd])[] = [];
    let end: WalkEnd = { kind: "done" };
    for (const [ids, run] of stages) {
      if (end.kind === "done") end = await guarded(run);
      else if (end.kind === "fault")
        end = { kind: "stopped", reason: `the audit ended at entry ${end.fault.index}` };
      ends.push([ids, end]);
    }
    const { size } = this.#records.head;
    const counts = { size, checked: this.#checked, before: this.#before };
    return reportOf(this.#options, made, ends, counts, { remarks: this.#remarks, left: this.#left });
  }

  async #walkLog(): Promise<WalkEnd> {
    const { profile, chain, state, signal, onProgress } = this.#options;
    const { reader, head, derived } = this.#records;
    if (chain === undefined || this.#asOf === undefined)
      return { kind: "stopped", reason: "needs the chain: start a node, or name one with --rpc" };
    const basis = await readChainBasis(chain, profile, this.#asOf);
    this.#basis = basis;
    const from = parseProgress(await state.get("log")) ?? NO_PROGRESS;
    this.#before = from.frontier.size;
    const walk = new LogWalk({
      ...{ ledger: keptLog(reader), profile, chain, basis, from, signal },
      size: head.size,
      root: frontierRoot(head.frontier),
      compareTile: await this.#tileComparison(derived),
      onProgress: async ({ size, of, progress }) => {
        onProgress("log", size, of);
        if (Math.floor(size / SAVE_ENTRIES) === Math.floor(saved / SAVE_ENTRIES)) return;
        saved = size;
        await state.write({ log: progressJson(progress()) }, []);
      },
    });
    let saved = this.#before;
    const end = await walk.run();
    this.#checked = walk.size;
    this.#remarks = walk.remarks;
    if (end.kind !== "fault") await state.write({ log: progressJson(walk.progress()) }, []);
    return end;
  }

  async #tileComparison(derived: KeptRecords["derived"]): Promise<(tile: BuiltTile) => Promise<void>> {
    if (derived === undefined) {
      this.#left.set("tiles", "there is no derived database beside the records");
      return () => Promise.resolve();
    }
    const [size, { head }] = [await integratedSize(derived), this.#records];
    if (size > head.size)
      throw fault("tiles", head.size, `there are tiles of ${size} entries, and only ${head.size} entries`);
    return tileComparison(derived, size);
  }

  async #checkSources(): Promise<WalkEnd> {
    const progress = parseProgress(await this.#options.state.get("log"));
    if (progress !== undefined) await compareSources(this.#records, progress.next);
    return { kind: "done" };
  }

  async #walkEvents(): Promise<WalkEnd> {
    const { secrets, profile, chain, state, signal, onProgress } = this.#options;
    const { reader, head, derived } = this.#records;
    const desk = derived && (await deskIn(derived));
    const integrated = derived === undefined ? 0 : await integratedSize(derived);
    const basis = this.#basis;
    if (secrets.pepper === undefined)
      this.#left.set("tags", "needs the pepper: set PEPPER, or keep keys/pepper in the data folder");
    if (chain === undefined || basis === undefined) return { kind: "stopped", reason: "needs the chain" };
    const events = new EventAudit(reader, secrets.pepper);
    const { anchorRegistry, logId } = profile;
    const newest =
      basis.anchorCount === 0
        ? undefined
        : await chain.anchorAt(anchorRegistry, logId, basis.anchorCount - 1);
    const { index, compare } = await this.#openIndex(newest?.indexSize ?? 0);
    const anchors = new AnchorWalk(chain, profile, basis.anchorCount, 0);
    const before = eventsProgress(await state.get("events"));
    const { at = 0, unexplained: kept = {} } = before;
    const unexplained: Unexplained = new Map(Object.entries(kept));
    const orders: OrdersSeen = { erasures: [...(before.erasures ?? [])], seals: [...(before.seals ?? [])] };
    if (compare !== undefined && at >= compare.size) await this.#compareKeptIndex(compare, at);
    for (let from = at; from < head.size;) {
      if (signal.aborted) return { kind: "stopped", reason: `interrupted at entry ${from}` };
      const next = await nextIndexAnchor(anchors, from);
      // Up to where something is compared: an anchored index, or the kept one.
      const stops = [from + EVENTS_AT_ONCE, head.size, next?.indexSize, compare?.size].filter(
        (stop) => stop !== undefined && stop > from,
      );
      const to = Math.min(...stops.filter((stop) => stop !== undefined));
      const page = await events.read(from, to);
      if (derived !== undefined) await requireFound(page, derived, integrated);
      for (const event of page) {
        requireErasable(event, desk);
        followErasures(unexplained, event);
        noteOrder(orders, event);
        await requireEntitled(event, { chain, profile, asOf: basis.asOf });
      }
      await index?.add(page);
      for (let anchor = next; anchor?.indexSize === to; anchor = await nextIndexAnchor(anchors, to, true))
        index?.requireAnchored(anchor);
      // What was found right is not checked again, what is wrong is: the progress comes last.
      const done = { at: to, unexplained: Object.fromEntries(unexplained), ...orders };
      await state.write({ events: done }, index?.rows() ?? []);
      if (to === compare?.size) await this.#compareKeptIndex(compare);
      onProgress("events", to, head.size);
      from = to;
    }
    requireExplained(unexplained);
    await this.#requireExecuted(orders, { chain, profile, asOf: basis.asOf });
    return { kind: "done" };
  }

  async #requireExecuted(
    orders: OrdersSeen,
    where: { readonly chain: ChainReader; readonly profile: TrustProfile; readonly asOf: number },
  ): Promise<void> {
    const { derived, reader, head } = this.#records;
    if (derived === undefined) {
      this.#left.set("executed", "there is no derived database beside the records");
      return;
    }
    if ((await integratedSize(derived)) <= (orders.erasures.at(-1) ?? -1))
      this.#left.set(
        "executed",
        "the derived database is behind the last erasure: start the ledger once more",
      );
    const erasures = await requireExecuted(orders, { reader, derived, ...where });
    // What is executed stays so.
    const done = { at: head.size, unexplained: {}, erasures, seals: orders.seals };
    await this.#options.state.write({ events: done }, []);
  }

  /** Once for each version: its events are not kept apart from those that came after it. */
  async #compareKeptIndex(compare: Comparison, at = compare.size): Promise<void> {
    const { state } = this.#options;
    const { size, root } = compare;
    const compared = await state.get("kept-index");
    if (isJsonObject(compared) && compared["size"] === size && compared["root"] === toHex(root)) return;
    if (at > size) {
      this.#left.set("kept-index", `an earlier run went beyond its ${size} entries: audit without --state`);
      return;
    }
    await compare.run();
    await state.write({ "kept-index": { size, root: toHex(root) } }, []);
  }

  /** The index, if the secrets for it are there; and the comparison of the kept one, at its size. */
  async #openIndex(anchoredSize: number): Promise<{ index?: IndexAudit; compare?: Comparison }> {
    const { secrets: given, state } = this.#options;
    const { reader, index: database, head } = this.#records;
    const kept = database && (await keptVersion(database));
    if (database === undefined || kept === undefined)
      this.#left.set("kept-index", "there is no index database beside the records");
    if (given.vrf === undefined) {
      const reason = "needs the VRF's seed: set VRF_KEY, or keep keys/vrf in the data folder";
      for (const id of ["index-keys", "index", "kept-index"] as const) this.#left.set(id, reason);
      return {};
    }
    const secrets = indexSecrets(given.vrf);
    const vrf = await this.#vrfKey();
    if (vrf !== undefined && !equal(vrf, secrets.publicKey))
      throw fault("index-keys", 0, `the VRF's seed is not that of the log's key on the chain, ${toHex(vrf)}`);
    for await (const rows of storedKeyRows(reader)) await state.write({}, rows);
    const index = new IndexAudit(state.rows, secrets, Math.max(anchoredSize, kept?.size ?? 0));
    await index.load();
    if (database === undefined || kept === undefined) return { index };
    if (kept.size > head.size)
      throw fault("kept-index", head.size, `it covers ${kept.size} entries, and there are only ${head.size}`);
    const parts = { index: database, reader, rows: state.rows, secrets };
    return {
      index,
      compare: { ...kept, run: async () => await compareKeptIndex(parts, index, kept) },
    };
  }

  async #vrfKey(): Promise<Uint8Array | undefined> {
    const { chain, profile } = this.#options;
    if (chain === undefined || this.#basis === undefined) return undefined;
    const { asOf } = this.#basis;
    return (await chain.logKeysAt(profile.anchorRegistry, profile.logId, asOf, asOf)).vrf;
  }

  /** Every receipt key that the log ever had signs its decisions. */
  async #decisionKeys(): Promise<DecisionKeys | undefined> {
    const { profile, chain } = this.#options;
    if (chain === undefined || this.#asOf === undefined) return undefined;
    const versions = await chain.keyVersions(profile.anchorRegistry, profile.logId, this.#asOf);
    const keys = versions
      .map(({ receipt }) => ({ alg: "EdDSA", key: receipt }) as const)
      .filter(isSafePublicKey);
    return { log: logOf(profile), keys };
  }

  async #checkFindings(): Promise<WalkEnd> {
    const { derived, reader, head } = this.#records;
    if (derived === undefined) this.#left.set("findings", "there is no derived database beside the records");
    else {
      await compareFindings(reader, derived);
      const decisions = await this.#decisionKeys();
      const left =
        decisions === undefined
          ? "needs the chain, for the keys of decisions"
          : await compareUses(reader, derived, decisions, this.#options.secrets.pepper);
      if (left !== undefined) this.#left.set("findings", left);
    }
    this.#options.onProgress("findings", head.size, head.size);
    return { kind: "done" };
  }
}

/** The comparison of the kept index, when the events up to its size are read. */
interface Comparison extends KeptVersion {
  readonly run: () => Promise<void>;
}

/** The next anchor whose index covers more than `size` entries, or, asked to go `on`, the one after if it covers as many. */
async function nextIndexAnchor(
  anchors: AnchorWalk,
  size: number,
  on = false,
): ReturnType<AnchorWalk["peek"]> {
  if (on) anchors.advance();
  for (;;) {
    const anchor = await anchors.peek();
    if (anchor === undefined || anchor.indexSize > size || (on && anchor.indexSize === size)) return anchor;
    anchors.advance();
  }
}

/** How far the events were walked, and what is open of them. */
interface EventsProgress extends Partial<OrdersSeen> {
  readonly at?: number;
  readonly unexplained?: Readonly<Record<string, number>>;
}

function eventsProgress(value: unknown): EventsProgress {
  return value === undefined ? {} : (value as EventsProgress);
}

async function guarded(run: () => Promise<WalkEnd>): Promise<WalkEnd> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AuditFault) return { kind: "fault", fault: error };
    if (error instanceof ChainError) return { kind: "stopped", reason: error.message };
    if (error instanceof FormatError)
      return { kind: "fault", fault: new AuditFault("records", 0, error.message) };
    throw error;
  }
}

interface Counts {
  readonly size: number;
  readonly checked: number;
  readonly before: number;
}

function reportOf(
  { profile }: RecordsAuditOptions,
  made: readonly Check[],
  ends: readonly (readonly [readonly AuditCheckId[], WalkEnd])[],
  { size, checked, before }: Counts,
  notes: { readonly remarks: Remarks; readonly left: ReadonlyMap<AuditCheckId, string> } = {
    remarks: {},
    left: new Map(),
  },
): AuditReport {
  const done = `${size} entries of ${formatLogId(logOf(profile))}`;
  const walked = ends.flatMap(([ids, end]) =>
    walkChecks(AUDIT_CHECKS, ids, end, { remarks: notes.remarks, done }),
  );
  const checks = [...made, ...walked].map((check): Check => {
    const reason = [...notes.left].find(([id]) => id === check.id)?.[1];
    return reason === undefined || check.status === "failed"
      ? check
      : { ...check, status: "not-checked", detail: reason };
  });
  const order = Object.keys(AUDIT_CHECKS);
  checks.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  const fault = ends.map(([, end]) => faultOf(end)).find((found) => found !== null) ?? null;
  return { verdict: verdictOf(checks, profile), checks, entries: { checked, before, of: size }, fault };
}
