import type { Request } from "express";
import { InboxRefusal } from "./errors.ts";

/** A route's whole-number parameters in the query, each at most once and no others. @throws InboxRefusal `bad-request` */
export function numbersIn<N extends string>(
  request: Pick<Request, "query">,
  limits: Readonly<Record<N, { readonly min: number; readonly max: number }>>,
): { readonly [name in N]?: number } {
  const query: unknown = request.query;
  const found: { [name in N]?: number } = {};
  if (!(query instanceof URLSearchParams)) return found;
  for (const [name, text] of query) {
    const limit = Object.hasOwn(limits, name) ? limits[name as N] : undefined;
    const number = wholeNumberIn(text);
    if (limit === undefined || query.getAll(name).length > 1)
      throw badRequest(`This address takes ${Object.keys(limits).join(", ")}, each once.`);
    if (number === undefined || number < limit.min || number > limit.max)
      throw badRequest(`${name} is a whole number from ${limit.min} to ${limit.max}.`);
    found[name as N] = number;
  }
  return found;
}

/** The number that a text writes in the one way there is; undefined for anything else. */
export function wholeNumberIn(text: unknown): number | undefined {
  return typeof text === "string" && /^(0|[1-9][0-9]{0,11})$/.test(text) ? Number(text) : undefined;
}

export function badRequest(message: string): InboxRefusal {
  return new InboxRefusal("bad-request", message);
}
