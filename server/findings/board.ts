import { LedgerError } from "../errors.ts";
import type { HiddenCursors } from "./cursors.ts";
import {
  answerableFor,
  cursorOf,
  type Finding,
  type FindingKind,
  type FindingState,
  isUseFinding,
} from "./finding.ts";
import type { Findings } from "./register.ts";
import type { FindingStates } from "./state-register.ts";
import { type FindingStep, inspected, type InspectedFinding, NOTIFICATION_SECONDS } from "./states.ts";
import type { UseRegister } from "./uses/register.ts";

/** A finding with what became of it. */
export type ShownFinding = Finding & {
  /** Unix seconds: until when a confirmed unlawful use must be notified, and when it was. */
  readonly notifyBy?: number;
  readonly notifiedAt?: number;
};

/** Which findings are asked for; all of it must hold. */
export interface FindingsQuery {
  readonly kind?: FindingKind;
  readonly state?: FindingState;
  /** Code of the agency that answers for it, itself or by one of its sources. */
  readonly agency?: string;
  /** Unix seconds: since the first or later, and before the second. */
  readonly from?: number;
  readonly to?: number;
}

export interface ShownPage {
  readonly findings: readonly ShownFinding[];
  /** Unix seconds: the findings are those of this moment. */
  readonly asOf: number;
  /** They are derived from so many events of the log. */
  readonly size: number;
  /** Where the next page begins. There may be one although this page has fewer findings than asked for, or none. */
  readonly next?: string;
}

/** A finding with its history. */
export interface FindingWithSteps {
  readonly finding: ShownFinding;
  readonly steps: readonly FindingStep[];
  readonly inspected: InspectedFinding;
}

/** All findings, whatever they are derived from, as inspectors and officers see them. */
export interface FindingsBoard {
  /** `after` is the `next` of a page of the same query. @throws LedgerError `bad-request` when it is not. */
  list: (page: FindingsQuery & { readonly after?: string; readonly limit: number }) => Promise<ShownPage>;
  /** Undefined when there is no such finding, or not any more. */
  one: (id: string) => Promise<FindingWithSteps | undefined>;
  /** The findings about each of these events. */
  about: (
    events: readonly { readonly index: number; readonly time: number }[],
  ) => Promise<readonly ShownFinding[]>;
}

export interface FindingsBoardOptions {
  readonly findings: Pick<Findings, "list" | "find">;
  readonly uses: Pick<UseRegister, "list" | "at" | "upToDate">;
  readonly states: Pick<FindingStates, "caughtUp" | "stepsOf">;
  /** The cursors at which findings about a use would stand. */
  readonly cursorsOf: (index: number, time: number) => readonly string[];
  /** How the end of a page is told to whoever asks for one agency's findings. */
  readonly cursors: HiddenCursors;
  /** When an event was received, Unix seconds; undefined when there is none. */
  readonly timeOf: (index: number) => Promise<number | undefined>;
}

/** Findings looked at for one page, found or not. */
const MAX_LOOKED_AT = 5_000;
const LOOKED_AT_ONCE = 500;
const CURSOR = /^[0-9]{12}:[a-z0-9:-]{0,100}$/;

