import { otherAgency } from "../../protocol/exchange.ts";
import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Pair } from "../inspect/pairs.ts";
import type { UnmatchedExchangeFinding } from "./finding.ts";

export interface ExchangeTerms {
  /** Unix seconds. */
  readonly asOf: number;
  /** How long the second half may take after the first was received. */
  readonly graceSeconds: number;
}

/**
 * The finding that one side did not record an exchange in time, if that is so: open while the other half is missing, settled when it
 * came late. A half that says it failed (`outcome.code` is `failure`) accuses nobody: the other side may never have seen the message.
 * @param opened Facets of the pair's first half; undefined when it was erased, and then nobody can be named.
 */
export function unmatchedExchange(
  { first, other }: Pair,
  opened: OpenedFacets | undefined,
  { asOf, graceSeconds }: ExchangeTerms,
): UnmatchedExchangeFinding | undefined {
  const due = first.time + graceSeconds;
  const late = other !== undefined && other.time <= asOf ? other : undefined;
  if ((late?.time ?? asOf) <= due) return undefined;
  const { exchange, outcome } = opened ?? {};
  if (isJsonObject(outcome) && outcome["code"] === "failure") return undefined;
  const agency = isExchange(exchange) ? otherAgency(first.side, exchange) : undefined;
  return {
    id: `unmatched-exchange:${first.index}`,
    kind: "unmatched-exchange",
    ...(agency === undefined ? {} : { agency }),
    evidence: {
      index: first.index,
      recorded: first.side,
      ...(late === undefined ? {} : { otherIndex: late.index }),
    },
    state: late === undefined ? "open" : "settled",
    since: due,
  };
}

function isExchange(value: unknown): value is { client: string; service: string } {
  return isJsonObject(value) && typeof value["client"] === "string" && typeof value["service"] === "string";
}
