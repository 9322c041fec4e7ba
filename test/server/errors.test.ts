import { once } from "node:events";
import { createServer } from "node:http";
import { expect } from "chai";
import { FormatError } from "../../protocol/errors.ts";
import { LedgerError, problemOf, writeProblem } from "../../server/errors.ts";

describe("errors", () => {
  it("become problem documents with their code and members", () => {
    const gap = new LedgerError("sequence-gap", "Send from 3.", { members: { next: 3 } });
    const expected = {
      title: "Conflict",
      status: 409,
      code: "sequence-gap",
      detail: "Send from 3.",
      next: 3,
    };
    expect(problemOf(gap)).to.deep.equal(expected);
    expect(problemOf(new FormatError("salt", "draw more"))).to.include({
      status: 400,
      code: "salt",
      detail: "draw more",
    });
  });

  it("never show what an unexpected error says", () => {
    const problem = problemOf(new Error("password 1234 of /srv/ledger"));
    expect(problem).to.include({ status: 500, code: "internal" });
    expect(JSON.stringify(problem)).not.to.match(/1234|srv/);
  });

  it("do not let a member replace the code or the status", () => {
    const error = new LedgerError("overloaded", "Later.", { members: { code: "fine", status: 200 } });
    expect(problemOf(error)).to.include({ code: "overloaded", status: 503 });
  });

  it("are answered as application/problem+json, with the time to wait where waiting helps", async () => {
    const overloaded = await answered(new LedgerError("overloaded", "Later."));
    expect(overloaded.status).to.equal(503);
    expect(overloaded.headers.get("content-type")).to.equal("application/problem+json");
    expect(overloaded.headers.get("retry-after")).to.equal("1");
    const limited = await answered(new LedgerError("rate-limited", "Later.", { retryAfterSeconds: 7 }));
    expect(limited.headers.get("retry-after")).to.equal("7");
    expect((await answered(new LedgerError("wrong-log", "Another."))).headers.get("retry-after")).to.equal(
      null,
    );
  });
});

async function answered(error: Error): Promise<Response> {
  const server = createServer((_, response) => writeProblem(response, error)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.text();
  server.close();
  return response;
}
