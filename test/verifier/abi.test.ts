import { expect } from "chai";
import { AbiCoder, encodeBytes32String } from "ethers";
import { AbiError, AbiReader, textWord, uintWord } from "../../verifier/abi.ts";

const coder = AbiCoder.defaultAbiCoder();

describe("abi", () => {
  it("writes words as another ABI coder does", () => {
    for (const value of [0, 1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(`0x${uintWord(value)}`).to.equal(coder.encode(["uint64"], [value]));
    }
    for (const text of ["a", "qn-police", "a".repeat(31)]) {
      expect(`0x${textWord(text)}`).to.equal(encodeBytes32String(text));
    }
  });

  it("refuses to write what does not fit", () => {
    for (const value of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => uintWord(value)).to.throw(RangeError);
    for (const text of ["a".repeat(32), "ê", "a\0b"]) expect(() => textWord(text)).to.throw(RangeError);
  });

  it("reads words as another ABI coder writes them", () => {
    const reader = new AbiReader(
      coder.encode(
        ["bool", "uint8", "uint64", "uint64", "bytes32", "address"],
        [true, 7, Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n, `0x${"ab".repeat(32)}`, `0x${"cd".repeat(20)}`],
      ),
    );
    expect(reader.bool()).to.equal(true);
    expect(reader.uint(255)).to.equal(7);
    expect(reader.uint()).to.equal(Number.MAX_SAFE_INTEGER);
    expect(reader.roundedUint64()).to.equal(2 ** 64);
    expect(reader.bytes32()).to.deep.equal(new Uint8Array(32).fill(0xab));
    expect(reader.address()).to.equal(`0x${"cd".repeat(20)}`);
    reader.end();
  });

  it("reads bytes of any length within a struct", () => {
    for (const length of [0, 1, 31, 32, 33, 65]) {
      const key = new Uint8Array(length).fill(0x5a);
      const reader = new AbiReader(coder.encode(["bool", "tuple(uint8, bytes)"], [true, [2, key]]));
      expect(reader.bool()).to.equal(true);
      const struct = reader.offset(0);
      expect(reader.uint(255)).to.equal(2);
      reader.offset(struct);
      expect(reader.bytes(65)).to.deep.equal(key);
      reader.end();
    }
  });

  const word = (digits: string): string => digits.padStart(64, "0");
  const refused: readonly [name: string, answer: unknown, read: (reader: AbiReader) => unknown][] = [
    ["no string", 1, () => undefined],
    ["nothing at all", undefined, () => undefined],
    ["no prefix", word("1"), () => undefined],
    ["digits that are none", `0x${word("g")}`, () => undefined],
    ["half a word", `0x${"0".repeat(32)}`, () => undefined],
    ["a megabyte", `0x${"0".repeat(2 ** 20)}`, () => undefined],
    ["too few words", "0x", (reader) => reader.word()],
    ["words left over", `0x${word("1")}${word("1")}`, (reader) => reader.uint()],
    ["a number above 2^53", `0x${word("20000000000000")}`, (reader) => reader.uint()],
    ["a uint64 that is wider", `0x${word("20000000000000000")}`, (reader) => reader.roundedUint64()],
    ["a bool of 2", `0x${word("2")}`, (reader) => reader.bool()],
    ["an address with dirt before it", `0x${"1".repeat(64)}`, (reader) => reader.address()],
    ["an offset backwards", `0x${word("0")}${word("1")}`, (reader) => reader.offset(0)],
    ["an offset over a gap", `0x${word("40")}${word("1")}`, (reader) => reader.offset(0)],
    [
      "an offset near the end of all numbers",
      `0x${"f".repeat(64)}${word("1")}`,
      (reader) => reader.offset(0),
    ],
    ["bytes longer than allowed", `0x${word("42")}${word("0").repeat(3)}`, (reader) => reader.bytes(65)],
    ["bytes longer than the answer", `0x${word("21")}${word("0")}`, (reader) => reader.bytes(65)],
    ["padding that is not zero", `0x${word("1")}${"1".repeat(64)}`, (reader) => reader.bytes(65)],
  ];
  for (const [name, answer, read] of refused) {
    it(`refuses ${name}`, () => {
      expect(() => {
        const reader = new AbiReader(answer);
        read(reader);
        reader.end();
      }).to.throw(AbiError);
    });
  }
});
