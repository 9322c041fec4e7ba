import { FormatError } from "../protocol/errors.ts";
import { ChainError } from "./chain.ts";

/**
 * `passed`: established. `warning`: established, with something its reader should know. `failed`: established to be otherwise.
 * `not-checked`: could not be established, which is no statement about the artefact.
 */
export type CheckStatus = "passed" | "warning" | "failed" | "not-checked";

/** One line of the verifier's answer. */
export interface Check {
  /** Stable: programs may rely on it. */
  readonly id: string;
  /** What is asserted, as one English sentence. */
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found, or what to do, for a person. */
  readonly detail: string;
}

/** What one check found: its status, and the value that later checks may build on. */
export type Outcome<T> =
  | { readonly status: "passed" | "warning"; readonly detail: string; readonly value: T }
  | { readonly status: "failed" | "not-checked"; readonly detail: string };

/** It holds, and later checks may build on `value`. */
export function established<T>(detail: string, value: T): Outcome<T> {
  return { status: "passed", detail, value };
}

/** It holds. */
export function passed(detail: string): Outcome<true> {
  return established(detail, true);
}

/** It holds, but its reader should know this. */
export function warning(detail: string): Outcome<true> {
  return { status: "warning", detail, value: true };
}

/** It does not hold. */
export function failed(detail: string): Outcome<never> {
  return { status: "failed", detail };
}

/** Nobody can say yet. */
export function notChecked(detail: string): Outcome<never> {
  return { status: "not-checked", detail };
}

/** What a check builds on; a value that could not be established is undefined. */
type Premises = { readonly [name: string]: unknown };
/** The premises once it is known that none is undefined. */
export type Established<P extends Premises> = { readonly [name in keyof P]: Exclude<P[name], undefined> };

/** Says why a check was not reached, for premises that are the caller's to supply. */
const MISSING_PREMISE: ReadonlyMap<string, string> = new Map([
  ["profile", "needs a trust profile: name one that you chose to trust"],
  ["chain", "needs a node of the chain: name one that you trust"],
]);

/**
 * Collects checks in the order they are made; `titles` names every check there is. A check whose premises were not established is
 * listed as not checked.
 */
export class CheckList<Id extends string> {
  readonly #titles: Readonly<Record<Id, string>>;
  readonly #checks: Check[] = [];

  constructor(titles: Readonly<Record<Id, string>>) {
    this.#titles = titles;
  }

  get checks(): readonly Check[] {
    return this.#checks;
  }

  /** Makes one check and returns the value it established, or undefined. */
  check<P extends Premises, T>(
    id: Id,
    premises: P,
    find: (premises: Established<P>) => Outcome<T>,
  ): T | undefined {
    if (!areEstablished(premises)) return this.#record<T>(id, notReached(premises));
    try {
      return this.#record(id, find(premises));
    } catch (error) {
      return this.#record<T>(id, refusal(error));
    }
  }

  /** The same for a check that asks the chain. */
  async ask<P extends Premises, T>(
    id: Id,
    premises: P,
    find: (premises: Established<P>) => Promise<Outcome<T>>,
  ): Promise<T | undefined> {
    if (!areEstablished(premises)) return this.#record<T>(id, notReached(premises));
    try {
      return this.#record(id, await find(premises));
    } catch (error) {
      return this.#record<T>(id, refusal(error));
    }
  }

  /** Lists the outcome and returns its value. */
  #record<T>(id: Id, outcome: Outcome<T>): T | undefined {
    this.#checks.push({ id, title: this.#titles[id], status: outcome.status, detail: outcome.detail });
    return "value" in outcome ? outcome.value : undefined;
  }
}

function areEstablished<P extends Premises>(premises: P): premises is P & Established<P> {
  return !Object.values(premises).includes(undefined);
}

function notReached(premises: Premises): Outcome<never> {
  const reasons = Object.keys(premises)
    .filter((name) => premises[name] === undefined)
    .map((name) => MISSING_PREMISE.get(name) ?? "not reached, because an earlier check did not pass");
  return notChecked(reasons[0] ?? "");
}

/** A parser's refusal fails the check; a chain that gives no usable answer leaves it open, unless its nodes contradict each other. */
function refusal(error: unknown): Outcome<never> {
  if (error instanceof FormatError) return failed(`${error.message} (${error.code})`);
  if (!(error instanceof ChainError)) throw error;
  const isAnswer = error.code === "disagreement" || error.code === "refused";
  return isAnswer ? failed(error.message) : notChecked(error.message);
}

export function hasFailed(checks: readonly Check[]): boolean {
  return checks.some(({ status }) => status === "failed");
}

export function isComplete(checks: readonly Check[]): boolean {
  return checks.every(({ status }) => status === "passed" || status === "warning");
}
