import { hash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { type Expiring, SWEEP_MS } from "./expiring.ts";
import { bytesIn, numberIn, type Queries } from "./postgres-session.ts";

/** What ended is taken out so much later: servers' clocks differ a little. */
const SKEW_MS = 60_000;
const SWEEP_ROWS = 10_000;
/** More than can be added between two sweeps. */
const SWEEP_PARTS = 50;

/**
 * See `Expiring`: for all servers of a log. Names and owners are kept as SHA-256, so that the table tells nobody's; what is in the values, whoever adds them
 * seals.
 */
export function postgresExpiring({ rows }: Queries, clock: Clock): Expiring {
  let sweptAt = -Infinity;

  /** Each server does it, a part at a time and not waiting for another one that does. */
  async function sweep(): Promise<void> {
    const now = clock.now();
    if (Math.abs(now - sweptAt) < SWEEP_MS) return;
    sweptAt = now;
    for (let part = 0; part < SWEEP_PARTS; part++) {
      const gone = await rows(
        `DELETE FROM expiring WHERE name IN (
           SELECT name FROM expiring WHERE until <= $1 ORDER BY until LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED) RETURNING 1`,
        [now - SKEW_MS],
      );
      if (gone.length < SWEEP_ROWS) break;
    }
  }

  return {
    add: async ({ kind, name, owner, value, until }) => {
      await sweep();
      const kept = await rows(
        `INSERT INTO expiring (name, kind, owner, value, until) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE
           SET owner = excluded.owner, value = excluded.value, until = excluded.until WHERE expiring.until <= $6 RETURNING 1`,
        [hashed(kind, name), kind, hashed(kind, owner), value, until, clock.now()],
      );
      return kept.length > 0;
    },
    get: async ({ kind, name }) => {
      const [row] = await rows("SELECT value, until FROM expiring WHERE name = $1 AND until > $2", [
        ...[hashed(kind, name), clock.now()],
      ]);
      return row && { value: new Uint8Array(bytesIn(row, "value")), until: numberIn(row, "until") };
    },
    extend: async ({ kind, name }, until) => {
      await rows("UPDATE expiring SET until = $2 WHERE name = $1 AND until > $3", [
        ...[hashed(kind, name), until, clock.now()],
      ]);
    },
    remove: async ({ kind, name }) => {
      await rows("DELETE FROM expiring WHERE name = $1", [hashed(kind, name)]);
    },
    keepNewest: async ({ kind, owner }, count) => {
      const [whose, value] = owner === undefined ? ["kind", kind] : ["owner", hashed(kind, owner)];
      await rows(
        `DELETE FROM expiring WHERE name IN (SELECT name FROM expiring WHERE ${whose} = $1 ORDER BY until DESC OFFSET $2)`,
        [value, count],
      );
    },
  };
}

function hashed(kind: string, text: string): Buffer {
  return hash("sha256", `${kind} ${text}`, "buffer");
}
