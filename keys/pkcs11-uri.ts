import path from "node:path";
import { KeyError } from "./errors.ts";

/** Which key in which token, by which library (RFC 7512). */
export interface Pkcs11Uri {
  /** Absolute path of the vendor's shared library (`module-path`). */
  readonly modulePath: string;
  /** Whichever of these are given have to match the token. */
  readonly token: { readonly label: string | undefined; readonly serial: string | undefined };
  readonly key: { readonly label: string | undefined; readonly id: Uint8Array | undefined };
  /** Absolute path of the file with the PIN (`pin-source`). */
  readonly pinFile: string | undefined;
}

const SCHEME = "pkcs11:";
/** Longer ones are a mistake. */
const MAX_LENGTH = 2048;

/** Whether a setting names a key in a token instead of being one. */
export function isPkcs11Uri(text: string): boolean {
  return text.startsWith(SCHEME);
}

/**
 * Parses `pkcs11:token=NAME;object=NAME?module-path=/lib/x.so&pin-source=/run/secrets/pin`. `token` or `serial`, `object` or `id`, and
 * `module-path` have to be there. `pin-value` is refused: what stands in a URI gets into lists of processes and logs. The message of an error
 * never holds the URI. @throws KeyError `bad-uri`
 */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (!isPkcs11Uri(text) || text.length > MAX_LENGTH || /\s/.test(text))
    throw badUri("expected pkcs11: and at most 2048 characters without white space");
  const [pathPart = "", queryPart = "", ...rest] = text.slice(SCHEME.length).split("?");
  if (rest.length > 0) throw badUri("it has two question marks");
  const attributes = membersOf(pathPart, ";", ["token", "serial", "object", "id", "type"]);
  const query = membersOf(queryPart, "&", ["module-path", "pin-source"]);
  const type = attributes.get("type");
  if (type !== undefined && textOf(type) !== "private") throw badUri("type can only be private");
  const token = {
    label: optionalText(attributes.get("token")),
    serial: optionalText(attributes.get("serial")),
  };
  const key = { label: optionalText(attributes.get("object")), id: attributes.get("id") };
  if (token.label === undefined && token.serial === undefined) throw badUri("it needs token= or serial=");
  if (key.label === undefined && key.id === undefined) throw badUri("it needs object= or id=");
  const pinSource = optionalText(query.get("pin-source"));
  return {
    modulePath: absolute("module-path", optionalText(query.get("module-path"))),
    ...{ token, key },
    pinFile: pinSource === undefined ? undefined : absolute("pin-source", withoutScheme(pinSource)),
  };
}

function membersOf(text: string, separator: string, known: readonly string[]): Map<string, Uint8Array> {
  const members = new Map<string, Uint8Array>();
  for (const part of text === "" ? [] : text.split(separator)) {
    const at = part.indexOf("=");
    const name = at === -1 ? part : part.slice(0, at);
    if (name === "pin-value")
      throw badUri("a PIN must not stand in it: put it into a file and name that by pin-source");
    if (at === -1 || !known.includes(name) || members.has(name))
      throw badUri(`each of ${known.join(", ")} may stand in it once with a value, and nothing else`);
    members.set(name, decoded(part.slice(at + 1)));
  }
  return members;
}

/** Percent-encoding of bytes (RFC 3986 section 2.1): an `id` need not be text. */
function decoded(value: string): Uint8Array {
  if (!/^(?:%[0-9A-Fa-f]{2}|[^%])+$/.test(value)) throw badUri("a value is empty or not percent-encoded");
  const bytes = value.match(/%..|[^%]+/g) ?? [];
  return new Uint8Array(
    Buffer.concat(
      bytes.map((part) => (part.startsWith("%") ? Buffer.from(part.slice(1), "hex") : Buffer.from(part))),
    ),
  );
}

function optionalText(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : textOf(bytes);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KeyError("bad-uri", "The pkcs11: URI cannot be used: a value is not UTF-8.", { cause });
  }
}

function withoutScheme(pinSource: string): string {
  return pinSource.replace(/^file:(?:\/\/)?/, "");
}

function absolute(name: string, value: string | undefined): string {
  if (value === undefined || !path.isAbsolute(value)) throw badUri(`${name} must be an absolute path`);
  return value;
}

function badUri(what: string): KeyError {
  return new KeyError("bad-uri", `The pkcs11: URI cannot be used: ${what}.`);
}
