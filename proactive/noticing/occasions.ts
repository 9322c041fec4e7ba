import { addDays, type Day } from "../population/calendar.ts";
import type { Occurrence } from "../population/timeline.ts";
import type { Register } from "../registers/register.ts";
import type { Occasion, Rule, RuleInputs, Trigger } from "../rules/rule.ts";

type Triggered<K extends Trigger["kind"]> = Extract<Trigger, { readonly kind: K }>;

/**
 * The occasions of a rule that this register shows on a day, of its own knowledge alone; none where they are seen in another register. What lasts (a
 * document that ends soon, a school year that comes) is an occasion on each of its days, always under the same key. Nobody is one whom the register does
 * not know, or knows to have died or to have left. Pure: the same register shows the same.
 */
export function occasionsOn({ trigger }: Rule, register: Register, day: Day): Occasion[] {
  return shownOn(trigger, register, day).filter(({ subject }) => isThere(trigger, register, subject));
}

/** A death is served to the family of somebody who died. */
function isThere(trigger: Trigger, { read, knowsGone }: Register, subject: string): boolean {
  const isOfDeath = trigger.kind === "occurrence" && trigger.occurrence === "death";
  return read(subject, []) !== undefined && (isOfDeath || !knowsGone(subject));
}

function shownOn(trigger: Trigger, register: Register, day: Day): Occasion[] {
  switch (trigger.kind) {
    case "document-ends":
      return documentsEnding(trigger, register, day);
    case "occurrence":
      return register
        .happened(trigger.occurrence, day, addDays(day, 1))
        .flatMap((occurrence) => occasionOf(occurrence) ?? []);
    case "school-year":
      return schoolEntrants(trigger, register, day);
    case "yearly-review":
      return reviewed(trigger, register, day);
  }
}

function documentsEnding(
  { document, withinDays }: Triggered<"document-ends">,
  register: Register,
  on: Day,
): Occasion[] {
  return register
    .ending(on, addDays(on, withinDays))
    .filter(({ kind }) => kind === document)
    .map(({ number, holder, expires }) => ({
      ...{ key: `${document} ${number} ${expires}`, subject: holder, on, known: { expires } },
    }));
}

function occasionOf(occurrence: Occurrence): Occasion | undefined {
  const { kind, on } = occurrence;
  switch (kind) {
    case "birth":
      return { key: occurrence.notice, subject: occurrence.notice, on, known: {} };
    case "death":
      return { key: occurrence.notice, subject: occurrence.person, on, known: {} };
    case "building-permit": {
      const { permit, parcel, owner } = occurrence;
      return { key: permit, subject: owner, on, known: { permit, parcel } };
    }
    case "business-change": {
      const { business, change, owner } = occurrence;
      return { key: `${business} ${change} ${on}`, subject: owner, on, known: { business, change } };
    }
    case "move":
    case "guardian-change":
      return undefined;
  }
}

/** Children who turn six in a year enter grade 1 in it. Whoever keeps the registry of residents sees them. */
const ENTRY_AGE = 6;

function schoolEntrants(
  { opens, withinDays }: Triggered<"school-year">,
  register: Register,
  on: Day,
): Occasion[] {
  if (register.configuration.code !== "population") return [];
  const year = Number(on.slice(0, 4));
  const opening = dayOf(year, opens);
  if (on >= opening || on < addDays(opening, -withinDays)) return [];
  return register
    .bornIn(year - ENTRY_AGE)
    .map((subject) => ({ key: `${subject} ${year}`, subject, on, known: { year } }));
}

/** Every household has its day in the review, the same on every machine; from then on it is an occasion, as long as its score is not above the line. */
function reviewed(
  { from, until, line }: Triggered<"yearly-review">,
  register: Register,
  on: Day,
): Occasion[] {
  const year = Number(on.slice(0, 4));
  const [first, last] = [dayOf(year, from), dayOf(year, until)];
  if (on < first || on > last) return [];
  const length = 1 + (Date.parse(last) - Date.parse(first)) / DAY_MS;
  const known: RuleInputs = { year };
  return register
    .reviewedUpTo(line)
    .filter(({ code }) => addDays(first, spread(`${code} ${year}`) % length) <= on)
    .map(({ code, head }) => ({ key: `${code} ${year}`, subject: head, on, known }));
}

const DAY_MS = 86_400_000;

function dayOf(year: number, { month, day }: { readonly month: number; readonly day: number }): Day {
  return `${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** FNV-1a (32 bits). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
