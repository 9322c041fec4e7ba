import { randomUUID } from "node:crypto";
import type { Desk } from "../../desk/desk.ts";
import type { FindingKind, FindingState } from "../../findings/finding.ts";
import type { Caller } from "../../identity/caller.ts";
import type { Route, RouteRequest } from "../../route.ts";
import { askedInBody, WHOLE_NUMBERS } from "../asked.ts";
import { type EventQuery, foundDocument, type SearchEvents } from "./event-search.ts";
import { filterIn } from "./filter.ts";

export interface SearchRoutesOptions {
  readonly searchEvents: SearchEvents;
  readonly desk: Pick<Desk, "record">;
  /** The names that a finding's kind and state may have. */
  readonly findingKinds: readonly FindingKind[];
  readonly findingStates: readonly FindingState[];
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;
/** Room for the longest official's id. */
const MAX_BODY_BYTES = 16 * 1024;

/** `POST /v1/inspection/search`: a body, so that neither a case number nor an official stands in a URL. */
export function searchRoutes(options: SearchRoutesOptions): Route[] {
  return [
    {
      name: "postSearch",
      method: "post",
      path: "/v1/inspection/search",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const query = queryIn(request, options);
        const isFirst = query.start === undefined;
        if (isFirst) await recordSearch(caller, query, options.desk);
        const { events, next, size } = await options.searchEvents(query, caller);
        // Later pages are looks like the first, and recorded as such; one that shows nobody still tells that there is nothing.
        if (!isFirst && events.length === 0) await recordSearch(caller, query, options.desk);
        return { json: { size, events: events.map(foundDocument), ...(next !== undefined && { next }) } };
      },
    },
  ];
}

function queryIn(request: RouteRequest, { findingKinds, findingStates }: SearchRoutesOptions): EventQuery {
  const asked = askedInBody(request);
  const filter = filterIn(asked);
  const about = asked.object("finding");
  const finding = about && {
    kind: about.oneOf("kind", findingKinds),
    state: about.oneOf("state", findingStates),
  };
  about?.end();
  const order = asked.oneOf("order", ["oldest", "newest"]) ?? "newest";
  const start = asked.number("start", WHOLE_NUMBERS);
  const limit = asked.number("limit", { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
  asked.end();
  return { filter, finding, newestFirst: order === "newest", start, limit };
}

/**
 * That an inspector searched is recorded with the authority they did it for, also when nothing was found: whoever is shown is in the looks. What
 * they looked for is not: a case number or an official's name would stand in the log for ever.
 */
async function recordSearch(
  caller: Caller,
  { filter }: EventQuery,
  desk: Pick<Desk, "record">,
): Promise<void> {
  if (caller.role !== "inspector") return;
  const { agency } = filter;
  await desk.record({
    by: caller,
    facets: {
      type: "inspection",
      inspection: {
        ...{ id: `search-${randomUUID()}`, state: "search", authority: caller.authority },
        ...(agency !== undefined && { agencies: [agency] }),
      },
      "agent.id": caller.name,
      "agent.role": "inspector",
    },
  });
}
