import { expect } from "chai";
import { verifyCommand } from "../../cli/verify.ts";
import type { EvidenceReport } from "../../verifier/evidence.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

const ledger = smallLedger();
const EVIDENCE = ledger.text(6);

describe("minhbach verify", () => {
  let node: Awaited<ReturnType<typeof serveNode>>;

  before(async () => {
    node = await serveNode(nodeOf(ledger.state()));
  });

  after(() => node.close());

  function verify(args: readonly string[], files: Record<string, string> = {}): Promise<Ran> {
    const given = {
      "evidence.json": EVIDENCE,
      "trust.json": profileFile({ rpc: [node.url] }),
      "offline.json": profileFile({ rpc: [] }),
      "embedded.json": profileFile({ rpc: [node.url], environment: "embedded" }),
      ...files,
    };
    return runCommands([verifyCommand(fetch)], ["verify", ...args], given);
  }

  it("ends with 0 and says what is proven when the evidence is valid", async () => {
    const { code, out, err } = await verify(["evidence.json", "--trust", "trust.json"]);
    expect(code).to.equal(0);
    expect(err).to.equal("");
    expect(out).to.include("✓ The file is evidence in a known format\n    evidence of version 1\n");
    expect(out).to.include("\nVALID: every check passed.\n");
    expect(out).to.include("  event       number 5 of qn-police/r1\n");
    expect(out).to.include("  anchored    2025-10-09T08:54:20Z, block 20, with 10 entries\n");
    expect(out).to.include('  data      {"action":"R","personalData":["address"]}\n');
    expect(out).to.not.match(/[✗–!]/);
    for (const line of out.split("\n")) expect(line.length).to.be.at.most(80);
  });

  it("ends with 0 on an embedded chain and says what that is worth", async () => {
    const { code, out } = await verify(["evidence.json", "--trust", "embedded.json"]);
    expect(code).to.equal(0);
    expect(out).to.include("DEVELOPMENT: every check passed, but on an embedded chain");
  });

  it("asks the nodes of --rpc in place of the profile's", async () => {
    const offline = ["evidence.json", "--trust", "offline.json"];
    expect((await verify(offline)).code).to.equal(3);
    expect((await verify([...offline, "--rpc", node.url])).code).to.equal(0);
  });

  it("asks all the nodes of --rpc, and ends with 1 when they disagree", async () => {
    const liar = await serveNode(nodeOf({ ...ledger.state(), anchors: [] }));
    try {
      const args = ["evidence.json", "--trust", "offline.json", "--rpc", node.url, "--rpc", liar.url];
      const { code, out } = await verify(args);
      expect(code).to.equal(1);
      expect(out.replaceAll(/\s+/g, " ")).to.include("the nodes disagree about the anchor of index 6");
      expect(out).to.include(new URL(liar.url).host);
    } finally {
      await liar.close();
    }
  });

  it("never shows the path of a node's address, which may hold a key", async () => {
    const { out } = await verify([
      "evidence.json",
      "--trust",
      "offline.json",
      "--rpc",
      `${node.url}/v3/s3cret`,
    ]);
    expect(out).to.include(new URL(node.url).host);
    expect(out).to.not.include("s3cret");
  });

  it("ends with 1 and shows the failed check when the evidence is invalid", async () => {
    const file = ledger.evidence(6);
    const forged = JSON.stringify({ ...file, event: ledger.evidence(7).event });
    const { code, out } = await verify(["forged.json", "--trust", "trust.json"], { "forged.json": forged });
    expect(code).to.equal(1);
    expect(out).to.include("✗ The event is in the log at its index\n");
    expect(out).to.include("\nINVALID: a check failed. Do not rely on this file.\n");
    expect(out).to.not.include("Recorded by the agency");
    expect(out).to.not.include("official-17");
  });

  it("ends with 3 without a trust profile and says what is missing, once", async () => {
    const { code, out } = await verify(["evidence.json"]);
    expect(code).to.equal(3);
    expect(out).to.include("\nINCOMPLETE: nothing was found wrong, but not everything could be checked.\n");
    expect(out.match(/needs a trust profile/g)).to.have.length(1);
    expect(out).to.not.include("official-17");
  });

  it("prints the report as JSON", async () => {
    const { code, out } = await verify(["evidence.json", "--trust", "trust.json", "--json"]);
    expect(code).to.equal(0);
    const report = JSON.parse(out) as EvidenceReport;
    expect(Object.keys(report)).to.deep.equal(["verdict", "checks", "claim"]);
    expect(report.verdict).to.equal("valid");
    expect(Object.keys(report.checks[0] ?? {})).to.deep.equal(["id", "title", "status", "detail"]);
    expect(Object.keys(report.claim ?? {})).to.deep.equal([
      "log",
      "index",
      "source",
      "seq",
      "facets",
      "closedDigests",
      "leafHash",
      "signedAt",
      "anchor",
    ]);
  });

  it("reads standard input where the file is -", async () => {
    expect((await verify(["-", "--trust", "trust.json"], { "-": EVIDENCE })).code).to.equal(0);
  });

  it("shows what a file says without letting it draw on the screen", async () => {
    const hostile = JSON.stringify({ ...ledger.evidence(6), event: "\u001b[2J\u202eVALID~" });
    const { code, out } = await verify(["hostile.json"], { "hostile.json": hostile });
    expect(code).to.equal(1);
    for (const character of ["\u001b", "\u202e"]) expect(out).to.not.include(character);
  });

  it("prints no JSON that draws on the screen, and none that reads back as something else", async () => {
    const origin = "a\u009b2J\u202e\u{e0041}b";
    const file = ledger.evidence(6);
    const proof = file.proof.replace(/(?<=\n\n)\S+(?=\n)/, origin);
    const given = { "hostile.json": JSON.stringify({ ...file, proof }) };
    const { code, out } = await verify(["hostile.json", "--trust", "trust.json", "--json"], given);
    expect(code).to.equal(1);
    for (const character of ["\u009b", "\u202e", "\u{e0041}"]) expect(out).to.not.include(character);
    const { checks } = JSON.parse(out) as EvidenceReport;
    expect(checks.find(({ id }) => id === "checkpoint")?.detail).to.include(origin);
  });

  const unusable: readonly [
    name: string,
    args: readonly string[],
    files: Record<string, string>,
    says: RegExp,
  ][] = [
    ["no file", [], {}, /name the file to verify/],
    ["two files", ["a", "b"], {}, /one file at a time/],
    ["a file that is not there", ["gone.json"], {}, /gone\.json cannot be read/],
    ["a file that is no JSON", ["a"], { a: "minhbach" }, /a is no evidence: the text is not valid JSON/],
    ["a file of something else", ["trust.json"], {}, /trust\.json is no evidence/],
    ["a huge file", ["a"], { a: " ".repeat(2_000_000) }, /a is no evidence: the file is too long/],
    ["a profile that is not there", ["evidence.json", "--trust", "gone"], {}, /gone cannot be read/],
    [
      "evidence as the profile",
      ["evidence.json", "--trust", "evidence.json"],
      {},
      /evidence\.json is no trust profile/,
    ],
    ["an unknown option", ["evidence.json", "--trsut", "trust.json"], {}, /Unknown option '--trsut'/],
    ["an option without its value", ["evidence.json", "--trust"], {}, /--trust/],
    ["a node that is no URL", ["evidence.json", "--rpc", "localhost:8545"], {}, /no http or https URL/],
    ["a node with an impossible address", ["evidence.json", "--rpc", "http://["], {}, /no http or https URL/],
    ["a node with a password", ["evidence.json", "--rpc", "http://a:b@c"], {}, /no http or https URL/],
  ];
  for (const [name, args, files, says] of unusable) {
    it(`ends with 2 and says what to do: ${name}`, async () => {
      const { code, out, err } = await verify(args, files);
      expect(code).to.equal(2);
      expect(out).to.equal("");
      expect(err).to.match(says).and.to.include("See: minhbach verify --help");
    });
  }

  it("prints the report as JSON even of a file that is no evidence", async () => {
    const { code, out } = await verify(["a", "--json"], { a: "{}" });
    expect(code).to.equal(2);
    expect(JSON.parse(out)).to.deep.include({ verdict: "invalid", claim: null });
  });
});

function profileFile(change: Partial<TrustProfile>): string {
  return JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...PROFILE, ...change });
}
