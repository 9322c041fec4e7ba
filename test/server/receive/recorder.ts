import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { makeEvent } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { keyId, type SignBytes } from "../../../protocol/jws.ts";
import type { LogId } from "../../../protocol/log-id.ts";
import { parseSource, type Source } from "../../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../../protocol/submission.ts";
import type { KeyDirectory, RecorderKey } from "../../../server/receive/keys.ts";

export const LOG: LogId = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
export const NOW_SECONDS = 1_790_000_000;

/** A key pair and its public half as the registry holds it. */
export interface TestKey {
  readonly alg: "EdDSA" | "ES256";
  readonly key: Uint8Array;
  readonly kid: string;
  readonly sign: SignBytes;
}

export function testKey(alg: "EdDSA" | "ES256" = "EdDSA"): TestKey {
  const { publicKey, privateKey } =
    alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = publicBytes(publicKey);
  const options = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
  return {
    alg,
    key,
    kid: keyId(alg, key),
    sign: (data) =>
      new Uint8Array(alg === "EdDSA" ? sign(null, data, privateKey) : sign("sha256", data, options)),
  };
}

function publicBytes(publicKey: KeyObject): Uint8Array {
  const { x = "", y } = publicKey.export({ format: "jwk" });
  const parts = y === undefined ? [Buffer.from(x, "base64url")] : [Buffer.of(4), base64url(x), base64url(y)];
  return new Uint8Array(Buffer.concat(parts));
}

function base64url(text: string): Buffer {
  return Buffer.from(text, "base64url");
}

/** An agency's recorder as a test sees it: it makes and signs whatever it is told, right or wrong. */
export interface TestRecorder extends TestKey {
  readonly source: Source;
  /** Its key as the directory lists it. */
  readonly listed: (changes?: Partial<RecorderKey>) => RecorderKey;
  readonly event: (seq: number, facets?: Facets) => string;
  readonly submission: (
    first: number,
    events: readonly string[],
    changes?: { log?: LogId; iat?: number },
  ) => SubmissionBody;
}

export function testRecorder(name: string, key: TestKey = testKey()): TestRecorder {
  const source = parseSource(name);
  return {
    ...key,
    source,
    listed: (changes = {}) => ({
      source,
      kid: key.kid,
      alg: key.alg,
      key: key.key,
      fromSeq: 1,
      toSeq: Number.POSITIVE_INFINITY,
      revoked: false,
      entitlements: 1,
      ...changes,
    }),
    event: (seq, facets = accessFacets(seq)) =>
      makeEvent({ source, seq, facets, random: (count) => new Uint8Array(randomBytes(count)) }),
    submission: (first, events, { log = LOG, iat = NOW_SECONDS } = {}) =>
      makeSubmission({
        log,
        source,
        first,
        events,
        issuedAt: iat,
        alg: key.alg,
        kid: key.kid,
        sign: key.sign,
      }),
  };
}

export function accessFacets(n: number): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: String(n).padStart(12, "0") },
    exchange: {
      messageId: `m-${n}`,
      client: "VN/GOV/qn-justice/civil",
      service: "VN/GOV/qn-police/population",
    },
    "agent.id": "official-7",
    data: { action: "R", personalData: ["name", "birthDate"] },
    purpose: { procedure: "1.001193", consent: "c-12" },
    time: { occurred: "2026-11-20T08:30:00+07:00" },
  };
}

/** Lets a citizen see whatever is recorded under another person's number. */
export function mandateFacets(state: "granted" | "revoked" = "granted"): Facets {
  return {
    type: "mandate",
    subject: { scheme: "vn-cmnd", id: "211000001" },
    "subject.2": { scheme: "vn-cccd", id: "999199000001" },
    mandate: { id: "m-1", state, basis: "same-person" },
    time: { occurred: "2026-11-20T08:30:00+07:00" },
  };
}

/** A directory whose keys a test changes; `refresh` shows the ones set with `onRefresh`. */
export function testDirectory(initial: readonly RecorderKey[]): KeyDirectory & {
  set: (keys: readonly RecorderKey[]) => void;
  onRefresh: (keys: readonly RecorderKey[]) => void;
  refreshes: () => number;
} {
  let keys = initial;
  let upcoming: readonly RecorderKey[] | undefined;
  let refreshes = 0;
  const listeners = new Set<() => void>();
  const set = (next: readonly RecorderKey[]): void => {
    keys = next;
    for (const listener of listeners) listener();
  };
  return {
    keys: () => keys,
    refresh: async () => {
      refreshes++;
      await Promise.resolve();
      if (upcoming !== undefined) set(upcoming);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set,
    onRefresh: (next) => {
      upcoming = next;
    },
    refreshes: () => refreshes,
  };
}
