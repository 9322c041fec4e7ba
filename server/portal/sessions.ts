import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from "node:crypto";
import type { JWK } from "jose";
import type { Clock } from "../clock.ts";
import type { SignedOn } from "../identity/caller.ts";
import type { Expiring } from "../store/expiring.ts";

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

/** What the sign-on service gave for a session: the token, and the private key that it is bound to. */
export interface Grant {
  readonly token: string;
  readonly key?: JWK;
}

/** Somebody signed on at a browser. Whatever shows who they are stays with the servers. */
export interface Session {
  readonly caller: SignedOn;
  readonly credentialsFor: CredentialsFor;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When it ends whatever happens. */
  readonly ends: number;
  /** When it ends if nobody uses it any more; `ends` at the latest. */
  readonly idleEnds: number;
  /** For whoever does something for it that takes long. */
  readonly watch: () => SessionWatch;
}

export interface SessionWatch {
  /** Fires when somebody ended it, signed off or signed on anew: at once where that was at this server, within some seconds where it was at another. */
  readonly over: AbortSignal;
  readonly release: () => void;
}

export interface SessionLimits {
  /** Of all people, about. The one that ends first makes room. */
  readonly total: number;
  /** Of one person: their browsers and devices. */
  readonly perPerson: number;
}

/** With their tokens some two kilobytes each. */
const DEFAULT_LIMITS: SessionLimits = { total: 50_000, perPerson: 10 };

const ID_BYTES = 32;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_INFO = "minhbach/portal/session/v1";
/** A use moves the end by so much at least: not every one of a busy page is written down. */
const MOVED_MS = 1_000;
const DEFAULT_WATCH_MS = 5_000;

export interface SessionsOptions {
  /** Where they are kept: with one server in its memory, with several where all find them. */
  readonly kept: Expiring;
  readonly credentialsOf: (grant: Grant) => CredentialsFor;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly limits?: SessionLimits;
  /** Between two looks whether a session that is watched has ended at another server. */
  readonly watchMs?: number;
}

export interface Sessions {
  /** Begins one under an id of its own, which is told once and never kept. */
  readonly begin: (of: { readonly caller: SignedOn; readonly grant: Grant }) => Promise<{
    readonly id: string;
    readonly session: Session;
  }>;
  /** The session of the id while it lasts. @param isUsed whether it stays alive by this */
  readonly find: (id: string, isUsed: boolean) => Promise<Session | undefined>;
  readonly end: (id: string) => Promise<void>;
}

/** What is kept of one, sealed. */
interface Kept {
  readonly caller: SignedOn;
  readonly grant: Grant;
  readonly since: number;
  readonly ends: number;
}

interface Watched {
  readonly controller: AbortController;
  users: number;
}

/**
 * The portal's sessions. They are found by the SHA-256 of their ids and sealed under a key that is made of the id, which the browser alone has: neither where
 * they are kept nor the time that looking takes tells an id, a token or who is signed on.
 */
export function openSessions(options: SessionsOptions): Sessions {
  const { kept, credentialsOf, clock, idleMs, maxMs, limits = DEFAULT_LIMITS } = options;
  const { watchMs = DEFAULT_WATCH_MS } = options;
  const watched = new Map<string, Watched>();
  let begun = 0;
  let looking: NodeJS.Timeout | undefined;

  const named = (name: string) => ({ kind: "session", name }) as const;

  async function makeRoom(owner: string): Promise<void> {
    await kept.keepNewest({ kind: "session", owner }, limits.perPerson - 1);
    // To count them all costs something: every so often is enough.
    if (begun++ % Math.ceil(limits.total / 100) === 0)
      await kept.keepNewest({ kind: "session" }, limits.total - 1);
  }

  function sessionOf(name: string, { caller, grant, since, ends }: Kept, idleEnds: number): Session {
    return {
      ...{ caller, since, ends, idleEnds },
      credentialsFor: credentialsOf(grant),
      watch: () => watch(name),
    };
  }

  function watch(name: string): SessionWatch {
    const found = watched.get(name) ?? { controller: new AbortController(), users: 0 };
    found.users++;
    watched.set(name, found);
    looking ??= setInterval(look, watchMs).unref();
    let isReleased = false;
    return {
      over: found.controller.signal,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        if (--found.users === 0 && watched.get(name) === found) watched.delete(name);
        stopLooking();
      },
    };
  }

  function stopLooking(): void {
    if (watched.size > 0) return;
    clearInterval(looking);
    looking = undefined;
  }

  function look(): void {
    for (const name of watched.keys())
      // Where they are kept may be away for a moment: nobody has signed off by that.
      kept.get(named(name)).then(
        (found) => found ?? isOver(name),
        () => undefined,
      );
  }

  function isOver(name: string): void {
    watched.get(name)?.controller.abort();
    watched.delete(name);
    stopLooking();
  }

  return {
    begin: async ({ caller, grant }) => {
      const now = clock.now();
      const id = randomBytes(ID_BYTES).toString("base64url");
      const name = nameOf(id);
      const owner = personOf(caller);
      const of: Kept = {
        ...{ caller, grant, since: now, ends: Math.min(now + maxMs, caller.signOn.expires * 1000) },
      };
      await makeRoom(owner);
      const until = Math.min(of.ends, now + idleMs);
      await kept.add({ ...named(name), owner, value: seal(id, of), until });
      // Those that had to make room for it.
      look();
      return { id, session: sessionOf(name, of, until) };
    },
    find: async (id, isUsed) => {
      const name = nameOf(id);
      const found = await kept.get(named(name));
      const of = found && unseal(id, found.value);
      if (found === undefined || of === undefined) return undefined;
      const until = Math.min(of.ends, clock.now() + idleMs);
      const isMoved = isUsed && until - found.until >= MOVED_MS;
      if (isMoved) await kept.extend(named(name), until);
      return sessionOf(name, of, isMoved ? until : found.until);
    },
    end: async (id) => {
      const name = nameOf(id);
      await kept.remove(named(name));
      isOver(name);
    },
  };
}

function nameOf(id: string): string {
  return hash("sha256", id, "base64url");
}

function personOf({ signOn }: SignedOn): string {
  return `${signOn.issuer} ${signOn.subject}`;
}

function keyOf(id: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", id, "", KEY_INFO, KEY_BYTES));
}

/** Nonce, ciphertext, tag. */
function seal(id: string, of: Kept): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", keyOf(id), nonce);
  return Buffer.concat([
    nonce,
    cipher.update(JSON.stringify(of), "utf8"),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Undefined for what is not as it was sealed, by whoever changed it. */
function unseal(id: string, value: Uint8Array): Kept | undefined {
  const bytes = Buffer.from(value);
  const decipher = createDecipheriv("aes-256-gcm", keyOf(id), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  try {
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    // Only we can have sealed it.
    return JSON.parse(text.toString("utf8")) as Kept;
  } catch {
    return undefined;
  }
}
