import type { Words } from "../vi/index.ts";
import { checks } from "./checks.ts";
import { complaints } from "./complaints.ts";
import { consents } from "./consents.ts";
import { data } from "./data.ts";
import { faults } from "./faults.ts";
import { home } from "./home.ts";
import { inbox } from "./inbox.ts";
import { log } from "./log.ts";
import { names } from "./names.ts";
import { oversight } from "./oversight.ts";
import { shell } from "./shell.ts";
import { statistics } from "./statistics.ts";
import { terms } from "./terms.ts";
import { verify } from "./verify.ts";
import { verifyChecks } from "./verify-checks.ts";

export const en: Words = {
  checks,
  complaints,
  consents,
  data,
  faults,
  home,
  inbox,
  log,
  names,
  oversight,
  shell,
  statistics,
  terms,
  verify,
  verifyChecks,
};
