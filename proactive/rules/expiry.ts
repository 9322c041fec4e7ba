import type { DocumentKind } from "../population/documents.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import {
  type Conclusion,
  memberOf,
  plain,
  type Reading,
  type Rule,
  type RuleInputs,
  type Text,
  written,
} from "./rule.ts";

/** What has to hold before a renewal is prepared. */
interface Requirement {
  /** Name of the input. */
  readonly input: string;
  readonly register: RegisterCode;
  readonly category: Category;
  /** Member of the fact; the fact itself when absent. */
  readonly member?: string;
  readonly isMet: (value: string | number | boolean | null) => boolean;
  /** Code of the paper that shows it, which the person brings when it is not met. */
  readonly paper: string;
  /** What the person reads then. */
  readonly missing: Text;
}

interface ExpiryRule {
  readonly procedure: string;
  readonly document: DocumentKind;
  readonly withinDays: number;
  readonly name: Text;
  readonly requirements: readonly Requirement[];
  /** Reads that no requirement judges: what the prepared form is filled with. */
  readonly prefill: readonly Reading[];
  /** Whether a renewal is prepared, or the person only told. */
  readonly prepares: boolean;
}

const IDENTITY: Reading = {
  register: "population",
  categories: ["pd:Name", "pd:BirthDate", "pd:OfficialID"],
};

/** A document ends: the person is told, and where the procedure allows it the renewal lies ready. */
function expiryRule({
  procedure,
  document,
  withinDays,
  name,
  requirements,
  prefill,
  prepares,
}: ExpiryRule): Rule {
  const readings = [
    ...prefill,
    ...requirements.map(({ register, category }) => ({ register, categories: [category] })),
  ];
  return {
    procedure,
    version: "1",
    trigger: { kind: "document-ends", document, withinDays },
    readings: joined(readings),
    inputs: (read, { known }) => ({
      ...known,
      ...Object.fromEntries(
        requirements.map(({ input, register, category, member }) => {
          const fact = read({ register, categories: [category] }, category);
          return [input, plain(member === undefined ? fact : memberOf(fact, member))];
        }),
      ),
      numberClosed: read(IDENTITY, "pd:OfficialID") === null,
    }),
    conclude: (inputs) => concludeExpiry({ name, requirements, prepares }, inputs),
  };
}

function concludeExpiry(
  { name, requirements, prepares }: Pick<ExpiryRule, "name" | "requirements" | "prepares">,
  inputs: RuleInputs,
): Conclusion {
  if (inputs["numberClosed"] === true) {
    const explanation = {
      vi: "Số định danh không còn hiệu lực; không thông báo cho ai.",
      en: "The person's number is closed; nobody is told.",
    };
    return { outcome: "none", reason: "number-closed", explanation };
  }
  const ends = inputs["expires"];
  if (typeof ends !== "string") {
    const explanation = {
      vi: `Chưa rõ ngày hết hạn của ${name.vi}; cán bộ kiểm tra.`,
      en: `The last day of the ${name.en} is not known; an officer looks into it.`,
    };
    return { outcome: "officer", reason: "end-unknown", explanation };
  }
  const ending = {
    vi: `${name.vi} của ông/bà hết hạn ngày ${written(ends)}.`,
    en: `Your ${name.en} ends on ${written(ends)}.`,
  };
  if (!prepares) return { outcome: "notify", reason: "ends-soon", explanation: ending, message: ending };
  const missing = requirements.filter(({ input, isMet }) => !isMet(inputs[input] ?? null));
  if (missing.length > 0) {
    const text = {
      vi: `${ending.vi} Còn thiếu: ${missing.map((each) => each.missing.vi).join("; ")}.`,
      en: `${ending.en} Still missing: ${missing.map((each) => each.missing.en).join("; ")}.`,
    };
    const asks = missing.map(({ paper }) => paper);
    return { outcome: "notify", reason: "requirement-missing", explanation: text, message: text, asks };
  }
  const text = {
    vi: `${ending.vi} Hồ sơ đổi đã được chuẩn bị sẵn; ông/bà chỉ cần đồng ý.`,
    en: `${ending.en} The renewal lies ready; you only have to accept it.`,
  };
  return { outcome: "offer", reason: "renewal-prepared", explanation: text, message: text };
}

/** One read per register. */
function joined(readings: readonly Reading[]): Reading[] {
  return [...Map.groupBy(readings, ({ register }) => register)].map(([register, all]) => ({
    register,
    categories: [...new Set(all.flatMap(({ categories }) => categories))],
  }));
}

