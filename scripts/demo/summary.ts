import { inspectorate } from "../../proactive/oversight/inspectorate.ts";
import { isGrant } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { chainReader } from "../../verifier/chain.ts";
import { verifyEvidence } from "../../verifier/evidence.ts";
import { jsonRpc } from "../../verifier/json-rpc.ts";
import { OPERATOR } from "../start/agencies.ts";
import { type LedgerView, ledgerView, type SeenEvent } from "./ledger-view.ts";
import type { Province } from "./province.ts";

/** What became of the occasions of one procedure. */
export interface ProcedureSummary {
  /** Occasions that a rule concluded about. */
  readonly cases: number;
  /** Of them: offered to the person, the person only told, left to an officer, nothing to be done. */
  readonly offered: number;
  readonly told: number;
  readonly officer: number;
  readonly nothing: number;
  readonly granted: number;
  /** Documents that other agencies knew and nobody had to bring: readings that an offer or a message rests on. */
  readonly notAsked: number;
}

/** What the ledger says about a while, every number read from its public API as an inspector. */
export interface Summary {
  readonly procedures: ReadonlyMap<string, ProcedureSummary>;
  /** Messages that arrived, by the way they took. */
  readonly messages: ReadonlyMap<string, number>;
  /** Readings that were recorded, by the side that asked and by the side that was asked. */
  readonly accesses: { readonly asked: number; readonly answered: number; readonly refused: number };
  readonly findings: ReadonlyMap<string, number>;
  /** Actions of the agencies, and how many of them their evidence proves. */
  readonly evidence: { readonly actions: number; readonly proven: number };
  /** Grants that the sample drew, how many of them were examined and were not in order, and what was wrong with them. */
  readonly sample: {
    readonly drawn: number;
    readonly examined: number;
    readonly notInOrder: number;
    readonly faults: ReadonlyMap<string, number>;
  };
}

export interface SummaryOptions {
  /** Called after each piece of evidence. */
  readonly progress?: (done: number, of: number) => void;
  /** At how many of the grants that were drawn an inspector looks; 10 when absent. */
  readonly examined?: number;
}

const EVIDENCE_AT_ONCE = 4;

export async function summaryOf(
  province: Province,
  { progress = () => undefined, examined = 10 }: SummaryOptions = {},
): Promise<Summary> {
  const { ledgerUrl, signOn } = province;
  const token = async (): Promise<string> => await signOn.tokenOf("inspector-1");
  const ledger = ledgerView(ledgerUrl, token);
  const actions = (await ledger.events({ type: "action" })).filter(isAgencys);
  const accesses = (await ledger.events({ type: "access" })).filter(isAgencys);
  await province.settled();
  return {
    procedures: byProcedure(actions, accesses),
    messages: messagesIn(actions),
    accesses: {
      asked: accesses.filter((each) => !isProvider(each)).length,
      answered: accesses.filter(isProvider).length,
      refused: accesses.filter(({ facets }) => outcomeOf(facets).code === "refused").length,
    },
    findings: await ledger.findings(),
    evidence: await proven(province, ledger, { actions, progress }),
    sample: await sampled(province, token, examined),
  };
}

function isAgencys({ source }: SeenEvent): boolean {
  return !source.startsWith(`${OPERATOR}/`);
}

function isProvider({ facets }: SeenEvent): boolean {
  return isJsonObject(facets.exchange) && facets.exchange["side"] === "provider";
}

function outcomeOf({ outcome }: SeenEvent["facets"]): { readonly code?: unknown; readonly detail: string } {
  if (!isJsonObject(outcome)) return { detail: "" };
  return { code: outcome["code"], detail: typeof outcome["detail"] === "string" ? outcome["detail"] : "" };
}

function byProcedure(
  actions: readonly SeenEvent[],
  accesses: readonly SeenEvent[],
): ReadonlyMap<string, ProcedureSummary> {
  const concluded = lastConclusions(actions);
  const wasRead = new Map(
    accesses
      .filter((each) => !isProvider(each) && outcomeOf(each.facets).code === "success")
      .map((each) => [messageIdOf(each), each]),
  );
  const granted = actions.filter(({ facets }) => isGrant(facets));
  const procedures = Map.groupBy(concluded, procedureOf);
  return new Map(
    [...procedures].toSorted().map(([procedure, cases]) => {
      const having = (outcome: string): number =>
        cases.filter((each) => conclusionOf(each) === outcome).length;
      return [
        procedure,
        {
          ...{ cases: cases.length, offered: having("offer"), told: having("notify") },
          ...{ officer: having("officer"), nothing: having("none") },
          granted: granted.filter((each) => procedureOf(each) === procedure).length,
          notAsked: cases.reduce((sum, each) => sum + notAsked(each, wasRead), 0),
        },
      ];
    }),
  );
}

