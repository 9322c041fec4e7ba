import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { makeEvent, parseEvent, payloadOf } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { recordedEvent } from "../../../server/disclose/recorded-event.ts";
import { access } from "../prove/recorded-log.ts";

const WHOLE: Facets = {
  ...access("m-1"),
  "agent.id": "officer-17",
  purpose: { procedure: "1.004222", description: 'Cấp lại "giấy khai sinh" \\ 🙂' },
  explanation: { vi: "Vì em bé được sinh ra" },
};

describe("server/disclose/recorded-event", () => {
  const [one, other] = [madeOf(1), madeOf(2)];

  it("reads what the strict parser read when the event was received", () => {
    for (const { text, payload, disclosures } of [one, other]) {
      expect(recordedEvent(payload, disclosures)).to.deep.equal(parseEvent(text));
    }
  });

  for (const [name, payload, disclosures] of [
    ["another event's disclosures", one.payload, other.disclosures],
    ["a disclosure less", one.payload, one.disclosures.slice(one.disclosures.indexOf("~") + 1)],
    ["a disclosure twice", one.payload, `${one.disclosures}${one.disclosures.split("~")[0] ?? ""}~`],
    ["none", one.payload, ""],
    ["no JSON", one.payload, "AAAA~"],
    ["a payload that is none", utf8("AAAA"), one.disclosures],
  ] as const) {
    it(`takes ${name} for damage, and quotes nothing of it`, () => {
      expect(() => recordedEvent(payload, disclosures)).to.throw(/^the records hold an event whose parts/);
    });
  }
});

function madeOf(seq: number): { text: string; payload: Uint8Array; disclosures: string } {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  const text = makeEvent({ source: parseSource("qn-police/r1"), seq, facets: WHOLE, random });
  return { text, payload: utf8(payloadOf(text)), disclosures: text.slice(text.indexOf("~") + 1) };
}
