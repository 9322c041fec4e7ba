/**
 * Ends a log and creates the one that continues it.
 *
 *     npm run successor -- [--anchor PLACE] [--vrf KEY] [--checkpoint KEY] [--receipt KEY] [--anchorer KEY] --out FILE
 *
 * Freezes the log of TRUST_PROFILE (else DATA_DIR/trust.json) for ever, creates its successor from its last anchor or from the one at PLACE (from 0), writes
 * the successor's trust profile to FILE, and assigns the successor every agency that has the old log. What is not given stays as it is: the same keys, the
 * same anchorer. KEY is a file, a `pkcs11:` URI, or `public:` and what is public of the key in hexadecimal; for the anchorer also its address. RPC_URL names the chain's node; ADMIN_KEY (or ADMIN_KEY_FILE, or
 * a key in a token) is the administrator's, never an argument. It may be killed and repeated.
 */
import { parseArgs } from "node:util";
import { type Env, readConfig } from "../server/config.ts";
import { createSuccessor, moveAgencies, type SuccessorOptions } from "./deploy/successor.ts";
import { writeProfile } from "./deploy/trust-profile.ts";
import { isMain } from "./is-main.ts";
import { KeysError } from "./keys/error.ts";
import { addressFrom, logKeyFrom } from "./keys/public-key.ts";
import { accountFrom, openRegistries } from "./keys/registries.ts";
import { runMain } from "./keys/run-main.ts";

const USAGE =
  "Usage: npm run successor -- [--anchor PLACE] [--vrf KEY] [--checkpoint KEY] [--receipt KEY] [--anchorer KEY] --out FILE";

/** Runs the command. @throws KeysError, ConfigError, LedgerError `chain-unavailable` */
export async function runSuccessor(
  args: readonly string[],
  env: Env,
  print: (line: string) => void,
): Promise<void> {
  const given = parsed(args);
  const { out } = given;
  if (out === undefined) throw new KeysError(USAGE);
  const options = await successorOptions(given, env["KEY_PIN"]);
  const admin = await accountFrom("ADMIN_KEY", env);
  const registries = await openRegistries(readConfig(env));
  const logId = await createSuccessor(registries, admin, options, print);
  await writeProfile(out, { ...registries.profile, logId });
  print(`trust profile: ${out}. Verifiers of the new log need it; the old one goes on proving the old log.`);
  await moveAgencies(registries, admin, logId, print);
}

type Given = Readonly<
  Partial<Record<"anchor" | "vrf" | "checkpoint" | "receipt" | "anchorer" | "out", string>>
>;

function parsed(args: readonly string[]): Given {
  const text = { type: "string" } as const;
  const options = {
    ...{ anchor: text, vrf: text, checkpoint: text, receipt: text, anchorer: text, out: text },
  };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    // What was written in a wrong place may be a key: it is not repeated.
    throw new KeysError(USAGE, { cause });
  }
}

async function successorOptions(given: Given, pin: string | undefined): Promise<SuccessorOptions> {
  const { anchor, vrf, checkpoint, receipt, anchorer } = given;
  if (anchor !== undefined && !/^\d{1,12}$/.test(anchor)) throw new KeysError(USAGE);
  return {
    ...(anchor !== undefined && { anchor: Number(anchor) }),
    ...(anchorer !== undefined && { anchorer: await addressFrom(anchorer, pin) }),
    keys: {
      ...(vrf !== undefined && { vrf: await logKeyFrom(vrf, pin) }),
      ...(checkpoint !== undefined && { checkpoint: await logKeyFrom(checkpoint, pin) }),
      ...(receipt !== undefined && { receipt: await logKeyFrom(receipt, pin) }),
    },
  };
}

if (isMain(import.meta)) await runMain(runSuccessor);
