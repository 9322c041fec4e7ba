import { parseDecimal } from "../../protocol/checkpoint.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
import type { Findings } from "./register.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const CURSOR = /^[0-9]{12}:[a-z0-9:-]{1,100}$/;

/** `GET /v1/findings`, for inspectors. */
export function findingsRoutes(findings: Findings): Route[] {
  return [
    {
      name: "getFindings",
      method: "get",
      path: "/v1/findings",
      handle: async (request) => {
        const after = request.query("after");
        if (after !== undefined && !CURSOR.test(after)) {
          throw new LedgerError("bad-request", "The parameter after must be the `next` of the page before.");
        }
        const limit = pageLimit(request.query("limit"));
        return { json: await findings.list(after === undefined ? { limit } : { limit, after }) };
      },
    },
  ];
}

function pageLimit(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : parseDecimal(text);
  if (limit !== undefined && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new LedgerError("bad-request", `The parameter limit must be a number from 1 to ${MAX_LIMIT}.`);
}
