import { memberOf, plain, type Rule } from "./rule.ts";

const CHANGES: Readonly<Record<string, { readonly vi: string; readonly en: string }>> = {
  address: { vi: "địa chỉ trụ sở", en: "the seat's address" },
  capital: { vi: "vốn điều lệ", en: "the capital" },
  "line-of-business": { vi: "ngành, nghề kinh doanh", en: "the line of business" },
};

const BUSINESS: Rule = {
  procedure: "BUSINESS_REG",
  version: "1",
  trigger: { kind: "occurrence", occurrence: "business-change" },
  readings: [
    { register: "business", categories: ["pd:Name", "pd:OfficialID", "pd:PhysicalAddress"] },
    { register: "tax", categories: ["pd:Tax"] },
  ],
  inputs: (read, { known }) => {
    const [, tax] = BUSINESS.readings;
    return { ...known, owed: plain(tax && memberOf(read(tax, "pd:Tax"), "owed")) };
  },
  conclude: ({ change, owed }) => {
    const changed = typeof change === "string" ? CHANGES[change] : undefined;
    if (changed === undefined) {
      const explanation = {
        vi: "Nội dung thay đổi chưa rõ; cán bộ kiểm tra.",
        en: "What changed is not clear; an officer looks.",
      };
      return { outcome: "officer", reason: "change-unknown", explanation };
    }
    const debt =
      typeof owed === "number" && owed > 0
        ? { vi: " Lưu ý: còn nghĩa vụ thuế chưa hoàn thành.", en: " Note: taxes are still due." }
        : { vi: "", en: "" };
    const text = {
      vi: `Doanh nghiệp của ông/bà đã thay đổi ${changed.vi}. Các việc tiếp theo với cơ quan thuế, bảo hiểm được liệt kê kèm theo.${debt.vi}`,
      en: `Your business changed ${changed.en}. What follows at the tax and insurance authorities is listed with this.${debt.en}`,
    };
    return { outcome: "notify", reason: "registration-changed", explanation: text, message: text };
  },
};

const BUILDING: Rule = {
  procedure: "BUILD_PERMIT",
  version: "1",
  trigger: { kind: "occurrence", occurrence: "building-permit" },
  readings: [
    { register: "land", categories: ["pd:Name", "pd:Ownership"] },
    { register: "construction", categories: ["pd:Location"] },
    { register: "population", categories: ["pd:Name", "pd:OfficialID"] },
    { register: "tax", categories: ["pd:Tax"] },
  ],
  inputs: (read, { known }) => {
    const [land, planning, , tax] = BUILDING.readings;
    return {
      ...known,
      ownsParcel: land !== undefined && read(land, "pd:Ownership") !== undefined,
      zone: plain(planning && memberOf(read(planning, "pd:Location"), "zone")),
      owed: plain(tax && memberOf(read(tax, "pd:Tax"), "owed")),
    };
  },
  conclude: ({ ownsParcel, zone, owed }) => {
    if (ownsParcel !== true || zone !== "residential") {
      const explanation = {
        vi: "Quyền sử dụng đất hoặc quy hoạch của thửa đất cần cán bộ kiểm tra trước khi đấu nối điện, nước.",
        en: "The right to the parcel or its zoning needs an officer before electricity and water are connected.",
      };
      return { outcome: "officer", reason: "parcel-unclear", explanation };
    }
    const fees =
      typeof owed === "number" && owed > 0
        ? { vi: " Còn khoản phí phải nộp trước.", en: " A fee is to be paid first." }
        : { vi: "", en: "" };
    const message = {
      vi: `Giấy phép xây dựng của ông/bà đã được cấp. Nếu đồng ý, tên và địa chỉ công trình được chuyển cho điện lực và cấp nước để đấu nối, không cần nộp thêm đơn.${fees.vi}`,
      en: `Your building permit is issued. If you agree, name and address of the site go to the electricity and water utilities for the connection; no further application is needed.${fees.en}`,
    };
    const explanation = {
      vi: "Giấy phép đã cấp, thửa đất đúng quy hoạch nhà ở; đấu nối điện, nước cần sự đồng ý của chủ nhà.",
      en: "The permit is issued and the parcel is zoned for housing; connecting electricity and water needs the owner's consent.",
    };
    return {
      outcome: "offer",
      reason: "permit-issued",
      explanation,
      message,
      starts: ["electricity", "water"],
    };
  },
};

export const ENTERPRISE_RULES: readonly Rule[] = [BUSINESS, BUILDING];
