/** Writes a bundle of exactly known length: entries, each behind its length as two big-endian bytes. */
export class BundleWriter {
  readonly #bytes: Buffer<ArrayBuffer>;
  #at = 0;

  /** `byteLength`: of all entries together; `count`: how many there will be. */
  constructor(byteLength: number, count: number) {
    // Its own memory, not a part of Node's pool: it is handed to another thread.
    this.#bytes = Buffer.allocUnsafeSlow(byteLength + 2 * count);
  }

  /** Begins an entry of this length; the other methods fill it. */
  entry(length: number): void {
    this.#at = this.#bytes.writeUInt16BE(length, this.#at);
  }

  /** One byte a character. */
  latin1(text: string): void {
    this.#at += this.#bytes.write(text, this.#at, "latin1");
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  byte(value: number): void {
    this.#at = this.#bytes.writeUInt8(value, this.#at);
  }

  /** The bundle. @throws RangeError when it is not full: what it holds beyond would be anything. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#at !== this.#bytes.length) throw new RangeError("the bundle is not full");
    return this.#bytes;
  }
}
