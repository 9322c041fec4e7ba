import { memberOf, plain, type Rule, type Text, written } from "./rule.ts";

const BIRTH: Rule = {
  procedure: "BIRTH_REG",
  version: "1",
  trigger: { kind: "occurrence", occurrence: "birth" },
  readings: [
    {
      register: "health",
      categories: ["pd:Name", "pd:BirthDate", "pd:BirthPlace", "pd:Gender", "pd:Parent", "pd:LifeHistory"],
    },
    {
      register: "population",
      categories: ["pd:Name", "pd:OfficialID", "pd:Residency", "pd:MaritalStatus"],
      of: "mother",
    },
    { register: "civil-status", categories: ["pd:Name", "pd:BirthDate"] },
  ],
  inputs: (read, { known }) => {
    const [notice, mother, registered] = BIRTH.readings;
    return {
      ...known,
      name: notice === undefined ? null : plain(read(notice, "pd:Name")),
      born: notice === undefined ? null : plain(read(notice, "pd:BirthDate")),
      motherResides: mother !== undefined && typeof read(mother, "pd:Residency") === "string",
      parentsMarried: mother !== undefined && read(mother, "pd:MaritalStatus") === "married",
      alreadyRegistered: registered !== undefined && read(registered, "pd:BirthDate") !== undefined,
    };
  },
  conclude: ({ name, born, motherResides, parentsMarried, alreadyRegistered }) => {
    if (alreadyRegistered === true) {
      const explanation = {
        vi: "Trẻ đã được đăng ký khai sinh; giấy chứng sinh này không tạo thêm hồ sơ.",
        en: "The child is registered already; this notice makes no second file.",
      };
      return { outcome: "none", reason: "already-registered", explanation };
    }
    if (typeof name !== "string" || typeof born !== "string" || motherResides !== true) {
      const explanation = {
        vi: "Thông tin giấy chứng sinh hoặc nơi cư trú của mẹ chưa đủ; cán bộ hộ tịch liên hệ gia đình.",
        en: "The notice or the mother's residence is incomplete; the registrar will get in touch with the family.",
      };
      return { outcome: "officer", reason: "notice-incomplete", explanation };
    }
    if (parentsMarried !== true) {
      const explanation = {
        vi: "Cha mẹ chưa đăng ký kết hôn, nên việc ghi tên cha cần cán bộ hộ tịch làm cùng gia đình.",
        en: "The parents are not married, so that entering the father needs the registrar and the family together.",
      };
      return { outcome: "officer", reason: "parents-not-married", explanation };
    }
    const text: Text = {
      vi: `Bệnh viện báo bé ${name} sinh ngày ${written(born)}. Khai sinh, đăng ký thường trú và thẻ bảo hiểm y tế đã được chuẩn bị; ông/bà chỉ cần đồng ý một lần.`,
      en: `The hospital notified the birth of ${name} on ${written(born)}. Birth registration, residence and the health-insurance card lie ready; you accept once.`,
    };
    const explanation = {
      vi: `Bệnh viện báo trẻ sinh ngày ${written(born)}; chưa có khai sinh; nơi cư trú của mẹ đã rõ.`,
      en: `The hospital notified a birth on ${written(born)}; it is not registered yet; the mother's residence is known.`,
    };
    return {
      outcome: "offer",
      reason: "birth-notified",
      explanation,
      message: text,
      starts: ["civil-status", "residence", "health-insurance"],
    };
  },
};

