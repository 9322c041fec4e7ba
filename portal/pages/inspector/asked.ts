/** What somebody filled in to search, and what is asked of the ledger for it. Pure. */
import { requireIndexId } from "../../../protocol/index-keys.ts";
import { FormatError } from "../../../protocol/errors.ts";
import type { SearchFilter } from "../../api/inspection.ts";
import { beginOf, endOf } from "./days.ts";

/** A choice that leaves the condition out. */
export const ANY = "any";

export const FINDING_KINDS = [
  "no-legal-basis",
  "outside-purpose",
  "excess-categories",
  "consent-missing",
  "consent-withdrawn",
  "consent-expired",
  "objection-ignored",
  "no-case",
  "emergency-unreviewed",
  "unmatched-exchange",
  "equivocation",
] as const;
export const FINDING_STATES = ["open", "explained", "confirmed", "dismissed", "settled"] as const;
export const TYPES = [
  "access",
  "action",
  "consent",
  "mandate",
  "complaint",
  "inspection",
  "seal",
  "erasure",
] as const;
export const OUTCOMES = ["success", "refused", "failure"] as const;

export interface Asked {
  readonly agency: string;
  readonly official: string;
  /** The agency or system in whose name the official acts, as recorded. */
  readonly system: string;
  readonly procedure: string;
  readonly case: string;
  readonly type: (typeof TYPES)[number] | typeof ANY;
  readonly outcome: (typeof OUTCOMES)[number] | typeof ANY;
  readonly emergency: boolean;
  /** `2026-11-22`, or empty. */
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly state: string;
}

export const NOTHING_ASKED: Asked = {
  ...{ agency: ANY, official: "", system: "", procedure: ANY, case: "", type: ANY, outcome: ANY },
  ...{ emergency: false, from: "", to: "", kind: ANY, state: ANY },
};

/** The filter, with what is left empty left out. An official without a system is none. */
export function asFilter(asked: Asked): SearchFilter {
  const { agency, official, system, procedure, type, outcome, emergency, kind, state } = asked;
  const caseNumber = asked.case.trim();
  const [from, to] = [beginOf(asked.from), endOf(asked.to)];
  const officialId = officialIdOf(system, official);
  const finding = { ...(kind !== ANY && { kind }), ...(state !== ANY && { state }) };
  return {
    ...(agency !== ANY && { agency }),
    ...(officialId !== undefined && { official: officialId }),
    ...(procedure !== ANY && { procedure }),
    ...(caseNumber !== "" && { case: caseNumber }),
    ...(type !== ANY && { type }),
    ...(outcome !== ANY && { outcome }),
    ...(emergency && { emergency }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...((kind !== ANY || state !== ANY) && { finding }),
  };
}

/** `agent:<agency>/<id>`; undefined where there is no such id. */
export function officialIdOf(system: string, official: string): string | undefined {
  if (system.trim() === "" || official.trim() === "") return undefined;
  const id = `agent:${encodeURIComponent(system.trim())}/${encodeURIComponent(official.trim())}`;
  try {
    return requireIndexId("official", id);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
