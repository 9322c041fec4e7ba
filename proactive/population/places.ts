import type { Random } from "./random.ts";

/** A place where a household lives. */
export interface Address {
  /** Code of the commune among COMMUNES. */
  readonly commune: string;
  /** As it is written on an envelope. */
  readonly line: string;
}

/** Communes of the land that was Quảng Nam province. Their codes are made up: nobody's real registration points here. */
export const COMMUNES = [
  {
    code: "dien-ban",
    name: "Điện Bàn",
    villages: ["Khối Trung Phú", "Khối Bồ Mưng", "Thôn Phong Thử", "Thôn Châu Bí"],
  },
  {
    code: "hoi-an",
    name: "Hội An",
    villages: ["Khối An Hội", "Khối Cẩm Phô", "Thôn Cẩm Kim", "Thôn Thanh Hà"],
  },
  { code: "duy-xuyen", name: "Duy Xuyên", villages: ["Thôn Mỹ Sơn", "Thôn Trà Kiệu", "Khối Nam Phước"] },
  { code: "dai-loc", name: "Đại Lộc", villages: ["Thôn Ái Nghĩa", "Thôn Giao Thủy", "Thôn Hà Nha"] },
  { code: "thang-binh", name: "Thăng Bình", villages: ["Thôn Hà Lam", "Thôn Bình Minh", "Thôn Kế Xuyên"] },
  { code: "tam-ky", name: "Tam Kỳ", villages: ["Khối Hương Trà", "Khối An Mỹ", "Thôn Tam Thanh"] },
  { code: "que-son", name: "Quế Sơn", villages: ["Thôn Đông Phú", "Thôn Hương An", "Thôn Lộc Đại"] },
  { code: "nui-thanh", name: "Núi Thành", villages: ["Thôn Tam Hải", "Thôn Kỳ Hà", "Thôn Đức Phú"] },
  { code: "tien-phuoc", name: "Tiên Phước", villages: ["Thôn Lộc Yên", "Thôn Tiên Kỳ", "Thôn Tiên Cảnh"] },
  { code: "tra-my", name: "Trà My", villages: ["Thôn Trà Giang", "Thôn Nước Oa", "Thôn Trà Dương"] },
] as const;

const PERSONS_PER_COMMUNE = 10_000;

/** The communes that so many people live in: one for a small population, all of them for a large one. */
export function communesFor(persons: number): readonly (typeof COMMUNES)[number][] {
  return COMMUNES.slice(0, Math.max(1, Math.min(COMMUNES.length, Math.ceil(persons / PERSONS_PER_COMMUNE))));
}

export function address(random: Random, communes: readonly (typeof COMMUNES)[number][]): Address {
  const commune = random.pick(communes);
  const line = `Nhà số ${random.integer(1, 250)}, ${random.pick(commune.villages)}, ${commune.name}, Quảng Nam`;
  return { commune: commune.code, line };
}
