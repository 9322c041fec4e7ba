import { expect } from "chai";
import { fromBase64, toBase64 } from "../../protocol/bytes.ts";
import type { EvidenceFile } from "../../protocol/evidence.ts";
import { type ChainReader, chainReader, type RecorderKey, type Rpc } from "../../verifier/chain.ts";
import { keyId } from "../../protocol/jws.ts";
import {
  EVIDENCE_CHECKS,
  type EvidenceCheckId,
  type EvidenceReport,
  verifyEvidence,
} from "../../verifier/evidence.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type ChainState, nodeOf } from "./chain-state.ts";
import { type Departures, PROFILE, signerOf, smallLedger } from "./world.ts";

const ledger = smallLedger();
/** An event of the police under the first anchor, in block 10, and one under the second, in block 20. */
const EARLY = 1;
const LATE = 6;

describe("verifyEvidence", () => {
  it("finds every event of an honest ledger valid, whichever algorithm its recorder uses", async () => {
    for (let index = 0; index < 10; index++) {
      const report = await verify(ledger.text(index));
      expect(report.verdict, `event ${index}`).to.equal("valid");
      expect(statuses(report)).to.deep.equal(["passed"]);
      expect(report.claim?.index).to.equal(index);
    }
  });

  it("claims what was verified, and nothing of the parts that are not shown", async () => {
    const { proof, submission, ...file } = ledger.evidence(LATE, ({ name }) => name === "time");
    const { claim } = await verify(JSON.stringify({ ...file, submission, proof }));
    expect(claim).to.deep.include({
      log: `5151:${PROFILE.anchorRegistry}:1`,
      index: LATE,
      source: "qn-police/r1",
      seq: 5,
      facets: { time: { occurred: "2026-03-01T08:00:00+07:00" } },
      closedDigests: 7,
      anchor: { size: 10, block: 20, time: 1_760_000_060 },
    });
  });

  it("verifies the public part alone, without any disclosure", async () => {
    const report = await verify(JSON.stringify(ledger.evidence(LATE, () => false)));
    expect(report.verdict).to.equal("valid");
    expect(report.claim?.facets).to.deep.equal({});
  });

  it("reads bytes as it reads text", async () => {
    const bytes = new TextEncoder().encode(ledger.text(EARLY));
    expect(await verify(bytes)).to.deep.equal(await verify(ledger.text(EARLY)));
  });

  it("lists every check in the same order whatever the outcome", async () => {
    const ids = Object.keys(EVIDENCE_CHECKS);
    for (const input of [ledger.text(EARLY), "", "{}", ledger.text(LATE).replace("qn", "")]) {
      const { checks } = await verify(input);
      expect(checks.map(({ id }) => id)).to.deep.equal(ids);
      for (const { detail } of checks) expect(detail).to.not.equal("");
    }
  });

  it("says development on an embedded chain", async () => {
    const report = await verify(ledger.text(EARLY), { profile: { ...PROFILE, environment: "embedded" } });
    expect(report.verdict).to.equal("development");
    expect(report.claim?.seq).to.equal(2);
  });

  describe("without what only its user can supply", () => {
    it("is incomplete without a trust profile, and claims nothing", async () => {
      const chain = chainReader(nodeOf(ledger.state()), "node");
      const report = await verifyEvidence(ledger.text(EARLY), undefined, chain);
      expect(report.verdict).to.equal("incomplete");
      expect(report.claim).to.equal(null);
      expect(report.checks.find(({ id }) => id === "log")).to.deep.include({
        status: "not-checked",
        detail: "needs a trust profile: name one that you chose to trust",
      });
    });

    it("is incomplete without a chain to ask", async () => {
      const report = await verifyEvidence(ledger.text(EARLY), PROFILE, undefined);
      expect(report.verdict).to.equal("incomplete");
      expect(failedChecks(report)).to.deep.equal([]);
      expect(report.checks.find(({ id }) => id === "chain")?.detail).to.include("needs a node");
    });

    it("still finds a forgery invalid", async () => {
      const report = await verifyEvidence(
        JSON.stringify(swapEvent(ledger.evidence(EARLY))),
        undefined,
        undefined,
      );
      expect(report.verdict).to.equal("invalid");
    });
  });

  describe("refuses a file that was tampered with", () => {
    const forgeries: readonly Forgery[] = [
      { name: "not JSON", input: "minhbach", fails: ["format"] },
      { name: "bytes that are not UTF-8", input: Uint8Array.of(0x22, 0xff, 0x22), fails: ["format"] },
      { name: "a file of several megabytes", input: " ".repeat(4_000_000), fails: ["format"] },
      { name: "a newer version", edit: (file) => ({ ...file, version: 2 }), fails: ["format"] },
      { name: "another type", edit: (file) => ({ ...file, type: "minhbach/statement" }), fails: ["format"] },
      { name: "a member nobody knows", edit: (file) => ({ ...file, note: "trust me" }), fails: ["format"] },
      {
        name: "a profile brought along by the file",
        edit: (file) => ({ ...file, profile: PROFILE }),
        fails: ["format"],
      },
      {
        name: "a disclosure of another event",
        edit: (file) => ({ ...file, event: file.event + disclosureOf(ledger.evidence(LATE)) }),
        fails: ["disclosures"],
      },
      {
        name: "a disclosure shown twice",
        edit: (file) => ({ ...file, event: file.event + disclosureOf(file) }),
        fails: ["disclosures"],
      },
      {
        name: "a changed disclosure",
        edit: (file) => ({
          ...file,
          event: file.event.replace(/~(.)/, (_, first) => (first === "W" ? "~X" : "~W")),
        }),
        fails: ["disclosures"],
      },
      {
        name: "an event without its final tilde",
        edit: (file) => ({ ...file, event: file.event.slice(0, -1) }),
        fails: ["disclosures"],
      },
      {
        name: "a submission that is no JWS",
        edit: (file) => ({ ...file, submission: { ...file.submission, jws: "a.b" } }),
        fails: ["submission"],
      },
      {
        name: "a submission with alg none",
        edit: (file) => withJwsHeader(file, { alg: "none", typ: "submission+jws" }),
        fails: ["submission"],
      },
      {
        name: "a receipt in the place of the submission",
        edit: (file) =>
          withJwsHeader(file, { alg: "EdDSA", kid: ledger.signers.police.kid, typ: "receipt+jws" }),
        fails: ["submission"],
      },
      {
        name: "the submission of another source",
        edit: (file) => ({ ...file, submission: ledger.evidence(3).submission }),
        fails: ["source", "sequence", "submission-path"],
      },
      {
        name: "the event of another place",
        edit: swapEvent,
        fails: ["sequence", "submission-path", "inclusion"],
      },
      {
        name: "another place in the submission",
        edit: (file) => ({ ...file, submission: { ...file.submission, index: 0 } }),
        fails: ["sequence", "submission-path"],
      },
      {
        name: "a path with a changed hash",
        edit: (file) => ({
          ...file,
          submission: { ...file.submission, path: file.submission.path.map(flipHash) },
        }),
        fails: ["submission-path"],
      },
      {
        name: "a path that is too short",
        edit: (file) => ({
          ...file,
          submission: { ...file.submission, path: file.submission.path.slice(1) },
        }),
        fails: ["submission-path"],
      },
      {
        name: "a path of hashes of a wrong length",
        edit: (file) => ({
          ...file,
          submission: { ...file.submission, path: file.submission.path.map(() => "AAAA") },
        }),
        fails: ["submission-path"],
      },
      {
        name: "a log proof that cannot be read",
        edit: (file) => ({ ...file, proof: file.proof.replace("index ", "index 0") }),
        fails: ["proof"],
      },
      {
        name: "another index in the log",
        edit: (file) => ({ ...file, proof: file.proof.replace(/index \d+/, "index 2") }),
        fails: ["inclusion"],
      },
      {
        name: "a log path with a changed hash",
        edit: (file) => ({ ...file, proof: changeFirstProofHash(file.proof) }),
        fails: ["inclusion"],
      },
      {
        // A path alone does not fix the size of its tree (RFC 9162): the chain does.
        name: "a checkpoint of another size",
        edit: (file) => ({ ...file, proof: file.proof.replace("\n5\n", "\n6\n") }),
        fails: ["anchor"],
      },
      {
        name: "a checkpoint without the log's signature",
        edit: (file) => ({ ...file, proof: file.proof.replace(/— (\S+) \S+\n/, "— $1 AAAAAAAAAAAA\n") }),
        fails: ["checkpoint-signature"],
      },
    ];
    for (const { name, input, edit, fails } of forgeries) {
      it(`${name}: ${fails.join(", ")}`, async () => {
        const report = await verify(input ?? JSON.stringify(edit?.(ledger.evidence(EARLY))));
        expect(failedChecks(report)).to.deep.equal(fails);
        expect(report.verdict).to.equal("invalid");
        expect(report.claim).to.equal(null);
      });
    }
  });

  it("does not even decode a file that is far too long", async () => {
    const { checks } = await verify(new Uint8Array(2_000_000).fill(0xff));
    expect(checks[0]?.detail).to.equal("the file is too long for evidence");
  });

  describe("refuses a file that somebody made and signed", () => {
    const lies: readonly { name: string; departures: Departures; fails: readonly EvidenceCheckId[] }[] = [
      {
        name: "with the key of a stranger",
        departures: { recorder: signerOf("stranger") },
        fails: ["recorder-key"],
      },
      {
        name: "for the same log number of another chain",
        departures: { payload: { log: `5152:${PROFILE.anchorRegistry}:1` } },
        fails: ["log"],
      },
      {
        name: "for another log of the same registry",
        departures: { payload: { log: `5151:${PROFILE.anchorRegistry}:2` } },
        fails: ["log"],
      },
      {
        name: "in the name of another source",
        departures: { payload: { src: "qn-police/r2" } },
        fails: ["source", "recorder-key"],
      },
      { name: "with another first number", departures: { payload: { first: 7 } }, fails: ["sequence"] },
      { name: "with another count", departures: { payload: { count: 8 } }, fails: ["submission-path"] },
      {
        name: "with a checkpoint of another log",
        departures: { origin: "minhbach/5151/elsewhere/1" },
        fails: ["checkpoint", "checkpoint-signature"],
      },
      {
        name: "with a checkpoint key that is not the log's",
        departures: { checkpointSigner: signerOf("receipt") },
        fails: ["checkpoint-signature"],
      },
    ];
    for (const { name, departures, fails } of lies) {
      it(`${name}: ${fails.join(", ")}`, async () => {
        // The honest chain: what the liar made was never anchored or is not what was.
        const report = await verify(smallLedger(departures).text(EARLY));
        expect(failedChecks(report)).to.deep.equal(fails);
        expect(report.verdict).to.equal("invalid");
      });
    }

    it("with the signature of another submission of the same key", async () => {
      const file = ledger.evidence(EARLY);
      const [header, payload] = file.submission.jws.split(".");
      const signature = ledger.evidence(LATE).submission.jws.split(".")[2];
      const submission = { ...file.submission, jws: [header, payload, signature].join(".") };
      const report = await verify(JSON.stringify({ ...file, submission }));
      expect(failedChecks(report)).to.deep.equal(["submission-signature"]);
    });

    it("under a later anchor than the first that covers the event", async () => {
      // Otherwise a key added after the fact, or one whose revocation was lifted, could be made to fit.
      const state = ledger.state();
      const first = state.anchors[0];
      if (first === undefined) throw new Error("the ledger has anchors");
      state.anchors.unshift({ ...first, size: 2, block: 8 });
      const report = await verify(ledger.text(EARLY), { state });
      expect(failedChecks(report)).to.deep.equal(["anchor"]);
    });
  });

  describe("judges by the chain", () => {
    const cases: readonly ChainCase[] = [
      { name: "another chain id", change: (state) => (state.chainId = 1), fails: ["chain"] },
      {
        name: "another chain of the same id",
        change: (state) => (state.genesisHash = `0x${"00".repeat(32)}`),
        fails: ["chain"],
      },
      {
        name: "no contract where the anchor registry should be",
        change: (state) => (state.anchorRegistry = `0x${"b1".repeat(20)}`),
        fails: ["registries"],
      },
      {
        name: "no contract where the agency registry should be",
        change: (state) => (state.agencyRegistry = `0x${"b2".repeat(20)}`),
        fails: ["registries"],
      },
      { name: "no anchor yet", change: (state) => (state.anchors = []), fails: ["anchor"] },
      {
        name: "another root of the same size",
        change: (state) =>
          (state.anchors = state.anchors.map((one) => ({ ...one, root: new Uint8Array(32) }))),
        fails: ["anchor"],
      },
      {
        name: "another checkpoint key since before the anchor",
        change: (state) => rotateLogKeys(state, 10),
        fails: ["checkpoint-signature"],
      },
      {
        name: "no key for the source",
        change: (state) => (state.recorderKeys = []),
        fails: ["recorder-key"],
      },
      {
        name: "a key added in the block after the anchor",
        change: (state) => changePoliceKey(state, { addedBlock: 11 }),
        fails: ["recorder-key"],
      },
      {
        name: "a key whose numbers start later",
        change: (state) => changePoliceKey(state, { fromSeq: 3 }),
        fails: ["recorder-key"],
      },
      {
        name: "a key revoked at the anchor's block",
        change: (state) => changePoliceKey(state, { revokedBlock: 10 }),
        fails: ["recorder-key"],
      },
      {
        name: "an agency without the entitlement to record",
        change: (state) => (state.entitlements = [{ agency: "qn-police", fromBlock: 3, bits: 6 }]),
        fails: ["entitlement"],
      },
      {
        name: "an agency admitted in the block after the anchor",
        change: (state) => (state.entitlements = [{ agency: "qn-police", fromBlock: 11, bits: 7 }]),
        fails: ["entitlement"],
      },
    ];
    for (const { name, change, fails } of cases) {
      it(`${name}: ${fails.join(", ")}`, async () => {
        const state = ledger.state();
        change(state);
        const report = await verify(ledger.text(EARLY), { state });
        expect(failedChecks(report)).to.deep.equal(fails);
        expect(report.verdict).to.equal("invalid");
      });
    }

    it("a key that is no safe point of its curve: recorder-key", async () => {
      // Of order 4: implementations disagree about signatures with it, and some accept one for every text.
      const key = new Uint8Array(32);
      const unsafe = { ...signerOf("police"), key, kid: keyId("EdDSA", key) };
      const state = ledger.state();
      changePoliceKey(state, { key });
      const report = await verify(smallLedger({ recorder: unsafe }).text(EARLY), { state });
      expect(failedChecks(report)).to.deep.equal(["recorder-key"]);
      expect(report.checks.find(({ id }) => id === "recorder-key")?.detail).to.include("no safe point");
    });

    it("refuses a log the registry does not have", async () => {
      const profile = { ...PROFILE, logId: 2 };
      const report = await verify(ledger.text(EARLY), { profile });
      expect(failedChecks(report)).to.deep.equal(["log", "checkpoint", "anchor"]);
    });

    it("leaves the verdict open until the anchor is deep enough", async () => {
      const state = { ...ledger.state(), latestBlock: 11 };
      const report = await verify(ledger.text(EARLY), { state });
      expect(report.verdict).to.equal("incomplete");
      expect(report.checks.find(({ id }) => id === "finality")).to.deep.include({
        status: "not-checked",
        detail: "the block is 2 deep, final at 3; ask again in a while",
      });
      expect((await verify(ledger.text(EARLY), { state: { ...state, latestBlock: 12 } })).verdict).to.equal(
        "valid",
      );
    });

    it("takes the block itself as final at depth 1", async () => {
      const state = { ...ledger.state(), latestBlock: 10 };
      const report = await verify(ledger.text(EARLY), { state, profile: { ...PROFILE, finalityDepth: 1 } });
      expect(report.verdict).to.equal("valid");
    });

    it("accepts a key that was replaced later, for the numbers before", async () => {
      const state = ledger.state();
      const stranger = signerOf("stranger");
      const key = {
        agency: "qn-police",
        recorder: "r1",
        alg: stranger.alg,
        key: stranger.key,
        revokedBlock: 0,
      };
      state.recorderKeys.push({ ...key, fromSeq: 3, addedBlock: 25 });
      expect((await verify(ledger.text(EARLY), { state })).verdict).to.equal("valid");
      // Added after the anchor over numbers that were used: the agency cannot disown what it signed.
      expect((await verify(ledger.text(LATE), { state })).verdict).to.equal("valid");
    });
  });

  describe("leaves open what a node contradicts itself about", () => {
    const honest = chainReader(nodeOf(ledger.state()), "the node");
    const contradictions: readonly [name: string, lie: Partial<ChainReader>, check: EvidenceCheckId][] = [
      [
        "an anchor that covers the event and does not",
        {
          async anchorCovering(registry, logId, index) {
            const anchor = await honest.anchorCovering(registry, logId, index);
            return anchor === null ? null : { ...anchor, size: index };
          },
        },
        "anchor",
      ],
      [
        "an anchor in a block that it does not have yet",
        {
          async anchorCovering(registry, logId, index) {
            const anchor = await honest.anchorCovering(registry, logId, index);
            return anchor === null ? null : { ...anchor, block: 31 };
          },
        },
        "anchor",
      ],
      ["a key of later numbers", { recorderKeyAt: keyWith({ fromSeq: 9 }) }, "recorder-key"],
      ["a key of a later block", { recorderKeyAt: keyWith({ addedBlock: 11 }) }, "recorder-key"],
    ];
    for (const [name, lie, check] of contradictions) {
      it(`${name}: ${check}`, async () => {
        const report = await verifyEvidence(ledger.text(EARLY), PROFILE, { ...honest, ...lie });
        expect(report.verdict).to.equal("incomplete");
        const found = report.checks.find(({ id }) => id === check);
        expect(found?.status).to.equal("not-checked");
        expect(found?.detail).to.match(/^the node contradicts itself: /);
      });
    }
  });

  it("is never invalid because an address hides nodes that are a block apart", async () => {
    const [ahead, behind] = [nodeOf(ledger.state()), nodeOf({ ...ledger.state(), latestBlock: 29 })];
    const pool = (first: Rpc, later: Rpc): ChainReader =>
      chainReader(
        (method, params) => (method === "eth_blockNumber" ? first : later)(method, params),
        "a pool",
      );
    const open = await verifyEvidence(ledger.text(EARLY), PROFILE, pool(ahead, behind));
    expect(open.verdict).to.equal("incomplete");
    expect((await verifyEvidence(ledger.text(EARLY), PROFILE, pool(behind, ahead))).verdict).to.equal(
      "valid",
    );
  });

  describe("warns of what happened since, and stays valid", () => {
    const cases: readonly {
      name: string;
      change: (state: ChainState) => void;
      warns: EvidenceCheckId;
      says: string;
    }[] = [
      {
        name: "a key revoked after the anchor",
        change: (state) => changePoliceKey(state, { revokedBlock: 11 }),
        warns: "key-since",
        says: "revoked from block 11 on",
      },
      {
        name: "a key to be revoked in a block beyond any number of ours",
        change: (state) => changePoliceKey(state, { revokedBlock: 2 ** 63 }),
        warns: "key-since",
        says: "revoked from block 9223372036854776000 on",
      },
      {
        name: "an agency suspended after the anchor",
        change: (state) => state.entitlements.push({ agency: "qn-police", fromBlock: 11, bits: 0 }),
        warns: "agency-since",
        says: "may not record any more",
      },
      {
        name: "an agency that was moved to another log before the anchor",
        change: (state) => (state.assignments = [{ agency: "qn-police", fromBlock: 5, logId: 2 }]),
        warns: "assigned-log",
        says: "qn-police belonged in log 2 at block 10; this log holds the event all the same",
      },
      {
        name: "an agency whose logs are of another registry",
        change: (state) =>
          Object.assign(state, {
            assignments: [{ agency: "qn-police", fromBlock: 5, logId: 1 }],
            namedAnchorRegistry: `0x${"ab".repeat(20)}`,
          }),
        warns: "assigned-log",
        says: `log 1 of another registry, 0x${"ab".repeat(20)}`,
      },
      { name: "a frozen log", change: (state) => (state.frozen = true), warns: "log-since", says: "frozen" },
      {
        name: "a log that another continues",
        change: (state) => Object.assign(state, { frozen: true, successor: 2 }),
        warns: "log-since",
        says: "log 2 continues it",
      },
    ];
    for (const [name, assignments, says] of [
      ["assigned to this log", [{ agency: "qn-police", fromBlock: 5, logId: 1 }], "belonged in log 1"],
      ["moved after the anchor", [{ agency: "qn-police", fromBlock: 11, logId: 2 }], "was assigned no log"],
      ["on a registry older than assignments", null, "was assigned no log"],
    ] as const) {
      it(`nothing of an agency ${name}`, async () => {
        const state = { ...ledger.state(), assignments: assignments && [...assignments] };
        const { checks } = await verify(ledger.text(EARLY), { state });
        expect(checks.filter(({ status }) => status !== "passed")).to.deep.equal([]);
        expect(checks.find(({ id }) => id === "assigned-log")?.detail).to.include(says);
      });
    }
    for (const { name, change, warns, says } of cases) {
      it(`${name}: ${warns}`, async () => {
        const state = ledger.state();
        change(state);
        const report = await verify(ledger.text(EARLY), { state });
        expect(report.verdict).to.equal("valid");
        const warnings = report.checks.filter(({ status }) => status === "warning");
        expect(warnings.map(({ id }) => id)).to.deep.equal([warns]);
        expect(warnings[0]?.detail).to.include(says);
      });
    }
  });
});

