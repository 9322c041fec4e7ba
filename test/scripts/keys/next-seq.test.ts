import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { KeysError } from "../../../scripts/keys/error.ts";
import { nextSeq } from "../../../scripts/keys/next-seq.ts";

/** What the command makes of an answer to its question. */
async function saysFor(status: number, body: string): Promise<unknown> {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(status).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    return await nextSeq(`http://127.0.0.1:${port}`, "qn-police/r1");
  } catch (error) {
    expect(error).to.be.instanceOf(KeysError);
    return "refused";
  } finally {
    expect(asked).to.deep.equal(["/v1/sources/qn-police/r1"]);
    server.close();
  }
}

describe("scripts/keys/next-seq", () => {
  it("is what the ledger says, and 1 for a source of which it has nothing", async () => {
    expect(await saysFor(200, '{"source":"qn-police/r1","next":43}')).to.equal(43);
    expect(await saysFor(404, '{"title":"t","status":404,"code":"unknown-source","detail":"d"}')).to.equal(1);
  });

  for (const [what, status, body] of [
    ["a proxy's page", 404, "<html>not found</html>"],
    ["another service's JSON", 404, '{"error":"no such route"}'],
    ["another fault of the ledger", 404, '{"code":"not-found"}'],
    ["an answer without the number", 200, "{}"],
    ["a number that is none", 200, '{"next":0}'],
    ["an overloaded ledger", 503, '{"code":"unknown-source"}'],
  ] as const)
    it(`takes ${what} for no answer`, async () => {
      expect(await saysFor(status, body)).to.equal("refused");
    });

  it("takes silence for no answer", async () => {
    const error: unknown = await nextSeq("http://127.0.0.1:9", "qn-police/r1").catch(
      (cause: unknown) => cause,
    );
    expect(error).to.be.instanceOf(KeysError);
  });
});
