import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { leafHash, rootHash } from "../../../protocol/merkle.ts";
import { newTiles } from "../../../protocol/tile.ts";
import { AuditFault } from "../../../verifier/audit/fault.ts";
import { type BuiltTile, requireSameTile, TileBuilder } from "../../../verifier/audit/tile-builder.ts";

const SIZE = 256 * 256 + 256 * 2 + 3;
const leaves = Array.from({ length: SIZE }, (_, n) => leafHash(utf8(String(n))));

describe("TileBuilder", () => {
  let tiles: BuiltTile[];

  before(() => {
    const builder = new TileBuilder(0, []);
    tiles = leaves.flatMap((leaf) => builder.append(leaf));
    tiles.push(...builder.partial());
  });

  it("builds every tile of a log, full and partial", () => {
    const places = (list: readonly Omit<BuiltTile, "hashes">[]): string[] =>
      list.map(({ level, index, width }) => `${level}/${index}/${width}`).sort();
    expect(places(tiles)).to.deep.equal(places(newTiles(0, SIZE)));
    for (const { level, index, hashes } of tiles) {
      const span = 256 ** level;
      const first = index * 256 * span;
      expect(hashes[0]).to.deep.equal(rootHash(leaves.slice(first, first + span)));
    }
  });

  it("goes on from what was left open", () => {
    const before = new TileBuilder(0, []);
    for (const leaf of leaves.slice(0, 65_700)) before.append(leaf);
    const after = new TileBuilder(65_700, before.open);
    for (const leaf of leaves.slice(65_700)) after.append(leaf);
    expect(after.partial()).to.deep.equal(tiles.slice(-after.partial().length));
  });

  it("names the first entry under a wrong hash", () => {
    const [, tile] = tiles.filter(({ level }) => level === 1);
    if (tile === undefined) throw new Error("there is such a tile");
    const row = Buffer.concat(tile.hashes);
    requireSameTile(tile, row);
    row[32] = (row[32] ?? 0) ^ 1;
    expect(() => requireSameTile(tile, row))
      .to.throw(AuditFault)
      .with.property("index", 65_536 + 256);
    expect(() => requireSameTile(tile, undefined)).to.throw(
      AuditFault,
      "there is no tile 1 of level 1 with 2 hashes",
    );
    expect(() => requireSameTile(tile, Buffer.concat([...tile.hashes, row]))).to.throw(
      AuditFault,
      "is longer",
    );
  });
});
