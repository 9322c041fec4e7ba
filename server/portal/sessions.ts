import { hash, randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { SignedOn } from "../identity/caller.ts";

/** What shows a server, ours or another, who sends a request: the header `Authorization`, and a proof where the token is bound to a key. */
export interface Credentials {
  readonly authorization: string;
  readonly dpop?: string;
}

/** Makes the credentials for one request. @param request the method in capitals, and the URL without its query */
export type CredentialsFor = (request: {
  readonly method: string;
  readonly url: string;
}) => Promise<Credentials>;

/** Somebody signed on at a browser. Whatever shows who they are stays in this process's memory. */
export interface Session {
  readonly caller: SignedOn;
  readonly credentialsFor: CredentialsFor;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it ends whatever happens. */
  readonly ends: number;
  /** Fires when somebody ends it: signed off, or signed on anew. */
  readonly over: AbortSignal;
}

export interface SessionLimits {
  /** Of all people. The one used longest ago makes room. */
  readonly total: number;
  /** Of one person: their browsers and devices. */
  readonly perPerson: number;
}

/** With their tokens some two kilobytes each. */
const DEFAULT_LIMITS: SessionLimits = { total: 50_000, perPerson: 10 };

const ID_BYTES = 32;

export interface SessionsOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly limits?: SessionLimits;
}

export interface Sessions {
  /** Begins one under an id of its own, which is told once and never kept. */
  readonly begin: (of: Pick<Session, "caller" | "credentialsFor">) => {
    readonly id: string;
    readonly session: Session;
  };
  /** The session of the id while it lasts. @param isUsed whether it stays alive by this */
  readonly find: (id: string, isUsed: boolean) => Session | undefined;
  readonly end: (id: string) => void;
}

interface Entry extends Session {
  lastUsed: number;
  readonly controller: AbortController;
}

/**
 * The sessions of this process, in its memory: a restart ends them all. Found by the SHA-256 of their ids, so that neither the memory's content nor
 * the time that looking takes tells an id.
 */
export function openSessions({ clock, idleMs, maxMs, limits = DEFAULT_LIMITS }: SessionsOptions): Sessions {
  /** By the hash of the id, the one used longest ago first. */
  const entries = new Map<string, Entry>();

  const lasts = (entry: Entry, now: number): boolean =>
    now < entry.ends && now < entry.lastUsed + idleMs && !entry.over.aborted;

  function drop(key: string): void {
    entries.get(key)?.controller.abort();
    entries.delete(key);
  }

  function dropEnded(now: number): void {
    for (const [key, entry] of entries) {
      if (lasts(entry, now)) return;
      drop(key);
    }
  }

  /** Keeps the bounds before one more comes. */
  function makeRoom(person: string): void {
    const own = [...entries].filter(([, { caller }]) => personOf(caller) === person);
    for (const [key] of own.slice(0, Math.max(0, own.length + 1 - limits.perPerson))) drop(key);
    const [oldest] = entries.keys();
    if (entries.size >= limits.total && oldest !== undefined) drop(oldest);
  }

  return {
    begin: ({ caller, credentialsFor }) => {
      const now = clock.now();
      dropEnded(now);
      makeRoom(personOf(caller));
      const id = randomBytes(ID_BYTES).toString("base64url");
      const controller = new AbortController();
      const ends = Math.min(now + maxMs, caller.signOn.expires * 1000);
      const session: Entry = {
        ...{ caller, credentialsFor, since: now, ends, lastUsed: now },
        ...{ controller, over: controller.signal },
      };
      entries.set(keyOf(id), session);
      return { id, session };
    },
    find: (id, isUsed) => {
      const now = clock.now();
      dropEnded(now);
      const key = keyOf(id);
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (!lasts(entry, now)) {
        drop(key);
        return undefined;
      }
      if (isUsed) {
        entry.lastUsed = now;
        entries.delete(key);
        entries.set(key, entry);
      }
      return entry;
    },
    end: (id) => drop(keyOf(id)),
  };
}

function keyOf(id: string): string {
  return hash("sha256", id, "base64url");
}

function personOf({ signOn }: SignedOn): string {
  return `${signOn.issuer} ${signOn.subject}`;
}