const CONCLUSIONS = ["offer", "notify", "officer", "none"];

/** What a rule concluded last in each case. */
function lastConclusions(actions: readonly SeenEvent[]): readonly SeenEvent[] {
  const last = new Map<unknown, SeenEvent>();
  // A grant names its rule too.
  for (const each of actions)
    if (each.facets.rule !== undefined && CONCLUSIONS.includes(conclusionOf(each)))
      last.set(each.facets.case, each);
  return [...last.values()];
}

function procedureOf({ facets: { purpose } }: SeenEvent): string {
  return isJsonObject(purpose) ? String(purpose["procedure"]) : "";
}

/** What comes first in an outcome such as "offer: renewal-prepared". */
function conclusionOf({ facets }: SeenEvent): string {
  return outcomeOf(facets).detail.split(":", 1)[0] ?? "";
}

function messageIdOf({ facets: { exchange } }: SeenEvent): unknown {
  return isJsonObject(exchange) ? exchange["messageId"] : undefined;
}

/** The readings that a conclusion commits to, of which the ledger holds that they were answered with something; one per register and person. */
function notAsked(conclusion: SeenEvent, wasRead: ReadonlyMap<unknown, SeenEvent>): number {
  if (!["offer", "notify"].includes(conclusionOf(conclusion))) return 0;
  const { rule } = conclusion.facets;
  const inputs = isJsonObject(rule) && isJsonObject(rule["inputs"]) ? rule["inputs"] : {};
  const readings = Object.entries(inputs).flatMap(([name, id]) =>
    name.startsWith("access.") ? (wasRead.get(id) ?? []) : [],
  );
  return new Set(readings.map(({ facets }) => JSON.stringify([facets.exchange, facets.subject]))).size;
}

/** "told: inbox delivered, sms delivered". */
function messagesIn(actions: readonly SeenEvent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { facets } of actions)
    for (const [, channel = ""] of outcomeOf(facets).detail.matchAll(/\b(inbox|sms|email) delivered/g))
      counts.set(channel, (counts.get(channel) ?? 0) + 1);
  return counts;
}

/** Verified with the trust profile and the chain, and nothing else of the ledger's. */
async function proven(
  { profile }: Province,
  ledger: LedgerView,
  {
    actions,
    progress,
  }: { readonly actions: readonly SeenEvent[]; readonly progress: (done: number, of: number) => void },
): Promise<Summary["evidence"]> {
  const [node = ""] = profile.rpc;
  const chain = chainReader(jsonRpc(node, { fetch, name: node }), node);
  const queue = actions.map(({ index }) => index);
  let [done, good] = [0, 0];
  const work = async (): Promise<void> => {
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      const { verdict, claim } = await verifyEvidence(await ledger.evidence(index), profile, chain);
      if (verdict === "development" && claim?.index === index) good += 1;
      done += 1;
      progress(done, actions.length);
    }
  };
  await Promise.all(Array.from({ length: EVIDENCE_AT_ONCE }, work));
  return { actions: actions.length, proven: good };
}

/** What an inspector does: asks for a sample of everything, draws it again by the chain, looks at the first grants in it and records what was found. */
async function sampled(
  province: Province,
  token: () => Promise<string>,
  examined: number,
): Promise<Summary["sample"]> {
  const { ledgerUrl: url, profile } = province;
  const [node = ""] = profile.rpc;
  const rpc = jsonRpc(node, { fetch, name: node });
  const { ask, draw, examine, record } = inspectorate({
    ...{ url, token, trust: profile, desk: `${OPERATOR}/desk`, rpc },
  });
  const sample = await ask({});
  await province.settled();
  const { granted } = await draw(sample);
  const faults = new Map<string, number>();
  let notInOrder = 0;
  for (const index of granted.slice(0, examined)) {
    const examination = await examine(index);
    if (examination.outcome === "not-in-order") notInOrder += 1;
    for (const fault of examination.faults) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    await record(sample, examination);
  }
  return { drawn: granted.length, examined: Math.min(granted.length, examined), notInOrder, faults };
}
