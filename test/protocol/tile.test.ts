import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import { inclusionProofNodes, rangeNodes } from "../../protocol/proof-nodes.ts";
import {
  encodeEntryBundle,
  entriesPath,
  newTiles,
  parseEntryBundle,
  parseTilePath,
  tileOfNode,
  tilePath,
} from "../../protocol/tile.ts";
import { codeOf, expectCode } from "./expect-code.ts";

describe("tile paths", () => {
  it("are the specification's examples", () => {
    expect(tilePath({ level: 0, index: 1234067, width: 256 })).to.equal("tile/0/x001/x234/067");
    expect(tilePath({ level: 2, index: 0, width: 1 })).to.equal("tile/2/000.p/1");
    expect(entriesPath({ index: 1234067, width: 112 })).to.equal("tile/entries/x001/x234/067.p/112");
  });

  it("read back as what they were written from", () => {
    const tile = fc.record({
      level: fc.integer({ min: 0, max: 63 }),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tile, (written) => {
        expect(parseTilePath(tilePath(written))).to.deep.equal({ kind: "tile", ...written });
        const { index, width } = written;
        expect(parseTilePath(entriesPath({ index, width }))).to.deep.equal({ kind: "entries", index, width });
      }),
    );
  });

  it("are not made for impossible tiles", () => {
    for (const width of [0, 257, 1.5, -1])
      expectCode("tile-path", () => tilePath({ level: 0, index: 0, width }));
    for (const index of [-1, 2 ** 53, 0.5]) expectCode("tile-path", () => entriesPath({ index, width: 1 }));
    expectCode("tile-path", () => tilePath({ level: 64, index: 0, width: 1 }));
  });
});

describe("tiles of a tree", () => {
  it("are the specification's for sizes 70,000 and 256", () => {
    const tiles = newTiles(0, 70_000);
    const level = (wanted: number) => tiles.filter((tile) => tile.level === wanted);
    expect(level(0).filter(({ width }) => width === 256).length).to.equal(273);
    expect(level(0).at(-1)).to.deep.equal({ level: 0, index: 273, width: 112 });
    expect(level(1)).to.deep.equal([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ]);
    expect(level(2)).to.deep.equal([{ level: 2, index: 0, width: 1 }]);
    expect(newTiles(0, 256)).to.deep.equal([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
  });

  it("are written once when they grow step by step as when they grow at once", () => {
    const steps = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (growth) => {
        const written = new Map<string, number>();
        let size = 0;
        for (const step of growth) {
          for (const { level, index, width } of newTiles(size, size + step)) {
            expect(written.get(`${level}/${index}`) ?? 0).to.be.below(width);
            written.set(`${level}/${index}`, width);
          }
          size += step;
        }
        const atOnce = newTiles(0, size).map(
          ({ level, index, width }) => [`${level}/${index}`, width] as const,
        );
        expect([...written].sort()).to.deep.equal([...atOnce].sort());
      }),
    );
    expect(newTiles(300, 300)).to.deep.equal([]);
  });

  it("hold every node a proof needs", () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.nat());
    fc.assert(
      fc.property(sizes, ([size, pick]) => {
        const tiles = newTiles(0, size).map((tile) => tilePath(tile));
        for (const node of inclusionProofNodes(pick % size, size).flatMap(rangeNodes)) {
          const { tile, begin, end } = tileOfNode(node, size);
          expect(tiles).to.include(tilePath(tile));
          expect(end).to.be.at.most(tile.width);
          const first = (tile.index * 256 + begin) * 2 ** (8 * tile.level);
          expect(first).to.equal(node.index * 2 ** node.level);
          expect((end - begin) * 2 ** (8 * tile.level)).to.equal(2 ** node.level);
        }
      }),
      { numRuns: 30 },
    );
    expectCode("tree-size", () => tileOfNode({ level: 3, index: 1 }, 15));
  });
});

describe("entry bundles", () => {
  it("read back as the entries they were written from", () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(entries, (written) => {
        expect(parseEntryBundle(encodeEntryBundle(written))).to.deep.equal(written);
      }),
    );
  });

  it("write the length as two big-endian bytes", () => {
    const bundle = encodeEntryBundle([new Uint8Array(258), utf8("a")]);
    expect([...bundle.subarray(0, 2)]).to.deep.equal([1, 2]);
    expect([...bundle.subarray(260)]).to.deep.equal([0, 1, 97]);
  });

  it("encode again to the same bytes when they are accepted at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        if (codeOf(() => parseEntryBundle(bytes)) !== undefined) return;
        expect(encodeEntryBundle(parseEntryBundle(bytes))).to.deep.equal(bytes);
      }),
    );
  });

  it("are not made of nothing, of too many or of too long entries", () => {
    expectCode("entry-bundle", () => encodeEntryBundle([]));
    expectCode("entry-bundle", () => encodeEntryBundle(new Array<Uint8Array>(257).fill(new Uint8Array(0))));
    expectCode("entry-bundle", () => encodeEntryBundle([new Uint8Array(65536)]));
  });

  it("do not share memory with what they were read from", () => {
    const bundle = encodeEntryBundle([utf8("abc")]);
    const [entry] = parseEntryBundle(bundle);
    bundle.fill(0);
    expect(entry).to.deep.equal(utf8("abc"));
  });
});