interface Forgery {
  readonly name: string;
  readonly input?: string | Uint8Array;
  readonly edit?: (file: EvidenceFile) => object;
  readonly fails: readonly EvidenceCheckId[];
}

interface ChainCase {
  readonly name: string;
  readonly change: (state: ChainState) => unknown;
  readonly fails: readonly EvidenceCheckId[];
}

function verify(
  input: string | Uint8Array,
  given: { state?: ChainState; profile?: TrustProfile } = {},
): Promise<EvidenceReport> {
  const { state = ledger.state(), profile = PROFILE } = given;
  return verifyEvidence(input, profile, chainReader(nodeOf(state), "the node"));
}

function failedChecks({ checks }: EvidenceReport): readonly string[] {
  return checks.filter(({ status }) => status === "failed").map(({ id }) => id);
}

function statuses({ checks }: EvidenceReport): readonly string[] {
  return [...new Set(checks.map(({ status }) => status))];
}

/** A node's answer about the police's key, with a part of it changed. */
function keyWith(change: Partial<RecorderKey>): ChainReader["recorderKeyAt"] {
  const { alg, key } = ledger.signers.police;
  const honest = { alg, key, fromSeq: 1, addedBlock: 3, revokedBlock: 0 };
  return () => Promise.resolve({ ...honest, ...change });
}

