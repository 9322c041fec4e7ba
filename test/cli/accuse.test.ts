import { expect } from "chai";
import { accuseCommand } from "../../cli/accuse.ts";
import { verifyCommand } from "../../cli/verify.ts";
import { formatEvidence } from "../../protocol/evidence.ts";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { BINH, statementWorld } from "../verifier/statement-world.ts";
import { PROFILE } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

const world = statementWorld({ omits: (id) => id === BINH });
const statement = world.statement([BINH]);
const cut = formatStatementLines(statement).replace(/\{"end".*\n$/, "");

describe("minhbach accuse", () => {
  let node: Awaited<ReturnType<typeof serveNode>>;

  before(async () => {
    node = await serveNode(nodeOf(world.state()));
  });

  after(() => node.close());

  async function run(args: readonly string[]): Promise<Ran & { files: Record<string, string> }> {
    const trust = { type: "minhbach/trust-profile", version: 1, ...PROFILE, rpc: [node.url] };
    const files: Record<string, string> = {
      "trust.json": JSON.stringify(trust),
      "embedded.json": JSON.stringify({ ...trust, environment: "embedded" }),
      "evidence.json": formatEvidence(world.ledger.evidence(1)),
      "other.json": formatEvidence(world.ledger.evidence(0)),
      "statement.json": formatStatement(statement),
      "statement.ndjson": formatStatementLines(statement),
      "cut.ndjson": cut,
    };
    return { ...(await runCommands([accuseCommand(fetch), verifyCommand(fetch)], args, files)), files };
  }

  it("ends with 0 and writes the accusation, from either spelling of the statement", async () => {
    for (const spelling of ["statement.json", "statement.ndjson"]) {
      const { code, out, files } = await run(["accuse", "evidence.json", spelling, "--trust", "trust.json"]);
      expect(code).to.equal(0);
      expect(out).to.include(
        "\nPROVEN: the ledger left the event out. Give accusation.json to the inspectors:",
      );
      expect(out).to.include("Proven: the log's index left out an event\n");
      for (const line of out.split("\n")) expect(line.length).to.be.at.most(80);
      const { statement: stated } = JSON.parse(files["accusation.json"] ?? "") as { statement: object };
      expect(stated).to.deep.equal(JSON.parse(files["statement.json"] ?? ""));
    }
  });

  it("ends with 1, says why, and writes nothing when nothing is proven", async () => {
    const { code, out, files } = await run([
      "accuse",
      "other.json",
      "statement.json",
      "--trust",
      "trust.json",
    ]);
    expect(code).to.equal(1);
    expect(out).to.include("\nNOT PROVEN: what the evidence shows of the event names nobody");
    expect(files).to.not.have.property("accusation.json");
  });

  it("ends with 3 without a trust profile, and writes nothing", async () => {
    const { code, out, files } = await run(["accuse", "evidence.json", "statement.json"]);
    expect(code).to.equal(3);
    expect(out).to.include("UNKNOWN: not everything could be checked:");
    expect(out).to.include("needs a trust profile");
    expect(files).to.not.have.property("accusation.json");
  });

  it("says what an embedded chain proves, and prints the report as JSON", async () => {
    const args = ["accuse", "evidence.json", "statement.json", "--trust", "embedded.json"];
    expect((await run(args)).out.replaceAll(/\s+/g, " ")).to.include("which proves nothing to anyone else");
    const { out, files } = await run([...args, "--json", "--out", "to.json"]);
    expect(JSON.parse(out)).to.deep.include({ verdict: "development" });
    expect(files).to.have.property("to.json");
  });

  const unusable: readonly [name: string, args: readonly string[], says: RegExp][] = [
    ["no statement", ["evidence.json"], /name one evidence file and one statement/],
    ["the files in the wrong order", ["statement.json", "evidence.json"], /statement.json is no evidence/],
    [
      "a statement that was cut off",
      ["evidence.json", "cut.ndjson"],
      /cut.ndjson is no statement: .* cut off/,
    ],
  ];
  for (const [name, args, says] of unusable) {
    it(`ends with 2 and says why: ${name}`, async () => {
      const { code, err } = await run(["accuse", ...args]);
      expect(code).to.equal(2);
      expect(err).to.match(says);
    });
  }
});
