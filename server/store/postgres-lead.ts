import { randomUUID } from "node:crypto";
import { LeadLost } from "../errors.ts";
import { numberIn, type Session, type Sessions } from "./postgres-session.ts";

/** After so many seconds without a sign of life of the leader another server may lead. */
const LEAD_SECONDS = 6;
/** Between two renewals; three in a row may fail. */
const RENEW_MS = 1_500;
/** A lease is renewed over another connection rather than waited for. */
const ANSWER_MS = 2_000;
/** Of a leader that died just after it renewed its lease: until that ends, another one asks for it, and has its answer. */
export const TAKEOVER_MS = LEAD_SECONDS * 1000 + RENEW_MS + ANSWER_MS;
/** The leader stops so long before its lease ends: a question on its way to the database takes time. */
const MARGIN_MS = 1_000;

/** One server's part in who leads. Times are the database's: servers' clocks may differ. */
export interface Lead {
  /** Seeks it from now on, until `close`; resolves when it was sought once. */
  readonly campaign: () => Promise<void>;
  readonly leads: () => boolean;
  /** In a transaction: holds the lead until its end. @throws LeadLost when another server has it */
  readonly require: (session: Session) => Promise<void>;
  /** Gives the lead up, so that nobody waits for it. */
  readonly close: () => Promise<void>;
}

export function postgresLead(sessions: Sessions): Lead {
  const holder = randomUUID();
  /** The number of the lease that we have or had last. */
  let lease: number | undefined;
  /** Until when, by `performance.now()`, which goes on while a process is paused. */
  let until = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let seeking: Promise<void> = Promise.resolve();

  async function seek(): Promise<void> {
    const asked = performance.now();
    try {
      // A lease that ends too late was given before the database's clock was set back.
      const [row] = await sessions.rows(
        `UPDATE lead SET until = now() + $2 * interval '1 second', holder = $1,
             lease = CASE WHEN holder = $1 THEN lease ELSE lease + 1 END
           WHERE holder = $1 OR until < now() OR until > now() + 2 * $2 * interval '1 second' RETURNING lease`,
        [holder, LEAD_SECONDS],
        ANSWER_MS,
      );
      if (row === undefined) until = -Infinity;
      else [lease, until] = [numberIn(row, "lease"), asked + LEAD_SECONDS * 1000];
    } catch {
      // The lease goes on until it ends; whoever writes meanwhile hears what is wrong with the database.
    }
    if (!closed) timer = setTimeout(next, RENEW_MS).unref();
  }

  function next(): void {
    seeking = seek();
  }

  return {
    campaign: async () => {
      if (timer === undefined && !closed) next();
      await seeking;
    },
    leads: () => !closed && performance.now() < until - MARGIN_MS,
    require: async (session) => {
      const [row] = await session.rows("SELECT 1 FROM lead WHERE holder = $1 AND lease = $2 FOR SHARE", [
        holder,
        lease ?? 0,
      ]);
      if (row === undefined) throw new LeadLost();
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await seeking;
      // If the database is away, the lease ends by itself.
      await sessions
        .rows("UPDATE lead SET until = '-infinity' WHERE holder = $1", [holder], ANSWER_MS)
        .catch(() => undefined);
    },
  };
}
