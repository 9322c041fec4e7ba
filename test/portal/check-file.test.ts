import { expect } from "chai";
import { checkFile } from "../../portal/verify/check-file.ts";
import { profileIn, saysItIsAProfile } from "../../portal/pages/verify/chosen-file.ts";
import { askable, nodesIn } from "../../portal/pages/verify/nodes.ts";
import { digestIn } from "../../portal/pages/verify/scanned.ts";
import { verifyAddress } from "../../portal/pages/data/verify-address.ts";
import type { FileTask } from "../../portal/verify/file-messages.ts";
import { sha256 } from "../../protocol/sha256.node.ts";
import { formatAccusation } from "../../protocol/accusation.ts";
import { formatBreach } from "../../protocol/breach.ts";
import { formatBundle } from "../../protocol/bundle.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { makeReceipt } from "../../protocol/receipt.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import { logOf } from "../../verifier/trust-profile.ts";
import { toBase64url, utf8 } from "../../protocol/bytes.ts";
import { formatEvidence } from "../../protocol/evidence.ts";
import { formatGathered } from "../../protocol/gathered.ts";
import { formatStatement } from "../../protocol/statement.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import { nodeOf } from "../verifier/chain-state.ts";
import { profileOf, readerOf, receiptOf } from "../verifier/promise-world.ts";
import { ANNA, ANNAS_OLD, statementWorld } from "../verifier/statement-world.ts";
import { PROFILE, smallLedger } from "../verifier/world.ts";

const small = smallLedger();
const honest = statementWorld();
const dishonest = statementWorld({ omits: (id, index) => id === ANNA && index === 2 });
const HISTORY = {
  times: [0, 100, 110, 120, 130, 150, 180, 200, 250, 300],
  anchors: [{ size: 8, indexSize: 6, block: 5 }],
  finalityDepth: 1,
};

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(utf8(text));
}

async function check(text: string, chain: ChainReader | undefined, task: Partial<FileTask> = {}) {
  return await checkFile({ bytes: bytesOf(text), profile: PROFILE, nodes: ["the node"], ...task }, chain);
}

function nodeOfWorld(world: typeof honest): ChainReader {
  return chainReader(nodeOf(world.state()), "the node");
}

