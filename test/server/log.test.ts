import { Writable } from "node:stream";
import { expect } from "chai";
import { createLog } from "../../server/log.ts";

describe("server/log", () => {
  function linesOf(write: (log: ReturnType<typeof createLog>) => void): string[] {
    const lines: string[] = [];
    const destination = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lines.push(chunk.toString());
        done();
      },
    });
    write(createLog({ logLevel: "info" }, destination));
    return lines;
  }

  it("writes one JSON object a line, with the time, and nothing below its level", () => {
    const lines = linesOf((log) => {
      log.debug("not this");
      log.info({ source: "qn-police/r1", index: 7 }, "recorded");
    });
    expect(lines).to.have.length(1);
    const line: unknown = JSON.parse(lines[0] ?? "");
    expect(line).to.include({ source: "qn-police/r1", index: 7, msg: "recorded", level: 30 });
    expect(line)
      .to.have.property("time")
      .that.matches(/^\d{4}-\d\d-\d\dT/);
    expect(line).to.not.have.any.keys("pid", "hostname");
  });

  it("shows an error with its cause", () => {
    const [line] = linesOf((log) =>
      log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed"),
    );
    expect(line).to.contain("outer").and.contain("inner");
  });

  it("cuts credentials out wherever they could come in by mistake", () => {
    const [line] = linesOf((log) => {
      log.info({
        token: "hunter2",
        authorization: "hunter2",
        request: { authorization: "hunter2" },
        headers: { cookie: "hunter2" },
      });
    });
    expect(line).to.contain("(redacted)").and.not.contain("hunter2");
  });
});
