import { expect } from "chai";
import { coloured, printable, processTerminal, wrap } from "../../cli/terminal.ts";

describe("printable", () => {
  it("leaves text alone, in any language", () => {
    for (const text of ["Minh Bạch", "トークン", "naïve ✓ 👋", "<>&\"'"])
      expect(printable(text)).to.equal(text);
  });

  it("escapes what could move the cursor, hide text or turn it around", () => {
    expect(printable("a\u001b[2Jb")).to.equal("a\\u{1b}[2Jb");
    expect(printable("\r\n\t\u0000\u007f\u009b")).to.equal("\\u{d}\\u{a}\\u{9}\\u{0}\\u{7f}\\u{9b}");
    expect(printable("\u202e\u2066\u200b\ufeff\u2028")).to.equal(
      "\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{2028}",
    );
    expect(printable("\ud800")).to.equal("\\u{d800}");
  });
});

describe("wrap", () => {
  it("breaks at spaces, and inside words that fill a line", () => {
    expect(wrap("one two three", 8)).to.deep.equal(["one two", "three"]);
    expect(wrap("0123456789", 4)).to.deep.equal(["0123", "4567", "89"]);
    expect(wrap("a 0123456789 b", 4)).to.deep.equal(["a", "0123", "4567", "89 b"]);
    expect(wrap("", 4)).to.deep.equal([""]);
  });

  it("loses nothing", () => {
    const text = "the quick brown fox jumps over 0x6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e and stops";
    for (let width = 1; width < 100; width++) {
      const lines = wrap(text, width);
      expect(lines.join("").replaceAll(" ", "")).to.equal(text.replaceAll(" ", ""));
      for (const line of lines) expect(line.length).to.be.at.most(width);
    }
  });
});

describe("processTerminal", () => {
  const stream = (
    isTTY: boolean,
    columns?: number,
  ): { write: () => boolean; isTTY: boolean; columns?: number } => ({
    write: () => true,
    isTTY,
    ...(columns === undefined ? {} : { columns }),
  });
  const terminalOf = (stdout: ReturnType<typeof stream>, env: { NO_COLOR?: string } = {}) =>
    processTerminal({ stdout, stderr: stdout }, env);

  it("uses colour on a terminal only, and never against NO_COLOR", () => {
    expect(coloured(terminalOf(stream(true)), "green", "ok")).to.equal("\u001b[32mok\u001b[0m");
    expect(coloured(terminalOf(stream(false)), "green", "ok")).to.equal("ok");
    expect(terminalOf(stream(true), { NO_COLOR: "1" }).colour).to.equal(false);
    expect(terminalOf(stream(true), { NO_COLOR: "" }).colour).to.equal(true);
  });

  it("keeps lines readable on narrow and on wide screens", () => {
    expect(terminalOf(stream(true, 72)).columns).to.equal(72);
    expect(terminalOf(stream(true, 10)).columns).to.equal(40);
    expect(terminalOf(stream(true, 400)).columns).to.equal(100);
    expect(terminalOf(stream(false)).columns).to.equal(100);
  });
});
