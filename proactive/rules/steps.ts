import type { Day } from "../population/calendar.ts";
import { documentIn, renewed } from "../population/documents.ts";
import type { Facts } from "../registers/book.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import { type Fact, memberOf, withMembers } from "../registers/facts.ts";

/** What an agency knows when it does its step. */
export interface StepFacts {
  /** What it read from the register that the plan names; nothing where it names none. */
  readonly read: Facts;
  /** What its own register holds: of the person of the order, or of somebody whom what it read names. */
  readonly own: (category: Category, of?: string) => Fact | undefined;
  /** The day of the order. */
  readonly on: Day;
  /** Citizen's number, or the notice's number of a newborn. */
  readonly subject: string;
}

/** One thing that one agency does when an offer was accepted. */
export interface StepPlan {
  /** Names it among the steps of the procedure. */
  readonly name: string;
  /** What it is, in the person's words. */
  readonly text: { readonly vi: string; readonly en: string };
  /** The register that is changed by it: whoever keeps it does the step. */
  readonly register: RegisterCode;
  /** Steps that must be done before. */
  readonly after?: readonly string[];
  /** The procedure says how it is taken back when a step that builds on it is refused: what the register held before is put back. */
  readonly undo?: boolean;
  /** What the agency that does it reads for it, by the once-only exchange, under its own name. */
  readonly reads?: { readonly register: RegisterCode; readonly categories: readonly Category[] };
  /** Why it cannot be done, as a code. Pure. */
  readonly refuses?: (facts: StepFacts) => string | undefined;
  /** What the register holds from then on. Pure. */
  readonly enters: (facts: StepFacts) => Facts;
}

/** A document of the agency's own issue is issued anew. */
function renewal(register: RegisterCode, category: Category, name: StepPlan["text"]): readonly StepPlan[] {
  return [
    {
      ...{ name: "renewal", register },
      text: { vi: `Cấp đổi ${name.vi}`, en: `Renewal of the ${name.en}` },
      refuses: ({ own }) => (documentIn(own(category)) === undefined ? "no-document" : undefined),
      enters: ({ own, on }) => {
        const document = documentIn(own(category));
        return document === undefined ? {} : { [category]: { ...renewed(document, on) } };
      },
    },
  ];
}

const CERTIFICATE = ["pd:Name", "pd:BirthDate", "pd:BirthPlace", "pd:Gender", "pd:Parent"] as const;

const BIRTH_STEPS: readonly StepPlan[] = [
  {
    ...{ name: "civil-status", register: "civil-status" },
    text: { vi: "Ghi vào sổ hộ tịch", en: "Entry in the civil-status register" },
    reads: { register: "health", categories: [...CERTIFICATE, "pd:LifeHistory"] },
    refuses: ({ read, own }) => {
      if (memberOf(own("pd:LifeHistory"), "registered") !== undefined) return "already-registered";
      return CERTIFICATE.some((category) => read[category] === undefined) ? "notice-incomplete" : undefined;
    },
    enters: ({ read, on, subject }) => ({
      ...Object.fromEntries(
        CERTIFICATE.flatMap((each) => (read[each] === undefined ? [] : [[each, read[each]]])),
      ),
      "pd:LifeHistory": { born: read["pd:BirthDate"] ?? null, registered: on, notice: subject },
    }),
  },
  {
    ...{ name: "residence", register: "population", after: ["civil-status"] },
    text: { vi: "Đăng ký thường trú cho trẻ", en: "Registration of the child's residence" },
    reads: { register: "civil-status", categories: [...CERTIFICATE] },
    // A child lives where the mother does, unless the parents say otherwise to an officer.
    refuses: ({ read, own }) =>
      typeof motherHome(read, own) === "string" ? undefined : "mother-not-resident",
    enters: ({ read, own }) => ({
      ...Object.fromEntries(
        (["pd:Name", "pd:BirthDate", "pd:Gender", "pd:Parent"] as const).flatMap((each) =>
          read[each] === undefined ? [] : [[each, read[each]]],
        ),
      ),
      "pd:Residency": motherHome(read, own) ?? null,
    }),
  },
  {
    ...{ name: "health-insurance", register: "social", after: ["civil-status"] },
    text: { vi: "Cấp thẻ bảo hiểm y tế cho trẻ", en: "Health-insurance card of the child" },
    reads: { register: "civil-status", categories: ["pd:Name", "pd:BirthDate"] },
    refuses: ({ read }) => (typeof read["pd:BirthDate"] === "string" ? undefined : "not-registered"),
    enters: ({ read }) => ({
      "pd:Name": read["pd:Name"] ?? null,
      "pd:Insurance": { health: true, since: read["pd:BirthDate"] ?? null },
    }),
  },
];

