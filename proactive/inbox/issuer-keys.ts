import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { isJsonObject } from "../../protocol/json.ts";
import type { RecorderLog } from "../../recorder/index.ts";
import { jsonAnswer } from "../exchange/bounded-answer.ts";
import { InboxRefusal } from "./errors.ts";

export interface IssuerKeysOptions {
  /** The issuer's URL, exactly as it writes it. */
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Pick<RecorderLog, "warn">;
}

/** After this the issuer is asked again: a key that it took back is refused within this time. */
const FRESH_MS = 10 * 60_000;
/** An issuer that cannot be asked for longer than this may have taken any key back. */
const USABLE_MS = 60 * 60_000;
/** A token with an unknown key makes us ask at most this often, whoever sends such tokens. */
const UNKNOWN_KEY_COOLDOWN_MS = 30_000;
/** An issuer that did not answer is left alone for so long. */
const FAILURE_COOLDOWN_MS = 5_000;
const TIMEOUT_MS = 5_000;
const MAX_DOCUMENT_BYTES = 512 * 1024;

interface FetchedKeys {
  readonly keyOf: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/**
 * The keys of an issuer, found by OpenID Connect Discovery when the first token comes, and asked for again when they are old or a token names an unknown
 * one. While the issuer cannot be asked, keys fetched within the hour are used; without them InboxRefusal `sign-on-unavailable`, which is no word about
 * the token. (The ledger's rules; agencies share no code with it.)
 */
export function issuerKeys({ issuer, now, logger }: IssuerKeysOptions): JWTVerifyGetKey {
  let keys: FetchedKeys | undefined;
  let failedAt = -Infinity;
  let fetching: Promise<FetchedKeys> | undefined;

  const ageMs = (): number => (keys === undefined ? Infinity : now() - keys.fetchedAt);

  /** One fetch at a time, for everybody who waits. */
  async function fetched(): Promise<FetchedKeys> {
    if (now() - failedAt < FAILURE_COOLDOWN_MS) throw unavailable();
    fetching ??= fetchNow().finally(() => (fetching = undefined));
    return await fetching;
  }

  async function fetchNow(): Promise<FetchedKeys> {
    try {
      return (keys = { keyOf: await fetchKeys(issuer), fetchedAt: now() });
    } catch (error) {
      failedAt = now();
      const reason = error instanceof Error ? error.message : "unknown";
      logger.warn({ issuer, reason }, "the keys of the sign-on service cannot be had");
      throw unavailable();
    }
  }

  async function usable(): Promise<FetchedKeys> {
    if (keys !== undefined && ageMs() < FRESH_MS) return keys;
    try {
      return await fetched();
    } catch (error) {
      if (keys !== undefined && ageMs() < USABLE_MS) return keys;
      throw error;
    }
  }

  return async (header, token) => {
    const known = await usable();
    try {
      return await known.keyOf(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || ageMs() < UNKNOWN_KEY_COOLDOWN_MS) throw error;
    }
    return await (await fetched()).keyOf(header, token);
  };
}

async function fetchKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const about = await fetchObject(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  // OpenID Connect Discovery 1.0 section 4.3: else another issuer's keys would be taken for this one's.
  if (about["issuer"] !== issuer) throw new Error("the sign-on service calls itself another issuer");
  const location = about["jwks_uri"];
  if (typeof location !== "string" || !isAsSafeAs(location, issuer))
    throw new Error("the sign-on service names no jwks_uri that could be trusted");
  const { keys } = await fetchObject(location);
  if (!Array.isArray(keys)) throw new Error("the sign-on service's jwks_uri holds no keys");
  return createLocalJWKSet({ keys: keys.filter(isJsonObject) });
}

function isAsSafeAs(location: string, issuer: string): boolean {
  const protocol = URL.canParse(location) ? new URL(location).protocol : undefined;
  return protocol === "https:" || protocol === new URL(issuer).protocol;
}

async function fetchObject(url: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const value = await jsonAnswer(response, MAX_DOCUMENT_BYTES);
  if (response.status !== 200) throw new Error(`the sign-on service answers ${response.status}`);
  if (!isJsonObject(value)) throw new Error("the sign-on service answers no object");
  return value;
}

function unavailable(): InboxRefusal {
  return new InboxRefusal(
    "sign-on-unavailable",
    "The sign-on service cannot be asked for its keys, so no token can be checked. Send the same again later.",
  );
}
