import { fromUtf8 } from "../protocol/bytes.ts";
import { FormatError } from "../protocol/errors.ts";
import {
  formatGathered,
  type GatheredPart,
  MAX_GATHERED_BYTES,
  MAX_GATHERED_PARTS,
} from "../protocol/gathered.ts";
import { isJsonObject, parseStrictJson } from "../protocol/json.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { parseStatement, type Statement } from "../protocol/statement.ts";
import { readBody } from "../verifier/http-body.ts";
import type { Fetch } from "../verifier/json-rpc.ts";
import { isNodeUrl } from "../verifier/trust-profile.ts";
import { type Command, parseArguments, type Surroundings, UnusableInput } from "./command.ts";
import { hostOf } from "./nodes.ts";
import { patiently } from "./patience.ts";
import { renderRows } from "./report.ts";
import { printable, wrap } from "./terminal.ts";

const HELP = `Usage: minhbach gather (--federation FILE | --ledger URL...) --token FILE... -o FILE
                       [--about ID] [STATEMENT]...

Asks the ledgers of several logs for a person's statement and puts the answers into one file, each
as it came. Which logs there are, and that none is missing, minhbach verify learns from the chain.

  STATEMENT          a statement that you have already, such as one downloaded from a portal
  --ledger URL       the address of a ledger; repeat it for each
  --federation FILE  the ledgers in a file instead: {"logs":[{"logId":1,"url":"https://..."}]}
  --token FILE       a file with your access token for the ledger; repeat it for each ledger, in
                     their order. One alone is shown to all of them. Each ledger is an audience of
                     its own, so a token of one usually opens no other: sign on at each.
  --about ID         of whom, such as vn-cccd:001099000001; without it, of yourself
  -o, --out FILE     where to write; its owner alone can read it

A ledger that asks for time (Retry-After) is asked again, for two minutes at most. One that does
not answer is named, and the others are gathered all the same: ask it later.

Ends with 0 when every ledger answered, 3 when some did not, 1 when none did, and 2 when the input
cannot be used. It does not verify: do that with the result.
`;

/** A statement may be long, and a ledger makes it while it sends it. */
const TIMEOUT_SECONDS = 120;
/** How long a ledger may put us off (429, or 503 with Retry-After). */
const PATIENCE_SECONDS = 120;
const MAX_TOKEN_BYTES = 16 * 1024;
const MAX_FEDERATION_BYTES = 64 * 1024;
/** Ledgers that are asked at once. */
const PARALLEL = 8;

/** A ledger to ask. */
interface Asked {
  readonly url: string;
  /** The log that it should be of, where a federation file says so. */
  readonly logId: number | undefined;
  readonly token: string;
}

/** What became of one source of a part. */
type Found =
  | { readonly from: string; readonly part: GatheredPart; readonly statement: Statement }
  | { readonly from: string; readonly missing: string };

/** `minhbach gather`. */
export function gatherCommand(fetch: Fetch): Command {
  return {
    name: "gather",
    summary: "put a person's statements of several logs into one file",
    help: HELP,
    async run(args, surroundings) {
      const { terminal, read, write } = surroundings;
      const { files, about, out, ...named } = parseGatherArguments(args);
      const ledgers = await readLedgers(named, surroundings);
      if (ledgers.length + files.length > MAX_GATHERED_PARTS)
        throw new UnusableInput(`at most ${MAX_GATHERED_PARTS} logs can be gathered`);
      if (ledgers.length + files.length === 0)
        throw new UnusableInput("name ledgers with --ledger or --federation, or statements that you have");
      const found: Found[] = [];
      for (const file of files) found.push(ofFile(file, await read(file, MAX_GATHERED_BYTES)));
      for (let at = 0; at < ledgers.length; at += PARALLEL) {
        const some = ledgers.slice(at, at + PARALLEL);
        found.push(...(await Promise.all(some.map((ledger) => ask(ledger, about, fetch)))));
      }
      const parts = found.flatMap((each) => ("part" in each ? [each.part] : []));
      const missing = found.length - parts.length;
      terminal.out(`${renderRows(found.map(rowOf), terminal)}\n`);
      if (parts.length === 0) return 1;
      await write(out, fileOf(parts));
      const left = missing === 0 ? "" : ` ${missing === 1 ? "One is" : `${missing} are`} missing: ask later.`;
      const end = `${out} holds ${parts.length} of ${found.length} statements.${left} Check it with minhbach verify.`;
      terminal.out(`${wrap(printable(end), terminal.columns).join("\n")}\n`);
      return missing === 0 ? 0 : 3;
    },
  };
}

interface GatherArguments {
  readonly files: readonly string[];
  readonly ledger: readonly string[];
  readonly federation: string | undefined;
  readonly token: readonly string[];
  readonly about: { readonly scheme: string; readonly id: string } | undefined;
  readonly out: string;
}

function parseGatherArguments(args: readonly string[]): GatherArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: {
      ledger: { type: "string", multiple: true, default: [] as string[] },
      federation: { type: "string" },
      token: { type: "string", multiple: true, default: [] as string[] },
      about: { type: "string" },
      out: { type: "string", short: "o" },
    },
  });
  const { ledger, federation, token, about, out } = values;
  if (out === undefined) throw new UnusableInput("name the file to write with --out");
  if (federation !== undefined && ledger.length > 0)
    throw new UnusableInput("name the ledgers with --ledger or with --federation, not both");
  const colon = about?.indexOf(":") ?? -1;
  if (about !== undefined && colon < 1)
    throw new UnusableInput("--about takes an id such as vn-cccd:001099000001");
  const person =
    about === undefined ? undefined : { scheme: about.slice(0, colon), id: about.slice(colon + 1) };
  return { files: positionals, ledger, federation, token, about: person, out };
}