function motherHome(read: Facts, own: StepFacts["own"]): Fact | undefined {
  const mother = memberOf(read["pd:Parent"], "mother");
  return typeof mother === "string" ? own("pd:Residency", mother) : undefined;
}

const DEATH_STEPS: readonly StepPlan[] = [
  {
    ...{ name: "civil-status", register: "civil-status" },
    text: { vi: "Đăng ký khai tử", en: "Registration of the death" },
    reads: { register: "health", categories: ["pd:LifeHistory"] },
    refuses: ({ read, own }) => {
      if (memberOf(own("pd:LifeHistory"), "died") !== undefined) return "already-registered";
      return diedOn(read) === undefined ? "notice-incomplete" : undefined;
    },
    enters: ({ read, own, on }) => ({
      "pd:LifeHistory": withMembers(own("pd:LifeHistory"), { died: diedOn(read) ?? null, registered: on }),
    }),
  },
  {
    ...{ name: "residence", register: "population", after: ["civil-status"] },
    text: { vi: "Xóa đăng ký thường trú", en: "End of the registered residence" },
    reads: { register: "civil-status", categories: ["pd:LifeHistory"] },
    refuses: ({ read }) => (diedOn(read) === undefined ? "not-registered" : undefined),
    // No residence any more: the number is closed with it.
    enters: () => ({ "pd:Residency": null }),
  },
  {
    ...{ name: "benefits", register: "social", after: ["civil-status"] },
    text: { vi: "Mai táng phí, trợ cấp tuất", en: "Funeral and survivors' benefits" },
    reads: { register: "civil-status", categories: ["pd:LifeHistory"] },
    refuses: ({ read }) => (diedOn(read) === undefined ? "not-registered" : undefined),
    enters: ({ own, on }) => ({
      "pd:FinancialStatus": withMembers(own("pd:FinancialStatus"), {
        ...{ pension: false, funeralGrant: on },
        survivors: memberOf(own("pd:FinancialStatus"), "pension") === true,
      }),
    }),
  },
];

function diedOn(read: Facts): string | undefined {
  const died = memberOf(read["pd:LifeHistory"], "died");
  return typeof died === "string" ? died : undefined;
}

/** School, commune and education department one after the other; the school's place is given to somebody else when the child cannot come. */
const SCHOOL_STEPS: readonly StepPlan[] = [
  {
    ...{ name: "school", register: "education", undo: true },
    text: { vi: "Trường giữ chỗ cho trẻ", en: "The school keeps a place" },
    enters: ({ on }) => ({ "pd:EducationQualification": { grade: 1, place: "kept", since: on } }),
  },
  {
    ...{ name: "commune", register: "social", after: ["school"] },
    text: { vi: "Xã xác nhận nơi cư trú", en: "The commune confirms the residence" },
    reads: { register: "population", categories: ["pd:Residency"] },
    refuses: ({ read }) => (typeof read["pd:Residency"] === "string" ? undefined : "not-resident"),
    // Confirmed by the record of it; the commune's own register has nothing to hold.
    enters: () => ({}),
  },
  {
    ...{ name: "education-department", register: "education", after: ["school", "commune"] },
    text: {
      vi: "Sở Giáo dục ghi tên trẻ vào lớp 1",
      en: "The education department enters the child in grade 1",
    },
    reads: { register: "civil-status", categories: ["pd:Name", "pd:BirthDate"] },
    refuses: ({ read, own }) => {
      if (typeof read["pd:BirthDate"] !== "string") return "no-birth-record";
      return memberOf(own("pd:EducationQualification"), "place") === "kept" ? undefined : "no-place";
    },
    enters: ({ read, on }) => ({
      ...(read["pd:Name"] !== undefined && { "pd:Name": read["pd:Name"] }),
      "pd:EducationQualification": { grade: 1, place: "kept", enrolled: on },
    }),
  },
];

