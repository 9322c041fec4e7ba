/** `npm run inspect`: an inspector's command. Draws grants at random and again by the chain, looks at each, records what it finds, and tells the rates. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { ChainError } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { parseTrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { FAULTS } from "./examining.ts";
import { drawnWhenAnchored, inspectedGrants } from "./inspecting.ts";
import { inspectorate } from "./inspectorate.ts";
import { InspectionError } from "./ledger-calls.ts";
import type { Inspected } from "./rates.ts";

const HELP = `Looks afterwards, at random, at what was granted without an application.

npm run -s inspect -- --trust trust.json --desk OPERATOR/desk [options]

  --trust FILE      the trust profile you chose: which log, on which chain
  --desk SOURCE     the source through which the ledger records what people do, such as qn-operator/desk
  --ledger URL      the ledger (default http://127.0.0.1:8080)
  --rpc URL         a node of the chain, best your own; without it the first one of the profile
  --sample INDEX    a sample that was asked for before; without it one of the whole log is asked for
  --from INDEX      draws from events from this one on (default 0)
  --agency CODE     only what this agency granted
  --procedure CODE  only this procedure
  --limit N         how many grants to look at (default 20), the first ones drawn
  --check N         opens so many of the other drawn events, to see that none is a grant (default 0)
  --record          records each result on the ledger; without it nothing but your looks is recorded
  --rates           tells what all inspections found so far, and looks at nothing

INSPECTOR_TOKEN holds your access token. Ends with 0 when all is in order, 1 when something is not, 2 when it was called wrongly, 3 when nothing could be concluded.
`;

const PATIENCE_MS = 15 * 60_000;
const DEFAULT_LEDGER = "http://127.0.0.1:8080";
const MAX_LIMIT = 10_000;

class UsageError extends Error {}

async function run(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...{ trust: { type: "string" }, desk: { type: "string" }, rpc: { type: "string" } },
      ...{ ledger: { type: "string", default: DEFAULT_LEDGER }, sample: { type: "string" } },
      ...{ from: { type: "string", default: "0" }, check: { type: "string", default: "0" } },
      ...{ agency: { type: "string" }, procedure: { type: "string" } },
      ...{ limit: { type: "string", default: "20" }, record: { type: "boolean", default: false } },
      ...{ rates: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { trust: file, desk, ledger, agency, procedure } = values;
  const token = process.env["INSPECTOR_TOKEN"];
  if (file === undefined || desk === undefined) throw new UsageError("--trust and --desk are needed");
  if (token === undefined || token === "") throw new UsageError("INSPECTOR_TOKEN holds no token");
  if (!URL.canParse(ledger)) throw new UsageError("--ledger is no URL");
  const trust = parseTrustProfile(await readFile(file, "utf8"));
  const node = values.rpc ?? trust.rpc[0];
  if (node === undefined || !URL.canParse(node)) throw new UsageError("name a node of the chain by --rpc");
  const rpc = jsonRpc(node, { fetch, name: new URL(node).host });
  const by = inspectorate({ url: ledger, token: () => Promise.resolve(token), trust, desk, rpc });
  if (values.rates) {
    for (const rate of (await by.rates()).agencies) print(rate.agency, rate);
    return 0;
  }

  const asked =
    values.sample === undefined
      ? await by.ask({ from: wholeNumber(values.from, "--from") })
      : wholeNumber(values.sample, "--sample");
  const limit = wholeNumber(values.limit, "--limit");
  const of = { ...(agency !== undefined && { agency }), ...(procedure !== undefined && { procedure }) };
  const sample = await drawnWhenAnchored(by, asked, { patienceMs: PATIENCE_MS, ...of });
  const { range, block, granted } = sample;
  line(
    `Sample ${asked}: ${range.count} of the events ${range.from} to ${range.to - 1}, drawn with block ${block}; ${granted.length} grants.`,
  );
  await by.checkOthers(sample, wholeNumber(values.check, "--check"));
  let notInOrder = 0;
  for await (const { index, procedure: about, faults } of inspectedGrants(by, sample, { ...values, limit })) {
    if (faults.length > 0) notInOrder++;
    const found = faults.length === 0 ? "in order" : faults.map((fault) => FAULTS[fault]).join("; ");
    line(`${index} ${about ?? ""}: ${found}`);
  }
  if (values.record) for (const rate of (await by.rates(asked)).agencies) print(rate.agency, rate);
  return notInOrder === 0 ? 0 : 1;
}

function print(name: string, { inspected, notInOrder, share }: Inspected): void {
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  line(
    `${name}: ${notInOrder} of ${inspected} not in order: ${percent(share.rate)} (95 %: ${percent(share.low)} to ${percent(share.high)})`,
  );
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (/^[0-9]{1,15}$/.test(text) && (name !== "--limit" || number <= MAX_LIMIT)) return number;
  throw new UsageError(`${name} is a whole number`);
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const isUsage =
    error instanceof UsageError ||
    error instanceof TrustProfileError ||
    (error instanceof Error && "code" in error && /^(?:ERR_PARSE_ARGS|ENOENT)/.test(String(error.code)));
  if (!isUsage && !(error instanceof InspectionError) && !(error instanceof ChainError)) throw error;
  process.stderr.write(`inspect: ${error.message}\n`);
  process.exitCode = isUsage ? 2 : 3;
}
