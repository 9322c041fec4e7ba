import { createHash } from "node:crypto";
import { isJsonObject } from "../../protocol/json.ts";
import { personNumbered } from "../exchange/message.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import type { Occasion, RuleInputs, Text } from "../rules/rule.ts";

/** One agency noticed in its register what another one leads the procedure of. */
export interface Notice {
  /** Code of the procedure in the catalogue. */
  readonly procedure: string;
  readonly occasion: Occasion;
}

/** The agency that leads each procedure. */
export const LEADS: Readonly<Record<string, string>> = {
  DRIVER_LIC: "qn-police",
  PASSPORT: "qn-police",
  ID_CARD: "qn-police",
  MED_PRAC: "qn-health",
  TOUR_GUIDE: "qn-culture",
  VET_CERT: "qn-agriculture",
  TRANSPORT_LIC: "qn-construction",
  BIRTH_REG: "qn-justice",
  DEATH_REG: "qn-justice",
  SCHOOL_ADM: "qn-education",
  POOR_HH: "qn-social",
  BUSINESS_REG: "qn-finance",
  BUILD_PERMIT: "qn-construction",
};

/** What is noticed in a register whose keeper does not lead the procedure, and what a notice of it tells of the person. */
export interface Crossing {
  readonly from: { readonly agency: string; readonly register: RegisterCode };
  readonly tells: readonly Category[];
  /** What the person reads about the notice. */
  readonly explanation: Text;
}

export const CROSSINGS: Readonly<Record<string, Crossing>> = {
  BIRTH_REG: {
    from: { agency: "qn-health", register: "health" },
    tells: ["pd:LifeHistory"],
    explanation: {
      vi: "Cơ sở y tế báo cho cơ quan hộ tịch có trẻ mới sinh, để chuẩn bị khai sinh.",
      en: "The health facility told the civil-status office of the birth, so that the registration can be prepared.",
    },
  },
  DEATH_REG: {
    from: { agency: "qn-health", register: "health" },
    tells: ["pd:LifeHistory"],
    explanation: {
      vi: "Cơ sở y tế báo tử cho cơ quan hộ tịch, để chuẩn bị khai tử.",
      en: "The health facility told the civil-status office of the death, so that the registration can be prepared.",
    },
  },
  SCHOOL_ADM: {
    from: { agency: "qn-police", register: "population" },
    tells: ["pd:BirthDate"],
    explanation: {
      vi: "Cơ quan dân cư báo cho ngành giáo dục rằng trẻ đến tuổi vào lớp 1.",
      en: "The population register told the education department that the child reaches the age of grade 1.",
    },
  },
};

/** Whether an agency may tell the lead of a procedure of its occasions: whose register they are seen in. */
export function mayNotify(agency: string, procedure: string): boolean {
  return Object.hasOwn(CROSSINGS, procedure) && CROSSINGS[procedure]?.from.agency === agency;
}

const ID_CHARACTERS = 16;

/**
 * Names an occasion by its procedure and a digest of its key: the same at the agency that noticed it and at the lead, and the name of the case, too. It does
 * not show the person, but whoever tries all numbers finds the key that has one in it: it is as personal as a pseudonym, and goes nowhere in public.
 */
export function occasionId({ procedure, occasion }: Notice): string {
  const digest = createHash("sha256").update(`${procedure} ${occasion.key}`).digest("base64url");
  return `${procedure}-${digest.slice(0, ID_CHARACTERS)}`;
}

const MAX_TEXT = 256;
const MAX_KNOWN = 16;
const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/** The notice in a request's body; undefined when it is none. */
export function noticeIn(value: unknown): Notice | undefined {
  if (!isJsonObject(value)) return undefined;
  const { procedure, occasion } = value;
  if (!isShortText(procedure) || !isJsonObject(occasion)) return undefined;
  const { key, subject, on, known } = occasion;
  if (!isShortText(key) || !isShortText(subject) || personNumbered(subject) === undefined) return undefined;
  if (typeof on !== "string" || !DAY.test(on) || !isJsonObject(known) || !areInputs(known)) return undefined;
  return { procedure, occasion: { key, subject, on, known } };
}

function isShortText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_TEXT;
}

function areInputs(value: Readonly<Record<string, unknown>>): value is RuleInputs {
  const members = Object.entries(value);
  return members.length <= MAX_KNOWN && members.every(([name, each]) => isShortText(name) && isInput(each));
}

function isInput(value: unknown): boolean {
  if (typeof value === "string") return value.length <= MAX_TEXT;
  return value === null || typeof value === "boolean" || Number.isFinite(value);
}
