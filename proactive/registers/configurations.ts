/** The categories that the catalogue of procedures names (W3C DPV), as far as registers hold them. */
export type Category =
  | "pd:BirthDate"
  | "pd:BirthPlace"
  | "pd:CriminalConviction"
  | "pd:EducationQualification"
  | "pd:FinancialStatus"
  | "pd:Gender"
  | "pd:HealthRecord"
  | "pd:Household"
  | "pd:Income"
  | "pd:Insurance"
  | "pd:LifeHistory"
  | "pd:Location"
  | "pd:MaritalStatus"
  | "pd:Name"
  | "pd:OfficialID"
  | "pd:Ownership"
  | "pd:Parent"
  | "pd:Passport"
  | "pd:PhysicalAddress"
  | "pd:ProfessionalCertification"
  | "pd:Residency"
  | "pd:SocialStatus"
  | "pd:Tax"
  | "pd:VehicalLicenseRegistration"
  | "pd:VehicleLicense"
  | "pd:VehicleUsage"
  | "pd:WorkHistory";

/** One register of the province: who keeps it and what it holds of a person. */
export interface RegisterConfiguration {
  /** Names its service: `<agency>/<code>`. */
  readonly code: RegisterCode;
  /** Code of the agency that keeps it. */
  readonly agency: string;
  readonly name: { readonly vi: string; readonly en: string };
  readonly holds: readonly Category[];
}

export const REGISTER_CODES = [
  "population",
  "civil-status",
  "health",
  "education",
  "culture",
  "agriculture",
  "construction",
  "land",
  "social",
  "tax",
  "business",
  "electricity",
  "water",
] as const;
export type RegisterCode = (typeof REGISTER_CODES)[number];

const IDENTITY = ["pd:Name", "pd:OfficialID"] as const;

export const REGISTERS: Readonly<Record<RegisterCode, RegisterConfiguration>> = {
  population: {
    code: "population",
    agency: "qn-police",
    name: { vi: "Dân cư và quản lý hành chính của Công an", en: "Population and police administration" },
    holds: [
      ...IDENTITY,
      ...([
        "pd:BirthDate",
        "pd:Gender",
        "pd:Residency",
        "pd:MaritalStatus",
        "pd:Parent",
        "pd:Household",
      ] as const),
      ...(["pd:VehicleLicense", "pd:VehicleUsage", "pd:VehicalLicenseRegistration", "pd:Passport"] as const),
    ],
  },
  "civil-status": {
    code: "civil-status",
    agency: "qn-justice",
    name: { vi: "Hộ tịch và lý lịch tư pháp", en: "Civil status and criminal records" },
    holds: [
      ...IDENTITY,
      ...(["pd:BirthDate", "pd:BirthPlace", "pd:Gender", "pd:Parent", "pd:LifeHistory"] as const),
      "pd:CriminalConviction",
    ],
  },
  health: {
    code: "health",
    agency: "qn-health",
    name: { vi: "Y tế và cơ sở khám bệnh, chữa bệnh", en: "Health and health facilities" },
    holds: [
      ...IDENTITY,
      ...(["pd:BirthDate", "pd:BirthPlace", "pd:Gender", "pd:Parent", "pd:LifeHistory"] as const),
      ...([
        "pd:HealthRecord",
        "pd:WorkHistory",
        "pd:ProfessionalCertification",
        "pd:PhysicalAddress",
      ] as const),
    ],
  },
  education: {
    code: "education",
    agency: "qn-education",
    name: { vi: "Giáo dục và đào tạo", en: "Education and training" },
    holds: [...IDENTITY, "pd:EducationQualification", "pd:ProfessionalCertification", "pd:PhysicalAddress"],
  },
  culture: {
    code: "culture",
    agency: "qn-culture",
    name: { vi: "Văn hóa và du lịch", en: "Culture and tourism" },
    holds: [...IDENTITY, "pd:ProfessionalCertification"],
  },
  agriculture: {
    code: "agriculture",
    agency: "qn-agriculture",
    name: { vi: "Nông nghiệp và thú y", en: "Agriculture and veterinary practice" },
    holds: [...IDENTITY, "pd:ProfessionalCertification"],
  },
  construction: {
    code: "construction",
    agency: "qn-construction",
    name: { vi: "Xây dựng, quy hoạch và vận tải", en: "Construction, planning and transport" },
    holds: [...IDENTITY, "pd:PhysicalAddress", "pd:Location", "pd:ProfessionalCertification"],
  },
  land: {
    code: "land",
    agency: "qn-land",
    name: { vi: "Đất đai", en: "Land" },
    holds: [...IDENTITY, "pd:Ownership"],
  },
  social: {
    code: "social",
    agency: "qn-social",
    name: { vi: "Xã hội và bảo hiểm xã hội", en: "Social affairs and social insurance" },
    holds: [
      ...IDENTITY,
      "pd:SocialStatus",
      "pd:Insurance",
      "pd:Income",
      "pd:FinancialStatus",
      "pd:PhysicalAddress",
    ],
  },
  tax: {
    code: "tax",
    agency: "qn-tax",
    name: { vi: "Thuế", en: "Tax" },
    holds: [...IDENTITY, "pd:Tax", "pd:Income", "pd:PhysicalAddress"],
  },
  business: {
    code: "business",
    agency: "qn-finance",
    name: { vi: "Đăng ký kinh doanh", en: "Business registration" },
    holds: [...IDENTITY, "pd:PhysicalAddress"],
  },
  electricity: {
    code: "electricity",
    agency: "qn-electricity",
    name: { vi: "Điện lực", en: "Electricity" },
    holds: [...IDENTITY, "pd:PhysicalAddress"],
  },
  water: {
    code: "water",
    agency: "qn-water",
    name: { vi: "Cấp nước", en: "Water supply" },
    holds: [...IDENTITY, "pd:PhysicalAddress"],
  },
};
