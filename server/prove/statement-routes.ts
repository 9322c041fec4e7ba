import { fromUtf8 } from "../../protocol/bytes.ts";
import { agencyOfSide } from "../../protocol/exchange.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import { type IndexKind, requireIndexId } from "../../protocol/index-keys.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { isSamePerson } from "../../protocol/subject.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import type { MakeStatement, StatementSubject } from "./statement.ts";
import type { TakeStatementSlot } from "./statement-slots.ts";
import { statementDocument, statementNdjson } from "./statement-text.ts";

export interface StatementRoutesOptions {
  readonly makeStatement: MakeStatement;
  readonly representation: Pick<Representation, "ownOf">;
  readonly takeSlot: TakeStatementSlot;
}

const MEMBERS = ["kind", "scheme", "id", "since"];
const NDJSON = "application/x-ndjson";
/** As many as a statement has lists at most. */
const MAX_COUNTS = 16;
/** Room for the longest id. */
const MAX_BODY_BYTES = 8 * 1024;

/** What is asked for, by parameters or in a body. */
interface Asked {
  readonly kind: string | undefined;
  readonly scheme: string | undefined;
  readonly id: string | undefined;
  readonly since: readonly number[];
}

/**
 * `GET /v1/statement`: a person's own list, that of a person they hold a mandate for, or for inspectors anybody's; for officers
 * those of their agency's officials. `POST` does the same with
 * a body, so that nobody's number stands in a URL.
 */
export function statementRoutes(options: StatementRoutesOptions): Route[] {
  const { makeStatement, representation, takeSlot } = options;
  return [
    {
      name: "getStatement",
      method: "get",
      path: "/v1/statement",
      handle: async (request, caller) => await answer(askedInQuery(request), request, caller),
    },
    {
      name: "postStatement",
      method: "post",
      path: "/v1/statement",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => await answer(askedInBody(request), request, caller),
    },
  ];

  async function answer(asked: Asked, { accept }: RouteRequest, caller: Caller): Promise<Answer> {
    const giveBack = takeSlot(caller);
    try {
      const subject = await subjectOf(asked, caller);
      const made = await makeStatement({ subject, caller, since: asked.since });
      const isLines = accept.split(",").some((type) => type.trim().startsWith(NDJSON));
      return isLines
        ? statement(NDJSON, "statement.ndjson", untilEnd(statementNdjson(made), giveBack))
        : statement("application/json", "statement.json", untilEnd(statementDocument(made), giveBack));
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async function subjectOf(asked: Asked, caller: Caller): Promise<StatementSubject> {
    const kind = kindOf(asked.kind ?? "person");
    if (kind !== "person") return thing(kind, asked, caller);
    const person = personOf(asked);
    if (caller.role !== "citizen" && caller.role !== "inspector")
      throw new LedgerError("forbidden", "A person's statement is for the person and for inspectors.");
    if (caller.role !== "citizen") {
      if (person === undefined) throw bad("Name the person: scheme and id.");
      return { kind, person };
    }
    if (person === undefined) return { kind, person: caller.subject };
    const own = await representation.ownOf(caller);
    const isOwn = own.some((other) => isSamePerson(other, person));
    if (isOwn) return { kind, person };
    throw new LedgerError(
      "no-mandate",
      "You hold no mandate for this person that is in force and covers everything. If one was recorded just now, ask again in a moment.",
    );
  }
}

/** The edge takes the first chunk of every answer, and ends what it does not take to the end. */
async function* untilEnd(chunks: AsyncIterable<string>, done: () => void): AsyncGenerator<string> {
  try {
    yield* chunks;
  } finally {
    done();
  }
}

/** Officials and consents are not looked up by citizens: what concerns a citizen stands in their own list. */
function thing(kind: Exclude<IndexKind, "person">, { scheme, id }: Asked, caller: Caller): StatementSubject {
  if (caller.role !== "inspector" && !(caller.role === "officer" && kind === "official"))
    throw new LedgerError("forbidden", `A statement of kind ${kind} is for inspectors.`);
  if (id === undefined || scheme !== undefined)
    throw bad(`A statement of kind ${kind} takes an id and no scheme.`);
  requireIndexId(kind, id);
  if (caller.role === "officer" && agencyOfOfficial(id) !== caller.agency)
    throw new LedgerError("forbidden", "An officer gets the lists of their own agency's officials.");
  return { kind, id };
}

/** The agency in an official's id (protocol/index-keys.ts): a code, or the path that its exchanges name it by. */
function agencyOfOfficial(id: string): string | undefined {
  const [agency = ""] = id.slice(id.indexOf(":") + 1).split("/", 1);
  return agencyOfSide(decodeURIComponent(agency));
}

function personOf({ scheme, id }: Asked): PersonId | undefined {
  if (scheme === undefined && id === undefined) return undefined;
  if (scheme === undefined || id === undefined) throw bad("A person is named by scheme and id together.");
  requireIndexId("person", `${scheme}:${id}`);
  return { scheme, id };
}

function kindOf(text: string): IndexKind {
  if (text === "person" || text === "official" || text === "consent") return text;
  throw bad("The kind must be person, official or consent.");
}

/** A count for each list, in their order. */
function countsOf(text: string | undefined): number[] {
  if (text === undefined) return [];
  const counts = text.split(",", MAX_COUNTS + 1).map((part) => parseDecimal(part));
  const known = counts.filter((count) => count !== undefined);
  if (known.length === counts.length && counts.length <= MAX_COUNTS) return known;
  throw bad(
    "The parameter since must be the event counts of the earlier statement's lists, such as 12 or 12,3.",
  );
}

/** A misspelt or repeated parameter would ask for something else than was meant. Its value may be personal and is not repeated. */
function askedInQuery({ query, queryNames }: RouteRequest): Asked {
  const isKnown = queryNames.every((name) => MEMBERS.includes(name));
  if (!isKnown || new Set(queryNames).size !== queryNames.length)
    throw bad(`The parameters are ${MEMBERS.join(", ")}, each at most once.`);
  const since = countsOf(query("since"));
  return { kind: query("kind"), scheme: query("scheme"), id: query("id"), since };
}

/** As strict as the parameters: there are none beside the body. @throws FormatError of a body that is not strict JSON. */
function askedInBody({ body, queryNames }: RouteRequest): Asked {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: 2 });
  if (
    !isJsonObject(value) ||
    queryNames.length > 0 ||
    !Object.keys(value).every((name) => MEMBERS.includes(name))
  )
    throw bad(`Send a JSON object with no members but ${MEMBERS.join(", ")}, and no parameters in the URL.`);
  const { kind, scheme, id, since = [] } = value;
  const isList = Array.isArray(since) && since.length <= MAX_COUNTS && since.every(isCount);
  if (!isText(kind) || !isText(scheme) || !isText(id) || !isList)
    throw bad(`kind, scheme and id are strings; since is a list of at most ${MAX_COUNTS} event counts.`);
  return { kind, scheme, id, since };
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function bad(message: string): LedgerError {
  return new LedgerError("bad-request", message);
}

function statement(type: string, file: string, chunks: AsyncIterable<string>): Answer {
  return {
    type,
    chunks,
    headers: { vary: "accept, authorization", "content-disposition": `attachment; filename="${file}"` },
  };
}
