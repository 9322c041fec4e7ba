import { FormatError } from "../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../protocol/json.ts";
import type { LogId } from "../protocol/log-id.ts";

/** What a verifier's user chose to trust. It comes from the user, never from the artefact under verification. */
export interface TrustProfile {
  /** How people call this log. */
  readonly name: string;
  /** On an embedded chain one process is operator and only validator: what it shows is good for development. */
  readonly environment: "embedded" | "production";
  /** EIP-155 chain id. */
  readonly chainId: number;
  /** Hash of block 0: `0x` and 64 lowercase hexadecimal digits. Tells apart chains that share an id. */
  readonly genesisHash: string;
  /** Addresses of the registries: `0x` and 40 lowercase hexadecimal digits. */
  readonly anchorRegistry: string;
  readonly agencyRegistry: string;
  /** Number of the log in the anchor registry. */
  readonly logId: number;
  /** How many blocks, its own included, make a block final: 1 where a block is final at once, as with QBFT. */
  readonly finalityDepth: number;
  /** Nodes to ask, as http or https URLs; all must agree. May be empty where the user names nodes in another way. */
  readonly rpc: readonly string[];
}

/** The file is no trust profile; the message names the member at fault. */
export class TrustProfileError extends Error {
  override readonly name = "TrustProfileError";
}

/** Longest trust profile, in characters. */
export const MAX_PROFILE_LENGTH = 16 * 1024;
const MAX_DEPTH = 2;
const MAX_NAME_LENGTH = 200;
const MAX_URL_LENGTH = 2048;
const MAX_NODES = 16;
const MAX_FINALITY_DEPTH = 1_000_000;
const MEMBERS = 11;

/** Parses a trust profile file. Every member is required and no other is accepted. Throws TrustProfileError. */
export function parseTrustProfile(text: string): TrustProfile {
  const file = parseObject(text);
  member(file, "type", isType, '"minhbach/trust-profile"');
  member(file, "version", isVersion, "1, the only version this program knows");
  const address = "0x and 40 lowercase hexadecimal digits";
  const profile = {
    name: member(file, "name", isName, `a text of 1 to ${MAX_NAME_LENGTH} characters`),
    environment: member(file, "environment", isEnvironment, '"embedded" or "production"'),
    chainId: member(file, "chainId", isPositive, "a whole number from 1"),
    genesisHash: member(file, "genesisHash", isHash, "0x and 64 lowercase hexadecimal digits"),
    anchorRegistry: member(file, "anchorRegistry", isAddress, address),
    agencyRegistry: member(file, "agencyRegistry", isAddress, address),
    logId: member(file, "logId", isPositive, "a whole number from 1"),
    finalityDepth: member(file, "finalityDepth", isDepth, `a whole number from 1 to ${MAX_FINALITY_DEPTH}`),
    rpc: member(file, "rpc", isNodeList, `a list of at most ${MAX_NODES} http or https URLs`),
  };
  if (Object.keys(file).length > MEMBERS) {
    throw new TrustProfileError(
      "a trust profile has a member this program does not know; it might restrict the trust",
    );
  }
  return profile;
}

/** The log of a profile, as submissions, receipts and checkpoints name it. */
export function logOf(profile: TrustProfile): LogId {
  return { chainId: profile.chainId, registry: profile.anchorRegistry, logId: profile.logId };
}

/** Whether a text is the URL of a node: http or https, with a host, without a password in it. */
export function isNodeUrl(value: unknown): boolean {
  return (
    typeof value === "string" &&
    value.length <= MAX_URL_LENGTH &&
    /^https?:\/\/[^\s/?#@]+(?:[/?#]\S*)?$/.test(value) &&
    URL.canParse(value)
  );
}

function parseObject(text: string): { readonly [name: string]: unknown } {
  if (text.length > MAX_PROFILE_LENGTH)
    throw new TrustProfileError("the file is too long for a trust profile");
  try {
    const value = parseStrictJson(text, { maxDepth: MAX_DEPTH });
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new TrustProfileError(`a trust profile is a JSON object: ${cause.message}`, { cause });
  }
  throw new TrustProfileError("a trust profile is a JSON object");
}

function member<T>(
  file: { readonly [name: string]: unknown },
  name: string,
  is: (value: unknown) => value is T,
  expected: string,
): T {
  if (!Object.hasOwn(file, name))
    throw new TrustProfileError(`the member ${name} is missing: expected ${expected}`);
  const value = file[name];
  if (!is(value)) throw new TrustProfileError(`the member ${name} must be ${expected}`);
  return value;
}

function isType(value: unknown): value is "minhbach/trust-profile" {
  return value === "minhbach/trust-profile";
}

function isVersion(value: unknown): value is 1 {
  return value === 1;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAME_LENGTH;
}

function isEnvironment(value: unknown): value is TrustProfile["environment"] {
  return value === "embedded" || value === "production";
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isDepth(value: unknown): value is number {
  return isPositive(value) && value <= MAX_FINALITY_DEPTH;
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value);
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && /^0x[0-9a-f]{40}$/.test(value);
}

function isNodeList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= MAX_NODES && value.every(isNodeUrl);
}