describe("what the verify page finds out about a file", function () {
  this.timeout(600_000);

  it("shows of good evidence the entry that it proves, and of the same evidence tampered with nothing", async () => {
    const text = formatEvidence(honest.ledger.evidence(2));
    const good = await check(text, nodeOfWorld(honest));
    expect(good).to.include({ kind: "evidence", verdict: "valid", digest: toBase64url(sha256(utf8(text))) });
    if (good.proven?.kind !== "evidence") throw new Error("nothing is proven");
    expect(good.proven.entries.map(({ index }) => index)).to.deep.equal([2]);
    expect(good.nodes).to.deep.equal(["the node"]);

    const other = formatEvidence({ ...honest.ledger.evidence(2), event: honest.ledger.evidence(3).event });
    const bad = await check(other, nodeOfWorld(honest));
    expect(bad).to.include({ kind: "evidence", verdict: "invalid", proven: null });
  });

  it("shows of a good statement whose it is and every entry, and says what it could not check", async () => {
    const text = formatStatement(honest.statement([ANNA, ANNAS_OLD]));
    const good = await check(text, nodeOfWorld(honest));
    expect(good).to.include({ kind: "statement", verdict: "valid" });
    if (good.proven?.kind !== "statement") throw new Error("nothing is proven");
    expect(good.proven.lists.map(({ id }) => id)).to.deep.equal([ANNA, ANNAS_OLD]);
    expect(good.proven.entries.length).to.be.greaterThan(0);
    for (const given of [{ chain: undefined }, { chain: nodeOfWorld(honest), profile: undefined }]) {
      const { chain, ...task } = given;
      expect(await check(text, chain, task)).to.include({ verdict: "incomplete", proven: null });
    }
  });

  it("follows a statement that goes on from an earlier one", async () => {
    const ids = [ANNA, ANNAS_OLD];
    const since = formatStatement(honest.statement(ids, { since: [1, 0] }));
    expect((await check(since, nodeOfWorld(honest))).verdict).to.equal("incomplete");
    const earlier = bytesOf(formatStatement(honest.statement(ids)));
    expect((await check(since, nodeOfWorld(honest), { earlier })).verdict).to.not.equal("incomplete");
  });

  it("shows every good part of a gathered statement, also beside a bad one and with a log missing", async () => {
    const statement = honest.statement([ANNA, ANNAS_OLD]);
    const part = { log: statement.log, statement: formatStatement(statement) };
    const good = await check(formatGathered([part]), nodeOfWorld(honest));
    expect(good).to.include({ kind: "gathered", verdict: "valid" });
    if (good.proven?.kind !== "gathered") throw new Error("nothing is proven");
    const [shown] = good.proven.parts;
    expect(shown?.statement?.lists.map(({ id }) => id)).to.deep.equal([ANNA, ANNAS_OLD]);
    expect(shown?.statement?.entries.length).to.be.greaterThan(0);

    const other = { log: { ...statement.log, logId: 2 }, statement: part.statement };
    const bad = await check(formatGathered([part, other]), nodeOfWorld(honest));
    expect(bad.verdict).to.equal("invalid");
    if (bad.proven?.kind !== "gathered") throw new Error("the good part is hidden");
    const worths = bad.proven.parts.map(({ verdict, statement: each }) => [verdict, each !== null]);
    expect(worths).to.deep.equal([
      ["valid", true],
      ["invalid", false],
    ]);
    expect((await check(formatGathered([part]), undefined)).proven).to.equal(null);
  });

  it("knows an accusation, and that it is right", async () => {
    const text = formatAccusation({
      evidence: dishonest.ledger.evidence(2),
      statement: dishonest.statement([ANNA, ANNAS_OLD]),
    });
    const { kind, verdict, proven } = await check(text, nodeOfWorld(dishonest));
    expect([kind, verdict, proven?.kind]).to.deep.equal(["accusation", "valid", "accusation"]);
    expect((await check(text, nodeOfWorld(honest))).verdict).to.equal("invalid");
  });

  it("shows of a good bundle every entry, and what became of its receipt; and of one with another index nothing", async () => {
    const bundle = (index: number) => {
      const evidence = small.evidence(4);
      const { src, first, count, root } = parseSubmissionPayload(
        parseCompactJws(evidence.submission.jws, "submission+jws").payload,
      );
      const { chainId, genesisHash, anchorRegistry, agencyRegistry } = PROFILE;
      const receipt = makeReceipt(
        {
          ...{ log: logOf(PROFILE), src, first, count, root, index: 4 - evidence.submission.index },
          ...{ time: 1_759_999_995, anchorBy: 1_760_000_100, indexBy: 0 },
        },
        small.signers.receipt,
      );
      return formatBundle({
        ...{ log: logOf(PROFILE), madeAt: 1_760_000_500, about: "indexes" },
        madeFor: { authority: "Thanh tra tỉnh", official: "inspector-7" },
        record: { index: 9, leaf: "A".repeat(43) },
        chain: { chainId, genesisHash, anchorRegistry, agencyRegistry },
        items: [{ index, evidence, receipt, findings: [] }],
      });
    };
    const state = { ...small.state(), times: (block: number) => 1_760_000_000 + block * 10 };
    const chain = chainReader(nodeOf(state), "the node");
    const good = await check(bundle(4), chain);
    if (good.proven?.kind !== "bundle") throw new Error(JSON.stringify(good.checks));
    expect(good.proven.entries.map(({ index }) => index)).to.deep.equal([4]);
    expect(good.proven.receipts).to.deep.equal(["kept"]);
    expect(await check(bundle(5), chain)).to.include({ kind: "bundle", verdict: "invalid", proven: null });
  });

  it("tells of a receipt whether it was kept, is not due, was broken (with the proof of that), or is none", async () => {
    const profile = profileOf(HISTORY);
    const judged = async (text: string) => await check(text, readerOf(HISTORY), { profile });
    const kept = await judged(`${receiptOf({ index: 2, count: 3, indexBy: 150 })}\n`);
    expect([kept.kind, kept.verdict]).to.deep.equal(["receipt", "valid"]);
    expect((await judged(receiptOf({ index: 9, count: 1, anchorBy: 400 }))).verdict).to.equal("not-due");
    const broken = await judged(receiptOf({ index: 2, count: 3, anchorBy: 149 }));
    if (broken.proven?.kind !== "receipt") throw new Error("nothing is proven");
    expect(broken.verdict).to.equal("broken");
    const [breach = ""] = broken.proven.breaches;
    const proof = await judged(breach);
    expect([proof.kind, proof.verdict]).to.deep.equal(["breach", "valid"]);
    expect((await judged("abc.def.ghi")).verdict).to.equal("invalid");
    const forged = formatBreach(receiptOf({ index: 2, count: 3 }), { promise: "anchorBy", proof: null });
    expect((await judged(forged)).verdict).to.equal("invalid");
  });

  it("says of everything else that it does not know it", async () => {
    for (const text of ["", "{", "hello", '{"type":"minhbach/other"}', "[]", "\u0000", '{"a":1}'])
      expect(await check(text, nodeOfWorld(honest)), text).to.include({
        ...{ kind: undefined, verdict: "invalid", proven: null },
      });
  });
});

describe("what the verify page is told", () => {
  it("reads the fingerprint that the printed code carries, alone, or as somebody writes it off", () => {
    const digest = toBase64url(sha256(utf8("a statement")));
    expect(digestIn(verifyAddress("https://ledger.example", digest))).to.equal(digest);
    for (const text of [`#statement=${digest}`, digest, ` ${digest}\n`])
      expect(digestIn(text)).to.equal(digest);
    for (const text of ["", "#main", `#statement=${digest}x`, digest.slice(1), "#statement=<script>"])
      expect(digestIn(text), text).to.equal(undefined);
  });

  it("takes nodes that its document may ask, and no others", () => {
    const urls = ["https://chain.example/key", "http://127.0.0.1:8545", "http://localhost:8545"];
    expect(nodesIn(urls.join(" "))?.map(({ url }) => url)).to.deep.equal(urls);
    expect(nodesIn(`${urls[0] ?? ""}, ${urls[0] ?? ""}`)?.map(({ name }) => name)).to.deep.equal([
      "chain.example",
    ]);
    expect(nodesIn(" ")).to.deep.equal([]);
    for (const bad of ["http://chain.example", "chain.example", "ftp://x", "https://a:b@c", "javascript:1"])
      expect(nodesIn(`${urls[0] ?? ""} ${bad}`), bad).to.equal(undefined);
    expect(askable(["http://chain.example", "https://chain.example"])).to.have.length(1);
  });

  it("tells a trust profile from what it is to check", () => {
    const file = (text: string) => ({ name: "x.json", bytes: bytesOf(text) });
    const profile = JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...PROFILE });
    expect(saysItIsAProfile(file(profile))).to.equal(true);
    expect(profileIn(file(profile))).to.deep.equal(PROFILE);
    expect(saysItIsAProfile(file(formatEvidence(honest.ledger.evidence(0))))).to.equal(false);
    expect(profileIn(file('{"type":"minhbach/trust-profile"}'))).to.be.a("string");
  });
});
