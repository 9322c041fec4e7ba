import { readFile, rename, writeFile } from "node:fs/promises";
import { SingleBar } from "cli-progress";
import { FormatError } from "../protocol/errors.ts";
import { isJsonObject } from "../protocol/json.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { auditPublishedLog } from "../verifier/audit/audit.ts";
import type { LogProgress } from "../verifier/audit/log-audit.ts";
import { NO_PROGRESS, parseProgress, progressJson } from "../verifier/audit/progress.ts";
import { type FetchPage, publishedLog } from "../verifier/audit/published-log.ts";
import type { AuditReport } from "../verifier/audit/report.ts";
import type { Verdict } from "../verifier/evidence.ts";
import type { Fetch } from "../verifier/json-rpc.ts";
import { isNodeUrl, logOf, type TrustProfile } from "../verifier/trust-profile.ts";
import { type Command, parseArguments, UnusableInput } from "./command.ts";
import { CHAIN_HELP, CHAIN_OPTIONS, readChain } from "./nodes.ts";
import { patiently } from "./patience.ts";
import { renderChecks, renderParts, renderVerdict, type VerdictWords } from "./report.ts";
import { printableJson, type Terminal } from "./terminal.ts";
import { EXIT_CODES } from "./verify.ts";

/** How often an audit under way is written down, in milliseconds: what an interruption costs at most. */
const SAVE_INTERVAL_MS = 5_000;
/** Of one answer: a busy ledger over a slow link. */
const TIMEOUT_MS = 30_000;
/** How long a ledger may put one question off (429, or 503 with Retry-After). */
const PATIENCE_MS = 10 * 60_000;

const HELP = `Usage: minhbach audit URL [--trust PROFILE] [--rpc URL]... [--state FILE] [--json]

Checks the whole public log of a running ledger: fetches every entry, submission, tile and anchor, computes
every hash anew, and compares with what the chain holds. Nothing the ledger says is believed.

  URL              the ledger, such as https://ledger.example
${CHAIN_HELP}  --state FILE     keeps how far the audit came: interrupted, or run again when the log has
                   grown, it goes on from there. Remove FILE to check everything anew.
  --json           print the report as JSON: {"verdict", "checks", "entries", "fault"}

A ledger that asks for time (Retry-After) gets it, ten minutes for one question at most.

Ends with 0 when everything is right (or good for development, on an embedded chain), 1 when something is
wrong, naming the first entry that is and in which way, 2 when the input cannot be used, 3 when not
everything could be checked.
`;

/** `minhbach audit`: the public part of an audit, as an inspector's mirror runs it. */
export function auditCommand(fetch: Fetch & FetchPage): Command {
  return {
    name: "audit",
    summary: "check the whole public log of a running ledger",
    help: HELP,
    async run(args, surroundings) {
      const { terminal, progress, interruption } = surroundings;
      const { url, state, json, ...named } = parseAuditArguments(args);
      const { profile, chain } = await readChain(named, surroundings, fetch);
      const kept = state === undefined || profile === undefined ? undefined : stateFile(state, profile);
      const bar = progressBar(progress);
      let savedAt = performance.now();
      let latest: (() => LogProgress) | undefined;
      const signal = interruption();
      const patience = { timeoutMs: TIMEOUT_MS, longestMs: PATIENCE_MS, interruption: signal };
      const report = await auditPublishedLog({
        ledger: publishedLog(
          url,
          async (page, request) =>
            await patiently(async (attempt) => await fetch(page, { ...request, signal: attempt }), patience),
        ),
        profile,
        chain,
        from: (await kept?.load()) ?? NO_PROGRESS,
        signal,
        onProgress: async ({ size, of, progress: current }) => {
          bar.show(size, of);
          latest = current;
          if (performance.now() < savedAt + SAVE_INTERVAL_MS) return;
          savedAt = performance.now();
          await kept?.save(current());
        },
      }).finally(() => bar.end());
      // A fault is met again by the next audit, which goes on where this one was last written down.
      if (latest !== undefined && report.fault === null) await kept?.save(latest());
      terminal.out(json ? `${printableJson(report)}\n` : renderAudit(report, terminal));
      return EXIT_CODES[report.verdict];
    },
  };
}

interface AuditArguments {
  readonly trust: string | undefined;
  readonly rpc: readonly string[];
  readonly url: string;
  readonly state: string | undefined;
  readonly json: boolean;
}

function parseAuditArguments(args: readonly string[]): AuditArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CHAIN_OPTIONS,
      state: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) throw new UnusableInput("name one ledger to audit, by its URL");
  if (!isNodeUrl(url)) throw new UnusableInput(`${url} is no http or https URL of a ledger`);
  const { trust, rpc, state, json } = values;
  return { url: url.replace(/\/+$/, ""), trust, rpc, state, json };
}

interface StateFile {
  /** Where the last audit ended; undefined when there was none. Throws UnusableInput. */
  readonly load: () => Promise<LogProgress | undefined>;
  readonly save: (progress: LogProgress) => Promise<void>;
}

/** The file in which an audit of this log is kept. */
function stateFile(file: string, profile: TrustProfile): StateFile {
  const about = {
    type: "minhbach/audit-state",
    version: 1,
    log: formatLogId(logOf(profile)),
    genesis: profile.genesisHash,
  };
  return {
    load: async () => {
      const text = await readFile(file, "utf8").catch((cause: unknown) => {
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
        throw new UnusableInput(`${file} cannot be read`, { cause });
      });
      if (text === undefined) return undefined;
      const progress = parseState(text, about);
      if (progress !== undefined) return progress;
      throw new UnusableInput(`${file} holds no audit of this log; remove it to check everything anew`);
    },
    save: async (progress) => {
      const text = JSON.stringify({ ...about, progress: progressJson(progress) });
      try {
        // The rename replaces the file whole: an interruption leaves the old one.
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
      } catch (cause) {
        throw new UnusableInput(`${file} cannot be written`, { cause });
      }
    },
  };
}

function parseState(text: string, about: { readonly [name: string]: unknown }): LogProgress | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const isAbout = Object.entries(about).every(([name, expected]) => value[name] === expected);
    return isAbout ? parseProgress(value["progress"]) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof FormatError) return undefined;
    throw error;
  }
}

interface ProgressBar {
  readonly show: (value: number, total: number) => void;
  readonly end: () => void;
}

/** A progress bar on a terminal; nothing elsewhere. */
function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { show: () => undefined, end: () => undefined };
  const format = "{bar} {percentage}%, entry {value} of {total}, {eta_formatted} left";
  const bar = new SingleBar({ stream, format, hideCursor: true });
  return {
    show(value, total) {
      if (bar.isActive) bar.update(value);
      else bar.start(total, value);
    },
    end: () => bar.stop(),
  };
}

const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
  valid: ["VALID", "green", "the whole log is what the chain and the agencies' signatures say."],
  development: [
    "DEVELOPMENT",
    "yellow",
    "the log is right, but on an embedded chain, which proves nothing to anyone else.",
  ],
  invalid: ["INVALID", "red", "something is wrong with this log."],
  incomplete: ["INCOMPLETE", "yellow", "nothing was found wrong, but not everything could be checked."],
};

/** A report of an audit for a person. */
export function renderAudit({ verdict, fault, checks }: AuditReport, terminal: Terminal): string {
  const [word, colour, meaning] = VERDICTS[verdict];
  const first = fault === null ? "" : ` The first wrong entry is ${fault.index}: ${fault.detail}.`;
  const words = renderVerdict([word, colour, `${meaning}${first}`], terminal);
  return renderParts([renderChecks(checks, terminal), words]);
}
