import type { SignedOnRole } from "../api/session.ts";

/** Where somebody begins who has pages of their own, below `/portal`. */
export const STARTS: Readonly<Partial<Record<SignedOnRole, string>>> = {
  citizen: "/my-data",
  inspector: "/oversight",
  officer: "/agency",
};
