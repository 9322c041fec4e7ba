import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { type AnchorIntent, encodeIntent, parseIntent } from "../../../server/anchor/intent.ts";

const INTENT: AnchorIntent = {
  expectedSize: 7,
  content: {
    size: 12,
    root: new Uint8Array(32).fill(1),
    indexSize: 5,
    indexRoot: new Uint8Array(32).fill(2),
  },
  transaction: { hash: `0x${"ab".repeat(32)}`, nonce: 3, raw: "0x02f8" },
};

describe("server/anchor/intent", () => {
  it("reads back what it wrote", () => {
    expect(parseIntent(encodeIntent(INTENT))).to.deep.equal(INTENT);
  });

  it("reads an intent of version 1 for ever", () => {
    const stored =
      '{"version":1,"expectedSize":7,"size":12,"root":"' +
      `${"01".repeat(32)}","indexSize":5,"indexRoot":"${"02".repeat(32)}","hash":"0x${"ab".repeat(32)}","nonce":3,"raw":"0x02f8"}`;
    expect(parseIntent(utf8(stored))).to.deep.equal(INTENT);
  });

  it("forgets what it cannot read instead of failing at every start", () => {
    const text = new TextDecoder().decode(encodeIntent(INTENT));
    const unreadable = [
      "",
      "null",
      "[]",
      text.slice(0, -1),
      text.replace('"version":1', '"version":2'),
      text.replace('"size":12', '"size":-1'),
      text.replace('"nonce":3', '"nonce":1.5'),
      text.replace('"raw":"0x02f8"', '"raw":"0x02f"'),
      text.replace("0101", "01"),
      text.replace('"hash":"0xab', '"hash":"ab'),
    ];
    for (const stored of unreadable) expect(parseIntent(utf8(stored)), stored).to.equal(undefined);
    expect(parseIntent(new Uint8Array([0xff]))).to.equal(undefined);
  });
});
