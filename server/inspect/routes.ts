import { parseDecimal } from "../../protocol/checkpoint.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Findings } from "../findings/register.ts";
import type { Route, RouteRequest } from "../route.ts";
import type { SourceState, StoreReader } from "../store/store.ts";
import type { SourceRecords } from "./heard.ts";

export interface SourceRoutesOptions {
  readonly store: Pick<StoreReader, "sources">;
  readonly sources: Pick<SourceRecords, "get">;
  readonly findings: Pick<Findings, "openOf">;
  readonly clock: Clock;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** `GET /v1/sources`, public: who reports, how much, when last, and what is open about them. */
export function sourceRoutes({ store, sources, findings, clock }: SourceRoutesOptions): Route[] {
  async function line(state: SourceState): Promise<object> {
    const { source, next, lastTime } = state;
    const submissions = (await sources.get(source))?.submissions ?? 0;
    const openFindings = await findings.openOf(state);
    return { source, next, lastTime, events: next - 1, submissions, openFindings };
  }

  return [
    {
      name: "getSources",
      method: "get",
      path: "/v1/sources",
      handle: async (request) => {
        const after = sourceAfter(request);
        const limit = pageLimit(request.query("limit"));
        const states = await store.sources(after === undefined ? { limit } : { after, limit });
        const lines: object[] = [];
        for (const state of states) lines.push(await line(state));
        const last = states.length === limit ? states.at(-1) : undefined;
        const asOf = Math.floor(clock.now() / 1000);
        return { json: { asOf, sources: lines, ...(last && { next: last.source }) } };
      },
    },
  ];
}

function sourceAfter(request: RouteRequest): Source | undefined {
  const after = request.query("after");
  return after === undefined ? undefined : parseSource(after);
}

function pageLimit(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : parseDecimal(text);
  if (limit !== undefined && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new LedgerError("bad-request", `The parameter limit must be a number from 1 to ${MAX_LIMIT}.`);
}
