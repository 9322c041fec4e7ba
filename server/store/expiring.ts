import type { Bytes } from "../../protocol/bytes.ts";
import type { Clock } from "../clock.ts";

/** Something to keep for a while. */
export interface ExpiringEntry {
  readonly kind: "session" | "proof";
  /** By which it is found among those of its kind. */
  readonly name: string;
  readonly owner: string;
  readonly value: Bytes;
  /** When it ends, in milliseconds since 1970. */
  readonly until: number;
}

type Named = Pick<ExpiringEntry, "kind" | "name">;

/**
 * Things that end by themselves, kept for all servers of a log: sessions of the portal, proofs that were used. Not part of the records: a crash of what keeps
 * them may end them all. What has ended is as if it was not there. How many there are, whoever adds them bounds.
 */
export interface Expiring {
  /** Keeps it, unless one of this name is kept already. Of several who ask at once, one is told that it was kept. */
  readonly add: (entry: ExpiringEntry) => Promise<boolean>;
  readonly get: (of: Named) => Promise<Pick<ExpiringEntry, "value" | "until"> | undefined>;
  /** Moves the end of one that is kept. */
  readonly extend: (of: Named, until: number) => Promise<void>;
  readonly remove: (of: Named) => Promise<void>;
  /** Removes those of a kind, or of one owner among them, that end first: all but so many. */
  readonly keepNewest: (
    of: Pick<ExpiringEntry, "kind"> & { readonly owner?: string },
    count: number,
  ) => Promise<void>;
}

/** Between two looks for what has ended. */
export const SWEEP_MS = 30_000;

/** For one process alone, in its memory. */
export function expiringInMemory(clock: Clock): Expiring {
  const entries = new Map<string, ExpiringEntry>();
  let sweptAt = -Infinity;

  /** What ended is as gone at once, and taken out from time to time. */
  function sweep(): void {
    const now = clock.now();
    if (Math.abs(now - sweptAt) < SWEEP_MS) return;
    sweptAt = now;
    for (const [name, { until }] of entries) if (until <= now) entries.delete(name);
  }

  function live({ kind, name }: Named): ExpiringEntry | undefined {
    const entry = entries.get(`${kind} ${name}`);
    return entry !== undefined && entry.until > clock.now() ? entry : undefined;
  }

  return {
    add: (entry) => {
      sweep();
      const isNew = live(entry) === undefined;
      if (isNew) entries.set(`${entry.kind} ${entry.name}`, entry);
      return Promise.resolve(isNew);
    },
    get: (of) => Promise.resolve(live(of)),
    extend: (of, until) => {
      const entry = live(of);
      if (entry !== undefined) entries.set(`${of.kind} ${of.name}`, { ...entry, until });
      return Promise.resolve();
    },
    remove: ({ kind, name }) => {
      entries.delete(`${kind} ${name}`);
      return Promise.resolve();
    },
    keepNewest: ({ kind, owner }, count) => {
      const own = [...entries].filter(
        ([, entry]) => entry.kind === kind && (owner === undefined || entry.owner === owner),
      );
      for (const [key] of own.sort(([, a], [, b]) => b.until - a.until).slice(count)) entries.delete(key);
      return Promise.resolve();
    },
  };
}
