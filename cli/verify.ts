import { MAX_EVIDENCE_LENGTH } from "../protocol/evidence.ts";
import { agreeingReader } from "../verifier/chain-agreement.ts";
import { type ChainReader, chainReader } from "../verifier/chain.ts";
import { type Verdict, verifyEvidence } from "../verifier/evidence.ts";
import { type Fetch, jsonRpc } from "../verifier/json-rpc.ts";
import { isNodeUrl } from "../verifier/trust-profile.ts";
import { type Command, type ExitCode, parseArguments, UnusableInput } from "./command.ts";
import { renderReport } from "./report.ts";
import { printableJson } from "./terminal.ts";
import { readTrustProfile } from "./trust.ts";

/** Nothing in evidence takes more than three bytes a character: it is ASCII but for the dashes of signature lines. */
const MAX_EVIDENCE_BYTES = 3 * MAX_EVIDENCE_LENGTH;

const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  valid: 0,
  development: 0,
  invalid: 1,
  incomplete: 3,
};

const HELP = `Usage: minhbach verify FILE [--trust PROFILE] [--rpc URL]... [--json]

Checks evidence of one event, step by step, without asking the ledger it came from.

  FILE             an evidence file; - reads standard input
  --trust PROFILE  the trust profile you chose to trust: which chain, registries and log.
                   Never take it from where the evidence came from.
  --rpc URL        a node of the chain to ask; repeat it to ask several, which must all
                   agree. Without it the nodes of the profile are asked.
  --json           print the report as JSON: {"verdict", "checks", "claim"}

Ends with 0 when the evidence is valid (or good for development, on an embedded chain),
1 when it is invalid, 2 when the input cannot be used, 3 when not everything could be checked,
and with another code when minhbach itself fails, which says nothing about the evidence.
`;

/** `minhbach verify`. */
export function verifyCommand(fetch: Fetch): Command {
  return {
    name: "verify",
    summary: "check evidence of an event, step by step",
    help: HELP,
    async run(args, { terminal, read }) {
      const { file, trust, rpc, json } = parseVerifyArguments(args);
      const profile = trust === undefined ? undefined : await readTrustProfile(trust, read);
      const chain = readerOf(rpc.length > 0 ? rpc : (profile?.rpc ?? []), fetch);
      const report = await verifyEvidence(await read(file, MAX_EVIDENCE_BYTES), profile, chain);
      const unusable = report.checks.find(({ id, status }) => id === "format" && status === "failed");
      if (json) terminal.out(`${printableJson(report)}\n`);
      if (unusable !== undefined) throw new UnusableInput(`${file} is no evidence: ${unusable.detail}`);
      if (!json) terminal.out(renderReport(report, terminal));
      return EXIT_CODES[report.verdict];
    },
  };
}

interface VerifyArguments {
  readonly file: string;
  readonly trust: string | undefined;
  readonly rpc: readonly string[];
  readonly json: boolean;
}

function parseVerifyArguments(args: readonly string[]): VerifyArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      trust: { type: "string" },
      rpc: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined) throw new UnusableInput("name the evidence file to verify");
  if (more.length > 0) throw new UnusableInput("name one evidence file at a time");
  for (const url of values.rpc) {
    if (!isNodeUrl(url)) throw new UnusableInput(`${url} is no http or https URL of a node`);
  }
  return { file, trust: values.trust, rpc: values.rpc, json: values.json };
}

/** One reader over all the nodes, or none where no node is named. */
function readerOf(urls: readonly string[], fetch: Fetch): ChainReader | undefined {
  const [first, ...others] = [...new Set(urls)].map((url) => {
    const name = nodeName(url);
    return chainReader(jsonRpc(url, { fetch, name }), name);
  });
  if (first === undefined || others.length === 0) return first;
  return agreeingReader(first, ...others);
}

/** The node's host; a path may hold the user's key to the node, and reports are passed on. */
function nodeName(url: string): string {
  return new URL(url).host;
}
