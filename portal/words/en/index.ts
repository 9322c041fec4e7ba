import type { Words } from "../vi/index.ts";
import { faults } from "./faults.ts";
import { home } from "./home.ts";
import { shell } from "./shell.ts";
import { terms } from "./terms.ts";
import { verify } from "./verify.ts";

export const en: Words = { shell, faults, terms, home, verify };
