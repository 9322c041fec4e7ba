import { fromUtf8 } from "../../protocol/bytes.ts";
import { isOpenComplaint } from "../../protocol/complaint.ts";
import { type Deadlines, deadlinesIn, type LegalTerm, termEnd } from "../../protocol/deadlines.ts";
import type { CatalogueHistory } from "../catalogue/history.ts";
import { type ComplaintRecord, filingOf } from "./complaints.ts";

/** `met` and `late`: it was done, in time or not. `lapsed`: the complaint ended before it was due. */
export type DueState = "pending" | "overdue" | "met" | "late" | "lapsed";

export interface Due extends LegalTerm {
  /** It is over at this moment, Unix seconds. */
  readonly by: number;
}

/** What the law gives whom to do about a complaint, until when, and whether it was done. */
export interface ComplaintDue {
  readonly answer: Due & { readonly state: DueState };
  /** What the agency does is not recorded here, so nobody is said to have done it or not. */
  readonly remedy: Due;
  readonly decision: Due & { readonly state: DueState };
}

/** The deadlines that were in force at a log index, by the recorded catalogues; undefined when none says any. */
export type DeadlinesAt = (index: number) => Promise<Deadlines | undefined>;

/** The deadlines of the catalogue version that was recorded last before, else of the first there was. Versions never change, and are few. */
export function deadlinesAt({ versions, file }: CatalogueHistory): DeadlinesAt {
  const known = new Map<string, Deadlines | undefined>();
  return async (index) => {
    const recorded = await versions();
    const version = recorded.findLast((each) => each.index < index) ?? recorded[0];
    if (version === undefined) return undefined;
    if (!known.has(version.digest)) {
      const catalogue: unknown = JSON.parse(fromUtf8(await file(version)));
      known.set(version.digest, deadlinesIn(catalogue));
    }
    return known.get(version.digest);
  };
}

/** What is due about a complaint at a time, in Unix seconds. */
export function dueOf(record: ComplaintRecord, deadlines: Deadlines, now: number): ComplaintDue {
  const filed = filingOf(record).time;
  const due = (term: LegalTerm): Due => {
    const { days, unit, law, article, verified } = term;
    return { by: termEnd(term, filed, deadlines), days, unit, law, article, verified };
  };
  const { answer, remedy, decision } = deadlines.complaint;
  const withState = (term: LegalTerm, done: "answered" | "decided"): Due & { state: DueState } => {
    const found = due(term);
    return { ...found, state: stateOf(record, found.by, done, now) };
  };
  return {
    answer: withState(answer, "answered"),
    remedy: due(remedy),
    decision: withState(decision, "decided"),
  };
}

function stateOf(
  { steps, state }: ComplaintRecord,
  by: number,
  done: "answered" | "decided",
  now: number,
): DueState {
  const step = steps.find((each) => each.state === done);
  if (step !== undefined) return step.time < by ? "met" : "late";
  if (isOpenComplaint(state)) return now < by ? "pending" : "overdue";
  return (steps.at(-1)?.time ?? now) < by ? "lapsed" : "overdue";
}
