import { expect } from "chai";
import { type Part, Parts } from "../../scripts/start/parts.ts";

/** A part that ends when it is told to, and notes that it was stopped. */
function fakePart(name: string, stopped: string[]): Part & { readonly end: (how: string) => void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  return {
    name,
    ended: promise,
    end: resolve,
    stop: () => {
      stopped.push(name);
      resolve("stopped");
      return Promise.resolve();
    },
  };
}

describe("parts of npm start", () => {
  it("stop in the reverse order of their start", async () => {
    const parts = new Parts();
    const stopped: string[] = [];
    for (const name of ["chain", "ledger", "recorder"])
      await parts.add(Promise.resolve(fakePart(name, stopped)));
    expect(await parts.stop()).to.deep.equal([]);
    expect(stopped).to.deep.equal(["recorder", "ledger", "chain"]);
  });

  it("stop also while one is being started: nobody else knows of its process", async () => {
    const parts = new Parts();
    const stopped: string[] = [];
    const { promise, resolve } = Promise.withResolvers<Part>();
    const adding = parts.add(promise).catch((error: unknown) => String(error));
    const stopping = parts.stop().then(() => stopped.push("all"));
    resolve(fakePart("chain", stopped));
    await stopping;
    expect(stopped).to.deep.equal(["chain", "all"]);
    expect(await adding).to.include("interrupted");
  });

  it("stop although one of them fails to, and tell of it", async () => {
    const parts = new Parts();
    const stopped: string[] = [];
    await parts.add(Promise.resolve(fakePart("chain", stopped)));
    const failing = { ...fakePart("ledger", stopped), stop: () => Promise.reject(new Error("no answer")) };
    await parts.add(Promise.resolve(failing));
    expect(await parts.stop()).to.deep.equal(["The ledger did not stop in order: Error: no answer"]);
    expect(stopped).to.deep.equal(["chain"]);
  });

  it("tell of one that ends by itself, and do not stop that one again", async () => {
    const parts = new Parts();
    const stopped: string[] = [];
    const ledger = fakePart("ledger", stopped);
    await parts.add(Promise.resolve(fakePart("chain", stopped)));
    await parts.add(Promise.resolve(ledger));
    ledger.end("exit code 1");
    const { part, how } = await parts.lost;
    expect([part.name, how]).to.deep.equal(["ledger", "exit code 1"]);
    await parts.stop();
    expect(stopped).to.deep.equal(["chain"]);
  });
});
