/** Deterministic material for the tests of this folder and for the generator of test/vectors. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { concat, toBase64, utf8 } from "../../protocol/bytes.ts";
import { formatCheckpoint } from "../../protocol/checkpoint.ts";
import { makeEvent, payloadLeafHash, payloadOf } from "../../protocol/event.ts";
import type { EvidenceFile } from "../../protocol/evidence.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import type { EventType } from "../../protocol/facets.ts";
import { type JwsAlgorithm, keyId, type PublicKey, type SignBytes } from "../../protocol/jws.ts";
import { checkpointOrigin, type LogId } from "../../protocol/log-id.ts";
import { inclusionProof, leafHash, rootHash } from "../../protocol/merkle.ts";
import { signNote, type VerifierKey, verifierKey } from "../../protocol/note.ts";
import { makeReceipt, type Receipt } from "../../protocol/receipt.ts";
import { sha256 } from "../../protocol/sha256.ts";
import { parseSource } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";
import { formatTlogProof } from "../../protocol/tlog-proof.ts";

export interface SigningKey {
  readonly alg: JwsAlgorithm;
  readonly kid: string;
  readonly public: PublicKey;
  readonly sign: SignBytes;
}

/** The same bytes for the same seed, as random as SHA-256. */
export function seededRandom(seed: string): (byteCount: number) => Uint8Array {
  let drawn = 0;
  return (byteCount) => {
    const blocks: Uint8Array[] = [];
    for (let bytes = 0; bytes < byteCount; bytes += 32) blocks.push(sha256(utf8(`${seed}/${drawn++}`)));
    return concat(...blocks).subarray(0, byteCount);
  };
}

/** An Ed25519 key that anybody can derive from its name: for tests only. */
export function ed25519Key(name: string): SigningKey {
  const secret = sha256(utf8(`ed25519 ${name}`));
  const key = ed25519.getPublicKey(secret);
  return {
    alg: "EdDSA",
    kid: keyId("EdDSA", key),
    public: { alg: "EdDSA", key },
    sign: (data) => ed25519.sign(data, secret),
  };
}

/** A P-256 key that anybody can derive from its name: for tests only. */
export function p256Key(name: string): SigningKey {
  const secret = sha256(utf8(`p256 ${name}`));
  const key = p256.getPublicKey(secret, false);
  return {
    alg: "ES256",
    kid: keyId("ES256", key),
    public: { alg: "ES256", key },
    sign: (data) => p256.sign(data, secret, { lowS: false }),
  };
}

export const LOG: LogId = { chainId: 31337, registry: `0x${"5f".repeat(20)}`, logId: 1 };
export const SOURCE = parseSource("qn-police/r1");
export const RECORDER_KEY = ed25519Key("recorder");
export const RECEIPT_KEY = ed25519Key("receipt");

const CHECKPOINT_SIGNER = ed25519Key("checkpoint");
export const CHECKPOINT_KEY: VerifierKey = verifierKey(checkpointOrigin(LOG), CHECKPOINT_SIGNER.public.key);

const SUBJECT = { scheme: "vn-cccd", id: "001099012345" } as const;
const TIME = { occurred: "2026-11-22T08:00:00+07:00" } as const;
const HASH_TEXT = "A".repeat(43);
const SIGN_ON = "eyJ0eXAiOiJzaWduLW9uK2p3cyJ9.e30.c2lnbmF0dXJl";

