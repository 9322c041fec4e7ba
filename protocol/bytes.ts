import { FormatError } from "./errors.ts";

/** Plain bytes, without Node's `Buffer`, so that the same code runs in a browser. */
export type Bytes = Uint8Array;

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const INVALID = 255;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeTable(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(INVALID);
  for (let value = 0; value < 64; value++) table[alphabet.charCodeAt(value)] = value;
  return table;
}

const BASE64_VALUES = decodeTable(BASE64);
const BASE64URL_VALUES = decodeTable(BASE64URL);

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 bytes. Throws FormatError `utf8` on anything ill-formed; a byte order mark is kept. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new FormatError("utf8", "the bytes are not well-formed UTF-8", { cause });
  }
}

/** Lowercase hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of lowercase hexadecimal of even length. Throws FormatError `hex`. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    throw new FormatError("hex", "expected an even number of lowercase hexadecimal digits");
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = encode64(bytes, BASE64);
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** base64url without padding (RFC 4648 section 5, as RFC 7515 uses it). */
export function toBase64url(bytes: Uint8Array): string {
  return encode64(bytes, BASE64URL);
}

/**
 * Bytes of standard base64. Strict: exact padding, no stray characters, zero trailing bits, so each byte
 * string has one text. Throws FormatError `base64`.
 */
export function fromBase64(text: string): Uint8Array {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = text.length % 4 === 0 ? decode64(text, text.length - padding, BASE64_VALUES) : undefined;
  if (bytes === undefined || (4 - ((text.length - padding) % 4)) % 4 !== padding) {
    throw new FormatError("base64", "expected standard base64 with padding, without stray characters");
  }
  return bytes;
}

/** Bytes of base64url. Strict: no padding, no stray characters, zero trailing bits. Throws FormatError `base64url`. */
export function fromBase64url(text: string): Uint8Array {
  const bytes = decode64(text, text.length, BASE64URL_VALUES);
  if (bytes === undefined) throw badBase64url();
  return bytes;
}

/** How many bytes a strict base64url text holds, or undefined when it is none; without decoding it. */
export function base64urlByteLength(text: string): number | undefined {
  const tail = text.length % 4;
  if (tail === 1 || !/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  if (tail !== 0) {
    const last = valueOf(text, text.length - 1, BASE64URL_VALUES);
    if ((tail === 2 ? last & 15 : last & 3) !== 0) return undefined;
  }
  return Math.floor((text.length * 3) / 4);
}

/**
 * Text whose UTF-8 bytes are written in strict base64url. The same as `fromUtf8(fromBase64url(text))`, by the runtime's native
 * decoder, which is four times as fast and, being lenient, only sees what was checked here. Throws FormatError
 * `base64url` or `utf8`.
 */
export function textFromBase64url(text: string): string {
  if (base64urlByteLength(text) === undefined) throw badBase64url();
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  // Where no byte is above 0x7f, the bytes are the text.
  return /^[\0-\x7f]*$/.test(binary) ? binary : fromUtf8(fromBase64url(text));
}

/** All parts in one new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The 8 bytes of an unsigned number, most significant first. Throws RangeError unless it is a safe integer from 0. */
export function u64(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not an unsigned number of 53 bits");
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Whether two byte strings are the same. Not constant time: everything compared here is public. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function encode64(bytes: Uint8Array, alphabet: string): string {
  let text = "";
  let buffered = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffered = ((buffered << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 6; bits -= 6) text += alphabet.charAt((buffered >> (bits - 6)) & 63);
  }
  return bits === 0 ? text : text + alphabet.charAt((buffered << (6 - bits)) & 63);
}

/** The bytes of `length` characters, or undefined when a character, the length or the trailing bits are wrong. */
function decode64(text: string, length: number, values: Uint8Array): Uint8Array | undefined {
  const tail = length % 4;
  if (tail === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let at = 0;
  let out = 0;
  for (const whole = length - tail; at < whole; at += 4) {
    const a = valueOf(text, at, values);
    const b = valueOf(text, at + 1, values);
    const c = valueOf(text, at + 2, values);
    const d = valueOf(text, at + 3, values);
    if ((a | b | c | d) > 63) return undefined;
    bytes[out++] = (a << 2) | (b >> 4);
    bytes[out++] = (b << 4) | (c >> 2);
    bytes[out++] = (c << 6) | d;
  }
  if (tail === 0) return bytes;
  const a = valueOf(text, at, values);
  const b = valueOf(text, at + 1, values);
  const c = tail === 3 ? valueOf(text, at + 2, values) : 0;
  if ((a | b | c) > 63) return undefined;
  if ((tail === 2 ? b & 15 : c & 3) !== 0) return undefined;
  bytes[out++] = (a << 2) | (b >> 4);
  if (tail === 3) bytes[out] = (b << 4) | (c >> 2);
  return bytes;
}

function valueOf(text: string, at: number, values: Uint8Array): number {
  const code = text.charCodeAt(at);
  return code < 256 ? (values[code] ?? INVALID) : INVALID;
}

function badBase64url(): FormatError {
  return new FormatError("base64url", "expected base64url without padding or stray characters");
}
