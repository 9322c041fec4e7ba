import type { SignedOn } from "../caller.ts";

/** Somebody who can be picked on the development sign-on: nobody of them exists. */
export interface DemoPerson {
  /** `sub` of their tokens. */
  readonly id: string;
  /** What the page shows, in Vietnamese and English. */
  readonly label: string;
  /** What their access tokens say of them, besides what all say. */
  readonly claims: Readonly<Record<string, string | readonly string[]>>;
}

/** The authority of the demo inspectors: Thanh tra tỉnh Quảng Nam. */
export const DEMO_AUTHORITY = "qn-inspectorate";

/** Personal numbers of two people who do not exist: outside the province codes that are issued. */
export const DEMO_CITIZENS = ["999199000001", "999199000002"] as const;

/** A role as the tokens name it. */
export function roleClaims(role: SignedOn["role"]): { readonly roles: readonly string[] } {
  return { roles: [`minhbach:${role}`] };
}

/** The demo people: citizens, inspectors, who runs the ledger, and the data-protection officer of each agency. */
export function demoPeople(agencies: readonly string[]): DemoPerson[] {
  return [
    ...DEMO_CITIZENS.map((number, at) => ({
      id: `citizen-${at + 1}`,
      label: `Công dân ${at + 1} · citizen`,
      claims: { ...roleClaims("citizen"), person_number: number, person_scheme: "vn-cccd" },
    })),
    ...[1, 2].map((at) => ({
      id: `inspector-${at}`,
      label: `Thanh tra viên ${at} · inspector`,
      claims: { ...roleClaims("inspector"), authority: DEMO_AUTHORITY },
    })),
    { id: "operator-1", label: "Người vận hành · operator", claims: roleClaims("operator") },
    { id: "registrar-1", label: "Cơ quan đăng ký · registrar", claims: roleClaims("registrar") },
    ...agencies.map((agency) => ({
      id: `officer-${agency}`,
      label: `Cán bộ bảo vệ dữ liệu, ${agency} · data-protection officer`,
      claims: { ...roleClaims("officer"), agency },
    })),
  ];
}