/** One event of each type with the facets it needs, and an access with all that is typical. */
export const FACETS: Readonly<Record<EventType, Facets>> = {
  access: {
    type: "access",
    subject: SUBJECT,
    exchange: {
      messageId: "1TzYPstxXyYPtNsos4TNEAPykJh50aJz",
      client: "VN/GOV/qn-justice/civil",
      service: "VN/GOV/qn-police/population/getPerson",
    },
    "agent.id": "nguyen.van.a",
    "agent.role": "Cán bộ hộ tịch",
    data: { action: "R", personalData: ["identity", "residence"] },
    purpose: { procedure: "BIRTH_REG", legalBasis: { law: "Luật Hộ tịch 2014", article: "16" } },
    time: TIME,
  },
  action: {
    type: "action",
    subject: { scheme: "vn-newborn", id: "51001.GCS.00042.26", role: "child" },
    "subject.2": { ...SUBJECT, role: "parent" },
    purpose: { procedure: "BIRTH_REG" },
    rule: { id: "birth-registration", version: "3", inputs: { weeks: 39, twins: false, hospital: "51001" } },
    explanation: { vi: "Tự động đăng ký khai sinh\ntừ giấy chứng sinh", en: "Registered automatically" },
    time: { ...TIME, recorded: "2026-11-22T01:00:01.250Z" },
  },
  consent: {
    type: "consent",
    subject: SUBJECT,
    consent: { id: "c-2026-1", state: "ConsentGiven", procedures: ["BUILD_PERMIT"], personalData: ["land"] },
    signOn: SIGN_ON,
    time: TIME,
  },
  objection: {
    type: "objection",
    subject: SUBJECT,
    objection: { state: "made", procedure: "SCHOOL_ADM", indicatedBy: "DataSubject" },
    signOn: SIGN_ON,
    time: TIME,
  },
  mandate: {
    type: "mandate",
    subject: { ...SUBJECT, role: "represented" },
    "subject.2": { scheme: "vn-passport", id: "C1234567", role: "representative" },
    mandate: { id: "m-1", state: "granted", basis: "proxy" },
    time: TIME,
  },
  complaint: {
    type: "complaint",
    subject: SUBJECT,
    complaint: { id: "k-1", state: "filed", leaf: HASH_TEXT, text: "Tôi không biết vì sao." },
    time: TIME,
  },
  inspection: {
    type: "inspection",
    inspection: {
      id: "i-1",
      state: "search",
      authority: "Thanh tra tỉnh Quảng Ninh",
      agencies: ["qn-police"],
    },
    "agent.id": "inspector-7",
    time: TIME,
  },
  seal: {
    type: "seal",
    seal: {
      id: "s-1",
      state: "placed",
      leaves: [HASH_TEXT],
      authority: "Cơ quan điều tra",
      until: "2027-02-22T00:00:00Z",
    },
    time: TIME,
  },
  erasure: { type: "erasure", erasure: { id: "e-1", leaves: [HASH_TEXT], authority: "Tòa án" }, time: TIME },
  catalogue: { type: "catalogue", catalogue: { version: "2026-11", digest: HASH_TEXT }, time: TIME },
  equivocation: {
    type: "equivocation",
    equivocation: {
      source: SOURCE,
      seq: 7,
      jws: SIGN_ON,
      payload: "eyJ2IjoxfQ",
      path: [toBase64(new Uint8Array(32))],
      pathIndex: 1,
      storedIndex: 41,
    },
    time: TIME,
  },
  heartbeat: { type: "heartbeat", heartbeat: { software: "minhbach 0.1.0", waiting: 0 }, time: TIME },
  tombstone: { type: "tombstone", tombstone: { reason: "schema", type: "access" } },
};

/** The typical event: an access with exactly eight facets. */
export function sampleEvent(seq: number, facets: Facets = FACETS.access): string {
  return makeEvent({ source: SOURCE, seq, facets, random: seededRandom(`event ${seq}`) });
}

/** The events `first .. first + count - 1` of the sample source. */
export function sampleEvents(count: number, first = 1): string[] {
  return Array.from({ length: count }, (_, at) => sampleEvent(first + at));
}

export function sampleSubmission(events: readonly string[], first = 1): SubmissionBody {
  const { alg, kid, sign } = RECORDER_KEY;
  return makeSubmission({ log: LOG, source: SOURCE, first, events, issuedAt: 1_795_000_000, alg, kid, sign });
}

export function sampleReceipt(body: SubmissionBody, change: Partial<Receipt> = {}): string {
  const root = rootHash(body.events.map((event) => payloadLeafHash(payloadOf(event))));
  const times = { time: 1_795_000_001, anchorBy: 1_795_000_601, indexBy: 0 };
  const receipt = { log: LOG, src: SOURCE, first: 1, count: body.events.length, root, index: 40, ...times };
  return makeReceipt({ ...receipt, ...change }, RECEIPT_KEY);
}

/** A signed checkpoint over these leaf hashes. */
export function sampleCheckpoint(leafHashes: readonly Uint8Array[]): string {
  const body = formatCheckpoint({
    origin: checkpointOrigin(LOG),
    size: leafHashes.length,
    root: rootHash(leafHashes),
  });
  return signNote(body, CHECKPOINT_KEY, CHECKPOINT_SIGNER.sign);
}

/** A proof of leaf `index` of a log whose leaves are `leafHashes`. */
export function sampleProof(leafHashes: readonly Uint8Array[], index: number): string {
  const hashes = inclusionProof(leafHashes, index);
  return formatTlogProof({ index, hashes, checkpoint: sampleCheckpoint(leafHashes) });
}

/** Evidence of the second of three events, submitted together into a log of eleven entries. */
export function sampleEvidence(): EvidenceFile {
  const events = sampleEvents(3);
  const own = events.map((event) => payloadLeafHash(payloadOf(event)));
  const others = Array.from({ length: 8 }, (_, at) => leafHash(utf8(`other ${at}`)));
  const event = events[1];
  if (event === undefined) throw new Error("three events were made");
  return {
    type: "minhbach/evidence",
    version: 1,
    event,
    submission: { jws: sampleSubmission(events).jws, index: 1, path: inclusionProof(own, 1).map(toBase64) },
    proof: sampleProof([...others.slice(0, 6), ...own, ...others.slice(6)], 7),
    anchor: { block: 12, transaction: `0x${"ab".repeat(32)}` },
  };
}
