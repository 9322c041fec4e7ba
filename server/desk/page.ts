import { parseDecimal } from "../../protocol/checkpoint.ts";
import type { RouteRequest } from "../route.ts";
import { bad } from "./body.ts";

/** A page of a list that is in the order of the log. */
export interface Page {
  /** Log index that it begins at. */
  readonly from: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** The page that the parameters `from` and `limit` ask for. @throws LedgerError `bad-request` */
export function pageIn(request: Pick<RouteRequest, "query">): Page {
  const from = parseDecimal(request.query("from") ?? "0");
  const limit = parseDecimal(request.query("limit") ?? String(DEFAULT_LIMIT));
  if (from === undefined || limit === undefined || limit < 1 || limit > MAX_LIMIT)
    throw bad(`from is a log index, and limit a number from 1 to ${MAX_LIMIT}.`);
  return { from, limit };
}
