import { expect } from "chai";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { verifyCommand } from "../../cli/verify.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { ANNA, ANNAS_OLD, NOBODY, statementWorld } from "../verifier/statement-world.ts";
import { PROFILE } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

const world = statementWorld();
const ids = [ANNA, ANNAS_OLD];
const whole = formatStatement(world.statement(ids));
const lines = formatStatementLines(world.statement(ids));

describe("minhbach verify, of statements", () => {
  let node: Awaited<ReturnType<typeof serveNode>>;

  before(async () => {
    node = await serveNode(nodeOf(world.state()));
  });

  after(() => node.close());

  function verify(args: readonly string[], files: Record<string, string> = {}): Promise<Ran> {
    const { name, environment, chainId, genesisHash, anchorRegistry, agencyRegistry, logId, finalityDepth } =
      PROFILE;
    const profile = {
      ...{ type: "minhbach/trust-profile", version: 1, name, environment, chainId, genesisHash },
      ...{ anchorRegistry, agencyRegistry, logId, finalityDepth, rpc: [node.url] },
    };
    const given = {
      "trust.json": JSON.stringify(profile),
      "statement.json": whole,
      "statement.ndjson": lines,
      "earlier.json": formatStatement(world.statement(ids, { horizon: 5 })),
      "later.ndjson": formatStatementLines(world.statement(ids, { since: [3, 2] })),
      "nobody.json": formatStatement(world.statement([NOBODY])),
      ...files,
    };
    return runCommands([verifyCommand(fetch)], ["verify", ...args, "--trust", "trust.json"], given);
  }

  it("lists what is proven, in either spelling of the file", async () => {
    const { code, out, err } = await verify(["statement.json"]);
    expect(err).to.equal("");
    expect(code).to.equal(0);
    expect(out).to.include(
      "✓ No entry is missing, added or changed\n    7 events, 2 events: none is missing, none was added\n",
    );
    expect(out).to.include("\nVALID: every check passed.\n");
    expect(out).to.include(`\nperson ${ANNA}: 7 events\n`);
    const text = out.replaceAll(/\s+/g, " ");
    expect(text).to.include("access, by qn-police/r1 (number 1, said to be entry 0), asked by qn-police/r1");
    expect(text).to.include("data: address (R)");
    expect(text).to.include("sealed by order of Cơ quan điều tra until 2026-12-31T00:00:00Z");
    expect(text).to.include("erased by order of Tòa án");
    for (const line of out.split("\n")) expect(line.length).to.be.at.most(80);
    expect((await verify(["statement.ndjson"])).out.replace(/\d+ minutes/, "")).to.equal(
      out.replace(/\d+ minutes/, ""),
    );
  });

  it("refuses a good statement about somebody else than was asked for", async () => {
    expect((await verify(["statement.json", "--about", ANNA])).code).to.equal(0);
    const { code, out } = await verify(["nobody.json", "--about", ANNA]);
    expect(code).to.equal(1);
    expect(out.replaceAll(/\s+/g, " ")).to.include(
      `✗ It is about whom it was asked for it is about the person ${NOBODY}, and was asked for the person ${ANNA}`,
    );
    expect((await verify(["nobody.json", "--about", "vn-cccd:12"])).code).to.equal(2);
  });

  it("says that nobody used the data", async () => {
    const { code, out } = await verify(["nobody.json"]);
    expect(code).to.equal(0);
    expect(out).to.include(`\nperson ${NOBODY}: nothing is recorded\n`);
  });

  it("checks a continuation against the statement before it, and asks for that one where it is missing", async () => {
    const { code, out } = await verify(["later.ndjson", "--since", "earlier.json"]);
    expect(code).to.equal(0);
    expect(out).to.include(`\nperson ${ANNA}: 7 events, 3 of them in the earlier statement\n  4  `);
    const alone = await verify(["later.ndjson"]);
    expect(alone.code).to.equal(3);
    expect(alone.out).to.include("name the statement that lists them");
    expect((await verify(["earlier.json", "--since", "statement.json"])).code).to.equal(1);
  });

  it("ends with 1 and names what is wrong when an entry is missing", async () => {
    const forged = lines.split("\n").toSpliced(1, 1).join("\n").replace('"events":9', '"events":8');
    const { code, out } = await verify(["forged.ndjson"], { "forged.ndjson": forged });
    expect(code).to.equal(1);
    expect(out).to.include("✗ No entry is missing, added or changed\n");
    expect(out.replaceAll(/\s+/g, " ")).to.include(
      "list 1: entries were removed or cut off: 7 are proven, 6 are there",
    );
    expect(out).to.not.include("Proven");
  });

  it("ends with 2 when the file was cut off or is of another version, and says so", async () => {
    const files = {
      "cut.ndjson": lines.slice(0, -100),
      "cut.json": whole.slice(0, -100),
      "newer.json": whole.replace('"version": 1', '"version": 2'),
      "scheme.json": whole.replaceAll("vn-cmnd", "vn-card"),
    };
    const reasons = {
      "cut.ndjson": /cut off/,
      "cut.json": /not valid JSON/,
      "newer.json": /another version/,
      "scheme.json": /scheme/,
    };
    for (const [file, reason] of Object.entries(reasons)) {
      const { code, err } = await verify([file], files);
      expect(code, file).to.equal(2);
      expect(err)
        .to.match(new RegExp(`${file} is no statement: `))
        .and.to.match(reason);
    }
  });

  it("refuses --since with another kind of file", async () => {
    const { code, err } = await verify(["evidence.json", "--since", "earlier.json"], {
      "evidence.json": world.ledger.text(0),
    });
    expect(code).to.equal(2);
    expect(err).to.include("evidence.json is no statement");
  });
});
