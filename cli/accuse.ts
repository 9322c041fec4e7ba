import { type Accusation, formatAccusation } from "../protocol/accusation.ts";
import { fromUtf8 } from "../protocol/bytes.ts";
import { FormatError } from "../protocol/errors.ts";
import { MAX_EVIDENCE_BYTES, parseEvidenceFile } from "../protocol/evidence.ts";
import { MAX_STATEMENT_BYTES, parseStatement } from "../protocol/statement.ts";
import { type AccusationReport, checkAccusation } from "../verifier/accusation.ts";
import type { Fetch } from "../verifier/json-rpc.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";
import { renderAccusationClaim } from "./claims.ts";
import { type Command, parseArguments, type Surroundings, UnusableInput } from "./command.ts";
import { CHAIN_HELP, CHAIN_OPTIONS, readChain } from "./nodes.ts";
import { renderChecks, renderParts, renderVerdict, type VerdictWords } from "./report.ts";
import { printableJson } from "./terminal.ts";
import { EXIT_CODES } from "./verify.ts";

const DEFAULT_OUT = "accusation.json";

const HELP = `Usage: minhbach accuse EVIDENCE STATEMENT [--trust PROFILE] [--rpc URL]... [--out FILE] [--json]

Checks whether a ledger left an event out of a statement that should list it, and if so writes
a file that proves it to anybody with a node of the chain: minhbach verify reads it.

  EVIDENCE         evidence of the event; it must show the person (of an official, the exchange too)
  STATEMENT        the whole statement of that person, official or consent, in either spelling
${CHAIN_HELP}  --out FILE       where to write the accusation (${DEFAULT_OUT}). It holds the whole statement:
                   whoever gets it reads that person's list.
  --json           print the report as JSON: {"verdict", "checks", "claim"}

A ledger whose index lags is not accused, nor for an entry that it lists and does not show.
Ends with 0 when the ledger is proven to have left the event out, 1 when it is not, 2 when the
input cannot be used, 3 when not everything could be checked, and with another code when
minhbach itself fails.
`;

/** `minhbach accuse`. */
export function accuseCommand(fetch: Fetch): Command {
  return {
    name: "accuse",
    summary: "prove that a ledger left an event out of a statement",
    help: HELP,
    async run(args, surroundings) {
      const { terminal, write } = surroundings;
      const { evidence, statement, out, json, ...named } = parseAccuseArguments(args);
      const { profile, chain } = await readChain(named, surroundings, fetch);
      const accusation = await readParts(evidence, statement, surroundings);
      const report = await checkAccusation(accusation, profile, chain);
      if (report.claim !== null) await write(out, formatAccusation(accusation));
      if (json) {
        terminal.out(`${printableJson(report)}\n`);
        return EXIT_CODES[report.verdict];
      }
      const claim = report.claim === null ? [] : renderAccusationClaim(report.claim, terminal);
      const words = renderVerdict(wordsOf(report, profile, out), terminal);
      terminal.out(renderParts([renderChecks(report.checks, terminal), words, ...claim]));
      return EXIT_CODES[report.verdict];
    },
  };
}

interface AccuseArguments {
  readonly evidence: string;
  readonly statement: string;
  readonly trust: string | undefined;
  readonly rpc: readonly string[];
  readonly out: string;
  readonly json: boolean;
}

function parseAccuseArguments(args: readonly string[]): AccuseArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CHAIN_OPTIONS,
      out: { type: "string", default: DEFAULT_OUT },
      json: { type: "boolean", default: false },
    },
  });
  const [evidence, statement, ...more] = positionals;
  if (evidence === undefined || statement === undefined || more.length > 0)
    throw new UnusableInput("name one evidence file and one statement");
  const { trust, rpc, out, json } = values;
  return { evidence, statement, trust, rpc, out, json };
}

async function readParts(evidence: string, statement: string, { read }: Surroundings): Promise<Accusation> {
  const [shown, stated] = [
    await read(evidence, MAX_EVIDENCE_BYTES),
    await read(statement, MAX_STATEMENT_BYTES),
  ];
  return {
    evidence: parsed(evidence, "evidence", () => parseEvidenceFile(fromUtf8(shown))),
    statement: parsed(statement, "statement", () => parseStatement(stated)),
  };
}

function parsed<T>(file: string, noun: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${file} is no ${noun}: ${cause.message}`, { cause });
  }
}

function wordsOf(
  { verdict, checks }: AccusationReport,
  profile: TrustProfile | undefined,
  out: string,
): VerdictWords {
  const reason = checks.find(({ status }) => status === "failed" || status === "not-checked")?.detail ?? "";
  switch (verdict) {
    case "valid":
    case "development": {
      const development =
        profile?.environment === "embedded"
          ? " This is an embedded chain, which proves nothing to anyone else."
          : "";
      return [
        "PROVEN",
        "red",
        `the ledger left the event out. Give ${out} to the inspectors: anybody can check it, with minhbach verify. It holds the whole statement, so give it to nobody else.${development}`,
      ];
    }
    case "invalid":
      return ["NOT PROVEN", "yellow", `${reason}.`];
    case "incomplete":
      return [
        "UNKNOWN",
        "yellow",
        `not everything could be checked: ${reason}. Put that right and try again.`,
      ];
  }
}
