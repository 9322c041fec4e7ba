import type { Inspection } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";

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

/**
 * Where a finding stands after these steps. A step that does not follow from the state before it changes nothing, but that a finding was confirmed always
 * counts: a step before it may have been erased, and no erasure is to turn a confirmed finding into a dismissed one.
 */
export function inspected(steps: readonly FindingStep[]): InspectedFinding {
  let found: InspectedFinding = { state: "open" };
  for (const { state, time, notified } of steps) {
    if (state !== undefined) {
      const follows = mayBecome(found.state, state, state === "explained" ? "officer" : "inspector");
      if (!follows && (state !== "confirmed" || found.state === state)) continue;
      found = state === "confirmed" ? { state, confirmed: time } : { state };
    }
    if (notified === true && found.confirmed !== undefined && found.notified === undefined)
      found = { ...found, notified: time };
  }
  return found;
}

/** Which state a review of an emergency puts its finding into. */
const REVIEWED: Readonly<Record<string, InspectedState>> = {
  justified: "dismissed",
  unjustified: "confirmed",
};

/** What a step is about: a finding by its id, or an access in an emergency by its leaf hash. */
export type StepSubject = `finding ${string}` | `leaf ${string}`;

/** What an inspection says of a finding, or of an emergency; undefined when nothing. */
export function saidIn(
  facet: unknown,
): { readonly about: StepSubject; readonly step: Pick<FindingStep, "state" | "notified"> } | undefined {
  if (!isJsonObject(facet)) return undefined;
  const { finding, review, notification } = facet;
  if (isJsonObject(finding)) {
    const { id, state } = finding;
    if (typeof id !== "string" || !isState(state)) return undefined;
    return { about: `finding ${id}`, step: { state } };
  }
  if (isJsonObject(review)) {
    const { leaf, outcome } = review;
    const state = typeof outcome === "string" ? REVIEWED[outcome] : undefined;
    if (typeof leaf !== "string" || state === undefined) return undefined;
    return { about: `leaf ${leaf}`, step: { state } };
  }
  if (!isJsonObject(notification) || typeof notification["finding"] !== "string") return undefined;
  return { about: `finding ${notification["finding"]}`, step: { notified: true } };
}

function isState(value: unknown): value is InspectedState {
  return value === "open" || value === "explained" || value === "confirmed" || value === "dismissed";
}
