import { createPrivateKey, generateKeyPairSync, randomFillSync, sign } from "node:crypto";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { keyId, type SignBytes } from "../../protocol/jws.ts";
import type { LogId } from "../../protocol/log-id.ts";
import type { Source } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";

/** A source that signs: its key pair and the number of its next event. */
export interface BenchSource {
  readonly source: Source;
  readonly publicKey: Uint8Array;
  readonly kid: string;
  readonly sign: SignBytes;
  next: number;
}

const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** A source with a fresh Ed25519 key, or the key of the given 32-byte seed. */
export function benchSource(source: Source, seed?: Uint8Array): BenchSource {
  const privateKey =
    seed === undefined
      ? generateKeyPairSync("ed25519").privateKey
      : createPrivateKey({ key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const { x } = privateKey.export({ format: "jwk" });
  const publicKey = Buffer.from(x ?? "", "base64url");
  return {
    source,
    publicKey,
    kid: keyId("EdDSA", publicKey),
    sign: (data) => sign(null, data, privateKey),
    next: 1,
  };
}

/** An access with the eight facets of the README's first event: the typical event of all measurements. */
export function typicalAccess(number: number): Facets {
  const person = String(49_000_000_000 + (number % 1_000_000)).padStart(12, "0");
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: person },
    exchange: {
      messageId: `m-${number}`,
      client: "VN/GOV/qn-justice/civil",
      service: "VN/GOV/qn-police/population/read",
    },
    "agent.id": `official-${number % 500}`,
    "agent.role": "civil-status officer",
    data: { action: "R", personalData: ["Name", "Address"] },
    purpose: { procedure: "BIRTH_REG", legalBasis: { law: "63/2024/ND-CP", article: "5" } },
    time: { occurred: new Date(1_790_000_000_000 + number * 1000).toISOString() },
  };
}

/** The source's next `count` events, signed as one submission; its number advances. */
export function nextSubmission(from: BenchSource, log: LogId, count: number): SubmissionBody {
  const first = from.next;
  const events = Array.from({ length: count }, (_, offset) =>
    makeEvent({
      source: from.source,
      seq: first + offset,
      facets: typicalAccess(first + offset),
      random: randomBytes,
    }),
  );
  from.next += count;
  return makeSubmission({
    log,
    source: from.source,
    first,
    events,
    issuedAt: Math.floor(Date.now() / 1000),
    alg: "EdDSA",
    kid: from.kid,
    sign: from.sign,
  });
}

const pool = new Uint8Array(65_536);
let used = pool.length;

/** Random bytes drawn from a pool, since one system call per salt would be most of the client's time. */
function randomBytes(byteCount: number): Uint8Array {
  if (used + byteCount > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + byteCount);
  used += byteCount;
  return bytes;
}
