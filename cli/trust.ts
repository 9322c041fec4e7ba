import { fromUtf8 } from "../protocol/bytes.ts";
import { FormatError } from "../protocol/errors.ts";
import { formatLogId } from "../protocol/log-id.ts";
import {
  logOf,
  MAX_PROFILE_LENGTH,
  parseTrustProfile,
  type TrustProfile,
  TrustProfileError,
} from "../verifier/trust-profile.ts";
import { type Command, parseArguments, type Surroundings, UnusableInput } from "./command.ts";
import { renderRows } from "./report.ts";

const HELP = `Usage: minhbach trust show FILE

Shows what a trust profile says: which chain, which registries, which log, which nodes.

  FILE  a trust profile; - reads standard input

Compare what is shown with what the chain's members publish before you trust it.
Ends with 0, or with 2 when the file is no trust profile.
`;

/** `minhbach trust show`. */
export const trustShowCommand: Command = {
  name: "trust show",
  summary: "show what a trust profile says",
  help: HELP,
  async run(args, { terminal, read }) {
    const { positionals } = parseArguments({ args: [...args], allowPositionals: true, options: {} });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UnusableInput("name one trust profile to show");
    const profile = await readTrustProfile(file, read);
    terminal.out(`${renderRows(rowsOf(profile), terminal)}\n`);
    return 0;
  },
};

/** Reads and parses a trust profile file. Throws UnusableInput. */
export async function readTrustProfile(file: string, read: Surroundings["read"]): Promise<TrustProfile> {
  const bytes = await read(file, MAX_PROFILE_LENGTH);
  try {
    return parseTrustProfile(fromUtf8(bytes));
  } catch (cause) {
    if (!(cause instanceof TrustProfileError || cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${file} is no trust profile: ${cause.message}`, { cause });
  }
}

function rowsOf(profile: TrustProfile): readonly (readonly [label: string, text: string])[] {
  return [
    ["name", profile.name],
    ["environment", ENVIRONMENTS[profile.environment]],
    ["log", formatLogId(logOf(profile))],
    ["chain", `${profile.chainId}, genesis ${profile.genesisHash}`],
    ["anchors at", profile.anchorRegistry],
    ["agencies at", profile.agencyRegistry],
    ["final after", `${profile.finalityDepth} ${profile.finalityDepth === 1 ? "block" : "blocks"}`],
    ["nodes", profile.rpc.length === 0 ? "none: name some with --rpc" : profile.rpc.join(" ")],
  ];
}

const ENVIRONMENTS = {
  embedded: "embedded: one process is operator and validator; good for development only",
  production: "production",
} as const;
