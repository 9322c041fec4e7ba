import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import pino, { type Logger } from "pino";
import { type Poll, startPoll } from "../../../server/anchor/poll.ts";

const HOUR_MS = 3_600_000;

describe("server/anchor/poll", () => {
  let poll: Poll | undefined;

  afterEach(() => poll?.close());

  it("runs at once, again when woken, and never two at a time", async () => {
    const gate = new Gate();
    poll = startPoll({ run: () => gate.run(), intervalMs: HOUR_MS, log: silent(), subject: "test" });
    expect(gate.started).to.equal(1);
    poll.wake();
    poll.wake();
    await turn();
    expect(gate.started).to.equal(1);
    gate.open();
    await until(() => gate.started === 2);
    gate.open();
    await turn();
    poll.wake();
    expect(gate.started).to.equal(3);
    gate.open();
  });

  it("runs at its interval", async () => {
    let runs = 0;
    poll = startPoll({
      run: () => Promise.resolve(void (runs += 1)),
      intervalMs: 1,
      log: silent(),
      subject: "test",
    });
    await until(() => runs === 5);
  });

  it("goes on after failures, logs each problem once, and says when it works again", async () => {
    const lines: string[] = [];
    const log = pino({ level: "info" }, { write: (line) => void lines.push(line) });
    let runs = 0;
    const run = (): Promise<void> => {
      runs += 1;
      return runs <= 3 ? Promise.reject(new Error(runs === 3 ? "worse" : "bad")) : Promise.resolve();
    };
    poll = startPoll({ run, intervalMs: 1, log, subject: "testing" });
    await until(() => runs >= 5);
    const messages = lines.map((line) => /"msg":"([^"]*)"/.exec(line)?.[1]);
    expect(messages).to.deep.equal(["testing: bad", "testing: worse", "testing: works again"]);
  });

  it("is closed when the run under way is done, and runs no more", async () => {
    const gate = new Gate();
    const closing = startPoll({ run: () => gate.run(), intervalMs: 1, log: silent(), subject: "test" });
    let isClosed = false;
    const closed = closing.close().then(() => (isClosed = true));
    await turn();
    expect(isClosed).to.equal(false);
    gate.open();
    await closed;
    closing.wake();
    expect(gate.started).to.equal(1);
  });
});

/** Work that lasts until it is let through. */
class Gate {
  started = 0;
  #open: () => void = () => undefined;

  run(): Promise<void> {
    this.started += 1;
    return new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#open();
  }
}

function silent(): Logger {
  return pino({ level: "silent" });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}