const POVERTY_STEPS: readonly StepPlan[] = [
  {
    ...{ name: "confirmation", register: "social" },
    text: { vi: "Xác nhận hộ nghèo, hộ cận nghèo", en: "Confirmation as a poor or near-poor household" },
    refuses: ({ own }) =>
      typeof memberOf(own("pd:SocialStatus"), "b1") === "number" ? undefined : "not-reviewed",
    enters: ({ own, on }) => ({ "pd:SocialStatus": withMembers(own("pd:SocialStatus"), { confirmed: on }) }),
  },
];

/** Beside each other, and neither undoes the other: who has water has it, though the electricity is refused. */
const BUILDING_STEPS: readonly StepPlan[] = [
  connection("electricity", { vi: "Đấu nối điện", en: "Connection to electricity" }),
  connection("water", { vi: "Đấu nối nước", en: "Connection to water" }),
];

function connection(name: "electricity" | "water", text: StepPlan["text"]): StepPlan {
  return {
    ...{ name, register: name, text },
    // No state agency: it reads what the owner consented to.
    reads: { register: "construction", categories: ["pd:Name", "pd:PhysicalAddress"] },
    refuses: ({ read }) => (typeof read["pd:PhysicalAddress"] === "string" ? undefined : "no-address"),
    enters: ({ read }) => ({
      "pd:Name": read["pd:Name"] ?? null,
      "pd:PhysicalAddress": read["pd:PhysicalAddress"] ?? null,
    }),
  };
}

/** What an acceptance starts, per procedure of the catalogue: all of it, or nothing where people are only told. */
export const STEPS: Readonly<Record<string, readonly StepPlan[]>> = {
  DRIVER_LIC: renewal("population", "pd:VehicleLicense", { vi: "giấy phép lái xe", en: "driving licence" }),
  MED_PRAC: renewal("health", "pd:ProfessionalCertification", {
    ...{ vi: "giấy phép hành nghề khám bệnh, chữa bệnh", en: "medical practice licence" },
  }),
  TOUR_GUIDE: renewal("culture", "pd:ProfessionalCertification", {
    ...{ vi: "thẻ hướng dẫn viên du lịch", en: "tour-guide card" },
  }),
  VET_CERT: renewal("agriculture", "pd:ProfessionalCertification", {
    ...{ vi: "chứng chỉ hành nghề thú y", en: "veterinary certificate" },
  }),
  TRANSPORT_LIC: renewal("construction", "pd:ProfessionalCertification", {
    ...{ vi: "phù hiệu kinh doanh vận tải", en: "transport badge" },
  }),
  PASSPORT: [],
  ID_CARD: [],
  BIRTH_REG: BIRTH_STEPS,
  DEATH_REG: DEATH_STEPS,
  SCHOOL_ADM: SCHOOL_STEPS,
  POOR_HH: POVERTY_STEPS,
  BUSINESS_REG: [],
  BUILD_PERMIT: BUILDING_STEPS,
};

/** The plan of a step; undefined when the procedure has none of that name. */
export function stepPlan(procedure: string, step: string): StepPlan | undefined {
  return Object.hasOwn(STEPS, procedure) ? STEPS[procedure]?.find(({ name }) => name === step) : undefined;
}

/** Whether a step builds on another one, at however many removes. */
export function buildsOn(procedure: string, step: string, other: string): boolean {
  const before = stepPlan(procedure, step)?.after ?? [];
  return before.some((name) => name === other || buildsOn(procedure, name, other));
}
