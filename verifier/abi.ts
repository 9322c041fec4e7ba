/**
 * The little of the Ethereum contract ABI that reading the two registries takes: words in, words out.
 *
 * The answers come from a node nobody has to trust, so the reader accepts exactly what the Solidity encoder writes:
 * the parts in order, every offset pointing at the next unread byte, padding zero, nothing left over.
 */

const WORD_DIGITS = 64;

/** Answers longer than this are refused unread; the longest honest one lists a recorder's keys. */
const MAX_ANSWER_DIGITS = 2 * 256 * 1024;

/** The answer isn't what the contract's ABI says it returns. */
export class AbiError extends Error {
  override readonly name = "AbiError";
}

/** One argument word: an unsigned number of at most 53 bits. */
export function uintWord(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not an unsigned number of 53 bits");
  return value.toString(16).padStart(WORD_DIGITS, "0");
}

/** One argument word: ASCII text of at most 31 characters as `bytes32`, padded with zeros on the right. */
export function textWord(text: string): string {
  let digits = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f) throw new RangeError("not ASCII text");
    digits += code.toString(16).padStart(2, "0");
  }
  if (text.length > 31) throw new RangeError("longer than 31 characters");
  return digits.padEnd(WORD_DIGITS, "0");
}

/** The data of a call: the function's selector (`0x` and 8 digits) and its argument words. */
export function callData(selector: string, ...words: string[]): string {
  return selector + words.join("");
}

/** Reads the words of one answer from left to right. Every method throws AbiError when the answer deviates. */
export class AbiReader {
  readonly #digits: string;
  #position = 0;

  /** Takes the answer of an `eth_call` as it came: a `0x` string of whole words. */
  constructor(answer: unknown) {
    if (typeof answer !== "string") throw new AbiError("the answer is not a string");
    if (answer.length > MAX_ANSWER_DIGITS) throw new AbiError("the answer is too long");
    if (!/^0x[0-9a-fA-F]*$/.test(answer)) throw new AbiError("the answer is not hexadecimal");
    if ((answer.length - 2) % WORD_DIGITS !== 0)
      throw new AbiError("the answer is not a whole number of words");
    this.#digits = answer.slice(2).toLowerCase();
  }

  /** 64 lower-case hexadecimal digits: a `bytes32`. */
  word(): string {
    const end = this.#position + WORD_DIGITS;
    if (end > this.#digits.length) throw new AbiError("the answer is too short");
    const word = this.#digits.slice(this.#position, end);
    this.#position = end;
    return word;
  }

  /** An unsigned number of any width that is at most `max`. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = Number.parseInt(this.word(), 16);
    // Rounding of huge numbers is monotonic: nothing above the largest safe integer comes out below it.
    if (value > max) throw new AbiError("a number is too large");
    return value;
  }

  /** A `uint64` that anybody may have set to anything: rounded to a multiple of 2^11 above 2^53, so good for comparing only. */
  roundedUint64(): number {
    return this.uint(2 ** 64);
  }

  bool(): boolean {
    return this.uint(1) === 1;
  }

  /** 32 bytes. */
  bytes32(): Uint8Array {
    return bytesOf(this.word());
  }

  /** An address as `0x` and 40 lower-case digits. */
  address(): string {
    const word = this.word();
    if (!/^0{24}/.test(word)) throw new AbiError("an address is too long");
    return "0x" + word.slice(24);
  }

  /**
   * An offset counted from the word `firstWord` of the answer, which must lead to the next unread word: there the Solidity encoder
   * puts what it announces last. Returns the number of that word.
   */
  offset(firstWord: number): number {
    return this.begin(firstWord, this.uint());
  }

  /** The same for an offset that was read before, as those of a list stand before all they announce. */
  begin(firstWord: number, offset: number): number {
    const target = firstWord * WORD_DIGITS + 2 * offset;
    if (target !== this.#position) throw new AbiError("an offset points elsewhere");
    return target / WORD_DIGITS;
  }

  /** The length and elements of `bytes`, at the next unread byte. */
  bytes(maxLength: number): Uint8Array {
    const length = this.uint(maxLength);
    let digits = "";
    while (digits.length < 2 * length) digits += this.word();
    if (!/^0*$/.test(digits.slice(2 * length))) throw new AbiError("padding is not zero");
    return bytesOf(digits.slice(0, 2 * length));
  }

  /** Confirms that the whole answer was read. */
  end(): void {
    if (this.#position !== this.#digits.length) throw new AbiError("the answer is too long");
  }
}

function bytesOf(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