function changePoliceKey(state: ChainState, change: Partial<ChainState["recorderKeys"][number]>): void {
  state.recorderKeys = state.recorderKeys.map((key) =>
    key.agency === "qn-police" ? { ...key, ...change } : key,
  );
}

function rotateLogKeys(state: ChainState, fromBlock: number): void {
  const { key } = signerOf("new checkpoint key");
  state.logKeys.push(...state.logKeys.map((keys) => ({ ...keys, fromBlock, checkpoint: key })));
}

/** The event of the next number, in the place of this one. */
function swapEvent(file: EvidenceFile): EvidenceFile {
  return { ...file, event: ledger.evidence(EARLY + 1).event };
}

/** The file's first disclosure with its tilde. */
function disclosureOf(file: EvidenceFile): string {
  return `${file.event.split("~")[1] ?? ""}~`;
}

function withJwsHeader(file: EvidenceFile, header: object): EvidenceFile {
  const [, payload, signature] = file.submission.jws.split(".");
  const encoded = Buffer.from(JSON.stringify(header)).toString("base64url");
  return { ...file, submission: { ...file.submission, jws: [encoded, payload, signature].join(".") } };
}

function flipHash(hash: string): string {
  return toBase64(fromBase64(hash).map((byte) => byte ^ 1));
}

function changeFirstProofHash(proof: string): string {
  const lines = proof.split("\n");
  return lines.map((line, at) => (at === 2 ? flipHash(line) : line)).join("\n");
}
