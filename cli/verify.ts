import { FormatError } from "../protocol/errors.ts";
import { requireIndexId } from "../protocol/index-keys.ts";
import type { Verdict } from "../verifier/evidence.ts";
import type { Fetch } from "../verifier/json-rpc.ts";
import type { StatementOptions } from "../verifier/statement.ts";
import { artefactOf, MAX_ARTEFACT_BYTES } from "./artefacts.ts";
import { type Command, type ExitCode, parseArguments, UnusableInput } from "./command.ts";
import { CHAIN_HELP, CHAIN_OPTIONS, readChain } from "./nodes.ts";
import { renderReport } from "./report.ts";
import { printableJson } from "./terminal.ts";

/** What a command that gives a verdict ends with. */
export const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  valid: 0,
  development: 0,
  invalid: 1,
  incomplete: 3,
};

const HELP = `Usage: minhbach verify FILE [--trust PROFILE] [--rpc URL]... [--since EARLIER]
                       [--about ID] [--json]

Checks a file, step by step, without asking the ledger it came from: evidence of one event;
an evidence bundle, that of several with their receipts; a statement, the proven list of all that
happened with somebody's data, of one log or gathered over several; a breach, the proof that a
ledger broke a promise of a receipt; an accusation, the proof that its index left out an event.

  FILE             the file, which says what it is; - reads standard input
${CHAIN_HELP}  --since EARLIER  the statement that this one continues, which you verified before
  --about ID       whose statement it should be, such as vn-cccd:001099000001
  --json           print the report as JSON: {"verdict", "checks", "claim"}

Ends with 0 when the file is valid (or good for development, on an embedded chain),
1 when it is invalid, 2 when the input cannot be used, 3 when not everything could be checked,
and with another code when minhbach itself fails, which says nothing about the file.
`;

/** `minhbach verify`. */
export function verifyCommand(fetch: Fetch): Command {
  return {
    name: "verify",
    summary: "check evidence or another proof, step by step",
    help: HELP,
    async run(args, surroundings) {
      const { terminal, read } = surroundings;
      const { file, since, about, json, ...named } = parseVerifyArguments(args);
      const { profile, chain } = await readChain(named, surroundings, fetch);
      const bytes = await read(file, MAX_ARTEFACT_BYTES);
      const { noun, verify, continues, isAbout } = artefactOf(bytes);
      if (since !== undefined && continues !== true) {
        throw new UnusableInput(`--since names what a statement continues, and ${file} is no statement`);
      }
      if (about !== undefined && isAbout !== true) {
        throw new UnusableInput(`--about names whose statement it should be, and ${file} is no statement`);
      }
      const options = {
        ...(since !== undefined && { earlier: await read(since, MAX_ARTEFACT_BYTES) }),
        ...(about !== undefined && { about }),
      };
      const { report, renderClaim } = await verify(bytes, profile, chain, options);
      const unusable = report.checks.find(({ id, status }) => id === "format" && status === "failed");
      if (json) terminal.out(`${printableJson(report)}\n`);
      if (unusable !== undefined) throw new UnusableInput(`${file} is no ${noun}: ${unusable.detail}`);
      if (!json) terminal.out(renderReport(report, renderClaim(terminal), terminal));
      return EXIT_CODES[report.verdict];
    },
  };
}

interface VerifyArguments {
  readonly file: string;
  readonly trust: string | undefined;
  readonly rpc: readonly string[];
  /** The earlier statement. */
  readonly since: string | undefined;
  /** Whose it should be. */
  readonly about: StatementOptions["about"];
  readonly json: boolean;
}

function parseVerifyArguments(args: readonly string[]): VerifyArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CHAIN_OPTIONS,
      since: { type: "string" },
      about: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined) throw new UnusableInput("name the file to verify");
  if (more.length > 0) throw new UnusableInput("name one file at a time");
  const { trust, rpc, since, about, json } = values;
  return { file, trust, rpc, since, about: about === undefined ? undefined : keyNamed(about), json };
}

/** An id says of what kind it is: officials' and consents' have a scheme of their own. */
function keyNamed(id: string): NonNullable<StatementOptions["about"]> {
  const kind = id.startsWith("agent:") ? "official" : id.startsWith("consent:") ? "consent" : "person";
  try {
    requireIndexId(kind, id);
  } catch (error) {
    if (error instanceof FormatError) throw new UnusableInput(`--about: ${error.message}`);
    throw error;
  }
  return { kind, id };
}