const DEATH: Rule = {
  procedure: "DEATH_REG",
  version: "1",
  trigger: { kind: "occurrence", occurrence: "death" },
  readings: [
    { register: "health", categories: ["pd:Name", "pd:BirthDate", "pd:OfficialID", "pd:LifeHistory"] },
    { register: "population", categories: ["pd:Name", "pd:OfficialID", "pd:Residency"] },
    { register: "social", categories: ["pd:Insurance", "pd:FinancialStatus"] },
    { register: "civil-status", categories: ["pd:Name", "pd:LifeHistory"] },
  ],
  inputs: (read, { known }) => {
    const [notice, residence, benefits, registered] = DEATH.readings;
    return {
      ...known,
      died: notice === undefined ? null : plain(memberOf(read(notice, "pd:LifeHistory"), "died")),
      resided: residence !== undefined && typeof read(residence, "pd:Residency") === "string",
      pension: benefits !== undefined && memberOf(read(benefits, "pd:FinancialStatus"), "pension") === true,
      alreadyRegistered:
        registered !== undefined && memberOf(read(registered, "pd:LifeHistory"), "died") !== undefined,
    };
  },
  conclude: ({ died, pension, alreadyRegistered }) => {
    if (alreadyRegistered === true) {
      const explanation = {
        vi: "Việc khai tử đã được đăng ký; giấy báo tử này không tạo thêm hồ sơ.",
        en: "The death is registered already; this notice makes no second file.",
      };
      return { outcome: "none", reason: "already-registered", explanation };
    }
    if (typeof died !== "string") {
      const explanation = {
        vi: "Giấy báo tử chưa ghi rõ ngày; cán bộ hộ tịch kiểm tra với cơ sở y tế.",
        en: "The notice does not say the day; the registrar asks the health facility.",
      };
      return { outcome: "officer", reason: "notice-incomplete", explanation };
    }
    const benefit =
      pension === true
        ? { vi: "trợ cấp mai táng và tuất", en: "the funeral and survivors' benefits" }
        : { vi: "hỗ trợ mai táng", en: "the funeral support" };
    const message = {
      vi: `Chúng tôi xin chia buồn cùng gia đình. Khai tử, xóa đăng ký thường trú và ${benefit.vi} đã được chuẩn bị; gia đình chỉ cần đồng ý một lần.`,
      en: `Our condolences to your family. The registration of the death, the residence and ${benefit.en} lie ready; you accept once.`,
    };
    const explanation = {
      vi: `Cơ sở y tế báo tử ngày ${written(died)}; chưa đăng ký khai tử.`,
      en: `The health facility notified a death on ${written(died)}; it is not registered yet.`,
    };
    return {
      outcome: "offer",
      reason: "death-notified",
      explanation,
      message,
      starts: ["civil-status", "residence", "benefits"],
    };
  },
};

const SCHOOL: Rule = {
  procedure: "SCHOOL_ADM",
  version: "1",
  trigger: { kind: "school-year", opens: { month: 9, day: 5 }, withinDays: 120 },
  readings: [
    { register: "population", categories: ["pd:Name", "pd:BirthDate", "pd:Parent", "pd:Residency"] },
    { register: "civil-status", categories: ["pd:Name", "pd:BirthDate", "pd:Parent"] },
    { register: "social", categories: ["pd:SocialStatus"] },
  ],
  inputs: (read, { known }) => {
    const [population, civil, social] = SCHOOL.readings;
    const guardian = civil && memberOf(read(civil, "pd:Parent"), "guardian");
    return {
      ...known,
      born: population === undefined ? null : plain(read(population, "pd:BirthDate")),
      resides: population !== undefined && typeof read(population, "pd:Residency") === "string",
      left: population !== undefined && read(population, "pd:Residency") === null,
      guardianKnown: typeof guardian === "string",
      registersAgree:
        population !== undefined &&
        civil !== undefined &&
        read(population, "pd:BirthDate") === read(civil, "pd:BirthDate"),
      priority: isPriority(plain(social && memberOf(read(social, "pd:SocialStatus"), "b1"))),
    };
  },
  conclude: ({ born, year, resides, left, guardianKnown, registersAgree, priority }) => {
    if (left === true) {
      const explanation = {
        vi: "Trẻ không còn đăng ký cư trú; không thông báo cho ai.",
        en: "The child's registered residence has ended; nobody is told.",
      };
      return { outcome: "none", reason: "no-longer-resident", explanation };
    }
    if (typeof born !== "string" || typeof year !== "number" || registersAgree !== true) {
      const explanation = {
        vi: "Ngày sinh trong các cơ sở dữ liệu chưa thống nhất; cán bộ kiểm tra trước khi thông báo.",
        en: "The registers do not agree on the date of birth; an officer looks before anybody is told.",
      };
      return { outcome: "officer", reason: "registers-disagree", explanation };
    }
    if (year - Number(born.slice(0, 4)) !== 6) {
      const explanation = {
        vi: "Năm học này trẻ không đủ hoặc đã quá tuổi vào lớp 1.",
        en: "The child is not of the age of grade 1 in this school year.",
      };
      return { outcome: "none", reason: "not-of-age", explanation };
    }
    if (guardianKnown !== true || resides !== true) {
      const explanation = {
        vi: "Chưa rõ người giám hộ hoặc nơi cư trú của trẻ; ủy ban nhân dân xã liên hệ gia đình.",
        en: "The guardian or the residence of the child is not known; the commune gets in touch.",
      };
      return { outcome: "officer", reason: "guardian-unknown", explanation };
    }
    const support =
      priority === true
        ? {
            vi: " Gia đình thuộc diện ưu tiên, được miễn giảm theo quy định.",
            en: " Your family has priority and is supported.",
          }
        : { vi: "", en: "" };
    const message = {
      vi: `Con của ông/bà vào lớp 1 năm học ${year}. Trường tiểu học theo nơi cư trú đã giữ chỗ; ông/bà chỉ cần đồng ý.${support.vi}`,
      en: `Your child enters grade 1 in ${year}. The primary school of your residence keeps a place; you only have to accept.${support.en}`,
    };
    const explanation = {
      vi: `Trẻ sinh năm ${born.slice(0, 4)} đủ 6 tuổi trong năm học ${year}.`,
      en: `The child, born in ${born.slice(0, 4)}, turns 6 in the school year ${year}.`,
    };
    return {
      outcome: "offer",
      reason: "of-school-age",
      explanation,
      message,
      starts: ["school", "commune", "education-department"],
    };
  },
};

