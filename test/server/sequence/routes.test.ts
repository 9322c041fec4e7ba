import { expect } from "chai";
import type { Caller } from "../../../server/identity/caller.ts";
import { sequenceRoutes } from "../../../server/sequence/routes.ts";
import { rejection } from "../store/conformance.ts";

const caller: Caller = { role: "public" };

describe("POST /v1/receipts", () => {
  it("shows every receipt to the sequencer", async () => {
    const shown: string[] = [];
    const answer = await post(
      '{"receipts":["a","b"]}',
      async (receipt) => await Promise.resolve(void shown.push(receipt)),
    );
    expect(answer).to.deep.equal({ json: { honoured: 2 } });
    expect(shown).to.deep.equal(["a", "b"]);
  });

  for (const body of [
    '{"receipts":[]}',
    '{"receipts":[1]}',
    "[]",
    '{"receipt":"a"}',
    `{"receipts":[${'"a",'.repeat(100)}"a"]}`,
  ]) {
    it(`refuses ${body.slice(0, 20)}`, async () => {
      const refused = rejection(
        post(body, async () => await Promise.reject(new Error("asked all the same"))),
      );
      expect(await refused).to.have.property("code", "bad-request");
    });
  }
});

async function post(body: string, showReceipt: (receipt: string) => Promise<void>): Promise<unknown> {
  const [route] = sequenceRoutes({ showReceipt });
  const request = {
    path: "/v1/receipts",
    parameter: () => "",
    query: () => undefined,
    queryNames: [],
    accept: "",
    header: () => undefined,
    body: Buffer.from(body),
  };
  return await route?.handle(request, caller);
}
