import { expect } from "chai";
import { isNodeUrl, logOf, parseTrustProfile, TrustProfileError } from "../../verifier/trust-profile.ts";
import { PROFILE } from "./world.ts";

const FILE = {
  type: "minhbach/trust-profile",
  version: 1,
  ...PROFILE,
  rpc: ["https://node.example/", "http://[::1]:8545"],
};

describe("parseTrustProfile", () => {
  it("reads every member", () => {
    expect(parseTrustProfile(JSON.stringify(FILE))).to.deep.equal({ ...PROFILE, rpc: FILE.rpc });
  });

  it("accepts an embedded environment and an empty list of nodes", () => {
    const profile = parseTrustProfile(JSON.stringify({ ...FILE, environment: "embedded", rpc: [] }));
    expect(profile).to.deep.include({ environment: "embedded", rpc: [] });
  });

  it("names the log as submissions and checkpoints do", () => {
    expect(logOf(PROFILE)).to.deep.equal({ chainId: 5151, registry: PROFILE.anchorRegistry, logId: 1 });
  });

  it("says which member is missing", () => {
    for (const name of Object.keys(FILE)) {
      const { [name]: _, ...rest }: Record<string, unknown> = FILE;
      expect(() => parseTrustProfile(JSON.stringify(rest)), name).to.throw(
        TrustProfileError,
        `the member ${name} is missing`,
      );
    }
  });

  const wrong: readonly [member: string, values: readonly unknown[]][] = [
    ["type", ["minhbach/evidence", null]],
    ["version", [0, 2, "1"]],
    ["name", ["", "x".repeat(201), 1]],
    ["environment", ["test", "Production", true]],
    ["chainId", [0, -1, 1.5, "1", 2 ** 53]],
    ["genesisHash", ["0x", "6e".repeat(32), `0x${"6E".repeat(32)}`, `0x${"6e".repeat(33)}`]],
    ["anchorRegistry", ["0x", `0x${"A1".repeat(20)}`, `0x${"a1".repeat(32)}`]],
    ["agencyRegistry", ["", `0x${"a1".repeat(19)}`]],
    ["logId", [0, "1", null]],
    ["finalityDepth", [0, 1.5, 1e9, "3"]],
    ["rpc", ["http://a", [1], ["ftp://a"], ["http://"], ["http://user:pass@a"], Array(17).fill("http://a")]],
  ];
  for (const [name, values] of wrong) {
    it(`refuses a wrong ${name} and says what it must be`, () => {
      for (const value of values) {
        const text = JSON.stringify({ ...FILE, [name]: value });
        expect(() => parseTrustProfile(text), text).to.throw(
          TrustProfileError,
          `the member ${name} must be `,
        );
      }
    });
  }

  const unusable: readonly [name: string, text: string][] = [
    ["an empty file", ""],
    ["a list", "[]"],
    ["nothing", "null"],
    ["a truncated file", JSON.stringify(FILE).slice(0, -1)],
    [
      "a member nobody knows, which might restrict the trust",
      JSON.stringify({ ...FILE, until: "2030-01-01" }),
    ],
    ["a member written twice", JSON.stringify(FILE).replace("{", '{"environment":"production",')],
    ["a nested value", JSON.stringify({ ...FILE, rpc: [["http://a"]] })],
    ["a file of a megabyte", `${" ".repeat(1_000_000)}${JSON.stringify(FILE)}`],
  ];
  for (const [name, text] of unusable) {
    it(`refuses ${name}`, () => {
      expect(() => parseTrustProfile(text)).to.throw(TrustProfileError);
    });
  }
});

describe("isNodeUrl", () => {
  it("takes http and https addresses of nodes", () => {
    for (const url of [
      "http://127.0.0.1:8545",
      "https://rpc.example/v3/key?x=1",
      "http://[::1]:1/",
      "https://a",
    ]) {
      expect(isNodeUrl(url), url).to.equal(true);
    }
  });

  it("takes nothing else", () => {
    for (const url of [
      "",
      "a",
      "ws://a",
      "file:///etc/passwd",
      "http:///a",
      "https://a b",
      "http://u@h",
      "https:a",
      "http://[",
      "http://a:99999",
      "http://%",
      1,
    ]) {
      expect(isNodeUrl(url), String(url)).to.equal(false);
    }
  });
});
