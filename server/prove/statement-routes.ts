import { parseDecimal } from "../../protocol/checkpoint.ts";
import { type IndexKind, requireIndexId } from "../../protocol/index-keys.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import type { MakeStatement, StatementSubject } from "./statement.ts";
import { statementDocument, statementNdjson } from "./statement-text.ts";

export interface StatementRoutesOptions {
  readonly makeStatement: MakeStatement;
  readonly representation: Pick<Representation, "ownOf">;
}

const PARAMETERS = ["kind", "scheme", "id", "since"];
const NDJSON = "application/x-ndjson";
/** As many as a statement has lists at most. */
const MAX_COUNTS = 16;

/** `GET /v1/statement`: a person's own list, that of a person they hold a mandate for, or for inspectors anybody's. */
export function statementRoutes({ makeStatement, representation }: StatementRoutesOptions): Route[] {
  return [
    {
      name: "getStatement",
      method: "get",
      path: "/v1/statement",
      handle: async (request, caller) => {
        refuseOtherParameters(request.queryNames);
        const since = countsOf(request.query("since"));
        const subject = await subjectOf(request, caller);
        const made = await makeStatement({ subject, caller, since });
        const isLines = request.accept.split(",").some((type) => type.trim().startsWith(NDJSON));
        return isLines
          ? statement(NDJSON, "statement.ndjson", statementNdjson(made))
          : statement("application/json", "statement.json", statementDocument(made));
      },
    },
  ];

  async function subjectOf(request: RouteRequest, caller: Caller): Promise<StatementSubject> {
    const kind = kindOf(request.query("kind") ?? "person");
    if (kind !== "person") return thing(kind, request, caller);
    const asked = personOf(request);
    if (caller.role !== "citizen") {
      if (asked === undefined) throw bad("Name the person: scheme and id.");
      return { kind, person: asked };
    }
    if (asked === undefined) return { kind, person: caller.subject };
    const own = await representation.ownOf(caller);
    const isOwn = own.some(({ scheme, id }) => scheme === asked.scheme && id === asked.id);
    if (isOwn) return { kind, person: asked };
    throw new LedgerError(
      "no-mandate",
      "You hold no mandate for this person that is in force and covers everything. If one was recorded just now, ask again in a moment.",
    );
  }
}

/** Officials and consents are not looked up by citizens: what concerns a citizen stands in their own list. */
function thing(kind: Exclude<IndexKind, "person">, request: RouteRequest, caller: Caller): StatementSubject {
  if (caller.role !== "inspector")
    throw new LedgerError("forbidden", `A statement of kind ${kind} is for inspectors.`);
  const id = request.query("id");
  if (id === undefined || request.query("scheme") !== undefined)
    throw bad(`A statement of kind ${kind} takes an id and no scheme.`);
  return { kind, id: requireIndexId(kind, id) };
}

function personOf(request: RouteRequest): PersonId | undefined {
  const [scheme, id] = [request.query("scheme"), request.query("id")];
  if (scheme === undefined && id === undefined) return undefined;
  if (scheme === undefined || id === undefined) throw bad("A person is named by scheme and id together.");
  requireIndexId("person", `${scheme}:${id}`);
  return { scheme, id };
}

function kindOf(text: string): IndexKind {
  if (text === "person" || text === "official" || text === "consent") return text;
  throw bad("The parameter kind must be person, official or consent.");
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
function refuseOtherParameters(names: readonly string[]): void {
  const isKnown = names.every((name) => PARAMETERS.includes(name));
  if (isKnown && new Set(names).size === names.length) return;
  throw bad(`The parameters are ${PARAMETERS.join(", ")}, each at most once.`);
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
