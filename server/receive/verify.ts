import { createCipheriv, createSecretKey, randomFillSync } from "node:crypto";
import type { ParsedEvent } from "../../protocol/event.ts";
import type { EventType } from "../../protocol/facets.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { splitSource } from "../../protocol/source.ts";
import { parseSignedSubmission, parseSubmissionEvents } from "../../protocol/submission.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import { LedgerError } from "../errors.ts";
import type { VerifiedSubmission } from "../sequence/verified.ts";
import { BundleWriter } from "./bundle-writer.ts";
import { eventTags, type Tag } from "./event-tags.ts";
import { facetCheck } from "./facet-check.ts";
import { KeyRing } from "./key-ring.ts";
import { ERASE, MANDATE, SEAL, type RecorderKey } from "./keys.ts";

export interface VerifierSettings {
  /** This log, as `formatLogId` writes it. */
  readonly log: string;
  /** The operator's agency code: its own sources alone record catalogues and equivocations. */
  readonly operator: string;
  /** Keys the index tags. */
  readonly pepper: Uint8Array;
}

/** Whether what a thread was started with are its settings. */
export function isVerifierSettings(value: unknown): value is VerifierSettings {
  return (
    typeof value === "object" && value !== null && "log" in value && "operator" in value && "pepper" in value
  );
}

/** What a worker thread does with a submission's body. */
export interface SubmissionVerifier {
  setKeys: (keys: readonly RecorderKey[]) => void;
  /**
   * Checks everything about a submission that does not depend on other submissions, and prepares what is stored of it.
   * Cheap and telling checks come first: form, log, signature, then the events.
   * @throws FormatError; LedgerError `wrong-log`, the key ring's, `schema-violation`, `reserved-type`.
   */
  verify: (body: Uint8Array) => VerifiedSubmission;
}

const KEY_BYTES = 32;
const SEAL_TAG_BYTES = 16;
/** Safe as a nonce because the key is fresh and seals no other disclosures (store/sealing.ts opens them). */
const DISCLOSURES_NONCE = Buffer.alloc(12, 0);
/** Orders with effect on what others recorded or may read: types that are for agencies with this entitlement. */
const ORDERS: ReadonlyMap<EventType, number> = new Map([
  ["seal", SEAL],
  ["erasure", ERASE],
  ["mandate", MANDATE],
]);

export function submissionVerifier(settings: VerifierSettings): SubmissionVerifier {
  const keys = new KeyRing();
  const check = facetCheck();
  const tagsOf = eventTags(settings.pepper);

  function verify(body: Uint8Array): VerifiedSubmission {
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
    const signed = parseSignedSubmission(text);
    const { jws, payload } = signed;
    if (formatLogId(payload.log) !== settings.log) {
      throw new LedgerError(
        "wrong-log",
        `This is the log ${settings.log}; the submission is signed for another one.`,
      );
    }
    const signer = keys.signerOf(jws, payload);
    const { events, leafHashes } = parseSubmissionEvents(signed);
    const facets = events.map((event) => {
      refuseReserved(event, signer, settings.operator);
      return check(event);
    });
    const secrets = randomFillSync(Buffer.allocUnsafeSlow(KEY_BYTES * events.length));
    return {
      source: payload.src,
      first: payload.first,
      count: payload.count,
      kid: signer.kid,
      iat: payload.iat,
      root: payload.root,
      jws: signed.body.jws,
      ...(signer.elsewhere !== undefined && { elsewhere: signer.elsewhere }),
      leafHashes: joined(leafHashes),
      payloads: payloadBundle(events),
      sealed: sealedBundle(events, signed.body.events, secrets),
      keys: keyBundle(
        facets.map((opened) => tagsOf(payload.src, opened)),
        secrets,
      ),
      body,
    };
  }

  return { setKeys: (list) => keys.replace(list), verify };
}

function refuseReserved({ type, payload }: ParsedEvent, signer: RecorderKey, operator: string): void {
  const own = type === "catalogue" || type === "equivocation";
  const needed = ORDERS.get(type) ?? 0;
  const allowed = own
    ? splitSource(signer.source).agency === operator
    : (signer.entitlements & needed) === needed;
  if (allowed) return;
  const who = own ? "the operator's own sources" : `agencies entitled to it (${type})`;
  throw new LedgerError("reserved-type", `Event ${payload.seq} has the type ${type}, which is for ${who}.`, {
    members: { seq: payload.seq },
  });
}

function joined(hashes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hashes.length * 32);
  for (const [n, hash] of hashes.entries()) bytes.set(hash, 32 * n);
  return bytes;
}

function payloadBundle(events: readonly ParsedEvent[]): Uint8Array {
  const length = events.reduce((sum, { payloadText }) => sum + payloadText.length, 0);
  const bundle = new BundleWriter(length, events.length);
  for (const { payloadText } of events) {
    bundle.entry(payloadText.length);
    bundle.latin1(payloadText);
  }
  return bundle.finish();
}

function sealedBundle(
  events: readonly ParsedEvent[],
  texts: readonly string[],
  secrets: Uint8Array,
): Uint8Array {
  const disclosures = events.map(({ payloadText }, n) => (texts[n] ?? "").slice(payloadText.length + 1));
  const length = disclosures.reduce((sum, text) => sum + text.length + SEAL_TAG_BYTES, 0);
  const bundle = new BundleWriter(length, events.length);
  for (const [n, text] of disclosures.entries()) {
    // Given plain bytes, Node first tries them as key objects: two exceptions that cost more than the encryption.
    const cipher = createCipheriv("aes-256-gcm", createSecretKey(secretOf(secrets, n)), DISCLOSURES_NONCE);
    bundle.entry(text.length + SEAL_TAG_BYTES);
    bundle.bytes(cipher.update(text, "latin1"));
    cipher.final();
    bundle.bytes(cipher.getAuthTag());
  }
  return bundle.finish();
}

function keyBundle(tags: readonly (readonly Tag[])[], secrets: Uint8Array): Uint8Array {
  const length = tags.reduce((sum, list) => sum + KEY_BYTES + TAG_BYTES * list.length, 0);
  const bundle = new BundleWriter(length, tags.length);
  for (const [n, list] of tags.entries()) {
    bundle.entry(KEY_BYTES + TAG_BYTES * list.length);
    bundle.bytes(secretOf(secrets, n));
    for (const { kind, bytes } of list) {
      bundle.byte(kind);
      bundle.latin1(bytes);
    }
  }
  return bundle.finish();
}

function secretOf(secrets: Uint8Array, n: number): Uint8Array {
  return secrets.subarray(KEY_BYTES * n, KEY_BYTES * (n + 1));
}
