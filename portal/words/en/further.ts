import type { further as vi } from "../vi/further.ts";
import { duties } from "./duties.ts";
import { log } from "./log.ts";
import { overseerFaults } from "./overseer-faults.ts";
import { oversight } from "./oversight.ts";
import { statistics } from "./statistics.ts";
import { verify } from "./verify.ts";
import { verifyChecks } from "./verify-checks.ts";

export const further: typeof vi = {
  duties,
  faults: overseerFaults,
  log,
  oversight,
  statistics,
  verify,
  verifyChecks,
};
