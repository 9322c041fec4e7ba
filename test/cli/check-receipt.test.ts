import { expect } from "chai";
import { concat, toBase64 } from "../../protocol/bytes.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import { rootHash } from "../../protocol/merkle.ts";
import { makeEvent, parseEvent, payloadLeafHash } from "../../protocol/event.ts";
import { parseSource } from "../../protocol/source.ts";
import { checkReceiptCommand } from "../../cli/check-receipt.ts";
import { verifyCommand } from "../../cli/verify.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { type History, LEAVES, profileOf, receiptOf, stateOf } from "../verifier/promise-world.ts";
import { signerOf } from "../verifier/world.ts";
import { type Ran, runCommands, serveNode } from "./command-line.ts";

/** An anchor of 8 entries in block 5, at time 150, that indexes 6; block 9, at time 300, is the newest and final. */
const HISTORY: History = {
  times: [0, 100, 110, 120, 130, 150, 180, 200, 250, 300],
  anchors: [{ size: 8, indexSize: 6, block: 5 }],
  finalityDepth: 1,
};
const MIRROR = "http://mirror.example";

/** Reaches a mirror of the log beside everything else. */
const fetchOrMirror: typeof fetch = async (input, request) => {
  const { url } = new Request(input);
  if (!url.startsWith(MIRROR)) return fetch(input, request);
  const note = `log\n8\n${toBase64(rootHash(LEAVES.slice(0, 8)))}\n\n— log ${toBase64(new Uint8Array(68))}\n`;
  if (url === `${MIRROR}/checkpoint`) return new Response(note);
  expect(url).to.equal(`${MIRROR}/tile/0/000.p/8`);
  return new Response(new Uint8Array(concat(...LEAVES.slice(0, 8))));
};

