import { createHash, randomBytes } from "node:crypto";

/** An event put together by hand, so that every rule can be broken by itself. */
export interface RawEvent {
  readonly source: string;
  readonly seq: number;
  /** The JSON of each disclosure; the digests come from it. */
  readonly disclosures: readonly string[];
  /** Changes the payload's JSON at the end. */
  readonly payload?: (json: string) => string;
  /** Changes the order or number of the digests. */
  readonly digests?: (digests: string[]) => string[];
  /** Changes what is sent of the disclosures. */
  readonly sent?: (disclosures: string[]) => string[];
}

export function rawEvent({ source, seq, disclosures, payload, digests, sent }: RawEvent): string {
  const texts = disclosures.map(base64url);
  const sorted = texts.map((text) => createHash("sha256").update(text).digest("base64url")).sort();
  const json = JSON.stringify({
    v: 1,
    src: source,
    seq,
    _sd: digests?.(sorted) ?? sorted,
    _sd_alg: "sha-256",
  });
  return [base64url(payload?.(json) ?? json), ...(sent?.(texts) ?? texts), ""].join("~");
}

export function base64url(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

/** The JSON of a disclosure. */
export function disclosure(
  name: string,
  value: unknown,
  salt = randomBytes(16).toString("base64url"),
): string {
  return JSON.stringify([salt, name, value]);
}

/** The disclosures of a plain valid heartbeat, padded to eight. */
export function heartbeat(): string[] {
  return [
    disclosure("type", "heartbeat"),
    disclosure("heartbeat", {}),
    disclosure("time", { occurred: "2026-11-20T08:30:00+07:00" }),
    ...decoys(5),
  ];
}

export function decoys(count: number): string[] {
  return Array.from({ length: count }, () => disclosure("decoy", null));
}
