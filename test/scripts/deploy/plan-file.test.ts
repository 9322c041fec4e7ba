import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { parsePlanFile } from "../../../scripts/deploy/plan-file.ts";
import { PLAN, privateKey } from "./fixture.ts";
import { planFile } from "./plan-text.ts";

const ENV = { OPERATOR_ACCOUNT_KEY: privateKey(0x0b), POLICE_ACCOUNT_KEY: privateKey(0x0c) };
const ADDRESS = "0x00000000000000000000000000000000000000aa";

describe("parsePlanFile", () => {
  it("reads what a deployment takes, and what verifiers need beside it", () => {
    expect(parsePlanFile(planFile(), ENV)).to.deep.equal({
      plan: PLAN,
      profile: { name: "Tỉnh thử nghiệm", finalityDepth: 1, rpc: ["http://127.0.0.1:8545"] },
    });
  });

  it("takes an address where the agency adds its keys itself, and the two optional members", () => {
    const text = planFile()
      .replace('{"env":"POLICE_ACCOUNT_KEY"}', `"${ADDRESS}"`)
      .replace('{"log":{', '{"adminDelaySeconds":60,"log":{"maxGrowth":7,');
    const { plan } = parsePlanFile(text, ENV);
    expect(plan.agencies[0]?.account).to.deep.equal({ address: ADDRESS });
    expect(plan.adminDelaySeconds).to.equal(60);
    expect(plan.log.maxGrowth).to.equal(7);
  });

  it("reads the plan in docs/deploying.md", async () => {
    const page = await readFile(new URL("../../../docs/deploying.md", import.meta.url), "utf8");
    const text = /```json\n(.*?)```/s.exec(page)?.[1] ?? expect.fail("no plan in the page");
    const { plan } = parsePlanFile(text, ENV);
    expect(plan.agencies).to.have.length(1);
    expect(plan.operator.entitlements).to.equal(15);
    expect(plan.operator.recorders?.map(({ name }) => name)).to.deep.equal(["ledger", "desk"]);
  });

  const faults: [fault: string, message: string, from: string | RegExp, to: string][] = [
    ["no JSON", "the plan is not usable JSON", /^\{/, ""],
    ["a repeated key", "the plan is not usable JSON", /^\{/, '{"agencies":[],'],
    ["an unknown member", "the plan must be an object with", /^\{/, '{"adminKey":"0x",'],
    ["a missing member", "the plan must be an object with", /"trustProfile":/, '"other":'],
    [
      "no list of agencies",
      "the plan.agencies must be a list",
      /"agencies":\[.*\],"trust/,
      '"agencies":{},"trust',
    ],
    ["an unknown entitlement", "the plan.operator.entitlements[0] must be", '"record"', '"Record"'],
    ["a short key", "the plan.log.vrf must be 32 bytes", /"vrf":"[0-9a-f]/, '"vrf":"'],
    ["a capital in a key", "the plan.log.checkpoint must be", /"checkpoint":"[0-9a-f]/, '"checkpoint":"A'],
    ["an unknown algorithm", ".alg must be EdDSA or ES256", '"EdDSA"', '"RS256"'],
    [
      "an address that is none",
      "the plan.log.anchorer must be an address",
      /"anchorer":"0x./,
      '"anchorer":"0x',
    ],
    [
      "an address in capitals that are wrong",
      "must be an address",
      /"anchorer":"0x[0-9A-Fa-f]{4}/,
      '"anchorer":"0xAbCd',
    ],
    ["a fraction", ".fromSeq must be a whole number", '"fromSeq":1', '"fromSeq":1.5'],
    ["an empty name", "the plan.operator.name must be a text", /"name":"Ng[^"]*"/, '"name":""'],
    ["a key in an unset variable", "UNSET must hold a private key", "POLICE_ACCOUNT_KEY", "UNSET"],
  ];

  for (const [fault, message, from, to] of faults) {
    it(`refuses ${fault} and names it`, () => {
      const text = planFile().replace(from, to);
      expect(text).not.to.equal(planFile());
      expect(() => parsePlanFile(text, ENV))
        .to.throw(message)
        .with.property("code", "plan-unusable");
    });
  }

  it("never repeats a private key in a message", () => {
    const env = { ...ENV, POLICE_ACCOUNT_KEY: "0xsecret" };
    expect(() => parsePlanFile(planFile(), env))
      .to.throw("POLICE_ACCOUNT_KEY")
      .with.property("message")
      .that.does.not.contain("secret");
  });
});
