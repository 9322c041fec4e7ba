import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { toBase64url } from "../../protocol/bytes.ts";
import { isSafePublicKey, type ParsedJws } from "../../protocol/jws.ts";
import type { SubmissionPayload } from "../../protocol/submission.ts";
import { LedgerError } from "../errors.ts";
import { RECORD, type RecorderKey } from "./keys.ts";

/**
 * The recorder keys a submission may be signed with, ready for OpenSSL. A key is used only if it is safe (canonical, of prime
 * order): on such keys what OpenSSL accepts, every verifier accepts.
 */
export class KeyRing {
  #keys = new Map<string, RecorderKey[]>();
  /** Checking a point's order takes milliseconds and its answer never changes; undefined for an unsafe key. */
  readonly #usable = new Map<string, KeyObject | undefined>();

  /** Takes the directory's keys in place of the ones before. */
  replace(keys: readonly RecorderKey[]): void {
    this.#keys = new Map();
    for (const key of keys) {
      const ofKid = this.#keys.get(key.kid);
      if (ofKid === undefined) this.#keys.set(key.kid, [key]);
      else ofKid.push(key);
      if (!this.#usable.has(key.kid))
        this.#usable.set(key.kid, isSafePublicKey(key) ? keyObject(key) : undefined);
    }
  }

  /**
   * The key that may sign this submission and did.
   * @throws LedgerError `unknown-key`, `key-of-another-source`, `key-out-of-range`, `revoked-key`, `not-entitled`, `wrong-signature`.
   */
  signerOf(jws: ParsedJws, submission: SubmissionPayload): RecorderKey {
    const key = this.#keyFor(jws, submission);
    const object = this.#usable.get(key.kid);
    if (object === undefined || !isSignedBy(jws, key, object)) {
      throw new LedgerError(
        "wrong-signature",
        "The signature is not the one of the key that kid names over this JWS.",
      );
    }
    return key;
  }

  #keyFor({ header }: ParsedJws, { src, first, count }: SubmissionPayload): RecorderKey {
    const named = this.#keys.get(header.kid);
    if (named === undefined) {
      throw new LedgerError(
        "unknown-key",
        "No agency registered the key that kid names. Register it on the chain first.",
      );
    }
    const ofSource = named.filter(({ source }) => source === src);
    if (ofSource.length === 0) {
      throw new LedgerError(
        "key-of-another-source",
        `The key that kid names is registered, but not for ${src}.`,
      );
    }
    const key = ofSource.find(({ fromSeq, toSeq }) => fromSeq <= first && first + count <= toSeq);
    if (key === undefined) {
      const message =
        "The key that kid names is not the one for these numbers. Sign each number with the key whose range holds it.";
      throw new LedgerError("key-out-of-range", message);
    }
    if (key.revoked)
      throw new LedgerError("revoked-key", "The key that kid names was revoked. Register a new one.");
    if ((key.entitlements & RECORD) === 0) {
      throw new LedgerError(
        "not-entitled",
        "The agency may not record now: it is suspended or was never entitled to.",
      );
    }
    return key;
  }
}

function isSignedBy(
  { header, signingInput, signature }: ParsedJws,
  { alg }: RecorderKey,
  key: KeyObject,
): boolean {
  if (header.alg !== alg) return false;
  const data = Buffer.from(signingInput, "latin1");
  if (alg === "EdDSA") return verify(null, data, key, signature);
  return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature);
}

function keyObject({ alg, key }: RecorderKey): KeyObject {
  const jwk =
    alg === "EdDSA"
      ? { kty: "OKP", crv: "Ed25519", x: toBase64url(key) }
      : { kty: "EC", crv: "P-256", x: toBase64url(key.subarray(1, 33)), y: toBase64url(key.subarray(33)) };
  return createPublicKey({ key: jwk, format: "jwk" });
}
