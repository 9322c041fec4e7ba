import { hash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify, type JWTVerifyResult } from "jose";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Expiring } from "../store/expiring.ts";

/** What a proof is held against. */
export interface ProvenRequest {
  /** The request's method in capitals, and its URL as its sender wrote it, without the query. */
  readonly method: string;
  readonly url: string;
  /** SHA-256 of the access token, base64url. */
  readonly tokenDigest: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly boundTo: string;
}

/** Checks the `DPoP` header of a request. @throws LedgerError `wrong-dpop-proof`; `overloaded` when too many proofs came in a minute. */
export type CheckProof = (proof: string | undefined, request: ProvenRequest) => Promise<void>;

/** Kinds of signatures by which a proof may be made; said in `WWW-Authenticate`. */
export const DPOP_ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"];

/** A proof is made for one request, right before it. */
const MAX_AGE_SECONDS = 60;
/** How far the sender's clock may be ahead. */
const SKEW_SECONDS = 10;
/** As long as a proof of a clock that is ahead is taken; times are compared in whole seconds. */
const REMEMBERED_MS = (MAX_AGE_SECONDS + 2 * SKEW_SECONDS + 1) * 1000;
const MAX_ID = 256;
const MAX_PROOF = 4096;
const NOTHING = new Uint8Array();

export interface ReplayLimits {
  /** Proofs remembered at once, by all keys and by one: a key that fills its share keeps nobody else out. */
  readonly total: number;
  readonly perKey: number;
}

/** Some thousand requests a second, in a few dozen megabytes. */
const DEFAULT_LIMITS: ReplayLimits = { total: 300_000, perKey: 100_000 };

export interface ProofMemory {
  readonly limits?: ReplayLimits;
  /** Where the servers of a log remember together; each keeps to its own limits. */
  readonly among?: Pick<Expiring, "add"> | undefined;
}

/**
 * Checks proofs of possession (RFC 9449 section 4.3). Each is good for one request: its id is remembered, in this process and among the servers of the log,
 * for as long as it would be taken. Rather than forget one, no more are taken.
 */
export function dpopProofs(clock: Clock, { limits = DEFAULT_LIMITS, among }: ProofMemory = {}): CheckProof {
  const seen = seenProofs(clock, limits);
  return async (proof, request) => {
    if (proof === undefined)
      throw wrong(
        "The token is bound to a key: send a proof for this request in the header DPoP (RFC 9449).",
      );
    const { payload, protectedHeader } = await verified(proof, clock);
    const { jwk } = protectedHeader;
    if (jwk === undefined || (await calculateJwkThumbprint(jwk)) !== request.boundTo)
      throw wrong("The proof is made by another key than the one that the token is bound to.");
    if (payload["htm"] !== request.method)
      throw wrong(`The proof is for another method: htm must be ${request.method}.`);
    if (!isSameUrl(payload["htu"], request.url))
      throw wrong("The proof is for another URL: htu must be the one that is asked for, without its query.");
    if (payload["ath"] !== request.tokenDigest)
      throw wrong("The proof is for another token: ath must be its SHA-256.");
    const jti: unknown = payload.jti;
    if (typeof jti !== "string" || jti === "" || jti.length > MAX_ID)
      throw wrong(`The proof needs an id of its own in jti, at most ${MAX_ID} characters.`);
    // The last check: nothing that is refused takes memory.
    const name = hash("sha256", `${request.boundTo} ${jti}`, "base64");
    const until = seen(request.boundTo, name);
    const entry = { kind: "proof", name, owner: request.boundTo, value: NOTHING, until } as const;
    if (among !== undefined && !(await among.add(entry))) throw usedBefore();
  };
}

async function verified(proof: string, clock: Clock): Promise<JWTVerifyResult> {
  if (proof.length > MAX_PROOF) throw wrong(`The proof is longer than ${MAX_PROOF} characters.`);
  const now = new Date(clock.now());
  try {
    return await jwtVerify(proof, EmbeddedJWK, {
      ...{ typ: "dpop+jwt", algorithms: DPOP_ALGORITHMS, currentDate: now },
      ...{ maxTokenAge: MAX_AGE_SECONDS, clockTolerance: SKEW_SECONDS },
    });
  } catch (error) {
    if (
      error instanceof errors.JWTExpired ||
      (error instanceof errors.JWTClaimValidationFailed && error.claim === "iat")
    )
      throw wrong(
        `The proof was not made within the last ${MAX_AGE_SECONDS} seconds: make one for each request, by a clock that is right.`,
      );
    throw wrong(
      "The proof cannot be read or its signature is wrong: it takes a JWT of type dpop+jwt with its public key in jwk (RFC 9449 section 4.2).",
    );
  }
}

/** Equal after the normalization of RFC 3986 that `URL` makes (section 4.3, step 9). */
function isSameUrl(claimed: unknown, url: string): boolean {
  if (typeof claimed !== "string" || !URL.canParse(claimed) || !URL.canParse(url)) return false;
  const { href } = Object.assign(new URL(claimed), { search: "", hash: "" });
  return href === new URL(url).href;
}

/** Remembers each proof once; tells until when. @throws LedgerError */
function seenProofs(clock: Clock, { total, perKey }: ReplayLimits): (key: string, proof: string) => number {
  /** What to forget when, in the order in which it came. */
  const until = new Map<string, { readonly key: string; readonly end: number }>();
  const counts = new Map<string, number>();

  function forgetEnded(now: number): void {
    for (const [proof, { key, end }] of until) {
      if (end > now) return;
      until.delete(proof);
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    }
  }

  return (key, proof) => {
    const now = clock.now();
    forgetEnded(now);
    if (until.has(proof)) throw usedBefore();
    const own = counts.get(key) ?? 0;
    if (until.size >= total || own >= perKey)
      throw new LedgerError(
        "overloaded",
        "Too many proofs came in the last minute. Send the request again later, with a new one.",
      );
    const end = now + REMEMBERED_MS;
    until.set(proof, { key, end });
    counts.set(key, own + 1);
    return end;
  };
}

function usedBefore(): LedgerError {
  return wrong("The proof was used before: make one for each request.");
}

function wrong(message: string): LedgerError {
  return new LedgerError("wrong-dpop-proof", message);
}
