import type { Random } from "./random.ts";

export type Sex = "male" | "female";

/** Family names with their share of the people, in per mille, about as they are in Vietnam. */
const FAMILY_NAMES = [
  ["Nguyễn", 380],
  ["Trần", 120],
  ["Lê", 95],
  ["Phạm", 70],
  ["Huỳnh", 60],
  ["Phan", 50],
  ["Võ", 50],
  ["Đặng", 40],
  ["Bùi", 25],
  ["Đỗ", 20],
  ["Hồ", 25],
  ["Ngô", 15],
  ["Dương", 15],
  ["Lý", 10],
  ["Trương", 15],
  ["Đinh", 10],
] as const;

const MIDDLE_NAMES = {
  male: ["Văn", "Hữu", "Đức", "Quang", "Minh", "Công", "Thanh", "Ngọc", "Quốc", "Xuân"],
  female: ["Thị", "Ngọc", "Thanh", "Thu", "Kim", "Mỹ", "Bích", "Hồng", "Thùy", "Phương"],
} as const;

const GIVEN_NAMES = {
  male: [
    ...["An", "Bảo", "Bình", "Cường", "Danh", "Dũng", "Duy", "Đạt", "Hải", "Hiếu", "Hòa", "Hùng", "Huy"],
    ...["Khải", "Khoa", "Kiên", "Lâm", "Long", "Lộc", "Nam", "Nghĩa", "Nhân", "Phong", "Phúc", "Quân"],
    ...[
      "Sơn",
      "Tài",
      "Tâm",
      "Thành",
      "Thắng",
      "Thịnh",
      "Tiến",
      "Toàn",
      "Trí",
      "Trung",
      "Tuấn",
      "Việt",
      "Vinh",
    ],
  ],
  female: [
    ...["An", "Anh", "Châu", "Chi", "Diễm", "Dung", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hương"],
    ...["Lan", "Linh", "Loan", "Ly", "Mai", "My", "Nga", "Ngân", "Nhi", "Nhung", "Oanh", "Phượng", "Quyên"],
    ...["Tâm", "Thảo", "Thơ", "Thủy", "Trang", "Trâm", "Trinh", "Tuyết", "Uyên", "Vân", "Vy", "Xuân", "Yến"],
  ],
} as const;

export function familyName(random: Random): string {
  return random.weighted(FAMILY_NAMES);
}

/** A full name: family name first, as it is written. */
export function fullName(random: Random, family: string, sex: Sex): string {
  return `${family} ${random.pick(MIDDLE_NAMES[sex])} ${random.pick(GIVEN_NAMES[sex])}`;
}
