import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { isJsonObject } from "../../protocol/json.ts";
import { accessEvent, eventually, premises, SOURCE, type Premises } from "./fixture.ts";
import type { Fault } from "./ledger-stub.ts";

/** `npm run soak` asks for more. */
const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? 25);
const CLIENTS = 8;
/** A recorder is killed at a random instant after a random number of answers, so that the load of the machine changes nothing. */
const MOST_ACKNOWLEDGED = 60;
const LONGEST_PAUSE_MS = 30;
const MAIN = path.resolve(import.meta.dirname, "../../recorder/main.ts");

describe("recorder process killed under load", () => {
  let here: Premises;
  const running = new Set<ChildProcess>();
  before(async () => {
    here = await premises();
    await writeFile(path.join(here.directory, "trust.json"), trustFile(here));
  });
  after(async () => {
    for (const child of running) child.kill("SIGKILL");
    await here.close();
  });

  async function start(): Promise<{ url: string; child: ChildProcess }> {
    const child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        PATH: process.env["PATH"],
        RECORDER_SOURCE: SOURCE,
        RECORDER_KEY: path.join(here.directory, "key.pem"),
        RECORDER_SPOOL: path.join(here.directory, "spool"),
        RECORDER_PORT: "0",
        LEDGER_URL: here.ledger.url,
        TRUST_PROFILE: path.join(here.directory, "trust.json"),
      },
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    for await (const line of createInterface({ input: child.stdout })) {
      const entry: unknown = JSON.parse(line);
      if (isJsonObject(entry) && typeof entry["url"] === "string") return { url: entry["url"], child };
    }
    throw new Error("the recorder ended before it listened");
  }

  it(`loses, doubles and reorders nothing it acknowledged, in ${ROUNDS} rounds`, async function () {
    this.timeout(ROUNDS * 30_000);
    const faults: (Fault | undefined)[] = [
      "cut-after",
      undefined,
      "unavailable",
      undefined,
      "cut-before",
      undefined,
    ];
    let asked = 0;
    here.ledger.faultOf = () => faults[asked++ % faults.length];
    const acknowledged = new Map<string, number>();
    let sent = 0;

    for (let round = 0; round < ROUNDS; round++) {
      const { url, child } = await start();
      const clients = Array.from({ length: CLIENTS }, async () => {
        for (;;) {
          const id = `m-${sent++}`;
          const seq = await post(url, id);
          if (seq === undefined) return;
          acknowledged.set(id, seq);
        }
      });
      const enough = acknowledged.size + Math.random() * MOST_ACKNOWLEDGED;
      await eventually(() => acknowledged.size >= enough, "the recorder acknowledges");
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS));
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await Promise.all([exited, ...clients]);
    }

    here.ledger.faultOf = () => undefined;
    const { url, child } = await start();
    await eventually(async () => (await backlog(url)) === 0, "everything is receipted");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect((await exited)[0]).to.equal(0);

    const events = here.ledger.eventsOf(SOURCE);
    const ids = events.map(({ exchange }) => (isJsonObject(exchange) ? exchange["messageId"] : undefined));
    expect(acknowledged.size).to.be.greaterThan(ROUNDS);
    // A recorder that finds events in its spool gives a sign of life when it starts: those have no message.
    const reported = ids.filter((_, at) => events[at]?.type !== "heartbeat");
    expect(new Set(reported)).to.have.length(reported.length);
    for (const [id, seq] of acknowledged) expect(ids[seq - 1]).to.equal(id);
    expect(here.ledger.equivocations).to.equal(0);
  });
});

/** The number an event was acknowledged under; undefined when the recorder went away. */
async function post(url: string, id: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(accessEvent(id)),
    });
    const answer: unknown = await response.json();
    if (response.status !== 202 || !isJsonObject(answer) || typeof answer["seq"] !== "number") {
      throw new Error(`unexpected answer: ${JSON.stringify(answer)}`);
    }
    return answer["seq"];
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function backlog(url: string): Promise<unknown> {
  const status: unknown = await (await fetch(`${url}/v1/status`)).json();
  return isJsonObject(status) ? status["backlogEvents"] : undefined;
}

function trustFile(here: Premises): string {
  return JSON.stringify({ type: "minhbach/trust-profile", version: 1, ...here.ledger.trust });
}
