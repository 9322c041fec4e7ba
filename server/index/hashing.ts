import { hash } from "node:crypto";

/**
 * SHA-256 of `input` written to `target` at `to`. Asked for as text of one character a byte: a third of a microsecond, where the Buffer that Node
 * would make costs three times as much.
 */
export function hashInto(input: Uint8Array, target: Buffer, to: number): void {
  target.write(hash("sha256", input, "binary"), to, "latin1");
}

/** Writes a number below 2^53 as 8 big-endian bytes. */
export function writeU64(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  target.writeUInt32BE(value % 2 ** 32, at + 4);
}
