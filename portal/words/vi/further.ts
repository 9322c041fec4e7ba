import { duties } from "./duties.ts";
import { log } from "./log.ts";
import { overseerFaults } from "./overseer-faults.ts";
import { oversight } from "./oversight.ts";
import { statistics } from "./statistics.ts";
import { verify } from "./verify.ts";
import { verifyChecks } from "./verify-checks.ts";

/** The areas that no citizen reads first: they are loaded with the pages that need them. */
export const further = { duties, faults: overseerFaults, log, oversight, statistics, verify, verifyChecks };
