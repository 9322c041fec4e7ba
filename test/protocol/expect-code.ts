import { expect } from "chai";
import { type FormatCode, FormatError } from "../../protocol/errors.ts";

/** The code of the FormatError that `parse` throws; undefined when it throws nothing. Any other error goes through. */
export function codeOf(parse: () => unknown): FormatCode | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return undefined;
}

export function expectCode(code: FormatCode, parse: () => unknown): void {
  expect(codeOf(parse)).to.equal(code);
}
