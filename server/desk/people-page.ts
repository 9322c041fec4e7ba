import type { PersonId } from "../identity/caller.ts";
import type { RouteRequest } from "../route.ts";
import { bad } from "./body.ts";

/** A page of a list that several people's things make up, one person after the other. */
export interface PeoplePage<T> {
  readonly found: readonly T[];
  /** Where the next page begins: the place of a person among them, and where in that person's list. */
  readonly next?: string;
}

/** One person's list. `after`: the `next` of the page before. */
export type ListOfPerson<T> = (
  person: PersonId,
  page: { readonly limit: number; readonly after?: string },
) => Promise<{ readonly records: readonly T[]; readonly next?: string }>;

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** The page that the parameters `limit` and `after` ask for. @throws LedgerError `bad-request` */
export async function pageOfPeople<T>(
  request: Pick<RouteRequest, "query">,
  people: readonly PersonId[],
  listOf: ListOfPerson<T>,
): Promise<PeoplePage<T>> {
  const limit = limitIn(request);
  const found: T[] = [];
  let [at, after] = cursorIn(request.query("after"));
  for (; at < people.length; at++) {
    const person = people[at];
    if (person === undefined) break;
    if (found.length === limit) return { found, next: `${at}.` };
    const page = await listOf(person, {
      limit: limit - found.length,
      ...(after !== undefined && { after }),
    });
    after = undefined;
    found.push(...page.records);
    if (page.next !== undefined) return { found, next: `${at}.${page.next}` };
  }
  return { found };
}

function limitIn(request: Pick<RouteRequest, "query">): number {
  const text = request.query("limit") ?? String(DEFAULT_LIMIT);
  const limit = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : NaN;
  if (limit <= MAX_LIMIT) return limit;
  throw bad(`limit is a number from 1 to ${MAX_LIMIT}.`);
}

function cursorIn(text: string | undefined): [at: number, after: string | undefined] {
  if (text === undefined) return [0, undefined];
  const [, at = "", after = ""] = /^([0-9]{1,3})\.([A-Za-z0-9_-]{0,64})$/.exec(text) ?? [];
  if (at === "") throw bad("after is the next of the page before, as it was.");
  return [Number(at), after === "" ? undefined : after];
}
