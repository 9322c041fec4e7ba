import { LedgerError } from "../errors.ts";
import type { HeaderOf } from "../route.ts";
import type { Cookie } from "./cookies.ts";
import { ownPage } from "./own-page.ts";
import type { Session, Sessions } from "./sessions.ts";

/** A page of ours with somebody signed on. */
export interface Visit {
  /** The session's id. */
  readonly id: string;
  readonly session: Session;
}

/**
 * Finds the session of whoever sends a request: undefined for a request that is none of our pages', and for one of a browser without a session.
 * @throws LedgerError `session-ended` when its session is over; `cross-origin`, `bad-request` (own-page.ts).
 */
export type FindVisit = (header: HeaderOf) => Promise<Visit | undefined>;

export function visitFinder(parts: {
  readonly sessions: Pick<Sessions, "find">;
  readonly cookie: Pick<Cookie, "read">;
  /** The portal's own origin. */
  readonly origin: () => string;
}): FindVisit {
  return async (header) => {
    const occasion = ownPage(header, parts.origin());
    if (occasion === undefined) return undefined;
    const id = parts.cookie.read(header);
    if (id === undefined) return undefined;
    const session = await parts.sessions.find(id, occasion === "act");
    if (session === undefined) throw sessionEnded();
    return { id, session };
  };
}

export function sessionEnded(): LedgerError {
  return new LedgerError("session-ended", "The session is over. Sign on again at /portal/sign-on.");
}
