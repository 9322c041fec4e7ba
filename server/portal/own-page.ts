import { LedgerError } from "../errors.ts";
import type { HeaderOf } from "../route.ts";

/** Pages of other origins can send it only after asking, and are told no (server/edge.ts, preflight). */
export const PAGE_HEADER = "x-minhbach-portal";

/** Why a page of ours asks: a person did something, or the page looks by itself. */
export type Occasion = "act" | "background";

const OCCASIONS: Readonly<Record<string, Occasion>> = { "1": "act", background: "background" };

/**
 * Why one of our own pages sends this; undefined when no page of ours says that it does, so that whatever cookies the browser added count for nothing.
 * @param origin the portal's own
 * @throws LedgerError `cross-origin` when the browser says that another origin's page sends it; `bad-request` for an unknown occasion.
 */
export function ownPage(header: HeaderOf, origin: string): Occasion | undefined {
  const said = header(PAGE_HEADER);
  if (said === undefined) return undefined;
  const site = header("sec-fetch-site") ?? "same-origin";
  const from = header("origin") ?? origin;
  if (site !== "same-origin" || from !== origin)
    throw new LedgerError(
      "cross-origin",
      `The portal's session is for its own pages, which are at ${origin}. If this is one of them, PUBLIC_URL is wrong.`,
    );
  const occasion = Object.hasOwn(OCCASIONS, said) ? OCCASIONS[said] : undefined;
  if (occasion !== undefined) return occasion;
  throw new LedgerError(
    "bad-request",
    `The header ${PAGE_HEADER} is 1, or background for what nobody asked for.`,
  );
}
