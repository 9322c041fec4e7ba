import { expect } from "chai";
import { type ClaimRules, DEVELOPMENT_CLAIM_RULES } from "../../../server/config-sign-on.ts";
import { LedgerError } from "../../../server/errors.ts";
import { callerOfClaims } from "../../../server/identity/claims.ts";

const DIGEST = "A".repeat(43);
const SIGNED_ON = { iss: "https://issuer.example", sub: "u-1", exp: 2000 };

/** Who the claims say is calling, without the sign-on. */
function caller(claims: Record<string, unknown>, rules: Partial<ClaimRules> = {}): object {
  const { signOn: _, ...rest } = callerOfClaims(
    { claims: { ...SIGNED_ON, ...claims }, digest: DIGEST },
    { ...DEVELOPMENT_CLAIM_RULES, ...rules },
  );
  return rest;
}

function refusal(claims: Record<string, unknown>, rules: Partial<ClaimRules> = {}): LedgerError {
  try {
    return expect.fail(`it is taken: ${JSON.stringify(caller(claims, rules))}`);
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

describe("server/identity/claims", () => {
  const name = "u-1";
  const known: [claims: Record<string, unknown>, who: object][] = [
    [
      { roles: ["minhbach:citizen"], person_number: "999199000001" },
      { role: "citizen", name, subject: { scheme: "vn-cccd", id: "999199000001" } },
    ],
    [
      { roles: ["minhbach:citizen"], person_number: "FRA:12AB34567", person_scheme: "passport" },
      { role: "citizen", name, subject: { scheme: "passport", id: "FRA:12AB34567" } },
    ],
    [
      { roles: ["x", "minhbach:agency"], agency: "qn-health" },
      { role: "agency", name, agency: "qn-health" },
    ],
    [
      { roles: "minhbach:officer openid", agency: "qn-police" },
      { role: "officer", name, agency: "qn-police" },
    ],
    [
      { roles: ["minhbach:inspector"], authority: "qn-inspectorate" },
      { role: "inspector", name, authority: "qn-inspectorate" },
    ],
    [{ roles: ["minhbach:operator", "minhbach:operator"] }, { role: "operator", name }],
    [
      { roles: ["minhbach:registrar"], agency: ["ignored"], person_number: 7 },
      { role: "registrar", name },
    ],
  ];
  for (const [claims, who] of known)
    it(`takes ${JSON.stringify(claims)}`, () => {
      expect(caller(claims)).to.deep.equal(who);
    });

  const unusable: Record<string, Record<string, unknown>[]> = {
    "names no role": [
      {},
      { roles: [] },
      {
        roles: [
          "admin",
          "inspector",
          "MINHBACH:inspector",
          "minhbach:inspector ",
          "minhbach:public",
          "minhbach:root",
        ],
      },
      { roles: "minhbach:inspectors" },
    ],
    "several roles": [
      {
        roles: ["minhbach:citizen", "minhbach:inspector"],
        person_number: "999199000001",
        authority: "qn-inspectorate",
      },
    ],
    "is not a list of texts": [
      { roles: { 0: "minhbach:operator" } },
      { roles: ["minhbach:operator", 7] },
      { roles: null },
    ],
    "needs a person's number": [
      { roles: ["minhbach:citizen"] },
      { roles: ["minhbach:citizen"], person_number: 999199000001 },
      { roles: ["minhbach:citizen"], person_number: "99919900001" },
      { roles: ["minhbach:citizen"], person_number: "999 199 000 001" },
      { roles: ["minhbach:citizen"], person_number: ["999199000001"] },
      { roles: ["minhbach:citizen"], person_number: "999199000001", person_scheme: "nobody's" },
      { roles: ["minhbach:citizen"], person_number: "999199000001", person_scheme: 7 },
      { roles: ["minhbach:citizen"], person_number: "999199000001", person_scheme: "vn-passport" },
    ],
    "needs the code of an agency in the claim agency": [
      { roles: ["minhbach:agency"] },
      { roles: ["minhbach:agency"], agency: "Health" },
      { roles: ["minhbach:officer"], agency: ["qn-health"] },
      { roles: ["minhbach:officer"], agency: "qn-health/r1" },
      { roles: ["minhbach:officer"], authority: "qn-health" },
    ],
    "needs the code of an agency in the claim authority": [
      { roles: ["minhbach:inspector"] },
      { roles: ["minhbach:inspector"], agency: "qn-inspectorate" },
      { roles: ["minhbach:inspector"], authority: "" },
    ],
    "needs a name": [{ roles: ["minhbach:operator"], sub: "x".repeat(129) }],
    "names an official by what can be a citizen's number": [
      { roles: ["minhbach:operator"], sub: "999199000001" },
      { roles: ["minhbach:inspector"], authority: "qn-inspectorate", sub: "vneid:999199000001" },
      { roles: ["minhbach:officer"], agency: "qn-police", sub: "999199000001@police" },
    ],
    "needs the claims iss, sub and exp|needs a name": [
      { roles: ["minhbach:operator"], sub: undefined },
      { roles: ["minhbach:operator"], sub: "" },
      { roles: ["minhbach:operator"], sub: 7 },
      { roles: ["minhbach:operator"], sub: "tên" },
      { roles: ["minhbach:operator"], exp: undefined },
    ],
    "no time": [
      { roles: ["minhbach:operator"], auth_time: "now" },
      { roles: ["minhbach:operator"], auth_time: -1 },
    ],
    "not a short ASCII text": [
      { roles: ["minhbach:operator"], jti: 7 },
      { roles: ["minhbach:operator"], acr: "x".repeat(300) },
      { roles: ["minhbach:operator"], client_id: ["a"] },
      { roles: ["minhbach:operator"], azp: "a\nb" },
    ],
  };
  for (const [reason, list] of Object.entries(unusable))
    for (const claims of list)
      it(`refuses ${JSON.stringify(claims)}, saying: ${reason}`, () => {
        const error = refusal(claims);
        expect(error.code).to.equal("unauthenticated");
        expect(error.message).to.match(new RegExp(reason));
        for (const number of ["999199000001", "99919900001", "999 199"])
          expect(error.message).to.not.include(number);
      });

  describe("by the settings of another issuer", () => {
    const names = {
      ...DEVELOPMENT_CLAIM_RULES.names,
      roles: "realm_access.roles",
      person: "https://id.example/cccd",
      name: "badge",
    };

    it("finds claims in objects, and by names with dots", () => {
      const claims = {
        realm_access: { roles: ["ledger-citizen"] },
        "https://id.example/cccd": "999199000001",
        ...{ badge: "b-7", sub: "another" },
      };
      expect(caller(claims, { names, rolePrefix: "ledger-" })).to.deep.equal({
        ...{ role: "citizen", name: "b-7" },
        subject: { scheme: "vn-cccd", id: "999199000001" },
      });
      const flat = { ...claims, "realm_access.roles": ["ledger-operator"] };
      expect(caller(flat, { names, rolePrefix: "ledger-" })).to.include({ role: "operator" });
    });

    it("finds nothing in what is no object, or not the token's own", () => {
      for (const realm_access of [undefined, null, "roles", [], { ROLES: [] }])
        expect(refusal({ realm_access, badge: "b-7" }, { names }).message).to.match(/names no role/);
      const inherited = { ...names, roles: "constructor.name" };
      expect(refusal({ badge: "b-7" }, { names: inherited, rolePrefix: "" }).message).to.match(
        /names no role/,
      );
    });

    it("takes who has no role for a citizen, where it gives none, and nobody without a number", () => {
      const rules = { defaultRole: "citizen" } as const;
      expect(caller({ person_number: "999199000001" }, rules)).to.include({ role: "citizen" });
      expect(refusal({}, rules).message).to.match(/needs a person's number/);
      expect(caller({ roles: ["minhbach:operator"], person_number: "999199000001" }, rules)).to.include({
        role: "operator",
      });
    });
  });

  it("keeps of the sign-on what the record of an act needs", () => {
    const claims = {
      ...SIGNED_ON,
      roles: ["minhbach:operator"],
      exp: 2000.9,
      azp: "cli",
      acr: "2",
      auth_time: 5.5,
    };
    const { signOn } = callerOfClaims({ claims, digest: DIGEST }, DEVELOPMENT_CLAIM_RULES);
    expect(signOn).to.deep.equal({
      ...{ issuer: SIGNED_ON.iss, subject: "u-1", expires: 2000, tokenDigest: DIGEST },
      ...{ client: "cli", level: "2", authenticatedAt: 5 },
    });
  });
});
