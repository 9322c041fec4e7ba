import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseCheckpointBody } from "../../protocol/checkpoint.ts";
import { parseEvent } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import { parseNote, parseVerifierKey } from "../../protocol/note.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { parseSubmission } from "../../protocol/submission.ts";
import { parseEntryBundle, parseTilePath } from "../../protocol/tile.ts";
import { parseTlogProof } from "../../protocol/tlog-proof.ts";
import { vectorPath } from "../vectors/cases/vector.ts";
import { VECTORS } from "../vectors/generate.ts";
import { codeOf } from "./expect-code.ts";

const ROOT = join(import.meta.dirname, "../vectors");
const text = (parse: (text: string) => unknown) => (bytes: Uint8Array) => parse(fromUtf8(bytes));
const PARSERS = new Map<string, (bytes: Uint8Array) => unknown>([
  ["events", text(parseEvent)],
  ["submissions", text(parseSubmission)],
  ["receipts", text(parseReceipt)],
  ["evidence", text(parseEvidence)],
  ["notes", text(parseNote)],
  ["checkpoints", text(parseCheckpointBody)],
  ["verifier-keys", text(parseVerifierKey)],
  ["tlog-proofs", text(parseTlogProof)],
  ["tile-paths", text(parseTilePath)],
  ["entry-bundles", parseEntryBundle],
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
      const parse = PARSERS.get(folder);
      if (parse === undefined) throw new Error(`no parser reads ${folder}`);
      expect(codeOf(() => parse(new Uint8Array(readFileSync(join(ROOT, file)))))).to.equal(code);
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
