import { expect } from "chai";
import { parseAccusation } from "../../protocol/accusation.ts";
import { parseBreach } from "../../protocol/breach.ts";
import { parseBundle } from "../../protocol/bundle.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fromBase64, fromHex, fromUtf8, toHex, utf8 } from "../../protocol/bytes.ts";
import { parseCheckpointBody } from "../../protocol/checkpoint.ts";
import { parseDecision } from "../../protocol/decision-jws.ts";
import { parseEvent } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import { parseGathered } from "../../protocol/gathered.ts";
import { parseNote, parseVerifierKey } from "../../protocol/note.ts";
import { entryCommitment, indexKey, verifyIndexProof } from "../../protocol/index-tree.ts";
import { type IndexKind, requireIndexId } from "../../protocol/index-keys.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { drawSample, isSampleRange, type SampleRange } from "../../protocol/sample.ts";
import { parseSignOn } from "../../protocol/sign-on.ts";
import { parseStatement } from "../../protocol/statement.ts";
import { parseSubmission } from "../../protocol/submission.ts";
import { parseEntryBundle, parseTilePath } from "../../protocol/tile.ts";
import { parseTlogProof } from "../../protocol/tlog-proof.ts";
import { FormatError } from "../../protocol/errors.ts";
import { expandVrfSecretKey, proveVrf, verifyVrf } from "../../protocol/vrf.ts";
import { type VectorCode, vectorPath } from "../vectors/cases/vector.ts";
import { VECTORS } from "../vectors/generate.ts";
import { codeOf } from "./expect-code.ts";

const ROOT = join(import.meta.dirname, "../vectors");
const text = (parse: (text: string) => unknown) => (bytes: Uint8Array) => parse(fromUtf8(bytes));
const PARSERS = new Map<string, (bytes: Uint8Array) => unknown>([
  ["events", text(parseEvent)],
  ["submissions", text(parseSubmission)],
  ["receipts", text(parseReceipt)],
  ["decisions", text(parseDecision)],
  ["sign-ons", text(parseSignOn)],
  ["evidence", text(parseEvidence)],
  ["breaches", text(parseBreach)],
  ["accusations", text(parseAccusation)],
  ["bundles", parseBundle],
  ["notes", text(parseNote)],
  ["checkpoints", text(parseCheckpointBody)],
  ["verifier-keys", text(parseVerifierKey)],
  ["tlog-proofs", text(parseTlogProof)],
  ["tile-paths", text(parseTilePath)],
  ["entry-bundles", parseEntryBundle],
  ["statements", parseStatement],
  ["gathered", parseGathered],
  ["index-keys", text(checkIndexKey)],
]);

const files = ["valid", "invalid"].flatMap((kind) =>
  readdirSync(join(ROOT, kind), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/")),
);

describe("test vectors", () => {
  for (const file of files) {
    const [kind, folder = "", name = ""] = file.split("/");
    const code = kind === "valid" ? undefined : name.split("--")[0];
    it(`${file} is ${code === undefined ? "accepted" : "refused"}`, () => {
      expect(codeOfFile(folder, new Uint8Array(readFileSync(join(ROOT, file))))).to.equal(code);
    });
  }

  it("are exactly what the generator writes", () => {
    const generated = VECTORS.map(vectorPath);
    expect(new Set(generated).size).to.equal(generated.length);
    expect(files.toSorted()).to.deep.equal(generated.toSorted());
    for (const vector of VECTORS) {
      const stored = readFileSync(join(ROOT, vectorPath(vector)));
      expect(stored.equals(Buffer.from(vector.content)), vectorPath(vector)).to.be.true;
    }
  });
});

/** Why a file of the folder is refused; undefined when it is accepted. */
function codeOfFile(folder: string, content: Uint8Array): VectorCode | undefined {
  if (folder === "index-proofs") return shows(fromUtf8(content)) ? undefined : "index-proof";
  if (folder === "samples") return isDrawn(fromUtf8(content)) ? undefined : "sample";
  const parse = PARSERS.get(folder);
  if (parse === undefined) throw new Error(`no parser reads ${folder}`);
  return codeOf(() => parse(content));
}

interface IndexKeyVector {
  readonly kind: IndexKind;
  readonly id: string;
  readonly seed: string;
  readonly vrfKey: string;
  readonly vrf: string | null;
  readonly output: string | null;
  readonly key: string;
  readonly entry: { readonly count: number; readonly blinding: string; readonly treeRoot: string };
  readonly commitment: string;
}

/** Follows an id to its key, and an entry to its commitment. Throws FormatError `vrf` when the proof is not of this id. */
function checkIndexKey(file: string): void {
  const { kind, id, seed, vrfKey, vrf, output, key, entry, commitment } = JSON.parse(file) as IndexKeyVector;
  requireIndexId(kind, id);
  const alpha = utf8(id);
  const tag = vrf === null ? alpha : verifyVrf(fromHex(vrfKey), alpha, fromHex(vrf));
  if (tag === undefined) throw new FormatError("vrf", "the proof is not of this id under this key");
  const secret = expandVrfSecretKey(fromHex(seed));
  expect(toHex(secret.publicKey)).to.equal(vrfKey);
  expect(vrf).to.equal(vrf === null ? null : toHex(proveVrf(secret, alpha)));
  expect(output).to.equal(vrf === null ? null : toHex(tag));
  expect(toHex(indexKey(kind, tag))).to.equal(key);
  const { count, blinding, treeRoot } = entry;
  const opened = entryCommitment({ count, blinding: fromHex(blinding), treeRoot: fromHex(treeRoot) });
  expect(toHex(opened)).to.equal(commitment);
}

interface IndexProofVector {
  readonly root: string;
  readonly key: string;
  readonly proof: {
    readonly steps: readonly (readonly [bit: number, sibling: string])[];
    readonly leaf: { readonly key: string; readonly commitment: string } | null;
  };
  readonly commitment: string | null;
}

/** Whether the proof shows just what the file says. */
function shows(file: string): boolean {
  const { root, key, proof, commitment } = JSON.parse(file) as IndexProofVector;
  const { steps, leaf } = proof;
  const found = verifyIndexProof(fromHex(root), fromHex(key), {
    steps: steps.map(([bit, sibling]) => ({ bit, sibling: fromBase64(sibling) })),
    leaf: leaf === null ? undefined : { key: fromBase64(leaf.key), commitment: fromBase64(leaf.commitment) },
  });
  if (found === undefined) return false;
  expect(found.present ? toHex(found.commitment) : null).to.equal(commitment);
  return true;
}

/** Whether the indexes are the sample that the file's seed draws. */
function isDrawn(file: string): boolean {
  const { blockHash, leafHash, indexes, ...range } = JSON.parse(file) as SampleRange & {
    readonly blockHash: string;
    readonly leafHash: string;
    readonly indexes: readonly number[];
  };
  if (!isSampleRange(range)) return false;
  const drawn = drawSample(range, { blockHash: fromHex(blockHash), leafHash: fromHex(leafHash) });
  return JSON.stringify(drawn) === JSON.stringify(indexes);
}
