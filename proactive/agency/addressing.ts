import type { AboutWhom, TellingParts } from "../cases/telling.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { personNumbered } from "../exchange/message.ts";
import { ageOn } from "../population/calendar.ts";
import type { InboxClient } from "../reach/inbox.ts";
import { asWished } from "../reach/wishes.ts";
import { memberOf } from "../registers/facts.ts";
import type { ReadRegister } from "../registers/reading.ts";
import type { Register } from "../registers/register.ts";
import type { Surroundings } from "./options.ts";

export interface AddressingOptions {
  /** The agency's own register: what it knows of a person needs no exchange. */
  readonly register: Pick<Register, "configuration" | "read" | "knowsGone">;
  readonly read: ReadRegister;
  readonly inbox: Pick<InboxClient, "wishesOf">;
  readonly world: Pick<Surroundings, "contactOf" | "kinOf">;
  /** Today, in Vietnam. */
  readonly today: () => string;
}

const ADULT_AGE = 18;

/**
 * How to reach whoever is to be told: the person; for a child, who answers for them today by the civil-status register, which hears of a change first; for a newborn, the
 * mother; for the dead, the family. Undefined when nobody is known, or when the agency's own register knows that they died or left: nobody writes to the dead. Rejects when it
 * cannot be found out now.
 */
export function addressing(options: AddressingOptions): TellingParts["addressesOf"] {
  const { register, read, inbox, world, today } = options;
  const { configuration } = register;

  /** A parent or guardian, as the register says that knows best among those that may be asked. */
  async function responsibleFor(telling: AboutWhom, who: "mother" | "guardian"): Promise<string | undefined> {
    const { subject, procedure, caseId } = telling;
    const from = who === "mother" ? "health" : "civil-status";
    // What another register holds of parents may be older.
    const own =
      configuration.code === from ? register.read(subject, ["pd:Parent"])?.["pd:Parent"] : undefined;
    if (own !== undefined) return textIn(memberOf(own, who));
    const asked = { register: from, categories: ["pd:Parent"], subject, procedure, caseId } as const;
    // Asked again on the same day it is the same exchange: registers hear of a change a day later.
    const messageId = `${caseId}/${who}/${today()}`;
    const answer = await read({ ...asked, messageId, automated: true });
    if (answer.kind === "failed")
      throw new Error(`nobody can say now who answers for the child: ${answer.reason}`);
    // Without a permission nobody is told, and an officer looks.
    const parent = answer.kind === "read" ? answer.answer["pd:Parent"] : undefined;
    return isJsonObject(parent) ? textIn(parent[who]) : undefined;
  }

  async function addresseeOf(telling: AboutWhom): Promise<string | undefined> {
    const { subject, procedure } = telling;
    if (personNumbered(subject)?.scheme === "vn-newborn") return await responsibleFor(telling, "mother");
    if (procedure === "DEATH_REG") return world.kinOf(subject);
    if (register.knowsGone(subject)) return undefined;
    return isMinor(subject) ? await responsibleFor(telling, "guardian") : subject;
  }

  /** By the date of birth, or by the year that the number itself says. */
  function isMinor(subject: string): boolean {
    const born = register.read(subject, ["pd:BirthDate"])?.["pd:BirthDate"];
    if (typeof born === "string") return ageOn(today(), born) < ADULT_AGE;
    return Number(today().slice(0, 4)) - birthYear(subject) < ADULT_AGE;
  }

  return async (about) => {
    const person = personNumbered((await addresseeOf(about)) ?? "");
    const contact = person && world.contactOf(person.id);
    if (person === undefined || contact === undefined || register.knowsGone(person.id)) return undefined;
    const wishes = await inbox.wishesOf(person, about.procedure);
    return asWished({ ...contact, inbox: person }, wishes);
  };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The year that a citizen's number says: its fourth digit is of century and sex, the two after it are of the year. */
function birthYear(number: string): number {
  return 1900 + 100 * Math.floor(Number(number[3]) / 2) + Number(number.slice(4, 6));
}
