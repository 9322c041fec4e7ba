import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isGrant } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { MAX_SAMPLE, type SampleRange } from "../../protocol/sample.ts";
import { splitSource } from "../../protocol/source.ts";
import { chainReader, type Rpc } from "../../verifier/chain.ts";
import { type EvidenceClaim, verifyEvidence } from "../../verifier/evidence.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { concludeAgain } from "../rules/rules.ts";
import { blockHashOf, type DrawnSample, type GrantFilter, redrawn } from "./drawing.ts";
import { type CaseEvent, type ConcludeAgain, FAULTS, type Fault, faultsOf } from "./examining.ts";
import {
  InspectionError,
  type LedgerCalls,
  ledgerCalls,
  type LedgerCallsOptions,
  membersOf,
} from "./ledger-calls.ts";
import { ratesIn, type Rates } from "./rates.ts";

export interface InspectorateOptions extends LedgerCallsOptions {
  /** The log that the inspector chose to trust. */
  readonly trust: TrustProfile;
  /** The source that records people's acts, `<operator>/desk`: a sample that somebody else asked for is none. */
  readonly desk: string;
  /** A node of the chain, best one of the inspectorate's own: neither the ledger nor an agency is asked what was drawn. */
  readonly rpc: Rpc;
  /** The rules to run again; those of this program when absent. */
  readonly conclude?: ConcludeAgain;
}

/** What an inspector found out about one grant. */
export interface Examination {
  /** Log index of the grant. */
  readonly index: number;
  /** The agency that granted, and for which procedure. */
  readonly agency: string;
  readonly procedure: string | undefined;
  readonly faults: readonly Fault[];
  readonly outcome: "in-order" | "not-in-order";
}

/**
 * Post-inspection, as an inspector does it: over the ledger's public API with an inspector's token, and with a node of the chain. Every look is recorded by the ledger,
 * and whoever is looked at sees it in their own statement. Every method rejects with InspectionError, or ChainError of the node.
 */
export interface Inspectorate {
  /**
   * Asks for a sample of the log's events from `from` (0) on and before `to` (all there are), `count` of them: when absent all of a short range and MAX_SAMPLE of a long
   * one; of all, the order of drawing is what is random. Resolves with the log index of the event that asks.
   */
  readonly ask: (range: {
    readonly from?: number;
    readonly to?: number;
    readonly count?: number;
  }) => Promise<number>;
  /** Draws a sample again by the chain. Rejects with `unreachable` while the event that asked for it is not anchored; `not-proven` when it was drawn in another way. */
  readonly draw: (sample: number, of?: GrantFilter) => Promise<DrawnSample>;
  /**
   * Opens the first `count` of the drawn events that the ledger did not name as grants, in the order of drawing: each is a look. Rejects with `not-proven` when one is a
   * grant that was left out.
   */
  readonly checkOthers: (drawn: DrawnSample, count: number) => Promise<void>;
  /** Looks at a grant and at everything recorded of its case. */
  readonly examine: (index: number) => Promise<Examination>;
  /** Records the result. The same result again is the same record; another one counts from then on. Resolves with its log index. */
  readonly record: (sample: number, examination: Examination, note?: string) => Promise<number>;
  /** What was found at each agency: of one sample, or of all. */
  readonly rates: (sample?: number) => Promise<Rates>;
}

const EVENTS_AT_ONCE = 100;
/** No case has more; one that does is not read to its end, and not in order: an agency could hide anything behind so many. */
const MAX_CASE_EVENTS = 2000;

