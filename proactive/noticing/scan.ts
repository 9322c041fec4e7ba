import { addDays, type Day } from "../population/calendar.ts";
import type { Register } from "../registers/register.ts";
import type { Occasion, Rule } from "../rules/rule.ts";
import { LEADS, type Notice } from "./notice.ts";
import { occasionsOn } from "./occasions.ts";
import type { NoticeOutbox } from "./outbox.ts";

export interface ScanParts {
  readonly register: Register;
  readonly rules: readonly Rule[];
  /** Code of the agency that keeps the register. */
  readonly agency: string;
  /** Begins a case of a procedure that the agency leads; durable when it resolves, and nothing for an occasion that has one. */
  readonly notice: (procedure: string, occasion: Occasion) => Promise<unknown>;
  readonly outbox: Pick<NoticeOutbox, "scannedUntil" | "put">;
  /** The first day of all: nothing before it is looked at. */
  readonly from: Day;
  /** The first day that is not scanned now. */
  readonly to: Day;
  /** Called after each day. */
  readonly progress?: (days: number, of: number) => void;
}

/**
 * Looks through the days that the register has heard everything of and that were not looked through yet, one after the other. A crash anywhere means that
 * a day is looked through once more, and every occasion in it counts once.
 */
export async function scan(parts: ScanParts): Promise<void> {
  const { register, rules, agency, notice, outbox, progress } = parts;
  const heard = register.heardUntil() ?? parts.from;
  const until = heard < parts.to ? heard : parts.to;
  const days: Day[] = [];
  for (let day = outbox.scannedUntil() ?? parts.from; day < until; day = addDays(day, 1)) days.push(day);
  for (const [done, day] of days.entries()) {
    const crossing: Notice[] = [];
    for (const rule of rules) {
      const { procedure } = rule;
      for (const occasion of occasionsOn(rule, register, day)) {
        if (LEADS[procedure] === agency) await notice(procedure, occasion);
        else crossing.push({ procedure, occasion });
      }
    }
    await outbox.put(crossing, addDays(day, 1));
    progress?.(done + 1, days.length);
  }
}