/** The ledgers with the token for each. */
async function readLedgers(
  { ledger, federation, token }: Pick<GatherArguments, "ledger" | "federation" | "token">,
  { read }: Surroundings,
): Promise<readonly Asked[]> {
  const named =
    federation === undefined
      ? ledger.map((url) => ({ url, logId: undefined }))
      : federationIn(federation, await read(federation, MAX_FEDERATION_BYTES));
  for (const { url } of named) requireLedgerUrl(url);
  if (named.length === 0) return [];
  if (token.length !== 1 && token.length !== named.length)
    throw new UnusableInput(
      `name a token file for each of the ${named.length} ledgers with --token, or one for all of them`,
    );
  const tokens: string[] = [];
  for (const file of token) tokens.push(tokenIn(file, await read(file, MAX_TOKEN_BYTES)));
  return named.map((each, at) => ({ ...each, token: tokens[token.length === 1 ? 0 : at] ?? "" }));
}

/** A token in clear is anybody's on the way. */
function requireLedgerUrl(url: string): void {
  if (!isNodeUrl(url)) throw new UnusableInput(`${url} is no http or https URL of a ledger`);
  const { protocol, hostname } = new URL(url);
  const isOwn = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  if (protocol !== "https:" && !isOwn)
    throw new UnusableInput(`${hostOf(url)} must be asked by https: your token goes with the question`);
}

function federationIn(
  file: string,
  bytes: Uint8Array,
): readonly { readonly url: string; readonly logId: number }[] {
  const value = parsed(file, "federation file", () => parseStrictJson(fromUtf8(bytes), { maxDepth: 3 }));
  const logs = isJsonObject(value) && Object.keys(value).length === 1 ? value["logs"] : undefined;
  if (!Array.isArray(logs) || logs.length === 0)
    throw new UnusableInput(`${file} is no federation file: {"logs":[{"logId":1,"url":"https://..."}]}`);
  return logs.map((log: unknown) => {
    const { logId, url, ...more } = isJsonObject(log) ? log : {};
    if (typeof logId !== "number" || !Number.isSafeInteger(logId) || logId < 1 || typeof url !== "string")
      throw new UnusableInput(`${file}: each log has a logId, a whole number from 1, and a url`);
    if (Object.keys(more).length > 0) throw new UnusableInput(`${file}: a log has a logId and a url alone`);
    return { logId, url };
  });
}

/** Never repeated: not even that of a file that holds something else. */
function tokenIn(file: string, bytes: Uint8Array): string {
  const token = parsed(file, "token file", () => fromUtf8(bytes)).trim();
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    throw new UnusableInput(`${file} is no token file: it holds an access token and nothing else`);
  return token;
}

function ofFile(file: string, bytes: Uint8Array): Found {
  return parsed(file, "statement", () => found(file, fromUtf8(bytes)));
}

function found(from: string, text: string): Found & { readonly statement: Statement } {
  const statement = parseStatement(text);
  return { from, part: { log: statement.log, statement: text }, statement };
}

function parsed<T>(file: string, noun: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`${file} is no ${noun}: ${cause.message}`, { cause });
  }
}

/** Asks one ledger. Whatever is wrong with it takes nothing from the others. */
async function ask(
  { url, logId, token }: Asked,
  about: GatherArguments["about"],
  fetch: Fetch,
): Promise<Found> {
  const from = hostOf(url);
  try {
    const request = {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/x-ndjson",
      },
      body: JSON.stringify(about ?? {}),
      redirect: "error",
    } as const;
    const response = await patiently(
      async (signal) => await fetch(`${url.replace(/\/$/, "")}/v1/statement`, { ...request, signal }),
      { timeoutMs: TIMEOUT_SECONDS * 1000, longestMs: PATIENCE_SECONDS * 1000 },
    );
    const bytes = await readBody(response, MAX_GATHERED_BYTES);
    if (bytes === undefined) return { from, missing: "its statement is too long: gather with fewer logs" };
    if (response.status !== 200) return { from, missing: refusalIn(response.status, bytes) };
    const made = found(from, fromUtf8(bytes));
    if (logId !== undefined && made.statement.log.logId !== logId)
      return {
        from,
        missing: `it is the ledger of the log ${formatLogId(made.statement.log)}, not of log ${logId}`,
      };
    return made;
  } catch (error) {
    if (error instanceof FormatError)
      return { from, missing: `it answers with no statement: ${error.message}` };
    // What fetch says of a server that is down differs, and may quote its address.
    return { from, missing: "it cannot be reached" };
  }
}

/** What the ledger says, which holds no personal data. */
function refusalIn(status: number, bytes: Uint8Array): string {
  try {
    const problem = parseStrictJson(fromUtf8(bytes), { maxDepth: 3 });
    const detail = isJsonObject(problem) ? problem["detail"] : undefined;
    if (typeof detail === "string") return `it refuses with status ${status}: ${detail.slice(0, 300)}`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return `it answers with status ${status}`;
}

function rowOf(each: Found): readonly [label: string, text: string] {
  if ("missing" in each) return [each.from, `missing: ${each.missing}`];
  const { lists, horizon, log } = each.statement;
  const events = lists.reduce((sum, list) => sum + (list.entry?.count ?? 0), 0);
  return [
    each.from,
    `log ${log.logId}: ${events} ${events === 1 ? "event" : "events"} up to entry ${horizon}`,
  ];
}

function fileOf(parts: readonly GatheredPart[]): string {
  try {
    return formatGathered(parts);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new UnusableInput(`the statements do not fit into one file: ${cause.message}`, { cause });
  }
}
