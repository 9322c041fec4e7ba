import { faults } from "./faults.ts";
import { home } from "./home.ts";
import { shell } from "./shell.ts";
import { terms } from "./terms.ts";
import { verify } from "./verify.ts";

export const vi = { shell, faults, terms, home, verify };

/** The words of the portal by area. Vietnamese is what all other languages are held against. */
export type Words = typeof vi;
