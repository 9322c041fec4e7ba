import { fromUtf8, toBase64url } from "../protocol/bytes.ts";
import { FormatError } from "../protocol/errors.ts";
import { MAX_JWS_LENGTH, parseCompactJws } from "../protocol/jws.ts";
import { formatLogId } from "../protocol/log-id.ts";
import type { Receipt } from "../protocol/receipt.ts";
import {
  MAX_SUBMISSION_BYTES,
  parseSubmission,
  parseSubmissionPayload,
  type SubmissionPayload,
} from "../protocol/submission.ts";
import type { Fetch } from "../verifier/json-rpc.ts";
import { type FetchFile, logTiles } from "../verifier/log-tiles.ts";
import {
  checkReceiptPromises,
  type ReceiptPromisesReport,
  type ReceiptWorth,
} from "../verifier/receipt-promises.ts";
import { isNodeUrl, type TrustProfile } from "../verifier/trust-profile.ts";
import { utc } from "./claims.ts";
import { type Command, type ExitCode, parseArguments, type Surroundings, UnusableInput } from "./command.ts";
import { CHAIN_HELP, CHAIN_OPTIONS, hostOf, readChain } from "./nodes.ts";
import { renderChecks, renderParts, renderVerdict, type VerdictWords } from "./report.ts";
import { printableJson } from "./terminal.ts";

const EXIT_CODES: Readonly<Record<ReceiptWorth, ExitCode>> = {
  kept: 0,
  "not-due": 0,
  broken: 1,
  unusable: 2,
  unknown: 3,
};

const HELP = `Usage: minhbach check-receipt RECEIPT [--trust PROFILE] [--rpc URL]... [--ledger URL]
                              [--submission FILE] [--out FILE] [--json]

Tells what a ledger's receipt is worth: whether the events were anchored and indexed by the
times it promises, as the chain shows, and with --ledger, whether the log holds these very events.
A broken promise comes with a file that proves it to anybody: minhbach verify reads it.

  RECEIPT          the receipt, a line of three parts with dots; - reads standard input
${CHAIN_HELP}  --ledger URL     the ledger, or a mirror of its log; nothing it says is believed unproven
  --submission S   what was sent: the body of the submission, or its signed part
  --out FILE       where to write the proof of a broken promise; without it, it is printed.
                   Where several were broken, the others are written beside it.
  --json           print the report as JSON: {"worth", "checks", "receipt", "breaches"}

Ends with 0 when every promise was kept or is not due yet, 1 when one was broken, 2 when the
input cannot be used (no receipt, or not one of this log for this submission), 3 when not
everything could be checked, and with another code when minhbach itself fails.
`;

/** `minhbach check-receipt`. */
export function checkReceiptCommand(fetch: Fetch & FetchFile): Command {
  return {
    name: "check-receipt",
    summary: "tell whether a ledger kept what its receipt promises",
    help: HELP,
    async run(args, surroundings) {
      const { terminal } = surroundings;
      const { file, ledger, submission: submissionFile, out, json, ...named } = parseReceiptArguments(args);
      const { profile, chain } = await readChain(named, surroundings, fetch);
      const jws = await readText(file, 2 * MAX_JWS_LENGTH, surroundings);
      const submission =
        submissionFile === undefined ? undefined : await readSubmission(submissionFile, surroundings);
      const tiles = ledger === undefined ? undefined : logTiles(ledger, { fetch, name: hostOf(ledger) });
      const report = await checkReceiptPromises(jws, { profile, chain, submission, tiles });
      if (json) terminal.out(`${printableJson(asJson(report))}\n`);
      if (report.worth === "unusable") throw unusable(file, report);
      const written = await writeBreaches(report, out, surroundings);
      if (!json) {
        const words = wordsOf(report, profile, written);
        terminal.out(
          renderParts([
            renderChecks(report.checks, terminal),
            renderVerdict(words, terminal),
            ...(out === undefined ? report.breaches.map((text) => text.trimEnd()) : []),
          ]),
        );
      }
      return EXIT_CODES[report.worth];
    },
  };
}

