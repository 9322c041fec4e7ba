import { createPrivateKey, hash, randomFillSync, sign } from "node:crypto";
import { makeEvent, parseEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { keyId, type SignBytes } from "../../protocol/jws.ts";
import type { LogId } from "../../protocol/log-id.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";

/** A source that signs: its key pair and the number of its next event. */
export interface BenchSource {
  readonly source: Source;
  readonly publicKey: Uint8Array;
  readonly kid: string;
  readonly sign: SignBytes;
  /** The private key as PKCS #8 PEM, for a recorder. */
  readonly pem: string;
  next: number;
}

const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** A source whose key follows from its name, so that every process of the benchmark knows it. Worthless outside of it. */
function benchSource(source: Source): BenchSource {
  const seed = hash("sha256", `bench key of ${source}`, "buffer");
  const privateKey = createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const { x } = privateKey.export({ format: "jwk" });
  const publicKey = Buffer.from(x ?? "", "base64url");
  return {
    source,
    publicKey,
    kid: keyId("EdDSA", publicKey),
    sign: (data) => sign(null, data, privateKey),
    pem: String(privateKey.export({ format: "pem", type: "pkcs8" })),
    next: 1,
  };
}

/** The agency of all benchmark sources. */
export const BENCH_AGENCY = "bench";

/** `bench/<name>0`, `bench/<name>1`, ... */
export function benchSources(name: string, count: number): BenchSource[] {
  return Array.from({ length: count }, (_, number) =>
    benchSource(parseSource(`${BENCH_AGENCY}/${name}${number}`)),
  );
}

/**
 * People that the events are about, in turn: a log of 10 million events has a thousand of each. Enough for every checkpoint to change thousands of
 * keys of the index; what it costs with a million keys is measured apart.
 */
export const BENCH_PERSONS = 10_000;

/** The number of a person of the benchmark, from 0: 12 digits that no province issues. */
export function benchPerson(number: number): string {
  return String(49_000_000_000 + (number % BENCH_PERSONS)).padStart(12, "0");
}

/**
 * An access with the eight facets of the README's first event: the typical event of all measurements. Two neighbours are the two records of
 * one exchange, so that reconciliation has its normal work.
 */
function typicalAccess(number: number): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: benchPerson(number) },
    exchange: {
      messageId: `m-${number >> 1}`,
      client: "VN/GOV/qn-justice/civil",
      service: "VN/GOV/qn-police/population/read",
      side: number % 2 === 0 ? "client" : "provider",
    },
    "agent.id": `official-${number % 500}`,
    "agent.role": "civil-status officer",
    data: { action: "R", personalData: ["Name", "Address"] },
    purpose: { procedure: "BIRTH_REG", legalBasis: { law: "63/2024/ND-CP", article: "5" } },
    time: { occurred: new Date(1_790_000_000_000 + number * 1000).toISOString() },
  };
}

/** The same access as an agency's system writes it. */
export function plainAccess(number: number): object {
  const { "agent.id": id, "agent.role": role, ...facets } = typicalAccess(number);
  return { ...facets, agent: { id, role } };
}

/** Digests (sorted, as JSON) and disclosures of one event. */
interface Opened {
  readonly digests: string;
  readonly disclosures: string;
}

/** One for each person; drawing new salts for every event would make the client the bottleneck. */
const OPENED_EVENTS = BENCH_PERSONS;
let opened: readonly Opened[] | undefined;

/** Disclosures made once and used in turn: each event still has a payload, and so a leaf, of its own. */
function openedEvents(): readonly Opened[] {
  opened ??= Array.from({ length: OPENED_EVENTS }, (_, number) => {
    const facets = typicalAccess(number);
    const event = makeEvent({
      source: parseSource(`${BENCH_AGENCY}/any`),
      seq: 1,
      facets,
      random: randomBytes,
    });
    const { payload } = parseEvent(event);
    return { digests: JSON.stringify(payload.sd), disclosures: event.slice(event.indexOf("~")) };
  });
  return opened;
}

/** The source's next `count` events, signed as one submission; its number advances. */
export function nextSubmission(from: BenchSource, log: LogId, count: number): SubmissionBody {
  const first = from.next;
  const events = Array.from({ length: count }, (_, offset) => {
    const all = openedEvents();
    const { digests, disclosures } = all[(first + offset) % all.length] ?? { digests: "", disclosures: "" };
    const payload = `{"v":1,"src":"${from.source}","seq":${first + offset},"_sd":${digests},"_sd_alg":"sha-256"}`;
    return `${Buffer.from(payload, "latin1").toString("base64url")}${disclosures}`;
  });
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
