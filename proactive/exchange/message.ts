import { isAgencyCode } from "../../protocol/source.ts";
import { isCanonicalSubjectId, isSubjectScheme, type SubjectScheme } from "../../protocol/subject.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";

/** A person, by a number in its canonical spelling. */
export interface PersonNumber {
  readonly scheme: SubjectScheme;
  readonly id: string;
}

/** What goes with a request from one agency to another: the members of an X-Road message, and what the ledger needs beside them. */
export interface ExchangeMessage {
  /** Who asks: `<agency>/<system>`, or an X-Road path. */
  readonly client: string;
  /** Names the exchange; the same in both agencies' records. */
  readonly messageId: string;
  /** The official, where one acts. */
  readonly userId?: string;
  /** The case. */
  readonly issue?: string;
  /** Code of the procedure in the catalogue. */
  readonly procedure: string;
  /** The ledger's signed decision. */
  readonly decision?: string;
}

/** Lowercase names of the headers; those of X-Road are of its message protocol for REST, version 1. */
const HEADERS = {
  client: "x-road-client",
  messageId: "x-road-id",
  userId: "x-road-userid",
  issue: "x-road-issue",
  procedure: "minhbach-procedure",
  decision: "minhbach-decision",
} as const satisfies Record<keyof ExchangeMessage, string>;

const MAX_LENGTHS: Readonly<Record<keyof ExchangeMessage, number>> = {
  ...{ client: 256, messageId: 256, userId: 128, issue: 128, procedure: 64, decision: 4096 },
};

/** The headers of a message; whatever is not ASCII is percent-encoded, as X-Road does it. */
export function headersOf(message: ExchangeMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(HEADERS).flatMap(([member, header]) => {
      const value = memberOf(message, member);
      return value === undefined ? [] : [[header, encodeURI(value)]];
    }),
  );
}

function memberOf(message: ExchangeMessage, member: string): string | undefined {
  const value: unknown = Object.entries(message).find(([name]) => name === member)?.[1];
  return typeof value === "string" ? value : undefined;
}

/** The message in a request's headers, or the name of the header that is missing or cannot be used. */
export function messageIn(
  headerOf: (name: string) => string | undefined,
): { readonly message: ExchangeMessage } | { readonly fault: string } {
  const values: Partial<Record<keyof ExchangeMessage, string>> = {};
  for (const member of ["client", "messageId", "userId", "issue", "procedure", "decision"] as const) {
    const text = headerOf(HEADERS[member]);
    const value = text === undefined ? undefined : decoded(text);
    const isUsable = value !== undefined && value !== "" && value.length <= MAX_LENGTHS[member];
    if (text !== undefined && !isUsable) return { fault: HEADERS[member] };
    if (isUsable) values[member] = value;
  }
  const { client, messageId, procedure } = values;
  if (client === undefined || agencyOfSide(client) === undefined) return { fault: HEADERS.client };
  if (messageId === undefined) return { fault: HEADERS.messageId };
  if (procedure === undefined) return { fault: HEADERS.procedure };
  return { message: { ...values, client, messageId, procedure } };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURI(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** The code of the agency that asks. @throws RangeError when the client names none */
export function askingAgency({ client }: Pick<ExchangeMessage, "client">): string {
  const agency = agencyOfSide(client);
  if (agency === undefined || !isAgencyCode(agency)) throw new RangeError("the client names no agency");
  return agency;
}

/** The person in `{"scheme": ..., "id": ...}`; undefined when it is none. */
export function personIn(value: unknown): PersonNumber | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id } = value;
  if (!isSubjectScheme(scheme) || typeof id !== "string" || !isCanonicalSubjectId(scheme, id))
    return undefined;
  return { scheme, id };
}

/** The person who has this number: a citizen's, or that of a newborn's notice. Undefined when it is neither. */
export function personNumbered(id: string): PersonNumber | undefined {
  const scheme = (["vn-cccd", "vn-newborn"] as const).find((each) => isCanonicalSubjectId(each, id));
  return scheme && { scheme, id };
}
