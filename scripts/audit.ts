/**
 * Checks a ledger's records: derives everything from them anew and compares, also with the chain.
 *
 *     npm run audit -- --data DIR [--trust PROFILE] [--rpc URL]... [--state DIR] [--json]
 *
 * The ledger must be stopped, or DIR a copy made while it was. With STORE=postgres://... the records are read there as they are now, and other servers may go on; DIR
 * is then the data folder of one that is stopped, or has no more than keys and trust.json, and what is made from the records is not compared. DIR/trust.json says which log it is on which chain, unless another
 * profile is named. PEPPER and VRF_KEY, or DIR/keys, give what tags and index keys are computed from. With --state an interrupted audit
 * goes on where it was. Ends as `minhbach audit` does: 0 right, 1 something is wrong, 2 unusable input, 3 not everything checked.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { renderAudit } from "../cli/audit.ts";
import { UnusableInput } from "../cli/command.ts";
import { readerOf } from "../cli/nodes.ts";
import { printableJson, processTerminal } from "../cli/terminal.ts";
import { EXIT_CODES } from "../cli/verify.ts";
import { formatLogId } from "../protocol/log-id.ts";
import {
  isNodeUrl,
  logOf,
  parseTrustProfile,
  type TrustProfile,
  TrustProfileError,
} from "../verifier/trust-profile.ts";
import { auditRecords } from "./audit/audit.ts";
import { AuditInputError } from "./audit/error.ts";
import { readSecrets } from "./audit/secrets.ts";
import { openState } from "./audit/state.ts";

const USAGE = "Usage: npm run audit -- --data DIR [--trust PROFILE] [--rpc URL]... [--state DIR] [--json]";
const UNUSABLE = 2;

const terminal = processTerminal(process, process.env);
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof AuditInputError || error instanceof UnusableInput || isBadArgument(error)))
    throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = UNUSABLE;
}

async function run(args: readonly string[]): Promise<number> {
  const { data, trust, rpc, state: stateFolder, json } = parseAuditArguments(args);
  const profile = await readProfile(trust ?? path.join(data, "trust.json"));
  const about = `minhbach/audit/1 ${formatLogId(logOf(profile))} ${profile.genesisHash}`;
  const secrets = await readSecrets(data, process.env);
  const state = await openState(stateFolder, about);
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => interruption.abort());
  const bars = progressBars(process.stderr);
  try {
    const chain = readerOf(rpc.length > 0 ? rpc : profile.rpc, fetch);
    const { signal } = interruption;
    const report = await auditRecords({
      dataDir: data,
      database: databaseIn(process.env),
      profile,
      chain,
      secrets,
      state,
      signal,
      onProgress: bars.show,
    });
    bars.end();
    terminal.out(json ? `${printableJson(report)}\n` : renderAudit(report, terminal));
    return EXIT_CODES[report.verdict];
  } finally {
    bars.end();
    await state.close();
  }
}

/** As the ledger itself reads it. */
function databaseIn(env: NodeJS.ProcessEnv): string | undefined {
  const store = env["STORE"] ?? "level";
  if (store === "level") return undefined;
  if (!/^postgres(?:ql)?:\/\//.test(store))
    throw new AuditInputError("STORE is neither level nor a postgres:// address.");
  return store;
}

function parseAuditArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: "string" },
      trust: { type: "string" },
      rpc: { type: "string", multiple: true, default: [] },
      state: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { data, rpc } = values;
  if (data === undefined) throw new AuditInputError("Name the ledger's data folder with --data.");
  for (const url of rpc)
    if (!isNodeUrl(url)) throw new AuditInputError(`${url} is no http or https URL of a node.`);
  return { ...values, data };
}

async function readProfile(file: string): Promise<TrustProfile> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new AuditInputError(`${file} cannot be read: name the log's trust profile with --trust.`, {
      cause,
    });
  });
  try {
    return parseTrustProfile(text);
  } catch (cause) {
    if (!(cause instanceof TrustProfileError)) throw cause;
    throw new AuditInputError(`${file} is no trust profile: ${cause.message}`, { cause });
  }
}

/** One bar a stage, on a terminal. */
function progressBars(stream: NodeJS.WriteStream) {
  let stage = "";
  let bar: SingleBar | undefined;
  return {
    show: (name: string, done: number, of: number): void => {
      if (!stream.isTTY) return;
      if (name !== stage) {
        bar?.stop();
        bar = new SingleBar({
          stream,
          format: `${name.padEnd(9)} {bar} {percentage}%, {value} of {total}, {eta_formatted} left`,
          hideCursor: true,
        });
        bar.start(of, done);
        stage = name;
      }
      bar?.update(done);
    },
    end: (): void => bar?.stop(),
  };
}

function isBadArgument(error: unknown): error is TypeError {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
