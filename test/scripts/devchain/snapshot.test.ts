import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { dumpState, replaceFile } from "../../../scripts/devchain/snapshot.ts";
import type { Rpc } from "../../../server/anchor/json-rpc.ts";

/** What a node answers, one after the other, to each of these methods; the last answer stays. */
function node(answers: Readonly<Record<"eth_blockNumber" | "pending", readonly string[]>>): Rpc {
  const next = { eth_blockNumber: 0, pending: 0 };
  const answer = (name: keyof typeof answers): string | undefined => {
    const list = answers[name];
    return list[Math.min(next[name]++, list.length - 1)];
  };
  return (method) => {
    if (method === "txpool_status") return Promise.resolve({ pending: answer("pending"), queued: "0x0" });
    if (method === "eth_blockNumber") return Promise.resolve(answer("eth_blockNumber"));
    return Promise.resolve(`0x${gzipSync(`state after ${next.eth_blockNumber} looks`).toString("hex")}`);
  };
}

describe("scripts/devchain/snapshot", () => {
  it("dumps a chain that keeps still, unpacked", async () => {
    const dump = await dumpState(node({ eth_blockNumber: ["0x7"], pending: ["0x0"] }));
    expect(dump?.block).to.equal("0x7");
    expect(Buffer.from(dump?.state ?? []).toString()).to.equal("state after 1 looks");
  });

  it("dumps again when a block was made meanwhile", async () => {
    const dump = await dumpState(node({ eth_blockNumber: ["0x7", "0x8"], pending: ["0x0"] }));
    expect(dump?.block).to.equal("0x8");
    expect(Buffer.from(dump?.state ?? []).toString()).to.equal("state after 3 looks");
  });

  it("dumps again when a block may be under way", async () => {
    const dump = await dumpState(node({ eth_blockNumber: ["0x7"], pending: ["0x1", "0x0"] }));
    expect(Buffer.from(dump?.state ?? []).toString()).to.equal("state after 3 looks");
  });

  it("gives up on a chain that never keeps still", async () => {
    expect(await dumpState(node({ eth_blockNumber: ["0x7"], pending: ["0x1"] }))).to.equal(undefined);
    const busy = Array.from({ length: 99 }, (_, i) => `0x${i}`);
    expect(await dumpState(node({ eth_blockNumber: busy, pending: ["0x0"] }))).to.equal(undefined);
  });

  it("replaces a file whole, and leaves nothing beside it", async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), "snapshot-"));
    try {
      const file = path.join(folder, "state.json");
      await writeFile(file, "old and longer than the new one");
      await replaceFile(file, new TextEncoder().encode("new"));
      expect(await readFile(file, "utf8")).to.equal("new");
      expect(await readdir(folder)).to.deep.equal(["state.json"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
