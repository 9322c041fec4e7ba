import { expect } from "chai";
import { concat, toBase64, utf8 } from "../../protocol/bytes.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import type { TreeNode } from "../../protocol/proof-nodes.ts";
import { parseTilePath, TILE_WIDTH } from "../../protocol/tile.ts";
import { type FetchFile, logTiles, TilesError } from "../../verifier/log-tiles.ts";

const SIZE = 600;
const LEAVES = Array.from({ length: SIZE }, (_, at) => leafHash(utf8(`entry ${at}`)));
const NOTE = `mirror\n${SIZE}\n${toBase64(rootHash(LEAVES))}\n\n— mirror ${toBase64(new Uint8Array(68))}\n`;
const OPTIONS = { name: "the mirror" };

/** Serves the log's files, or what `change` puts in their place. */
function served(change: (path: string) => Uint8Array | undefined = () => undefined) {
  const asked: string[] = [];
  const fetch: FetchFile = async (url) => {
    const path = url.replace("https://mirror.example/log/", "");
    asked.push(path);
    const bytes = change(path) ?? (path === "checkpoint" ? utf8(NOTE) : tileOf(path));
    return new Response(new Uint8Array(bytes), { status: bytes.length === 0 ? 404 : 200 });
  };
  return { tiles: logTiles("https://mirror.example/log/", { ...OPTIONS, fetch }), asked };
}

function tileOf(path: string): Uint8Array {
  const tile = parseTilePath(path);
  if (tile.kind !== "tile") throw new Error(`unexpected ${path}`);
  const step = TILE_WIDTH ** tile.level;
  const first = tile.index * TILE_WIDTH;
  return concat(
    ...Array.from({ length: tile.width }, (_, at) =>
      rootHash(LEAVES.slice((first + at) * step, (first + at + 1) * step)),
    ),
  );
}

function nodeHashOf({ level, index }: TreeNode): Uint8Array {
  return rootHash(LEAVES.slice(index * 2 ** level, (index + 1) * 2 ** level));
}

describe("logTiles", () => {
  it("reads nodes of every level from the tiles of the published tree, each tile once", async () => {
    const { tiles, asked } = served();
    const nodes = [
      { level: 0, index: 255 },
      { level: 0, index: 256 },
      { level: 0, index: 599 },
      { level: 3, index: 70 },
      { level: 8, index: 1 },
      { level: 9, index: 0 },
    ];
    expect(await tiles.readNodes(nodes, 599)).to.deep.equal(nodes.map(nodeHashOf));
    expect(asked).to.deep.equal([
      "checkpoint",
      "tile/0/000",
      "tile/0/001",
      "tile/0/002.p/88",
      "tile/1/000.p/2",
    ]);
  });

  const broken: readonly [name: string, change: (path: string) => Uint8Array | undefined, says: RegExp][] = [
    ["is not there", () => new Uint8Array(0), /^the mirror answers with HTTP status 404 for checkpoint/],
    [
      "has no checkpoint",
      (path) => (path === "checkpoint" ? utf8("hello") : undefined),
      /no checkpoint of a log/,
    ],
    ["has a checkpoint that never ends", () => new Uint8Array(200_000), /gives more for checkpoint/],
    [
      "lacks a tile",
      (path) => (path === "checkpoint" ? undefined : new Uint8Array(0)),
      /status 404 for tile\/0/,
    ],
    [
      "cuts a tile",
      (path) => (path === "checkpoint" ? undefined : new Uint8Array(32)),
      /with a wrong length/,
    ],
    [
      "gives too long a tile",
      (path) => (path === "checkpoint" ? undefined : new Uint8Array(9000)),
      /gives more for/,
    ],
  ];
  for (const [name, change, says] of broken) {
    it(`names a mirror that ${name}`, async () => {
      expect((await refusal(served(change).tiles.readNodes([{ level: 0, index: 3 }], 5))).message).to.match(
        says,
      );
    });
  }

  it("names a mirror that is behind what is anchored, and one that cannot be reached", async () => {
    const behind = await refusal(served().tiles.readNodes([{ level: 0, index: 3 }], 601));
    expect(behind.message).to.equal("the mirror publishes 600 entries; 601 are anchored. Ask another mirror");
    const fetch = (): Promise<never> => Promise.reject(new TypeError("fetch failed"));
    const gone = logTiles("https://mirror.example", { ...OPTIONS, fetch });
    expect((await refusal(gone.readNodes([], 1))).message).to.match(/^the mirror cannot be read; check/);
  });
});

async function refusal(answer: Promise<unknown>): Promise<TilesError> {
  const error = await answer.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof TilesError) return error;
  throw new Error("it was read, or failed in another way", { cause: error });
}
