import type { vi } from "../vi/index.ts";
import { checks } from "./checks.ts";
import { complaints } from "./complaints.ts";
import { consents } from "./consents.ts";
import { data } from "./data.ts";
import { faults } from "./faults.ts";
import { home } from "./home.ts";
import { inbox } from "./inbox.ts";
import { names } from "./names.ts";
import { shell } from "./shell.ts";
import { terms } from "./terms.ts";

export const en: typeof vi = {
  checks,
  complaints,
  consents,
  data,
  faults,
  home,
  inbox,
  names,
  shell,
  terms,
};