export function inspectorate(options: InspectorateOptions): Inspectorate {
  const { trust, desk, rpc, conclude = concludeAgain } = options;
  const ask = ledgerCalls(options);
  const chain = chainReader(rpc, "the inspectorate's node");

  async function proven(evidence: string, index: number): Promise<EvidenceClaim> {
    const { claim, checks } = await verifyEvidence(evidence, trust, chain);
    const failed = checks.find(({ status }) => status === "failed" || status === "not-checked");
    if (claim === null || claim.index !== index)
      throw new InspectionError(
        "not-proven",
        `the evidence of event ${index} proves nothing${failed === undefined ? "" : ` (${failed.id})`}`,
      );
    return claim;
  }

  async function drawn(sample: number, of: GrantFilter = {}): Promise<DrawnSample> {
    const query = new URLSearchParams({ only: "granted", ...of });
    const said = membersOf(await ask(`/v1/samples/${sample}?${query.toString()}`));
    const claim = await proven(JSON.stringify(said["evidence"]), sample);
    return redrawn(sample, claim, {
      ...{ desk, of },
      blockHash: await blockHashOf(rpc, claim.anchor.block),
      said: { indexes: wholeNumbers(said["indexes"]), matching: wholeNumbers(said["matching"]) },
    });
  }

  async function examined(index: number): Promise<Examination> {
    const { facets, source } = await proven(await ask(`/v1/events/${index}/evidence`), index);
    if (!isGrant(facets)) throw new InspectionError("not-proven", `event ${index} is no grant`);
    const { events, isWhole } = await eventsOfCase(ask, facets.case);
    const findings = events.find((event) => event.index === index)?.findings ?? [];
    const found = faultsOf({ index, source, facets, findings }, events, conclude);
    const faults = isWhole ? found : [...found, "not-read-whole" as const];
    return {
      ...{ index, agency: splitSource(source).agency, faults },
      procedure: procedureOf(facets),
      outcome: faults.length === 0 ? "in-order" : "not-in-order",
    };
  }

  return {
    ask: async ({ from = 0, to: end, count: wanted }) => {
      const to = end ?? sizeIn(await ask("/checkpoint"));
      const range: SampleRange = { from, to, count: wanted ?? Math.min(MAX_SAMPLE, to - from) };
      return wholeNumber(membersOf(await ask("/v1/samples", range))["index"]);
    },
    draw: drawn,
    checkOthers: async ({ indexes, granted, of }, count) => {
      const named = new Set(granted);
      for (const index of indexes.filter((each) => !named.has(each)).slice(0, count)) {
        const { source, facets } = await proven(await ask(`/v1/events/${index}/evidence`), index);
        const isOther =
          (of.agency !== undefined && of.agency !== splitSource(source).agency) ||
          (of.procedure !== undefined && of.procedure !== procedureOf(facets));
        if (isGrant(facets) && !isOther)
          throw new InspectionError("not-proven", `the ledger left out event ${index}, which is a grant`);
      }
    },
    examine: examined,
    record: async (sample, { index, outcome, faults }, note = noteOf(faults)) => {
      const result = { event: index, outcome, ...(note !== undefined && { note }) };
      return wholeNumber(membersOf(await ask(`/v1/samples/${sample}/results`, result))["index"]);
    },
    rates: async (sample) =>
      ratesIn(
        membersOf(await ask(sample === undefined ? "/v1/inspection/rates" : `/v1/samples/${sample}/results`)),
      ),
  };
}

function procedureOf({ purpose }: OpenedFacets): string | undefined {
  const procedure = isJsonObject(purpose) ? purpose["procedure"] : undefined;
  return typeof procedure === "string" ? procedure : undefined;
}

function sizeIn(checkpoint: string): number {
  try {
    return parseCheckpoint(checkpoint).size;
  } catch (error) {
    if (error instanceof FormatError) throw malformed();
    throw error;
  }
}

/** What is written with a result that is not in order: the person reads it too. */
function noteOf(faults: readonly Fault[]): string | undefined {
  return faults.length === 0 ? undefined : faults.map((fault) => `${fault}: ${FAULTS[fault]}`).join("\n");
}

/** The events of a case, the oldest first, and whether these are all; none where there is no case. Each page is a look. */
export async function eventsOfCase(
  ask: LedgerCalls,
  name: unknown,
): Promise<{ readonly events: readonly CaseEvent[]; readonly isWhole: boolean }> {
  const events: CaseEvent[] = [];
  if (typeof name !== "string") return { events, isWhole: true };
  let start: unknown;
  do {
    const query = {
      case: name,
      order: "oldest",
      limit: EVENTS_AT_ONCE,
      ...(start !== undefined && { start }),
    };
    const page = membersOf(await ask("/v1/inspection/search", query));
    for (const event of Array.isArray(page["events"]) ? (page["events"] as unknown[]) : [])
      events.push(caseEvent(event));
    start = page["next"];
  } while (start !== undefined && events.length < MAX_CASE_EVENTS);
  return { events, isWhole: start === undefined };
}

function caseEvent(value: unknown): CaseEvent {
  if (!isJsonObject(value)) throw malformed();
  const { index, source, facets, findings } = value;
  if (typeof source !== "string" || !isJsonObject(facets) || !Array.isArray(findings)) throw malformed();
  return {
    index: wholeNumber(index),
    source,
    facets: facets,
    findings: findings.flatMap(holding),
  };
}

/** The kind of a finding that holds: one that was settled or dismissed says nothing against anybody. */
function holding(finding: unknown): string[] {
  if (!isJsonObject(finding) || typeof finding["kind"] !== "string") throw malformed();
  return finding["state"] === "settled" || finding["state"] === "dismissed" ? [] : [finding["kind"]];
}

function wholeNumbers(value: unknown): number[] {
  if (!Array.isArray(value)) throw malformed();
  return (value as unknown[]).map(wholeNumber);
}

function wholeNumber(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed();
}

function malformed(): InspectionError {
  return new InspectionError("malformed", "the ledger's answer is not what its interface says");
}
