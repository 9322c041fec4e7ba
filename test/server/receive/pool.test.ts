import { expect } from "chai";
import pino from "pino";
import { createVerifierPool, type VerifierPool } from "../../../server/receive/pool.ts";
import { rejection } from "../store/conformance.ts";
import { testDirectory } from "./recorder.ts";

describe("verifier pool", function () {
  this.timeout(600_000);
  let pool: VerifierPool;

  afterEach(async () => await pool.close());

  it("refuses what a failing thread held, and puts another in its place", async () => {
    pool = poolOf(
      'parentPort.on("message", ({ kind }) => { if (kind === "verify") throw new Error("broken"); });',
    );
    for (let thread = 0; thread < 2; thread++) {
      const error = await rejection(pool.verify(Buffer.from("{}")));
      expect(error).to.have.property("message", "the verifying thread failed");
    }
  });

  it("reports a fault of the check itself as ours, not as the sender's", async () => {
    const fault =
      '[{ kind: "refused", body: new Uint8Array(), refusal: { kind: "fault", message: "stack" } }]';
    pool = poolOf(
      `parentPort.on("message", ({ kind }) => { if (kind === "verify") parentPort.postMessage(${fault}); });`,
    );
    const error = await rejection(pool.verify(Buffer.from("{}")));
    expect(error).to.be.instanceOf(Error).and.not.to.have.property("code");
  });

  it("refuses more than may wait", async () => {
    pool = poolOf("", 0);
    expect(await rejection(pool.verify(Buffer.from("{}")))).to.have.property("code", "overloaded");
  });
});

/** A pool of one thread that runs this code. */
function poolOf(code: string, maxWaiting = 10): VerifierPool {
  const script = `import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {}); ${code}`;
  return createVerifierPool({
    settings: { log: "", operator: "minhbach", pepper: new Uint8Array(32) },
    keys: testDirectory([]),
    clock: { now: () => 0 },
    log: pino({ level: "silent" }),
    threads: 1,
    maxWaiting,
    script: new URL(`data:text/javascript,${encodeURIComponent(script)}`),
  });
}
