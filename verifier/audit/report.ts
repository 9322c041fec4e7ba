import { type Check, hasFailed, isComplete } from "../checks.ts";
import type { Verdict } from "../evidence.ts";
import type { TrustProfile } from "../trust-profile.ts";
import type { Remarks } from "./fault.ts";
import type { WalkEnd } from "./walk.ts";

/** What an audit found. */
export interface AuditReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Entries of the log checked by now, and by an earlier audit that this one went on from. */
  readonly entries: { readonly checked: number; readonly before: number; readonly of: number };
  /** The first entry that is wrong, the check it fails, and in which way. */
  readonly fault: { readonly check: string; readonly index: number; readonly detail: string } | null;
}

/** The fault of a walk that ended with one. */
export function faultOf(end: WalkEnd): AuditReport["fault"] {
  if (end.kind !== "fault") return null;
  const { check, index, message } = end.fault;
  return { check, index, detail: message };
}

/** The checks that a walk over the log makes all at once, after how it ended. */
export function walkChecks<Id extends string>(
  titles: Readonly<Record<Id, string>>,
  ids: readonly Id[],
  end: WalkEnd,
  { remarks, done }: { readonly remarks: Remarks; readonly done: string },
): Check[] {
  return ids.map((id) => {
    const title = titles[id];
    const remark = remarks[id];
    if (end.kind === "fault" && end.fault.check === id)
      return { id, title, status: "failed", detail: `entry ${end.fault.index}: ${end.fault.message}` };
    if (remark !== undefined) {
      const others = remark.count === 1 ? "" : `, and ${remark.count - 1} more like it`;
      return { id, title, status: "warning", detail: `entry ${remark.index}: ${remark.detail}${others}` };
    }
    if (end.kind === "done") return { id, title, status: "passed", detail: done };
    const reason = end.kind === "stopped" ? end.reason : `the audit ended at entry ${end.fault.index}`;
    return { id, title, status: "not-checked", detail: reason };
  });
}

/** The verdict over all checks, as for evidence. */
export function verdictOf(checks: readonly Check[], profile: TrustProfile | undefined): Verdict {
  if (hasFailed(checks)) return "invalid";
  if (profile === undefined || !isComplete(checks)) return "incomplete";
  return profile.environment === "production" ? "valid" : "development";
}
