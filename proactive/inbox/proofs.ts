import { hash } from "node:crypto";
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from "jose";
import { InboxRefusal } from "./errors.ts";

/** What a proof of possession is held against (RFC 9449 section 4.3). */
export interface ProvenRequest {
  /** In capitals. */
  readonly method: string;
  /** As its sender wrote it, without the query. */
  readonly url: string;
  readonly token: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly boundTo: string;
}

/** Checks the `DPoP` header of a request. @throws InboxRefusal `unauthenticated`; `overloaded` when too many proofs came in a minute */
export type CheckProof = (proof: string | undefined, request: ProvenRequest) => Promise<void>;

export const PROOF_ALGORITHMS = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"];
const MAX_AGE_SECONDS = 60;
const SKEW_SECONDS = 10;
/** As long as a proof of a clock that is ahead is taken. */
const REMEMBERED_MS = (MAX_AGE_SECONDS + 2 * SKEW_SECONDS + 1) * 1000;
const MAX_PROOF = 4_096;
const MAX_ID = 256;
/** In some dozen megabytes; no key takes the place of all others. */
const MAX_REMEMBERED = 100_000;
const MAX_OF_ONE_KEY = 2_000;

/** Each proof is good for one request to this process. Rather than forget one that would still be taken, no more are. */
export function proofs(now: () => number): CheckProof {
  const seenOnce = remembered(now);
  return async (proof, request) => {
    if (proof === undefined || proof.length > MAX_PROOF) throw wrong();
    const currentDate = new Date(now());
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      ...{ typ: "dpop+jwt", algorithms: PROOF_ALGORITHMS, currentDate },
      ...{ maxTokenAge: MAX_AGE_SECONDS, clockTolerance: SKEW_SECONDS },
    }).catch((error: unknown) => {
      throw error instanceof errors.JOSEError ? wrong() : error;
    });
    const { htm, htu, ath, jti } = payload as Readonly<Record<string, unknown>>;
    const isOfKey =
      protectedHeader.jwk !== undefined &&
      (await calculateJwkThumbprint(protectedHeader.jwk)) === request.boundTo;
    const isForRequest = htm === request.method && isSameUrl(htu, request.url);
    if (!isOfKey || !isForRequest || ath !== hash("sha256", request.token, "base64url")) throw wrong();
    if (typeof jti !== "string" || jti === "" || jti.length > MAX_ID) throw wrong();
    // Last: nothing that is refused takes memory.
    seenOnce(request.boundTo, jti);
  };
}

function isSameUrl(claimed: unknown, url: string): boolean {
  if (typeof claimed !== "string" || !URL.canParse(claimed)) return false;
  return Object.assign(new URL(claimed), { search: "", hash: "" }).href === new URL(url).href;
}

function remembered(now: () => number): (key: string, id: string) => void {
  /** What to forget when, in the order in which it came. */
  const until = new Map<string, { readonly key: string; readonly end: number }>();
  const counts = new Map<string, number>();
  return (key, id) => {
    for (const [proof, { key: owner, end }] of until) {
      if (end > now()) break;
      until.delete(proof);
      const left = (counts.get(owner) ?? 1) - 1;
      if (left === 0) counts.delete(owner);
      else counts.set(owner, left);
    }
    const proof = hash("sha256", `${key} ${id}`, "base64");
    if (until.has(proof)) throw wrong();
    const own = counts.get(key) ?? 0;
    if (until.size >= MAX_REMEMBERED || own >= MAX_OF_ONE_KEY)
      throw new InboxRefusal("overloaded", "Too many proofs came in the last minute. Send it again later.");
    until.set(proof, { key, end: now() + REMEMBERED_MS });
    counts.set(key, own + 1);
  };
}

function wrong(): InboxRefusal {
  return new InboxRefusal(
    "unauthenticated",
    "The token is bound to a key: send it as Authorization: DPoP, with a proof of that key for this very request in the header DPoP (RFC 9449).",
  );
}
