import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import {
  statementClosureLine,
  statementEndLine,
  statementEventLine,
  statementHeadLine,
} from "../../protocol/statement-lines.ts";
import {
  formatStatement,
  formatStatementLines,
  parseStatement,
  type Statement,
} from "../../protocol/statement.ts";
import { codeOf, expectCode } from "./expect-code.ts";
import { absentConsent, personList, sampleStatement } from "./statement-samples.ts";

const STATEMENTS: Readonly<Record<string, Statement>> = {
  "of a person": sampleStatement(personList()),
  "of a person and another id": sampleStatement(personList(), absentConsent()),
  "that is continued": sampleStatement(personList(2)),
  "of absence": sampleStatement(absentConsent()),
};
const whole = sampleStatement(personList(), absentConsent());
const lines = formatStatementLines(whole);

describe("statement", () => {
  for (const [name, statement] of Object.entries(STATEMENTS)) {
    it(`${name} reads back from both spellings, as text and as bytes`, () => {
      for (const text of [formatStatement(statement), formatStatementLines(statement)]) {
        expect(parseStatement(text)).to.deep.equal(statement);
        expect(parseStatement(utf8(text))).to.deep.equal(statement);
      }
      const oneLine = JSON.stringify(JSON.parse(formatStatement(statement)));
      expect(parseStatement(oneLine)).to.deep.equal(statement);
      expect(parseStatement(`${oneLine}\n`)).to.deep.equal(statement);
    });
  }

  it("in lines can be written while its events come", () => {
    const closure = whole.closures.map(statementClosureLine).join("");
    const [first, second, third] = (whole.lists[0]?.events ?? []).map((entry) =>
      statementEventLine(0, entry),
    );
    expect([statementHeadLine(whole), first, closure, second, third, statementEndLine(3)].join("")).to.equal(
      lines,
    );
  });

  it("in lines says that it was cut off, wherever it was", () => {
    const head = lines.indexOf("\n");
    for (let length = head; length < lines.length - 2; length += 7) {
      expect(
        codeOf(() => parseStatement(lines.slice(0, length))),
        `${length} characters`,
      ).to.equal("statement-truncated");
    }
    const rows = lines.split("\n");
    expectCode("statement-truncated", () =>
      parseStatement([...rows.slice(0, 1), ...rows.slice(2)].join("\n")),
    );
  });

  it("as a document never passes when it was cut off", () => {
    const text = formatStatement(whole);
    for (let length = 0; length < text.length - 2; length += 11) {
      expect(
        codeOf(() => parseStatement(text.slice(0, length))),
        `${length} characters`,
      ).to.be.a("string");
    }
  });

  it("is refused with a code, whatever a byte of it is changed to, or reads as one statement", () => {
    fc.assert(
      fc.property(fc.nat(lines.length - 1), fc.constantFrom(...'0"{}[],:~\nA '), (at, character) => {
        const changed = lines.slice(0, at) + character + lines.slice(at + 1);
        const code = codeOf(() => parseStatement(changed));
        if (code !== undefined) return;
        const read = parseStatement(changed);
        expect(parseStatement(formatStatement(read))).to.deep.equal(read);
      }),
      { numRuns: 400 },
    );
  });

  it("names no person in what it says is wrong", () => {
    const text = formatStatement(whole);
    for (const id of ["vn-cccd:00109901234x", "vn-cccd:0010990123455", "cccd:001099012345"]) {
      expect(() => parseStatement(text.replace("vn-cccd:001099012345", id))).to.throw(/^(?!.*00109901234)/);
    }
  });

  it("is not written when it could not be read", () => {
    expectCode("statement", () => formatStatement({ ...whole, horizon: 0 }));
    expectCode("subject-id", () =>
      formatStatementLines(sampleStatement({ ...personList(), id: "vn-cccd:1" })),
    );
  });
});