describe("minhbach check-receipt", () => {
  let node: Awaited<ReturnType<typeof serveNode>>;

  before(async () => {
    node = await serveNode(nodeOf(stateOf(HISTORY)));
  });

  after(() => node.close());

  async function run(jws: string, args: readonly string[] = [], files: Record<string, string> = {}) {
    const trust = { type: "minhbach/trust-profile", version: 1, ...profileOf(HISTORY), rpc: [node.url] };
    const given: Record<string, string> = {
      "receipt.jws": `${jws}\n`,
      "trust.json": JSON.stringify(trust),
      "embedded.json": JSON.stringify({ ...trust, environment: "embedded" }),
      ...files,
    };
    const commands = [checkReceiptCommand(fetchOrMirror), verifyCommand(fetch)];
    const profile = args.includes("--trust") ? [] : ["--trust", "trust.json"];
    const ran = await runCommands(commands, ["check-receipt", "receipt.jws", ...profile, ...args], given);
    const verify = (file: string): Promise<Ran> =>
      runCommands(commands, ["verify", file, "--trust", "trust.json"], given);
    return { ...ran, given, verify };
  }

  it("ends with 0 when every promise was kept, and says by which anchor", async () => {
    const { code, out, err } = await run(receiptOf({ indexBy: 200 }), ["--ledger", MIRROR]);
    expect(err).to.equal("");
    expect(code).to.equal(0);
    expect(out).to.include("✓ The events were anchored in time\n    kept: block 5, 1970-01-01T00:02:30");
    expect(out).to.include("\nKEPT: the log kept what it promised.\n");
    for (const line of out.split("\n")) expect(line.length).to.be.at.most(80);
  });

  it("ends with 0 when a promise is not due, and says until when", async () => {
    const { code, out } = await run(receiptOf({ index: 8, anchorBy: 400, indexBy: 500 }));
    expect(code).to.equal(0);
    expect(out).to.include("NOT DUE: no promise was broken");
    expect(out.replaceAll(/\s+/g, " ")).to.include("Check again after 1970-01-01T00:08:20Z.");
  });

  it("ends with 1 when one was broken, and prints a proof that verifies", async () => {
    const { code, out, given, verify } = await run(receiptOf({ anchorBy: 149 }));
    expect(code).to.equal(1);
    expect(out).to.include("✗ The events were anchored in time\n    broken: it was due");
    expect(out).to.include("BROKEN: the log broke a promise.");
    given["breach.json"] = out.slice(out.indexOf("\n{"));
    const verified = await verify("breach.json");
    expect(verified.code).to.equal(0);
    expect(verified.out).to.include("Proven: the log broke its promise\n");
    expect(verified.out).to.include("  due          1970-01-01T00:02:29Z\n");
    expect(verified.out).to.include("  came         1970-01-01T00:02:30Z, block 5, with 8 entries\n");
  });

  it("writes the proof where it is told, and those of further broken promises beside it", async () => {
    const lied = receiptOf({ index: 6, anchorBy: 149, indexBy: 250, root: rootHash(LEAVES) });
    const { code, out, given, verify } = await run(lied, ["--ledger", MIRROR, "--out", "to/my.breach.json"]);
    expect(code).to.equal(1);
    const names = ["to/my.breach.json", "to/my.breach-2.json", "to/my.breach-3.json"];
    expect(out.replaceAll(/\s+/g, " ")).to.include(`Give ${names.join(" and ")} to the inspectors`);
    expect(out).to.not.include("{");
    const promises = [];
    for (const name of names) {
      expect((await verify(name)).code).to.equal(0);
      promises.push((JSON.parse(given[name] ?? "") as { promise: string }).promise);
    }
    expect(promises).to.deep.equal(["anchorBy", "indexBy", "content"]);
  });

  it("says what an embedded chain proves", async () => {
    const { out } = await run(receiptOf({ anchorBy: 149 }), ["--trust", "embedded.json"]);
    expect(out.replaceAll(/\s+/g, " ")).to.include("an embedded chain, which proves nothing to anyone else");
  });

  it("knows the submission that was sent, by its body or its signed part", async () => {
    const signer = signerOf("police");
    const source = parseSource("qn-police/r1");
    const facets = {
      type: "heartbeat",
      heartbeat: {},
      time: { occurred: "2026-11-22T08:00:00+07:00" },
    } as const;
    const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
    const event = makeEvent({ source, seq: 1, facets, random });
    const log = logOf(profileOf(HISTORY));
    const body = makeSubmission({ log, source, first: 1, events: [event], issuedAt: 1, ...signer });
    const root = payloadLeafHash(parseEvent(event).payloadText);
    const files = { "body.json": JSON.stringify(body), "body.jws": body.jws };
    for (const name of Object.keys(files)) {
      const { code, out } = await run(receiptOf({ root }), ["--submission", name], files);
      expect(out).to.include("✓ It is about the submission that was sent\n");
      expect(code).to.equal(0);
      const other = await run(receiptOf(), ["--submission", name], files);
      expect(other.code).to.equal(2);
      expect(other.err).to.match(/its root is another than the submission's/);
    }
  });

  it("prints the report as JSON, with the proofs in it", async () => {
    const { code, out } = await run(receiptOf({ anchorBy: 149 }), ["--json"]);
    expect(code).to.equal(1);
    const report = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(report)).to.deep.equal(["worth", "checks", "receipt", "breaches"]);
    expect(report["worth"]).to.equal("broken");
    expect(report["receipt"]).to.deep.include({ src: "qn-police/r1", index: 0, anchorBy: 149 });
    expect(report["breaches"]).to.have.length(1);
  });

  it("ends with 3 when not everything could be checked, and says what to do", async () => {
    const gone = await run(receiptOf(), ["--rpc", "http://127.0.0.1:1"]);
    expect(gone.code).to.equal(3);
    expect(gone.out.replaceAll(/\s+/g, " ")).to.match(/UNKNOWN: .* 127.0.0.1:1 cannot be reached/);
    const untrusting = await runCommands([checkReceiptCommand(fetch)], ["check-receipt", "r"], {
      r: receiptOf(),
    });
    expect(untrusting.code).to.equal(3);
    expect(untrusting.out).to.match(/needs a trust profile/);
    const away = await run(receiptOf(), ["--ledger", "http://127.0.0.1:1"]);
    expect(away.code).to.equal(3);
    expect(away.out).to.match(/– The log holds the events that were receipted/);
  });

  const unusable: readonly [name: string, jws: string, args: readonly string[], says: RegExp][] = [
    ["a receipt of nobody's", receiptOf({}, signerOf("stranger")), [], /was never a receipt key of the log/],
    [
      "another log's",
      receiptOf({ log: { ...logOf(profileOf(HISTORY)), logId: 2 } }),
      [],
      /promise of the log 5151/,
    ],
    ["no receipt", "hello", [], /expected a compact JWS/],
    [
      "a ledger that is no URL",
      receiptOf(),
      ["--ledger", "mirror"],
      /mirror is no http or https URL of a ledger/,
    ],
    ["a second receipt", receiptOf(), ["receipt.jws"], /name one receipt/],
    ["a submission that is none", receiptOf(), ["--submission", "receipt.jws"], /is no submission/],
  ];
  for (const [name, jws, args, says] of unusable) {
    it(`ends with 2 and says why: ${name}`, async () => {
      const { code, err } = await run(jws, args);
      expect(code).to.equal(2);
      expect(err).to.match(says);
    });
  }
});