export function findingsBoard(options: FindingsBoardOptions): FindingsBoard {
  const { findings, uses, states, cursors, cursorsOf, timeOf } = options;

  async function withSteps(found: readonly Finding[]): Promise<FindingWithSteps[]> {
    const steps = await states.stepsOf(found);
    return found.map((finding, at) => shownWith(finding, steps[at] ?? []));
  }

  /** The next findings of either register in their order; fewer than asked for at the end alone. */
  async function next(after: string | undefined, limit: number) {
    const from = after === undefined ? {} : { after };
    const { findings: others, asOf, size } = await findings.list({ ...from, limit });
    const ofUses = await uses.list({ ...from, limit });
    const merged = [...others, ...ofUses].sort((a, b) => (cursorOf(a) < cursorOf(b) ? -1 : 1));
    const isLast = merged.length <= limit && others.length < limit && ofUses.length < limit;
    return { found: merged.slice(0, limit), isLast, asOf, size };
  }

  async function list({ limit, ...query }: Parameters<FindingsBoard["list"]>[0]): Promise<ShownPage> {
    const read = await uses.upToDate();
    await states.caughtUp();
    const found: ShownFinding[] = [];
    let after = laterOf(beginOf(query), query.from);
    // Whoever asks for one agency's findings may see no other: the last one looked at may be another's.
    const goOn = (): { next?: string } => {
      if (after === undefined) return {};
      return { next: query.agency === undefined ? after : cursors.hide(after) };
    };
    for (let looked = 0; ; looked += LOOKED_AT_ONCE) {
      const page = await next(after, Math.min(LOOKED_AT_ONCE, limit + 1));
      const about = { asOf: page.asOf, size: Math.min(page.size, read) };
      for (const { finding } of await withSteps(page.found)) {
        const isBeyond = query.to !== undefined && finding.since >= query.to;
        if (isBeyond) return { ...about, findings: found };
        if (found.length === limit) return { ...about, findings: found, ...goOn() };
        if (isAskedFor(finding, query)) found.push(finding);
        after = cursorOf(finding);
      }
      if (page.isLast || page.found.length === 0) return { ...about, findings: found };
      if (looked >= MAX_LOOKED_AT) return { ...about, findings: found, ...goOn() };
    }
  }

  function beginOf({ agency, after }: FindingsQuery & { readonly after?: string }): string | undefined {
    if (after === undefined) return undefined;
    const cursor = agency === undefined ? after : cursors.reveal(after);
    if (cursor !== undefined && CURSOR.test(cursor)) return cursor;
    throw new LedgerError(
      "bad-request",
      "The parameter after must be the `next` of the page before, asked for in the same way.",
    );
  }

  async function one(id: string): Promise<FindingWithSteps | undefined> {
    await uses.upToDate();
    await states.caughtUp();
    const index = Number(/:(\d{1,15})$/.exec(id)?.[1]);
    const time = Number.isSafeInteger(index) ? await timeOf(index) : undefined;
    if (time === undefined) return undefined;
    const ofUse = await uses.at(cursorsOf(index, time));
    const found = ofUse.find((finding) => finding.id === id) ?? (await findings.find(id, index));
    return found && (await withSteps([found]))[0];
  }

  return {
    list,
    one,
    about: async (events) => {
      const found = await uses.at(events.flatMap(({ index, time }) => cursorsOf(index, time)));
      return (await withSteps(found)).map(({ finding }) => finding);
    },
  };
}

function shownWith(finding: Finding, steps: readonly FindingStep[]): FindingWithSteps {
  const what = inspected(steps);
  const { state, confirmed, notified } = what;
  const isBreach = confirmed !== undefined && isNotifiable(finding);
  const shown: ShownFinding = {
    ...finding,
    ...(state !== "open" && { state }),
    ...(isBreach && { notifyBy: confirmed + NOTIFICATION_SECONDS }),
    ...(isBreach && notified !== undefined && { notifiedAt: notified }),
  };
  return { finding: shown, steps, inspected: what };
}

/** Whether it is about data that were used against the law or the person's word. That a case number is missing is not. */
export function isNotifiable(finding: Finding): boolean {
  return isUseFinding(finding) && finding.kind !== "no-case";
}

/** The agency that answers for a finding, itself or by one of its sources. */
export function agencyOf(finding: Finding): string | undefined {
  return answerableFor(finding)?.split("/", 1)[0];
}

function isAskedFor(finding: ShownFinding, { kind, state, agency, from }: FindingsQuery): boolean {
  return (
    (kind === undefined || finding.kind === kind) &&
    (state === undefined || finding.state === state) &&
    (agency === undefined || agencyOf(finding) === agency) &&
    (from === undefined || finding.since >= from)
  );
}

/** Where the first finding since a moment would stand, if that is later than where the page begins. */
function laterOf(after: string | undefined, from: number | undefined): string | undefined {
  const begin = from === undefined || from <= 0 ? undefined : `${String(from).padStart(12, "0")}:`;
  return begin === undefined || (after !== undefined && after > begin) ? after : begin;
}
