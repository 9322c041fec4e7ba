import type { Inspection } from "../../protocol/facet-values.ts";

/** What officers and inspectors make of a finding. */
export type InspectedState = NonNullable<Inspection["finding"]>["state"];

/** Who may say it: the officer of the agency that answers for the finding, or an inspector. */
export type InspectingRole = "officer" | "inspector";

/**
 * What may become of a finding in each state, and who may say so. An agency explains, an inspector decides; what was decided is opened again before
 * it is decided otherwise, so that nobody overrules a decision that they have not seen.
 */
const NEXT: Readonly<Record<InspectedState, Readonly<Record<InspectingRole, readonly InspectedState[]>>>> = {
  open: { officer: ["explained"], inspector: ["confirmed", "dismissed"] },
  explained: { officer: [], inspector: ["open", "confirmed", "dismissed"] },
  confirmed: { officer: [], inspector: ["open"] },
  dismissed: { officer: [], inspector: ["open"] },
};

/** Whether this role may put a finding from one state into the other. */
export function mayBecome(from: InspectedState, to: InspectedState, role: InspectingRole): boolean {
  return NEXT[from][role].includes(to);
}

/** A step in what was made of a finding: an `inspection` event of the desk. */
export interface FindingStep {
  /** Log index of the event, and its leaf hash (base64url). */
  readonly index: number;
  readonly leaf: string;
  /** When it was recorded, Unix seconds. */
  readonly time: number;
  /** The state from then on; absent where the step only says that somebody was notified. */
  readonly state?: InspectedState;
  /** Whether it says that the breach was notified. */
  readonly notified?: true;
}

/** What the steps come to, in log order. */
export interface InspectedFinding {
  readonly state: InspectedState;
  /** When it was confirmed, and when the authority was notified of it since; Unix seconds. */
  readonly confirmed?: number;
  readonly notified?: number;
}

/** Time to notify a breach: Law 91/2025/QH15 Art. 23; Regulation (EU) 2016/679 Art. 33. */
export const NOTIFICATION_SECONDS = 72 * 3600;

/** Where a finding stands after these steps. A step that does not follow from the state before it changes nothing. */
export function inspected(steps: readonly FindingStep[]): InspectedFinding {
  let found: InspectedFinding = { state: "open" };
  for (const { state, time, notified } of steps) {
    if (state !== undefined) {
      if (!mayBecome(found.state, state, state === "explained" ? "officer" : "inspector")) continue;
      found = state === "confirmed" ? { state, confirmed: time } : { state };
    }
    if (notified === true && found.confirmed !== undefined && found.notified === undefined)
      found = { ...found, notified: time };
  }
  return found;
}
