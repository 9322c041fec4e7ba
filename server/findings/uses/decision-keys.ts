import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { toBase64url } from "../../../protocol/bytes.ts";
import { type Decision, parseDecision } from "../../../protocol/decision-jws.ts";
import { FormatError } from "../../../protocol/errors.ts";
import { keyId, type PublicKey } from "../../../protocol/jws.ts";
import { formatLogId } from "../../../protocol/log-id.ts";

/** The decision in a JWS, if one of these keys of this log signed it: undefined for anything else. */
export type DecisionOpener = (jws: string, keys: readonly PublicKey[]) => Decision | undefined;

/**
 * Opens the decisions of a log. Its receipt keys sign them, all Ed25519 and safe (see isSafePublicKey), so that OpenSSL accepts no more than any
 * verifier does.
 */
export function decisionOpener(log: string): DecisionOpener {
  const objects = new Map<string, KeyObject>();

  function objectOf({ alg, key }: PublicKey): KeyObject {
    const kid = keyId(alg, key);
    const known = objects.get(kid);
    if (known !== undefined) return known;
    const made = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: toBase64url(key) }, format: "jwk" });
    objects.set(kid, made);
    return made;
  }

  return (text, keys) => {
    try {
      const { jws, decision } = parseDecision(text);
      const signer = keys.find(({ alg, key }) => alg === "EdDSA" && keyId(alg, key) === jws.header.kid);
      if (signer === undefined || jws.header.alg !== signer.alg || formatLogId(decision.log) !== log)
        return undefined;
      const data = Buffer.from(jws.signingInput, "latin1");
      return verify(null, data, objectOf(signer), jws.signature) ? decision : undefined;
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  };
}
