/** C2SP signed notes (c2sp.org/signed-note) with Ed25519 keys (signature type 0x01). */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "#sha256";
import { concat, fromBase64, toBase64, toHex, utf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import type { SignBytes } from "./jws.ts";

export interface NoteSignature {
  readonly name: string;
  /** The 32-bit key id as 8 lowercase hexadecimal digits. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** A signed note whose form was checked and whose signatures were not. */
export interface Note {
  /** What is signed, with its final newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface VerifierKey {
  readonly name: string;
  readonly keyId: string;
  /** Ed25519: 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Longest note we read, in characters: room for 16 post-quantum signatures, as the specification asks. */
export const MAX_NOTE_LENGTH = 128 * 1024;

const ED25519_TYPE = 0x01;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/;
const FORBIDDEN_IN_NAME = /[\p{White_Space}+]/u;

/**
 * Parses a signed note. Strict about its end: the last signature line ends with one newline and nothing follows it.
 * Signatures of unknown keys and types (witness cosignatures) are kept, unread. Throws FormatError `note`.
 */
export function parseNote(text: string): Note {
  if (
    text.length > MAX_NOTE_LENGTH ||
    hasControlCharacter(text.replaceAll("\n", "")) ||
    !text.isWellFormed()
  ) {
    throw badNote(`at most ${MAX_NOTE_LENGTH} characters of well-formed text without control characters`);
  }
  const blank = text.lastIndexOf("\n\n");
  const lines = text.slice(blank + 2).split("\n");
  if (blank === -1 || lines.pop() !== "" || lines.length === 0) {
    throw badNote("text, a blank line and signature lines, each ending with one newline");
  }
  return { text: text.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) {
    throw badNote("signature lines of the form: em dash, space, key name, space, base64");
  }
  const bytes = fromBase64(encoded);
  if (bytes.length <= KEY_ID_BYTES) throw badNote("signatures of a 4-byte key id and at least one byte more");
  return { name, keyId: toHex(bytes.subarray(0, KEY_ID_BYTES)), signature: bytes.subarray(KEY_ID_BYTES) };
}

/** The text of a note, byte for byte what `parseNote` reads. */
export function formatNote(note: Note): string {
  const lines = note.signatures.map(
    ({ name, keyId, signature }) => `— ${name} ${toBase64(concat(keyIdBytes(keyId), signature))}\n`,
  );
  return `${note.text}\n${lines.join("")}`;
}

/** Signs a text, which must end with a newline, and returns the note. Throws FormatError `note`. */
export function signNote(text: string, key: VerifierKey, sign: SignBytes): string {
  if (!text.endsWith("\n")) throw badNote("a text that ends with a newline");
  const signature = { name: key.name, keyId: key.keyId, signature: sign(utf8(text)) };
  const signed = formatNote({ text, signatures: [signature] });
  parseNote(signed);
  return signed;
}

/** Lines of one key that are looked at: one is enough, and each costs the reader a millisecond that its writer does not pay. */
const MAX_LINES_OF_A_KEY = 4;

/**
 * Whether this key signed the note: it has one signature line with the key's name and id, or up to four, and every such line
 * is valid. Lines of other keys are ignored. Never throws.
 */
export function verifyNote(note: Note, key: VerifierKey): boolean {
  const own = note.signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  const signed = utf8(note.text);
  if (own.length === 0 || own.length > MAX_LINES_OF_A_KEY) return false;
  return own.every(({ signature }) => isSignature(signature, signed, key.publicKey));
}

function isSignature(signature: Uint8Array, data: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, data, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

/** The key by which notes of this name are verified. Throws FormatError `verifier-key`. */
export function verifierKey(name: string, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name) || publicKey.length !== KEY_BYTES) throw badKey();
  const id = sha256(concat(utf8(`${name}\n`), Uint8Array.of(ED25519_TYPE), publicKey)).subarray(
    0,
    KEY_ID_BYTES,
  );
  return { name, keyId: toHex(id), publicKey };
}

/** `<name>+<key id>+<base64 of type and key>`, the form other tools of the field read. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${key.keyId}+${toBase64(concat(Uint8Array.of(ED25519_TYPE), key.publicKey))}`;
}

/** Parses a verifier key; its id must be the one that follows from name and key. Throws FormatError `verifier-key`. */
export function parseVerifierKey(text: string): VerifierKey {
  const [name, keyId, encoded] = splitVerifierKey(text);
  if (name === undefined || keyId === undefined || encoded === undefined) throw badKey();
  const bytes = decodeKey(encoded);
  if (bytes[0] !== ED25519_TYPE) throw badKey();
  const key = verifierKey(name, bytes.subarray(1));
  if (key.keyId !== keyId) throw badKey();
  return key;
}

/** The base64 may hold plus signs; the name and the id may not. */
function splitVerifierKey(text: string): readonly string[] {
  const first = text.indexOf("+");
  const second = text.indexOf("+", first + 1);
  return first === -1 || second === -1
    ? []
    : [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)];
}

function decodeKey(encoded: string): Uint8Array {
  try {
    return fromBase64(encoded);
  } catch (cause) {
    throw badKey(cause);
  }
}

function keyIdBytes(keyId: string): Uint8Array {
  return Uint8Array.from({ length: KEY_ID_BYTES }, (_, at) => parseInt(keyId.slice(2 * at, 2 * at + 2), 16));
}

function isKeyName(name: string): boolean {
  return name !== "" && !FORBIDDEN_IN_NAME.test(name) && !hasControlCharacter(name) && name.isWellFormed();
}

/** Whether a text holds a character below U+0020. */
function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 0x20) return true;
  return false;
}

function badNote(expected: string): FormatError {
  return new FormatError("note", `not a signed note: expected ${expected}`);
}

function badKey(cause?: unknown): FormatError {
  return new FormatError(
    "verifier-key",
    "expected <name>+<8 hex digits>+<base64 of 0x01 and a 32-byte Ed25519 key>, with the id that follows from them",
    { cause },
  );
}
