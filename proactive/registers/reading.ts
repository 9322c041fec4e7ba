import { UndecidedError } from "../exchange/decision-point.ts";
import type { PersonNumber } from "../exchange/message.ts";
import type { Read, ReadingResult } from "../exchange/reading.ts";
import { type Category, REGISTERS, type RegisterCode } from "./configurations.ts";

/** What one agency wants to know from a register of the province. */
export interface RegisterReading {
  readonly register: RegisterCode;
  readonly categories: readonly Category[];
  /** A citizen's number or a newborn's notice. */
  readonly subject: string;
  readonly procedure: string;
  readonly caseId: string;
  /** The same again is the same exchange. */
  readonly messageId: string;
  /** A machine asks of its own accord, and nobody applied. */
  readonly automated?: true;
}

export type ReadRegister = (asked: RegisterReading) => Promise<ReadingResult>;

/** Reads from registers by the once-only exchange. While the ledger does not decide, a reading has failed like one that nobody answers. */
export function registerReader(
  read: Read,
  personOf: (subject: string) => PersonNumber | undefined,
): ReadRegister {
  return async ({ register, categories, subject, procedure, caseId, messageId, automated }) => {
    const person = personOf(subject);
    if (person === undefined) throw new RangeError("the case is about nobody the ledger could name");
    const { agency, code } = REGISTERS[register];
    const asked = { procedure, subject: person, personalData: categories, provider: agency, caseId };
    const service = `${agency}/${code}`;
    try {
      return await read({ ...asked, service, ...(automated && { automated }) }, messageId);
    } catch (error) {
      if (error instanceof UndecidedError) return { kind: "failed", reason: "undecided", messageId };
      throw error;
    }
  };
}
