import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from "jose";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";

/** Gives the public key that a token says it is signed by, or throws one of jose's errors or a LedgerError. */
export type IssuerKeys = JWTVerifyGetKey;

export interface RemoteKeysOptions {
  /** The issuer's URL, exactly as it writes it. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly log: Logger;
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
/** A hundred keys with their certificates. */
const MAX_DOCUMENT_BYTES = 512 * 1024;

interface FetchedKeys {
  readonly keyOf: JWTVerifyGetKey;
  readonly fetchedAt: number;
}

/**
 * The keys of an issuer, found by OpenID Connect Discovery (the issuer's `/.well-known/openid-configuration` names its `jwks_uri`) when the first token
 * comes, and asked for again when they are old or a token names an unknown one.
 * While the issuer cannot be asked, keys that were fetched within the hour are used; without them, LedgerError `sign-on-unavailable`: that is no word
 * about the token.
 */
export function remoteKeys({ issuer, clock, log }: RemoteKeysOptions): IssuerKeys {
  let keys: FetchedKeys | undefined;
  let failedAt = -Infinity;
  let fetching: Promise<FetchedKeys> | undefined;

  const ageMs = (): number => (keys === undefined ? Infinity : clock.now() - keys.fetchedAt);

  /** One fetch at a time, for everybody who waits. @throws LedgerError `sign-on-unavailable`. */
  async function fetched(): Promise<FetchedKeys> {
    if (clock.now() - failedAt < FAILURE_COOLDOWN_MS) throw unavailable();
    fetching ??= fetchNow().finally(() => (fetching = undefined));
    return await fetching;
  }

  async function fetchNow(): Promise<FetchedKeys> {
    try {
      keys = { keyOf: createLocalJWKSet(await fetchKeys(issuer)), fetchedAt: clock.now() };
      return keys;
    } catch (error) {
      failedAt = clock.now();
      log.warn({ err: error, issuer }, "the keys of the sign-on service cannot be had");
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

async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const about = await fetchObject(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  // OpenID Connect Discovery 1.0 section 4.3: else another issuer's keys would be taken for this one's.
  if (about["issuer"] !== issuer) throw new Error("the sign-on service calls itself another issuer");
  const location = about["jwks_uri"];
  if (typeof location !== "string" || !isAsSafeAs(location, issuer))
    throw new Error("the sign-on service names no jwks_uri that could be trusted");
  const keys: unknown = (await fetchObject(location))["keys"];
  if (!Array.isArray(keys)) throw new Error("the sign-on service's jwks_uri holds no keys");
  return { keys: keys.filter((key: unknown): key is JWK => typeof key === "object" && key !== null) };
}

function isAsSafeAs(location: string, issuer: string): boolean {
  const protocol = URL.canParse(location) ? new URL(location).protocol : undefined;
  return protocol === "https:" || protocol === new URL(issuer).protocol;
}

async function fetchObject(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = await boundedText(response);
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
  const value: unknown = JSON.parse(body);
  if (typeof value !== "object" || value === null) throw new Error(`${url} holds no object`);
  return Object.fromEntries(Object.entries(value));
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_DOCUMENT_BYTES)
      throw new Error(`the sign-on service sends more than ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unavailable(): LedgerError {
  return new LedgerError(
    "sign-on-unavailable",
    "The sign-on service cannot be asked for its keys, so no token can be checked. Send the same again later.",
  );
}
