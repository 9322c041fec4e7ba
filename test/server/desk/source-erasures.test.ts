import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { makeErasureQuery } from "../../../protocol/erasure-query.ts";
import { keyId } from "../../../protocol/jws.ts";
import { parseSource } from "../../../protocol/source.ts";
import { sourceErasureRoutes } from "../../../server/desk/source-erasures.ts";
import type { ErasedEvent } from "../../../server/disclose/erasures.ts";
import type { RecorderKey } from "../../../server/receive/keys.ts";

const SEED = new Uint8Array(32).fill(3);
const key = ed25519.getPublicKey(SEED);
const kid = keyId("EdDSA", key);
const signer = { alg: "EdDSA", kid, sign: (data: Uint8Array) => ed25519.sign(data, SEED) } as const;
const forger = { ...signer, sign: (data: Uint8Array) => ed25519.sign(data, new Uint8Array(32).fill(4)) };
const log = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const SOURCE = parseSource("qn-police/r1");
const NOW = 1_790_000_000;
const query = { log, src: SOURCE, after: 0, iat: NOW };

describe("server/desk/source-erasures", () => {
  const events: ErasedEvent[] = Array.from({ length: 150 }, (_, at) => ({
    ...{ number: at + 1, source: SOURCE, seq: at + 10, leaf: `leaf-${at}`, order: 500 + (at % 2) },
  }));

  async function ask(text: string, changes: Partial<RecorderKey> = {}): Promise<Record<string, unknown>> {
    const known: RecorderKey = {
      ...{ source: SOURCE, kid, alg: "EdDSA", key, fromSeq: 1, toSeq: Infinity, revoked: false },
      entitlements: 1,
      ...changes,
    };
    const [route] = sourceErasureRoutes({
      erasures: {
        ofSource: async (source, { after, limit }) =>
          await Promise.resolve({
            list: "list",
            events: source === SOURCE ? events.slice(after, after + limit) : [],
          }),
      },
      evidenceOf: async (order) => await Promise.resolve(JSON.stringify({ evidence: order })),
      keys: { keys: () => [known] },
      log: `31337:0x${"ab".repeat(20)}:1`,
      clock: { now: () => NOW * 1000 },
    });
    const answer = await route?.handle(
      {
        ...{ path: "", query: () => undefined, queryNames: [], accept: "", header: () => undefined },
        parameter: (name) => (name === "agency" ? "qn-police" : "r1"),
        body: utf8(JSON.stringify({ query: text })),
      },
      { role: "public" },
    );
    if (answer === undefined || !("json" in answer)) throw new Error("no answer");
    return answer.json as Record<string, unknown>;
  }

  it("tells a source page by page what was erased, with the evidence of each order once", async () => {
    const first = await ask(makeErasureQuery(query, signer));
    expect(first).to.include({ list: "list", next: 100 });
    expect(first["events"]).to.have.length(100);
    expect(first["orders"]).to.deep.equal([
      { order: 500, evidence: { evidence: 500 } },
      { order: 501, evidence: { evidence: 501 } },
    ]);
    const second = await ask(makeErasureQuery({ ...query, after: 100 }, signer));
    expect(second["events"]).to.have.length(50);
    expect(second).to.not.have.property("next");
    expect((second["events"] as object[])[0]).to.deep.equal({
      ...{ number: 101, seq: 110, leaf: "leaf-100", order: 500 },
    });
  });

  it("tells nobody else", async () => {
    const other = parseSource("qn-tax/r1");
    const refused: [string, string, Partial<RecorderKey>?][] = [
      ["wrong-signature", makeErasureQuery(query, forger)],
      ["unknown-key", makeErasureQuery({ ...query, src: other }, signer)],
      ["unknown-key", makeErasureQuery(query, signer), { source: other }],
      ["unknown-key", makeErasureQuery(query, signer), { kid: "another" }],
      ["revoked-key", makeErasureQuery(query, signer), { revoked: true }],
      ["wrong-log", makeErasureQuery({ ...query, log: { ...log, logId: 2 } }, signer)],
      ["bad-request", makeErasureQuery({ ...query, iat: NOW - 301 }, signer)],
      ["bad-request", makeErasureQuery({ ...query, iat: NOW + 301 }, signer)],
    ];
    for (const [code, text, changes] of refused) {
      const error: unknown = await ask(text, changes).catch((reason: unknown) => reason);
      expect(error, code).to.have.property("code", code);
    }
  });
});
