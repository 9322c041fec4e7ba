import { hash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { ROLES } from "../../protocol/visibility.ts";
import type { Config } from "../config.ts";
import type { SignedOn } from "./caller.ts";
import { DEMO_AUTHORITY, DEMO_CITIZENS } from "./development/people.ts";
import type { Credential } from "./tokens.ts";

/** The development tokens cannot be had; the message says why, and shows nothing of them. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

const TOKEN_BYTES = 32;

/** Told apart at sight, by people and by scanners for leaked secrets. */
const TOKEN_PREFIX = "minhbach-dev-";

/** A caller without the sign-on, which follows from the token. */
type DevelopmentCaller = SignedOn extends infer Each
  ? Each extends SignedOn
    ? Omit<Each, "signOn">
    : never
  : never;

/** What is in the file. */
interface KeptToken {
  readonly token: string;
  readonly caller: DevelopmentCaller;
}

/** The issuer in the sign-on of a development token: no URL, so no real issuer. */
const DEVELOPMENT_ISSUER = "development";

/** The end of the year 9999: development tokens do not end. */
const NEVER_SECONDS = 253_402_300_799;

/**
 * The development tokens of `file`: one for each role, and of each agency. Missing ones are made, from random bytes, readable by
 * the file's owner alone; existing ones stay. They stand in for a real sign-on and open everything to whoever holds the file,
 * so they exist on the embedded chain only.
 * @throws TokenFileError outside the embedded environment, or when the file is not one of ours.
 */
export function developmentTokens(
  file: string,
  { environment, agencies }: Pick<Config, "environment"> & { readonly agencies: readonly string[] },
): readonly Credential[] {
  if (environment !== "embedded") {
    throw new TokenFileError(
      "development tokens exist on the embedded chain only; connect a sign-on service instead",
    );
  }
  const kept = readTokens(file);
  const known = new Set(kept.map(({ caller }) => identityOf(caller)));
  const made = developmentCallers(agencies)
    .filter((caller) => !known.has(identityOf(caller)))
    .map((caller) => ({ token: TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString("base64url"), caller }));
  if (made.length > 0) writeTokens(file, [...kept, ...made]);
  return [...kept, ...made].map(credentialOf);
}

function credentialOf({ token, caller }: KeptToken): Credential {
  const signOn = {
    issuer: DEVELOPMENT_ISSUER,
    subject: caller.name,
    expires: NEVER_SECONDS,
    tokenDigest: hash("sha256", token, "base64url"),
  };
  return { token, caller: { ...caller, signOn } };
}

function developmentCallers(agencies: readonly string[]): DevelopmentCaller[] {
  return [
    ...DEMO_CITIZENS.map((id, at): DevelopmentCaller => ({
      role: "citizen",
      name: `citizen ${at + 1}`,
      subject: { scheme: "vn-cccd", id },
    })),
    { role: "inspector", name: "inspector", authority: DEMO_AUTHORITY },
    { role: "operator", name: "operator" },
    { role: "registrar", name: "registrar" },
    ...agencies.flatMap((agency): DevelopmentCaller[] => [
      { role: "agency", name: agency, agency },
      { role: "officer", name: `officer of ${agency}`, agency },
    ]),
  ];
}

function identityOf(caller: DevelopmentCaller): string {
  switch (caller.role) {
    case "citizen":
      return `citizen ${caller.subject.scheme}:${caller.subject.id}`;
    case "agency":
    case "officer":
      return `${caller.role} ${caller.agency}`;
    default:
      return caller.role;
  }
}

function readTokens(file: string): KeptToken[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) throw new TypeError("not a list");
    return list.map(parseToken);
  } catch {
    // Neither the cause nor the text: both may show a token.
    throw new TokenFileError(`${file} is not a list of development tokens; delete it to have new ones made`);
  }
}

function parseToken(value: unknown): KeptToken {
  const { token, caller } = members(value);
  return { token: text(token), caller: parseCaller(members(caller)) };
}

function parseCaller(value: Record<string, unknown>): DevelopmentCaller {
  const role = ROLES.find((candidate) => candidate === value["role"]);
  const name = text(value["name"]);
  switch (role) {
    case "citizen": {
      const { scheme, id } = members(value["subject"]);
      return { role, name, subject: { scheme: text(scheme), id: text(id) } };
    }
    case "agency":
    case "officer":
      return { role, name, agency: text(value["agency"]) };
    case "inspector":
      // Files of an earlier version name no authority.
      return {
        role,
        name,
        authority: value["authority"] === undefined ? DEMO_AUTHORITY : text(value["authority"]),
      };
    case "operator":
    case "registrar":
      return { role, name };
    default:
      throw new TypeError("no such role");
  }
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("not an object");
  return Object.fromEntries(Object.entries(value));
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new TypeError("not a text");
  return value;
}

/** Whole or not at all: a crash leaves the old tokens, which people may have copied already. */
function writeTokens(file: string, tokens: readonly KeptToken[]): void {
  const temporary = `${file}.new`;
  const descriptor = openSync(temporary, "w", 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(tokens, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}