interface ReceiptArguments {
  readonly file: string;
  readonly trust: string | undefined;
  readonly rpc: readonly string[];
  readonly ledger: string | undefined;
  readonly submission: string | undefined;
  readonly out: string | undefined;
  readonly json: boolean;
}

function parseReceiptArguments(args: readonly string[]): ReceiptArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CHAIN_OPTIONS,
      ledger: { type: "string" },
      submission: { type: "string" },
      out: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UnusableInput("name one receipt to check");
  const { trust, rpc, ledger, submission, out, json } = values;
  if (ledger !== undefined && !isNodeUrl(ledger))
    throw new UnusableInput(`${ledger} is no http or https URL of a ledger`);
  return { file, trust, rpc, ledger, submission, out, json };
}

/** A file's text without the white space around it, which editors and shells add. */
async function readText(file: string, maxBytes: number, { read }: Surroundings): Promise<string> {
  try {
    return fromUtf8(await read(file, maxBytes)).trim();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${file} cannot be used: ${cause.message}`, { cause });
  }
}

/** The body that was sent, or its JWS alone. */
async function readSubmission(file: string, surroundings: Surroundings): Promise<SubmissionPayload> {
  const text = await readText(file, MAX_SUBMISSION_BYTES, surroundings);
  try {
    return text.startsWith("{")
      ? parseSubmission(text).payload
      : parseSubmissionPayload(parseCompactJws(text, "submission+jws").payload);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${file} is no submission: ${cause.message}`, { cause });
  }
}

function unusable(file: string, { checks }: ReceiptPromisesReport): UnusableInput {
  const reason = checks.find(({ status }) => status === "failed")?.detail ?? "";
  return new UnusableInput(`${file} is no receipt to go by: ${reason}`);
}

/** Writes the proofs of broken promises, the first under the name that was asked for. Returns the names. */
async function writeBreaches(
  { breaches }: ReceiptPromisesReport,
  out: string | undefined,
  { write }: Surroundings,
): Promise<readonly string[]> {
  if (out === undefined) return [];
  const names = breaches.map((_, at) => (at === 0 ? out : numbered(out, at + 1)));
  for (const [at, text] of breaches.entries()) await write(names[at] ?? out, text);
  return names;
}

/** `breach.json` as `breach-2.json`. */
function numbered(file: string, number: number): string {
  const [, stem = file, extension = ""] = /^(.*?)(\.[^./\\]*)?$/s.exec(file) ?? [];
  return `${stem}-${number}${extension}`;
}

function wordsOf(
  { worth, receipt, checks }: ReceiptPromisesReport,
  profile: TrustProfile | undefined,
  written: readonly string[],
): VerdictWords {
  const development =
    profile?.environment === "embedded"
      ? " This is an embedded chain, which proves nothing to anyone else."
      : "";
  switch (worth) {
    case "kept":
      return ["KEPT", "green", `the log kept what it promised.${development}`];
    case "not-due":
      return [
        "NOT DUE",
        "yellow",
        `no promise was broken, and not all are due yet. Check again after ${utc(lastDue(receipt))}.${development}`,
      ];
    case "broken": {
      const proof = written.length === 0 ? "the proof below" : written.join(" and ");
      return [
        "BROKEN",
        "red",
        `the log broke a promise. Give ${proof} to the inspectors: anybody can check it, with minhbach verify.${development}`,
      ];
    }
    case "unknown":
    case "unusable": {
      const open = checks.find(({ status }) => status === "not-checked" || status === "failed");
      return [
        "UNKNOWN",
        "yellow",
        `no broken promise was found, but not everything could be checked: ${open?.detail ?? ""}. Put that right and check again.`,
      ];
    }
  }
}

function lastDue(receipt: Receipt | null): number {
  return receipt === null ? 0 : Math.max(receipt.anchorBy, receipt.indexBy);
}

function asJson({ worth, checks, receipt, breaches }: ReceiptPromisesReport): object {
  return {
    worth,
    checks,
    receipt:
      receipt === null
        ? null
        : { ...receipt, log: formatLogId(receipt.log), root: toBase64url(receipt.root) },
    breaches: breaches.map((text): unknown => JSON.parse(text)),
  };
}
