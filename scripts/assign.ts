/**
 * Says on the chain in which log an agency records from now on.
 *
 *     npm run assign -- AGENCY LOG
 *
 * AGENCY is its code, LOG the number of a log of the same registry. RPC_URL and TRUST_PROFILE (else DATA_DIR/trust.json) say where the registries are,
 * ADMIN_KEY (or ADMIN_KEY_FILE, or a key in a token) who signs: the registrar. No key is an argument: those are seen by everybody on the machine. The
 * agency goes on with new recorders in its new log.
 */
import { type Env, readConfig } from "../server/config.ts";
import { assignLog } from "./deploy/assign.ts";
import { isMain } from "./is-main.ts";
import { KeysError } from "./keys/error.ts";
import { accountFrom, openRegistries } from "./keys/registries.ts";
import { runMain } from "./keys/run-main.ts";

/** Runs the command. @throws KeysError, ConfigError, LedgerError `chain-unavailable` */
export async function runAssign(
  args: readonly string[],
  env: Env,
  print: (line: string) => void,
): Promise<void> {
  const [agency = "", log = "", ...more] = args;
  const isSlug = /^[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?$/.test(agency);
  if (!isSlug || !/^[1-9][0-9]{0,14}$/.test(log) || more.length > 0)
    throw new KeysError(
      "Usage: npm run assign -- AGENCY LOG, such as qn-police 2. The registrar's key is given by ADMIN_KEY or ADMIN_KEY_FILE.",
    );
  const registrar = await accountFrom("ADMIN_KEY", env);
  await assignLog(await openRegistries(readConfig(env)), registrar, agency, Number(log), print);
}

if (isMain(import.meta)) await runMain(runAssign);
