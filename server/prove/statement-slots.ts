import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";

export interface StatementLimits {
  readonly total: number;
  readonly perCaller: number;
}

/** Statements being made or sent at once: each holds pages of events in memory for as long as its reader takes. */
const DEFAULT_LIMITS: StatementLimits = { total: 64, perCaller: 4 };

/** Takes a place for one statement and returns the function that gives it back. @throws LedgerError `overloaded`. */
export type TakeStatementSlot = (caller: Caller) => () => void;

export function statementSlots({ total, perCaller }: StatementLimits = DEFAULT_LIMITS): TakeStatementSlot {
  const counts = new Map<string, number>();
  let taken = 0;
  return (caller) => {
    const name = "name" in caller ? `${caller.role} ${caller.name}` : caller.role;
    const own = counts.get(name) ?? 0;
    if (own >= perCaller) throw overloaded(`You have ${own} statements under way.`);
    if (taken >= total) throw overloaded("Too many statements are under way.");
    counts.set(name, own + 1);
    taken++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      taken--;
      const left = (counts.get(name) ?? 1) - 1;
      if (left === 0) counts.delete(name);
      else counts.set(name, left);
    };
  };
}

function overloaded(reason: string): LedgerError {
  return new LedgerError("overloaded", `${reason} Take one to its end, then ask again.`);
}
