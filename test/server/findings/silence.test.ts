import { expect } from "chai";
import { parseSource } from "../../../protocol/source.ts";
import { mayRecord, silentSource } from "../../../server/findings/silence.ts";
import type { RecorderKey } from "../../../server/receive/keys.ts";

const POLICE = parseSource("qn-police/r1");
const last = { index: 7, time: 1000 };
const LIMIT = { limitSeconds: 900 };

describe("server/findings/silence", () => {
  it("is open from the second after the limit on", () => {
    expect(silentSource(POLICE, { last }, { ...LIMIT, asOf: 1900 })).to.equal(undefined);
    expect(silentSource(POLICE, { last }, { ...LIMIT, asOf: 1901 })).to.deep.equal({
      id: "silent-source:7",
      kind: "silent-source",
      source: POLICE,
      evidence: { last },
      state: "open",
      since: 1900,
    });
  });

  it("is settled by the submission that ends it, and none when that came in time", () => {
    const terms = { ...LIMIT, asOf: 9999 };
    expect(silentSource(POLICE, { last, next: { index: 8, time: 1900 } }, terms)).to.equal(undefined);
    const next = { index: 8, time: 1901 };
    const settled = silentSource(POLICE, { last, next }, terms);
    expect(settled).to.deep.include({ id: "silent-source:7", state: "settled", since: 1900 });
    expect(settled?.evidence).to.deep.equal({ last, next });
  });

  describe("whether a source may record", () => {
    const key: RecorderKey = {
      ...{ source: POLICE, kid: "k", alg: "EdDSA", key: new Uint8Array(32) },
      ...{ fromSeq: 10, toSeq: 20, revoked: false, entitlements: 1 },
    };

    it("takes a key for the next number, not revoked, of an agency that is entitled to", () => {
      expect(mayRecord([key], POLICE, 10)).to.equal(true);
      expect(mayRecord([key], POLICE, 19)).to.equal(true);
      expect(mayRecord([key], POLICE, 9)).to.equal(false);
      expect(mayRecord([key], POLICE, 20)).to.equal(false);
      expect(mayRecord([{ ...key, revoked: true }], POLICE, 10)).to.equal(false);
      expect(mayRecord([{ ...key, entitlements: 6 }], POLICE, 10)).to.equal(false);
      expect(mayRecord([key], parseSource("qn-police/r2"), 10)).to.equal(false);
      expect(mayRecord([{ ...key, elsewhere: 2 }], POLICE, 10), "moved to another log").to.equal(false);
    });
  });
});
