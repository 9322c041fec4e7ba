import { FormatError } from "./errors.ts";
import type { Facets, PlainEvent } from "./facet-values.ts";

/**
 * The facets of a plain event whose shape passed `PLAIN_EVENT_SCHEMAS`: `agent` becomes `agent.id` and `agent.role`, which
 * are shown to different people, and X-Road's `exchange.userId` is the official as well. Throws FormatError
 * `facet-repeated` when the two name different officials.
 */
export function facetsOfPlainEvent(plain: PlainEvent): Facets {
  const { agent, exchange: plainExchange, ...facets } = plain;
  const { userId, ...exchange } = plainExchange ?? {};
  if (agent?.id !== undefined && userId !== undefined && agent.id !== userId) {
    throw new FormatError(
      "facet-repeated",
      "agent.id and exchange.userId name different officials; send one of them",
    );
  }
  const id = agent?.id ?? userId;
  return {
    ...facets,
    ...(isExchange(exchange) ? { exchange } : {}),
    ...(id === undefined ? {} : { "agent.id": id }),
    ...(agent?.role === undefined ? {} : { "agent.role": agent.role }),
  };
}

function isExchange(
  exchange: Partial<NonNullable<Facets["exchange"]>>,
): exchange is NonNullable<Facets["exchange"]> {
  return exchange.messageId !== undefined;
}
