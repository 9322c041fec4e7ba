import type { Exchange, Facets } from "./facet-values.ts";
import { isAgencyCode, type Source, splitSource } from "./source.ts";

/** The two sides of an exchange: who asked, and who answered. */
export type ExchangeSide = "client" | "provider";

/** An event as one of the two records of an exchange. */
export interface ExchangeHalf {
  /** Which side recorded it. */
  readonly side: ExchangeSide;
  /** Names the exchange, the same text for both halves: the JSON of `[client, messageId, service]`. */
  readonly pair: string;
}

/** X-Road's class of public bodies. The members of other classes (companies, associations) are no agencies of a ledger. */
const PUBLIC_BODIES = "GOV";

/**
 * The code of the agency that a `client` or a `service` names; undefined when it names none. Either form is understood:
 * - an agency's code, alone or with one part behind it: `qn-justice`, `qn-justice/births`;
 * - an X-Road path `instance/GOV/member/...`, the member being the agency: `VN/GOV/qn-justice/civil`. In any other class the same
 *   member code is another body's. The instance is not judged: a ledger serves one.
 *
 * Only this one place counts: a subsystem that has another agency's name makes that agency no party.
 */
export function agencyOfSide(path: string): string | undefined {
  const [first = "", memberClass, member] = path.split("/", 3);
  const code = member === undefined ? first : memberClass === PUBLIC_BODIES ? member : undefined;
  return code !== undefined && isAgencyCode(code) ? code : undefined;
}

/**
 * Which half of which exchange an event is. Undefined when no second half is to be expected: it is about no exchange, one of its sides
 * is no agency, both sides are the same agency (it is complete in itself), or a third party recorded it.
 *
 * The side is what the event says (`exchange.side`, for a recorder that serves several bodies), else the one whose agency recorded it.
 */
export function exchangeHalf(
  source: Source,
  { exchange }: Pick<Facets, "exchange">,
): ExchangeHalf | undefined {
  if (exchange === undefined) return undefined;
  const client = agencyOfSide(exchange.client);
  const provider = agencyOfSide(exchange.service);
  if (client === undefined || provider === undefined || client === provider) return undefined;
  const side = exchange.side ?? sideOf(splitSource(source).agency, { client, provider });
  if (side === undefined) return undefined;
  return { side, pair: JSON.stringify([exchange.client, exchange.messageId, exchange.service]) };
}

function sideOf(
  agency: string,
  { client, provider }: Readonly<Record<ExchangeSide, string>>,
): ExchangeSide | undefined {
  if (agency === client) return "client";
  return agency === provider ? "provider" : undefined;
}

/** The agency that should have recorded the other half; undefined when it is none. */
export function otherAgency(
  side: ExchangeSide,
  { client, service }: Pick<Exchange, "client" | "service">,
): string | undefined {
  return agencyOfSide(side === "client" ? service : client);
}
