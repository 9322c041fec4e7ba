/** What somebody filled in about a seal, and what is ordered by it. Pure. */
import type { LegalBasis, Seal, SealTerms } from "../../api/seals.ts";
import { beginOf, endOf } from "./days.ts";

/** Longest time ahead that one order closes something (server/desk/seal-acts.ts). */
const MAX_SECONDS = 180 * 86_400;
/** Events that one order may name. */
const MAX_SEALED = 32;
const SOON_SECONDS = 14 * 86_400;
/** A day is chosen to its end, which may lie past the last moment allowed. */
const DAY_SECONDS = 86_400;

export interface FilledTerms {
  /** `2026-11-22`, or empty. */
  readonly day: string;
  readonly law: string;
  readonly article: string;
}

export const NO_TERMS: FilledTerms = { day: "", law: "", article: "" };

export type DayFault = "untilWrong" | "untilEarly";

/** What is wrong with the day until whose end something is to be closed. @param after Unix seconds: it has to end later than that */
export function dayFault(day: string, now: number, after?: number): DayFault | undefined {
  const [begin, end] = [beginOf(day), endOf(day)];
  if (begin === undefined || end === undefined || end <= now || begin > now + MAX_SECONDS)
    return "untilWrong";
  return after !== undefined && end < after ? "untilEarly" : undefined;
}

export function basisOf({ law, article }: FilledTerms): LegalBasis | undefined {
  const basis = { law: law.trim(), article: article.trim() };
  return basis.law === "" || basis.article === "" ? undefined : basis;
}

/** What is ordered; undefined where something is missing or wrong. The last day that can be chosen ends at the last moment allowed. */
export function termsOf(filled: FilledTerms, now: number, after?: number): SealTerms | undefined {
  const [end, legalBasis] = [endOf(filled.day), basisOf(filled)];
  if (end === undefined || legalBasis === undefined || dayFault(filled.day, now, after) !== undefined)
    return undefined;
  const last = now + MAX_SECONDS - DAY_SECONDS / 24;
  return { until: new Date(Math.min(end, last) * 1000).toISOString(), legalBasis };
}

/** The log indexes in a text; undefined where it holds none, too many, or something else. */
export function indexesIn(text: string): readonly number[] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== "");
  const indexes = [...new Set(parts.map(Number))];
  const isRight =
    indexes.length > 0 && indexes.length <= MAX_SEALED && parts.every((part) => /^\d{1,15}$/.test(part));
  return isRight ? indexes : undefined;
}

/** When a seal ends, Unix seconds. */
export function endsAt({ until }: Seal): number | undefined {
  return until === null ? undefined : Date.parse(until) / 1000;
}

function isInForce(seal: Seal, now: number): boolean {
  return seal.state === "placed" && (endsAt(seal) ?? 0) > now;
}

/** Whether somebody has to extend it soon, or let it end. */
export function isSoon(seal: Seal, now: number): boolean {
  return isInForce(seal, now) && (endsAt(seal) ?? 0) - now < SOON_SECONDS;
}

/** Seals by what is to be done about them: those in force that end soon, the others in force (the first to end first), and those that are over (the newest first). */
export function sealsByEnd(
  seals: readonly Seal[],
  now: number,
): Readonly<Record<"soon" | "inForce" | "over", readonly Seal[]>> {
  const inForce = seals
    .filter((seal) => isInForce(seal, now))
    .sort((a, b) => (endsAt(a) ?? 0) - (endsAt(b) ?? 0));
  return {
    soon: inForce.filter((seal) => isSoon(seal, now)),
    inForce: inForce.filter((seal) => !isSoon(seal, now)),
    over: seals.filter((seal) => !isInForce(seal, now)).toReversed(),
  };
}
