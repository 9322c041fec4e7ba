import { expect } from "chai";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import path from "node:path";

import { withLock } from "../../toolchain/lock.mjs";

const unexpectedWait = (): never => {
  throw new Error("nobody holds the lock");
};

describe("install lock", () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-lock-"));
    file = path.join(folder, "lock");
  });

  afterEach(() => rm(folder, { recursive: true }));

  it("lets one task run at a time, also after a dead owner that all of them see", async () => {
    await writeFile(file, JSON.stringify({ pid: 2 ** 30, host: hostname() }));
    let inside = 0;
    const most: number[] = [];
    const task = async (): Promise<void> => {
      most.push(++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(file, { task, onWait: () => undefined })));
    expect(most).to.deep.equal([1, 1, 1, 1]);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("is released by a task that fails", async () => {
    const failing = withLock(file, {
      task: () => Promise.reject(new Error("no network")),
      onWait: unexpectedWait,
    });
    expect(await failing.catch((error: unknown) => String(error))).to.equal("Error: no network");
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("waits for a living owner, and says so once", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const order: string[] = [];
    const first = withLock(file, {
      task: async () => {
        await held;
        order.push("first ends");
      },
      onWait: unexpectedWait,
    });
    while (!(await readdir(folder)).includes("lock")) continue;
    const second = withLock(file, {
      task: () => Promise.resolve(order.push("second runs")),
      onWait: () => {
        order.push("second waits");
        release();
      },
    });
    await Promise.all([first, second]);
    expect(order).to.deep.equal(["second waits", "first ends", "second runs"]);
  });

  it("takes over from a dead owner at once, even one that had our own process id", async () => {
    for (const pid of [2 ** 30, process.pid]) {
      await writeFile(file, JSON.stringify({ pid, host: hostname() }));
      const answer = await withLock(file, { task: () => Promise.resolve("ran"), onWait: unexpectedWait });
      expect(answer).to.equal("ran");
    }
  });

  it("takes over from an owner on another host after a minute of silence", async () => {
    await writeFile(file, JSON.stringify({ pid: process.pid, host: "elsewhere" }));
    const old = new Date(Date.now() - 61_000);
    await utimes(file, old, old);
    const answer = await withLock(file, { task: () => Promise.resolve("ran"), onWait: () => undefined });
    expect(answer).to.equal("ran");
  });
});
