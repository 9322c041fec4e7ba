/** Statements of the running system, for tests: fetching them once they cover what was recorded, and verifying them on the chain. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { openFacets, parseShownEvent } from "../../protocol/event.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { shownIndexKeys } from "../../protocol/index-keys.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { type StatementCheckId, type StatementReport, verifyStatement } from "../../verifier/statement.ts";
import type { Deployed } from "./fixture.ts";

export type Headers = Record<string, string>;

/** A development token as a header, by the caller's name. */
export async function tokenNamed(system: Pick<Deployed, "dataDir">, name: string): Promise<Headers> {
  const tokens: unknown = JSON.parse(await readFile(path.join(system.dataDir, "dev-tokens.json"), "utf8"));
  for (const entry of Array.isArray(tokens) ? (tokens as unknown[]) : []) {
    if (!isJsonObject(entry) || !isJsonObject(entry["caller"]) || entry["caller"]["name"] !== name) continue;
    return { authorization: `Bearer ${String(entry["token"])}` };
  }
  throw new Error(`there is no token of ${name}`);
}

/** The path of a person's statement. */
export function about(id: string, more = ""): string {
  const colon = id.indexOf(":");
  return `/v1/statement?scheme=${id.slice(0, colon)}&id=${encodeURIComponent(id.slice(colon + 1))}${more}`;
}

/** The statement once it covers the log's first `horizon` events. */
export async function fetchStatement(url: string, headers: Headers, horizon: number): Promise<string> {
  const deadline = performance.now() + 100_000;
  for (;;) {
    const response = await fetch(url, { headers });
    // An answer that breaks off is to be fetched again: a seal of an event far down the list was not anchored yet.
    const text = await response.text().catch(() => "");
    if (response.status === 200 && text !== "" && parseStatement(text).horizon >= horizon) return text;
    const mayCome = response.status === 200 || response.status === 503;
    if (!mayCome || performance.now() > deadline)
      throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Asks the system's chain itself. */
export function readerOf(system: Pick<Deployed, "chain">): ChainReader {
  return chainReader(jsonRpc(system.chain.url, { fetch, name: "node" }), "node");
}

/** Verified with nothing from the ledger. */
export async function verified(system: Deployed, text: string, earlier?: string): Promise<StatementReport> {
  const options = earlier === undefined ? {} : { earlier };
  return await verifyStatement(text, system.profile, readerOf(system), options);
}

/** The claim of a statement that must be good; `mayWarn` names a check that may have something to say all the same. */
export async function claimOf(
  system: Deployed,
  text: string,
  { earlier, mayWarn }: { readonly earlier?: string; readonly mayWarn?: StatementCheckId } = {},
): Promise<NonNullable<StatementReport["claim"]>> {
  const { verdict, checks, claim } = await verified(system, text, earlier);
  const faults = checks
    .filter(({ id, status }) => status !== "passed" && !(status === "warning" && id === mayWarn))
    .map(({ id, detail }) => `${id}: ${detail}`);
  expect(faults).to.deep.equal([]);
  expect(verdict).to.equal("development");
  if (claim === null) throw new Error("a good verdict comes with a claim");
  return claim;
}

/** An event as the log holds it, read without the index. */
export interface LoggedEvent {
  readonly index: number;
  readonly leaf: string;
  readonly facets: OpenedFacets;
  /** `kind id` of each of its keys. */
  readonly keys: readonly string[];
}

/** Every event of the log as an inspector sees it, one by one. */
export async function wholeLog(ledgerUrl: string, inspector: Headers, size: number): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let index = 0; index < size; index++) {
    const response = await fetch(`${ledgerUrl}/v1/events/${index}`, { headers: inspector });
    const { event, leaf } = (await response.json()) as { event: string; leaf: string };
    const shown = parseShownEvent(event);
    const facets = openFacets(shown);
    const keys = shownIndexKeys(shown.payload.src, facets).map(({ kind, id }) => `${kind} ${id}`);
    events.push({ index, leaf, facets, keys });
  }
  return events;
}
