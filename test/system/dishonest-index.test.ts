import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeBytes32String } from "ethers";
import { expect } from "chai";
import { formatEvidence } from "../../protocol/evidence.ts";
import { rootHash } from "../../protocol/merkle.ts";
import { makeReceipt, type Receipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { formatStatement, formatStatementLines } from "../../protocol/statement.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { anchor, mined, type OnChain, register, startWorld, stopWorld } from "../verifier/on-chain.ts";
import { ANNA, ANNAS_OLD, BINH, statementWorld, type StatementWorld } from "../verifier/statement-world.ts";

const MAIN = path.resolve(import.meta.dirname, "../../cli/main.ts");
const ANNAS = [ANNA, ANNAS_OLD];
const RECORD_SEAL_ERASE = 7;

/** The real contracts on a real chain, and an operator who leaves entry 2 out of Anna's list and is late. */
describe("an operator whose index leaves an event out", function () {
  this.timeout(600_000);
  let chain: OnChain;
  let world: StatementWorld;
  let folder: string;

  before(async () => {
    chain = await startWorld(1_760_000_000);
    const omits = (id: string, index: number): boolean => id === ANNA && index === 2;
    world = statementWorld({ profile: chain.profile, omits });
    await register(chain, world.ledger);
    await mined(chain.agencies, "setEntitlements", encodeBytes32String("hue-health"), RECORD_SEAL_ERASE);
    let from = 0;
    for (const { size, indexSize = 0, indexRoot = new Uint8Array(32) } of world.state().anchors) {
      await anchor(chain, world.ledger, from, size, { size: indexSize, root: indexRoot });
      from = size;
    }
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-accuse-"));
    const profile = { type: "minhbach/trust-profile", version: 1, ...chain.profile, rpc: [chain.node.url] };
    await keep("trust.json", JSON.stringify(profile));
    await keep("statement.json", formatStatement(world.statement(ANNAS)));
  });

  after(async () => {
    await stopWorld(chain);
    await rm(folder, { recursive: true });
  });

  const keep = (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);

  /** Runs the command as a process of its own that knows this folder and nothing else. */
  function minhbach(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    return new Promise((resolve) => {
      const argv = ["--disable-warning=ExperimentalWarning", MAIN, ...args, "--trust", "trust.json"];
      const child = execFile(process.execPath, argv, { cwd: folder, env: {} }, (_error, out, err) =>
        resolve({ code: child.exitCode, out: out.replaceAll(/\s+/g, " "), err }),
      );
    });
  }

  it("is convicted by a file that anybody verifies with the chain and a profile alone", async () => {
    await keep("evidence.json", formatEvidence(world.ledger.evidence(2)));
    const accused = await minhbach("accuse", "evidence.json", "statement.json");
    expect(accused.err).to.equal("");
    expect(accused.out).to.include("PROVEN: the ledger left the event out.");
    expect(accused.code).to.equal(0);
    const verified = await minhbach("verify", "accusation.json");
    expect(verified.out).to.include("VALID: every check passed.");
    expect(verified.out).to.include(`of the list of person ${ANNA}`);
    expect(verified.code).to.equal(0);
    const file = await readFile(path.join(folder, "accusation.json"), "utf8");
    await keep("changed.json", file.replace('"horizon": 12', '"horizon": 10'));
    expect((await minhbach("verify", "changed.json")).code).to.equal(1);
  });

  it("is acquitted of what it lists, of what lay beyond its horizon, and where nothing is shown", async () => {
    const write = async (name: string, index: number): Promise<void> =>
      keep(name, formatEvidence(world.ledger.evidence(index)));
    await write("listed.json", 0);
    const listed = await minhbach("accuse", "listed.json", "statement.json", "--out", "none.json");
    expect(listed.out).to.include("NOT PROVEN: the list holds the event: nothing is missing.");
    expect(listed.code).to.equal(1);
    await write("late.json", 11);
    await keep("early.ndjson", formatStatementLines(world.statement([BINH], { horizon: 10 })));
    const lagging = await minhbach("accuse", "late.json", "early.ndjson", "--out", "none.json");
    expect(lagging.out).to.include(
      "NOT PROVEN: the event is entry 11, and the index covered only those below 10",
    );
    expect(lagging.code).to.equal(1);
    expect(await readFile(path.join(folder, "none.json"), "utf8").catch(() => "absent")).to.equal("absent");
  });

  it("is held to its receipts: kept, late, and not due", async () => {
    const { leafHashes, signers } = world.ledger;
    const first = await chain.reader.anchorCovering(chain.profile.anchorRegistry, 1, 0);
    const indexed = await chain.reader.anchorIndexing(chain.profile.anchorRegistry, 1, 5);
    if (first === null || indexed === null) throw new Error("nothing is anchored");
    // Before the chain began: its first blocks may all be of one second, and a deadline lies never before the receipt.
    const time = Math.min(first.time, indexed.time) - 60;
    const receipt = (change: Partial<Receipt>): Promise<void> => {
      const places = { src: parseSource("qn-police/r1"), first: 1, count: 6, index: 0 };
      const promise = { time, anchorBy: first.time, indexBy: indexed.time };
      const root = rootHash(leafHashes.slice(0, 6));
      const made = { log: logOf(chain.profile), ...places, root, ...promise, ...change };
      return keep("receipt.jws", makeReceipt(made, signers.receipt));
    };
    await receipt({});
    expect((await minhbach("check-receipt", "receipt.jws")).out).to.include("KEPT: the log kept");
    await receipt({ index: 12, anchorBy: 9_000_000_000, indexBy: 0 });
    expect((await minhbach("check-receipt", "receipt.jws")).out).to.include("NOT DUE: ");
    await receipt({ indexBy: indexed.time - 1 });
    const late = await minhbach("check-receipt", "receipt.jws", "--out", "breach.json");
    expect(late.err).to.equal("");
    expect(late.out).to.include("BROKEN: the log broke a promise. Give breach.json to the inspectors");
    expect(late.code).to.equal(1);
    const verified = await minhbach("verify", "breach.json");
    expect(verified.out).to.include("Proven: the log broke its promise");
    expect(verified.code).to.equal(0);
  });
});
