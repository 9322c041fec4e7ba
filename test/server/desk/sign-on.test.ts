import { expect } from "chai";
import { FormatError } from "../../../protocol/errors.ts";
import { verifyJws } from "../../../protocol/jws.ts";
import { parseSignOn } from "../../../protocol/sign-on.ts";
import { parseSource } from "../../../protocol/source.ts";
import { signOnFacet } from "../../../server/desk/sign-on.ts";
import type { SignedOn, SignOn } from "../../../server/identity/caller.ts";
import { citizen, INSPECTOR, officer, SIGN_ON } from "../callers.ts";
import { LOG, testKey } from "../receive/recorder.ts";

const KEY = testKey();
const PLACE = { log: LOG, src: parseSource("qn-operator/desk"), seq: 12, iat: 1_795_000_000 };
const CITIZEN = citizen({ scheme: "vn-cccd", id: "999199000001" });

const signedOn = (by: SignedOn, signOn: Partial<SignOn> = {}): SignedOn => ({
  ...by,
  signOn: { ...SIGN_ON, ...signOn },
});
const statement = (by: SignedOn) => parseSignOn(signOnFacet(by, PLACE, KEY)).signOn;

describe("server/desk/sign-on", () => {
  it("says who signed on where, for which event, under the desk's key", () => {
    const more = { tokenId: "t-1", client: "portal", authenticatedAt: 1_794_999_000, level: "2" };
    const text = signOnFacet(signedOn(INSPECTOR, more), PLACE, KEY);
    const { jws, signOn } = parseSignOn(text);
    expect(verifyJws(jws, KEY)).to.equal(true);
    expect(signOn).to.deep.equal({
      ...PLACE,
      ...{ role: "inspector", agency: "qn-inspectorate", iss: SIGN_ON.issuer, sub: SIGN_ON.subject },
      ...{ jti: "t-1", client_id: "portal", auth_time: 1_794_999_000, acr: "2" },
      ...{ exp: SIGN_ON.expires, token: SIGN_ON.tokenDigest },
    });
    expect(statement(officer("qn-police"))).to.include({ role: "officer", agency: "qn-police" });
    expect(statement(CITIZEN)).not.to.have.property("agency");
  });

  it("is no other key's, and none that somebody changed", () => {
    const text = signOnFacet(CITIZEN, PLACE, KEY);
    expect(verifyJws(parseSignOn(text).jws, testKey()), "another key").to.equal(false);
    const [header = "", payload = "", signature = ""] = text.split(".");
    const moved = { ...(JSON.parse(Buffer.from(payload, "base64url").toString()) as object), seq: 13 };
    const forged = [header, Buffer.from(JSON.stringify(moved)).toString("base64url"), signature].join(".");
    expect(parseSignOn(forged).signOn.seq).to.equal(13);
    expect(verifyJws(parseSignOn(forged).jws, KEY), "put into another event").to.equal(false);
  });

  for (const subject of ["999199000001", "vneid:999199000001", "051308000001-x"]) {
    it(`leaves out a name that is a person's number, such as ${subject}`, () => {
      const text = signOnFacet(signedOn(CITIZEN, { subject }), PLACE, KEY);
      expect(parseSignOn(text).signOn).not.to.have.property("sub");
    });
  }

  it("leaves out a name that holds the citizen's own number, whatever its scheme", () => {
    const foreign = citizen({ scheme: "passport", id: "FRA:12AB34567" });
    expect(statement(signedOn(foreign, { subject: "fc|FRA:12AB34567" }))).not.to.have.property("sub");
  });

  it("leaves out whatever else of the token holds a person's number", () => {
    const telling = { tokenId: "999199000001-7", client: "app.999199000001", level: "2" };
    const made = statement(signedOn(CITIZEN, telling));
    expect(made).to.include({ acr: "2", token: SIGN_ON.tokenDigest });
    expect(made).not.to.have.any.keys("jti", "client_id");
  });

  it("leaves out what does not fit, and names the token by its digest all the same", () => {
    const odd = { subject: "Nguyễn", tokenId: "j".repeat(257), level: "", client: "c" };
    const made = statement(signedOn(CITIZEN, odd));
    expect(made).to.include({ client_id: "c", token: SIGN_ON.tokenDigest });
    expect(made).not.to.have.any.keys("sub", "jti", "acr");
  });

  it("is not made for an issuer without a name that fits", () => {
    expect(() => signOnFacet(signedOn(CITIZEN, { issuer: "" }), PLACE, KEY)).to.throw(FormatError);
  });
});
