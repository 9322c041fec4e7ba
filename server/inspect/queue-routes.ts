import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Route } from "../route.ts";
import { agencyInQuery, bad, numberInQuery, requireParameters } from "./asked.ts";
import type { Queues } from "./queues.ts";

const PAGE = { min: 1, max: 500, fallback: 100 };
/** A finding's place among all, or a log index. */
const CURSOR = /^[0-9a-z:-]{1,300}$/;

/** `GET /v1/queues`, `GET /v1/queues/{name}`: what waits to be dealt with, for inspectors everywhere, for officers in their agency. */
export function queueRoutes(queues: Queues): Route[] {
  return [
    {
      name: "getQueues",
      method: "get",
      path: "/v1/queues",
      handle: async (request, caller) => {
        requireParameters(request, ["agency"]);
        const agency = scopeOf(caller, agencyInQuery(request));
        return { json: { ...(agency !== undefined && { agency }), queues: await queues.lengths(agency) } };
      },
    },
    {
      name: "getQueue",
      method: "get",
      path: "/v1/queues/:name",
      handle: async (request, caller) => {
        requireParameters(request, ["agency", "after", "limit"]);
        const after = request.query("after");
        if (after !== undefined && !CURSOR.test(after))
          throw bad("The parameter after must be the `next` of the page before.");
        const agency = scopeOf(caller, agencyInQuery(request));
        const limit = numberInQuery(request, "limit", PAGE);
        const { items, next } = await queues.list(request.parameter("name"), { agency, after, limit });
        return { json: { items, ...(next !== undefined && { next }) } };
      },
    },
  ];
}

/** An officer's queues are those of their own agency. */
function scopeOf(caller: Caller, asked: string | undefined): string | undefined {
  if (caller.role !== "officer") return asked;
  if (asked === undefined || asked === caller.agency) return caller.agency;
  throw new LedgerError(
    "forbidden",
    "An officer sees the queues of their own agency; leave the parameter agency out.",
  );
}
