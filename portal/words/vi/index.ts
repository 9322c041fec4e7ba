import { checks } from "./checks.ts";
import { complaints } from "./complaints.ts";
import { consents } from "./consents.ts";
import { data } from "./data.ts";
import { faults } from "./faults.ts";
import type { further } from "./further.ts";
import { home } from "./home.ts";
import { inbox } from "./inbox.ts";
import { names } from "./names.ts";
import { shell } from "./shell.ts";
import { terms } from "./terms.ts";

export const vi = {
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

/** The words of the portal by area. Vietnamese is what all other languages are held against. */
export type Words = typeof vi & typeof further;
