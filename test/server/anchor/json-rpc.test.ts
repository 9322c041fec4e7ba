import { inspect } from "node:util";
import { expect } from "chai";
import { httpRpc } from "../../../server/anchor/json-rpc.ts";
import { type FakeNode, openFakeNode } from "./fake-node.ts";

describe("server/anchor/json-rpc", () => {
  let only: FakeNode;

  beforeEach(async () => {
    only = await openFakeNode();
  });

  afterEach(() => only.close());

  it("sends a password in the URL as a header, and never shows it", async () => {
    const shown: (string | undefined)[] = [];
    only.server.on("request", ({ headers }) => void shown.push(headers.authorization));
    const withPassword = only.url.replace("//", "//ledger:s3cret%2F@");
    expect(await httpRpc(withPassword, 100_000, 1_000)("eth_blockNumber", [])).to.equal("0x1");
    expect(new Set(shown)).to.deep.equal(new Set([`Basic ${btoa("ledger:s3cret/")}`]));
    const down = await httpRpc(
      "http://ledger:s3cret%2F@127.0.0.1:9",
      1_000,
      1_000,
    )("eth_blockNumber", []).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(inspect(down, { depth: null }))
      .to.contain("did not answer")
      .and.not.contain("s3cret");
  });

  it("refuses answers that are too long or no JSON, and keeps the URL out of its messages", async () => {
    only.answer = () => ({ result: "x".repeat(2_000) });
    const error = await rejection(httpRpc(`${only.url}/?key=secret`, 1_000, 1_000)("eth_call", []));
    expect(error).to.include({ code: "chain-unavailable" });
    expect(String(error)).to.not.include("secret");
  });
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
}
