import { randomUUID } from "node:crypto";
import { toBase64url } from "../../protocol/bytes.ts";
import type { Facets, OpenedFacets } from "../../protocol/facet-values.ts";
import { isGrant } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { splitSource } from "../../protocol/source.ts";
import type { Desk } from "../desk/desk.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import { type AgencyRate, agencyRates, type InspectedCount } from "./rates.ts";
import type { ResultOutcome, ResultRegister, SampleResult } from "./result-register.ts";
import { inspectorOf, type Samples } from "./samples.ts";
import { openStored } from "./stored-event.ts";

export interface SampleResultsOptions {
  readonly desk: Pick<Desk, "record">;
  readonly store: Pick<StoreReader, "events">;
  readonly samples: Pick<Samples, "drawn" | "granted">;
  readonly register: Pick<ResultRegister, "ofSample" | "counts">;
  /** The people whom an event names, as an inspection of it may name them. */
  readonly peopleIn: (event: StoredEvent) => Promise<Partial<Facets>>;
}

/** What an inspector found out about a drawn event. */
export interface FoundResult {
  /** Its log index. */
  readonly event: number;
  readonly outcome: ResultOutcome;
  readonly note?: string | undefined;
}

/** The results of one sample. */
export interface ResultsOfSample {
  readonly sample: number;
  /** How many of the drawn events are grants. */
  readonly granted: number;
  /** Log indexes of drawn grants without a result that were drawn before one with a result: nobody chooses among what was drawn unseen. */
  readonly passedOver: readonly number[];
  /** In the order of drawing; `event` is the log index of what was looked at, `index` that of the result. */
  readonly results: readonly {
    readonly event: number;
    readonly outcome: ResultOutcome;
    readonly index: number;
    readonly time: number;
  }[];
  readonly agencies: readonly AgencyRate[];
}

/** What inspectors record of drawn events that are grants. */
export interface SampleResults {
  /**
   * Records a result, unless it is the last one about the event in this sample; whether it was recorded now.
   * @throws LedgerError `unknown-sample`, `not-yet-anchored`, `not-in-sample`; those of the desk.
   */
  record: (
    caller: Caller,
    sample: number,
    found: FoundResult,
  ) => Promise<{ readonly result: Pick<SampleResult, "index" | "time">; readonly isNew: boolean }>;
  /** @throws LedgerError as `record`. */
  ofSample: (caller: Caller, sample: number) => Promise<ResultsOfSample>;
  /** What was found at each agency, in all samples together; for an officer at their own. */
  rates: (caller: Caller) => Promise<readonly AgencyRate[]>;
}

/** Events that are read from the store at once. */
const READ_AT_ONCE = 500;

export function sampleResults(options: SampleResultsOptions): SampleResults {
  const { desk, store, samples, register, peopleIn } = options;

  async function record(caller: Caller, sample: number, { event: index, outcome, note }: FoundResult) {
    const by = inspectorOf(caller);
    const { indexes } = await samples.drawn(sample, {}, caller);
    const [event] = indexes.includes(index) ? await store.events([index]) : [];
    const opened = event && openStored(event);
    if (event === undefined || opened === undefined || !isGrant(opened.facets))
      throw new LedgerError(
        "not-in-sample",
        "This event is no grant that the sample drew: GET /v1/samples/{index}?only=granted lists those under matching.",
      );
    const { source, facets } = opened;
    const leaf = toBase64url(leafHash(event.payload));
    const known = await last();
    if (known?.outcome === outcome) return { result: known, isNew: false };
    const act = await desk.record({
      by,
      facets: {
        type: "inspection",
        ...(await peopleIn(event)),
        "agent.id": by.name,
        "agent.role": `inspector of ${by.authority}`,
        ...procedureOf(facets),
        inspection: {
          ...{ id: `result-${randomUUID()}`, state: "inspected", authority: by.authority },
          ...{ agencies: [splitSource(source).agency], leaves: [leaf], result: { sample, leaf, outcome } },
          ...(note !== undefined && { note }),
        },
      },
      check: async () => {
        // Somebody else, or the same request again, may have been there first.
        if ((await last())?.index !== known?.index)
          throw new LedgerError(
            "result-exists",
            "A result was recorded a moment ago: read it before you say another.",
          );
      },
    });
    return { result: act, isNew: true };

    async function last(): Promise<SampleResult | undefined> {
      return (await register.ofSample(sample, [leaf]))[0];
    }
  }

  async function ofSample(caller: Caller, sample: number): Promise<ResultsOfSample> {
    const granted = await samples.granted(sample, caller);
    const found: (SampleResult | undefined)[] = [];
    for (let at = 0; at < granted.length; at += READ_AT_ONCE) {
      const events = await store.events(granted.slice(at, at + READ_AT_ONCE));
      // Whatever the records lack has no leaf, and no result.
      const leaves = events.map((event) => (event === undefined ? "" : toBase64url(leafHash(event.payload))));
      found.push(...(await register.ofSample(sample, leaves)));
    }
    const lastWith = found.findLastIndex((result) => result !== undefined);
    const results = found.flatMap((result, at) =>
      result === undefined ? [] : [{ result, event: granted[at] ?? 0 }],
    );
    return {
      ...{ sample, granted: granted.length },
      passedOver: granted.filter((_, at) => at < lastWith && found[at] === undefined),
      results: results.map(({ event, result: { outcome, index, time } }) => ({
        event,
        outcome,
        index,
        time,
      })),
      agencies: agencyRates(results.map(({ result }) => countedOnce(result))),
    };
  }

  async function rates(caller: Caller): Promise<readonly AgencyRate[]> {
    const all = agencyRates(await register.counts());
    return caller.role === "officer" ? all.filter(({ agency }) => agency === caller.agency) : all;
  }

  return { record, ofSample, rates };
}

/** The procedure that the grant was about. */
function procedureOf({ purpose }: OpenedFacets): Pick<Facets, "purpose"> {
  const procedure = isJsonObject(purpose) ? purpose["procedure"] : undefined;
  return typeof procedure === "string" ? { purpose: { procedure } } : {};
}

function countedOnce({ agency, procedure, outcome }: SampleResult): InspectedCount {
  return { agency, procedure, inspected: 1, notInOrder: outcome === "not-in-order" ? 1 : 0 };
}
