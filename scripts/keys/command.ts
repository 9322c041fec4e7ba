import { parseArgs } from "node:util";
import { encodeBytes32String, hexlify } from "ethers";
import { toHex } from "../../protocol/bytes.ts";
import { list, number } from "../../server/anchor/chain-values.ts";
import { type Env, readConfig } from "../../server/config.ts";
import { KeysError } from "./error.ts";
import { listKeys } from "./list.ts";
import { isKeyName, makeKey } from "./make.ts";
import { nextSeq } from "./next-seq.ts";
import { addressFrom, logKeyFrom, publicKeyFrom } from "./public-key.ts";
import { accountFrom, openRegistries, type Registries, type Registry } from "./registries.ts";
import { revokeKey } from "./revoke.ts";

const ALGORITHM_NUMBERS = { EdDSA: 1, ES256: 2 } as const;
const REGISTRIES: readonly Registry[] = ["anchors", "agencies"];

interface Command {
  readonly env: Env;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly registries: Registries;
  readonly print: (line: string) => void;
}

/** Runs one command of scripts/keys.ts. @throws KeysError, ConfigError, LedgerError `chain-unavailable` */
export async function runKeysCommand(
  args: readonly string[],
  env: Env,
  print: (line: string) => void,
): Promise<void> {
  const { operands, options } = parsed(args);
  const [name, ...rest] = operands;
  if (name === "make") return await make(rest, options, print);
  if (name === "list") return await listKeys(readConfig(env), env, print);
  const command = name === undefined || !Object.hasOwn(COMMANDS, name) ? undefined : COMMANDS[name];
  if (command === undefined)
    throw new KeysError(`Usage: npm run keys -- list | make | ${Object.keys(COMMANDS).join(" | ")}`);
  const registries = await openRegistries(readConfig(env));
  await command({ env, operands: rest, options, registries, print });
}

const COMMANDS: Readonly<Record<string, (command: Command) => Promise<void>>> = {
  ...{ rotate, anchorer, add, revoke, account, registrar, admin },
};

function parsed(args: readonly string[]): Pick<Command, "operands" | "options"> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ out: text, checkpoint: text, receipt: text, from: text, at: text },
        ...{ stolen: flag, grant: flag, take: flag },
      },
    });
    return { operands: positionals, options: values };
  } catch (cause) {
    throw new KeysError(cause instanceof Error ? cause.message : "unusable arguments", { cause });
  }
}

async function make(
  [name]: readonly string[],
  { out }: Command["options"],
  print: Command["print"],
): Promise<void> {
  if (!isKeyName(name) || typeof out !== "string")
    throw new KeysError(
      "Usage: npm run keys -- make (checkpoint|receipt|vrf|ledger|desk|anchorer|pepper|recorder|admin|registrar|account) --out FILE",
    );
  const made = await makeKey(name, out);
  print(`${name}: ${out}${made === undefined ? "" : ` ${made}`}`);
}

/** The log's checkpoint key, its receipt key, or both; whichever is not named stays. */
async function rotate({ env, options, registries, print }: Command): Promise<void> {
  const { checkpoint, receipt } = options;
  if (checkpoint === undefined && receipt === undefined)
    throw new KeysError("Usage: npm run keys -- rotate [--checkpoint KEY] [--receipt KEY]");
  const { logId } = registries.profile;
  const [versions] = await registries.read("anchors", "keyVersions", [logId]);
  const [, nowCheckpoint, nowReceipt] = list(list(versions).at(-1));
  const next = async (given: unknown, now: unknown): Promise<string> =>
    typeof given === "string" ? hexlify(await logKeyFrom(given, env["KEY_PIN"])) : String(now);
  const keys = [await next(checkpoint, nowCheckpoint), await next(receipt, nowReceipt)];
  const admin = await accountFrom("ADMIN_KEY", env);
  await registries.send(admin, "anchors", "rotateKeys", [logId, ...keys]);
  print(`log ${logId}: checkpoint key ${keys[0]}, receipt key ${keys[1]}.`);
  print(
    "A ledger that runs takes nothing from now on (wrong-keys). Start it again with these keys; receipts by the former ones go on binding the log.",
  );
}

async function anchorer({ env, operands, registries, print }: Command): Promise<void> {
  const address = await addressFrom(operand(operands, 0, "anchorer KEY"), env["KEY_PIN"]);
  const { logId } = registries.profile;
  const admin = await accountFrom("ADMIN_KEY", env);
  await registries.send(admin, "anchors", "setAnchorer", [logId, address]);
  print(`log ${logId}: ${address} anchors, nobody else. Start the ledger again with its key.`);
}