/** The poverty line's first score (B1), as the yearly review counts it. */
const POOR_BELOW = 140;
/** The second score (B2), deprivation: from here on a poor household, below it a near-poor one. */
const DEPRIVED_FROM = 30;

function isPriority(b1: string | number | boolean | null): boolean {
  return typeof b1 === "number" && b1 <= POOR_BELOW;
}

const POVERTY: Rule = {
  procedure: "POOR_HH",
  version: "1",
  // Decision 24/2021/QĐ-TTg, Article 3 (from memory: nobody compared it with the text, nor with what followed it after 2025).
  trigger: {
    ...{ kind: "yearly-review", line: POOR_BELOW },
    ...{ from: { month: 9, day: 1 }, until: { month: 12, day: 14 } },
  },
  readings: [
    { register: "population", categories: ["pd:Name", "pd:Household"] },
    { register: "social", categories: ["pd:SocialStatus", "pd:Income", "pd:Insurance"] },
    { register: "tax", categories: ["pd:Income", "pd:Tax"] },
    { register: "land", categories: ["pd:Ownership"] },
  ],
  inputs: (read, { known }) => {
    const [population, social, tax] = POVERTY.readings;
    const household = population && read(population, "pd:Household");
    const members = memberOf(household, "members");
    return {
      ...known,
      members: Array.isArray(members) ? members.length : null,
      b1: plain(social && memberOf(read(social, "pd:SocialStatus"), "b1")),
      b2: plain(social && memberOf(read(social, "pd:SocialStatus"), "b2")),
      incomeAtInsurance: plain(social && memberOf(read(social, "pd:Income"), "monthlyPerHead")),
      incomeAtTax: plain(tax && memberOf(read(tax, "pd:Income"), "monthlyPerHead")),
    };
  },
  conclude: ({ b1, b2, incomeAtInsurance, incomeAtTax }) => {
    if (typeof b1 !== "number" || typeof b2 !== "number" || incomeAtInsurance !== incomeAtTax) {
      const explanation = {
        vi: "Điểm rà soát hoặc thu nhập chưa thống nhất giữa các cơ quan; cán bộ xã đến rà soát cùng gia đình.",
        en: "Scores or incomes differ between the agencies; the commune reviews them together with the family.",
      };
      return { outcome: "officer", reason: "registers-disagree", explanation };
    }
    if (b1 > POOR_BELOW) {
      const explanation = {
        vi: `Điểm B1 của hộ là ${b1}, trên ngưỡng ${POOR_BELOW}: không thuộc hộ nghèo, hộ cận nghèo.`,
        en: `The household's score B1 is ${b1}, above ${POOR_BELOW}: neither poor nor near-poor.`,
      };
      return { outcome: "none", reason: "above-the-line", explanation };
    }
    const standing =
      b2 >= DEPRIVED_FROM
        ? { vi: "hộ nghèo", en: "a poor household" }
        : { vi: "hộ cận nghèo", en: "a near-poor household" };
    const message = {
      vi: `Theo kết quả rà soát (B1 ${b1}, B2 ${b2}), gia đình được dự kiến xác nhận là ${standing.vi} và hưởng các hỗ trợ kèm theo. Nếu đồng ý, ông/bà không cần nộp giấy tờ nào; nếu không đúng, xin cho chúng tôi biết.`,
      en: `By the review (B1 ${b1}, B2 ${b2}) your family is to be confirmed as ${standing.en} with the support that goes with it. If you accept, no paper is needed; if it is wrong, tell us.`,
    };
    const explanation = {
      vi: `Điểm rà soát B1 ${b1} (ngưỡng ${POOR_BELOW}), B2 ${b2} (ngưỡng ${DEPRIVED_FROM}): ${standing.vi}.`,
      en: `Scores of the review: B1 ${b1} (line ${POOR_BELOW}), B2 ${b2} (line ${DEPRIVED_FROM}): ${standing.en}.`,
    };
    return { outcome: "offer", reason: b2 >= DEPRIVED_FROM ? "poor" : "near-poor", explanation, message };
  },
};

export const LIFE_EVENT_RULES: readonly Rule[] = [BIRTH, DEATH, SCHOOL, POVERTY];
