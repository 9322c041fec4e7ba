import { expect } from "chai";
import { toBase64url, utf8 } from "../../../protocol/bytes.ts";
import { keyId, signJws } from "../../../protocol/jws.ts";
import { inclusionProof, leafHash, rootHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import { EMPTY_EDGE } from "../../../server/integrate/edge.ts";
import type { Tree } from "../../../server/integrate/tree.ts";
import { submissionTrees } from "../../../server/prove/submission-trees.ts";
import type { StoredSubmission } from "../../../server/store/store.ts";

const KID = keyId("EdDSA", new Uint8Array(32).fill(1));
const source = parseSource("qn-police/r1");
const LEAVES = Array.from({ length: 3_000 }, (_, at) => leafHash(utf8(`event ${at}`)));

/** A tree that counts the leaves it reads. */
class CountingTree implements Tree {
  readonly edge = EMPTY_EDGE;
  leavesRead = 0;

  leafHashes(begin: number, end: number): Promise<Uint8Array[]> {
    this.leavesRead += end - begin;
    return Promise.resolve(LEAVES.slice(begin, end));
  }

  readNodes(): never {
    throw new Error("only leaves are read");
  }

  tileHashes(): never {
    throw new Error("only leaves are read");
  }

  leafIndex(): never {
    throw new Error("only leaves are read");
  }
}

function submissionAt(index: number, count: number): StoredSubmission {
  const root = toBase64url(rootHash(LEAVES.slice(index, index + count)));
  const log = `1:0x${"ab".repeat(20)}:1`;
  const payload = { log, src: source, first: 1, count, root, iat: 1 };
  const jws = signJws({ alg: "EdDSA", kid: KID, typ: "submission+jws" }, payload, () => new Uint8Array(64));
  return { source, first: 1, count, index, time: 1, jws, receipt: "" };
}

describe("server/prove/submission-trees", () => {
  it("gives the RFC 6962 path of every event, in submissions of any size at any place", async () => {
    const trees = submissionTrees(() => new CountingTree());
    for (const count of [1, 2, 31, 32, 33, 63, 64, 65, 95, 96, 97, 100, 127, 129, 255, 1000]) {
      const index = count * 2 - 1;
      const submission = submissionAt(index, count);
      const leaves = LEAVES.slice(index, index + count);
      for (let place = 0; place < count; place++) {
        const { path, root } = await trees.pathTo(submission, place);
        expect(path, `${place} of ${count}`).to.deep.equal(inclusionProof(leaves, place));
        expect(root).to.deep.equal(rootHash(leaves));
      }
    }
  });

  it("reads a large submission once, and then only the leaves around the event", async () => {
    const tree = new CountingTree();
    const trees = submissionTrees(() => tree);
    const submission = submissionAt(7, 1000);
    await trees.pathTo(submission, 500);
    expect(tree.leavesRead).to.equal(1032);
    for (const place of [0, 31, 32, 999]) {
      tree.leavesRead = 0;
      await trees.pathTo(submission, place);
      expect(tree.leavesRead).to.be.at.most(32);
    }
  });

  it("keeps as many submissions as it may, those used last", async () => {
    const tree = new CountingTree();
    // Room for two submissions of 100 events.
    const trees = submissionTrees(() => tree, 900);
    const [a, b, c] = [submissionAt(0, 100), submissionAt(100, 100), submissionAt(200, 100)];
    for (const submission of [a, b, a, c]) await trees.pathTo(submission, 5);
    const leavesReadFor = async (submission: StoredSubmission): Promise<number> => {
      tree.leavesRead = 0;
      await trees.pathTo(submission, 5);
      return tree.leavesRead;
    };
    expect([await leavesReadFor(a), await leavesReadFor(c), await leavesReadFor(b)]).to.deep.equal([
      32, 32, 132,
    ]);
  });
});