async function add({ env, operands, options, registries, print }: Command): Promise<void> {
  const usage = "add AGENCY/RECORDER KEY [--from SEQ]";
  const [agency, recorder] = sourceOf(operand(operands, 0, usage));
  const { alg, key } = await publicKeyFrom(operand(operands, 1, usage), env["KEY_PIN"]);
  const given = options["from"];
  const from = given === undefined ? await nextSeq(ledgerUrl(env), `${agency}/${recorder}`) : whole(given);
  const owner = await accountFrom("ACCOUNT_KEY", env);
  await registries.send(owner, "agencies", "addRecorderKey", [
    ...[encodeBytes32String(agency), encodeBytes32String(recorder)],
    ...[ALGORITHM_NUMBERS[alg], key, from],
  ]);
  print(`${agency}/${recorder}: ${toHex(key)} signs from number ${from} on.`);
}

async function revoke({ env, operands, options, registries, print }: Command): Promise<void> {
  const usage = "revoke AGENCY/RECORDER KEY (--stolen | --at BLOCK)";
  const [agency, recorder] = sourceOf(operand(operands, 0, usage));
  const { key } = await publicKeyFrom(operand(operands, 1, usage), env["KEY_PIN"]);
  const { stolen, at } = options;
  if ((stolen === true) === (at !== undefined)) throw new KeysError(`Usage: npm run keys -- ${usage}`);
  const block = stolen === true ? undefined : whole(at);
  const owner = await accountFrom("ACCOUNT_KEY", env);
  await revokeKey(registries, owner, { agency, recorder, key, block }, print);
}

/** By the registrar: who adds and revokes the agency's keys from now on. */
async function account({ env, operands, registries, print }: Command): Promise<void> {
  const usage = "account AGENCY KEY";
  const agency = operand(operands, 0, usage);
  const address = await addressFrom(operand(operands, 1, usage), env["KEY_PIN"]);
  const by = await accountFrom("ADMIN_KEY", env);
  await registries.send(by, "agencies", "setAgencyAccount", [encodeBytes32String(agency), address]);
  print(`${agency}: its account is ${address}.`);
}

/** By the administrator of the AgencyRegistry. */
async function registrar({ env, operands, options, registries, print }: Command): Promise<void> {
  const usage = "registrar KEY (--grant | --take)";
  const address = await addressFrom(operand(operands, 0, usage), env["KEY_PIN"]);
  const { grant, take } = options;
  if ((grant === true) === (take === true)) throw new KeysError(`Usage: npm run keys -- ${usage}`);
  const [role] = await registries.read("agencies", "REGISTRAR_ROLE", []);
  const by = await accountFrom("ADMIN_KEY", env);
  await registries.send(by, "agencies", grant === true ? "grantRole" : "revokeRole", [role, address]);
  print(`${address} is ${grant === true ? "a" : "no"} registrar${grant === true ? "" : " any more"}.`);
}

/** Two steps with the registries' delay between them: the new administrator accepts with a key of its own. */
async function admin({ env, operands, registries, print }: Command): Promise<void> {
  const usage = "admin (begin KEY | accept | cancel)";
  const step = operand(operands, 0, usage);
  const by = await accountFrom("ADMIN_KEY", env);
  for (const registry of REGISTRIES) {
    if (step === "begin") {
      const to = await addressFrom(operand(operands, 1, usage), env["KEY_PIN"]);
      await registries.send(by, registry, "beginDefaultAdminTransfer", [to]);
      const [, schedule] = await registries.read(registry, "pendingDefaultAdmin", []);
      const when = new Date(number(schedule) * 1000).toISOString();
      print(`${registry}: ${to} may accept after ${when}; until then the present one can cancel.`);
    } else if (step === "accept") {
      const [present] = await registries.read(registry, "defaultAdmin", []);
      if (String(present).toLowerCase() !== by.address)
        await registries.send(by, registry, "acceptDefaultAdminTransfer", []);
      print(`${registry}: ${by.address} administers.`);
    } else if (step === "cancel") {
      await registries.send(by, registry, "cancelDefaultAdminTransfer", []);
      print(`${registry}: ${by.address} goes on administering.`);
    } else throw new KeysError(`Usage: npm run keys -- ${usage}`);
  }
}

function ledgerUrl(env: Env): string {
  const { host, port, publicUrl } = readConfig(env);
  return env["LEDGER_URL"] ?? publicUrl ?? `http://${host}:${port}`;
}

function sourceOf(text: string): [string, string] {
  const [agency = "", recorder = "", ...rest] = text.split("/");
  if (agency === "" || recorder === "" || rest.length > 0)
    throw new KeysError(`"${text}" is no source: write it as agency/recorder.`);
  return [agency, recorder];
}

function operand(operands: readonly string[], at: number, usage: string): string {
  const found = operands[at];
  if (found === undefined) throw new KeysError(`Usage: npm run keys -- ${usage}`);
  return found;
}

function whole(value: unknown): number {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (number >= 1) return number;
  throw new KeysError("A number of an event or a block is a whole number from 1.");
}