const FIT: Requirement = {
  ...{ input: "healthFit", register: "health", category: "pd:HealthRecord", member: "fit" },
  isMet: (value) => value === true,
  paper: "health-certificate",
  missing: { vi: "giấy khám sức khỏe còn hiệu lực", en: "a valid health certificate" },
};

export const EXPIRY_RULES: readonly Rule[] = [
  expiryRule({
    ...{ procedure: "DRIVER_LIC", document: "driving-licence", withinDays: 60, prepares: true },
    name: { vi: "giấy phép lái xe", en: "driving licence" },
    requirements: [FIT],
    prefill: [IDENTITY, { register: "population", categories: ["pd:VehicleLicense", "pd:VehicleUsage"] }],
  }),
  expiryRule({
    ...{ procedure: "PASSPORT", document: "passport", withinDays: 90, prepares: false },
    name: { vi: "hộ chiếu", en: "passport" },
    requirements: [],
    prefill: [IDENTITY, { register: "population", categories: ["pd:Passport"] }],
  }),
  expiryRule({
    ...{ procedure: "ID_CARD", document: "identity-card", withinDays: 90, prepares: false },
    name: { vi: "thẻ căn cước", en: "identity card" },
    requirements: [],
    prefill: [IDENTITY],
  }),
  expiryRule({
    ...{ procedure: "MED_PRAC", document: "medical-practice", withinDays: 90, prepares: true },
    name: { vi: "giấy phép hành nghề khám bệnh, chữa bệnh", en: "medical practice licence" },
    requirements: [
      {
        ...{
          input: "trainingHours",
          register: "health",
          category: "pd:WorkHistory",
          member: "trainingHours",
        },
        isMet: (value) => typeof value === "number" && value >= 24,
        paper: "training-record",
        missing: { vi: "đủ giờ cập nhật kiến thức y khoa", en: "enough hours of further training" },
      },
      {
        ...{
          input: "convictions",
          register: "civil-status",
          category: "pd:CriminalConviction",
          member: "convictions",
        },
        isMet: (value) => value === 0,
        paper: "criminal-record",
        missing: { vi: "xác nhận không có án tích", en: "a clean criminal record" },
      },
    ],
    prefill: [IDENTITY, { register: "health", categories: ["pd:ProfessionalCertification"] }],
  }),
  expiryRule({
    ...{ procedure: "TOUR_GUIDE", document: "tour-guide", withinDays: 60, prepares: true },
    name: { vi: "thẻ hướng dẫn viên du lịch", en: "tour-guide card" },
    requirements: [FIT],
    prefill: [IDENTITY, { register: "culture", categories: ["pd:ProfessionalCertification"] }],
  }),
  expiryRule({
    ...{ procedure: "VET_CERT", document: "veterinary", withinDays: 60, prepares: true },
    name: { vi: "chứng chỉ hành nghề thú y", en: "veterinary certificate" },
    requirements: [
      FIT,
      {
        ...{
          input: "degree",
          register: "education",
          category: "pd:EducationQualification",
          member: "degree",
        },
        isMet: (value) => typeof value === "string",
        paper: "degree",
        missing: { vi: "bằng cấp chuyên môn", en: "a degree in the field" },
      },
    ],
    prefill: [IDENTITY, { register: "agriculture", categories: ["pd:ProfessionalCertification"] }],
  }),
  expiryRule({
    ...{ procedure: "TRANSPORT_LIC", document: "transport-badge", withinDays: 60, prepares: true },
    name: { vi: "phù hiệu kinh doanh vận tải", en: "transport badge" },
    requirements: [
      {
        ...{ input: "inspectedUntil", register: "population", category: "pd:VehicalLicenseRegistration" },
        ...{ member: "inspectedUntil", isMet: (value: unknown) => typeof value === "string" },
        paper: "vehicle-inspection",
        missing: { vi: "đăng kiểm phương tiện còn hiệu lực", en: "a valid inspection of the vehicle" },
      },
    ],
    prefill: [
      {
        register: "population",
        categories: ["pd:Name", "pd:OfficialID", "pd:VehicleLicense", "pd:VehicleUsage"],
      },
      { register: "business", categories: ["pd:Name", "pd:OfficialID", "pd:PhysicalAddress"] },
    ],
  }),
];
