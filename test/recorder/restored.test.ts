import { cp } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { continueUnderNewSource } from "../../recorder/continue.ts";
import type { Recorder } from "../../recorder/index.ts";
import { accessEvent, eventually, flushed, premises, SOURCE, type Premises } from "./fixture.ts";

describe("recorder whose spool was restored from a backup", () => {
  let here: Premises;
  beforeEach(async () => {
    here = await premises();
  });
  afterEach(() => here.close());

  const spool = () => path.join(here.directory, "spool");
  const backup = () => path.join(here.directory, "backup");
  const record = async (recorder: Recorder, ...ids: string[]) => {
    for (const id of ids) await recorder.record(accessEvent(id));
  };
  const isStopped = (recorder: Recorder) =>
    eventually(() => recorder.status().sending.state === "stopped", "it stops");

  /** A spool with events a and b receipted and c not, copied; then the original goes on to d and e. */
  async function backupAndGoOn(): Promise<void> {
    const first = await here.open();
    await record(first, "a", "b");
    await flushed(first);
    here.ledger.faultOf = () => "unavailable";
    await record(first, "c");
    await first.close();
    await cp(spool(), backup(), { recursive: true });
    here.ledger.faultOf = () => undefined;
    const later = await here.open();
    await record(later, "d", "e");
    await flushed(later);
    await later.close();
  }

  it("asks the ledger first, stops before it sends anything, and stays stopped", async () => {
    await backupAndGoOn();
    const sent = here.ledger.bodies.length;
    const restored = await here.open({ directory: backup() });
    await isStopped(restored);
    expect(restored.status().sending.code).to.equal("restored");
    expect(restored.status().sending.detail).to.contain("minhbach recorder continue");
    const error = await restored.record(accessEvent("x")).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "stopped" });
    await restored.close();
    const again = await here.open({ directory: backup() });
    expect(again.status().sending.code).to.equal("restored");
    expect(await again.resume().catch((thrown: unknown) => thrown)).to.include({ code: "stopped" });
    expect(here.ledger.bodies).to.have.length(sent);
    expect(here.ledger.equivocations).to.equal(0);
  });

  it("stops the original too, once a copy of it has sent something", async () => {
    const first = await here.open();
    await record(first, "a");
    await flushed(first);
    await first.close();
    await cp(spool(), backup(), { recursive: true });
    const copy = await here.open({ directory: backup() });
    await record(copy, "x");
    await flushed(copy);
    const original = await here.open();
    await isStopped(original);
    expect(original.status().sending.code).to.equal("restored");
    expect(here.ledger.equivocations).to.equal(0);
  });

  it("compares the newest event the ledger holds, when the numbers alone tell nothing", async () => {
    await backupAndGoOn();
    const away = await here.open({ directory: backup(), parts: { ledger: silentLedger } });
    await record(away, "x", "y", "z");
    await away.close();
    const restored = await here.open({ directory: backup() });
    await isStopped(restored);
    expect(restored.status().sending.code).to.equal("restored");
    expect(here.ledger.equivocations).to.equal(0);
  });

  it("stops when the ledger turns out to hold another event under a number it used", async () => {
    const first = await here.open();
    await record(first, "a");
    await flushed(first);
    await first.close();
    await cp(spool(), backup(), { recursive: true });
    // The ledger is away while both copies run, so that neither is warned.
    here.ledger.faultOf = () => "unavailable";
    const copy = await here.open({ directory: backup() });
    const original = await here.open();
    await record(copy, "x");
    await record(original, "b");
    await eventually(
      () => [copy, original].every((recorder) => recorder.status().sending.state === "outage"),
      "both are refused",
    );
    here.ledger.faultOf = () => undefined;
    await eventually(
      () => [copy, original].some((recorder) => recorder.status().sending.state === "stopped"),
      "one of them stops",
    );
    const stopped = [copy, original].filter((recorder) => recorder.status().sending.state === "stopped");
    expect(stopped.map((recorder) => recorder.status().sending.code)).to.deep.equal(["equivocation"]);
    expect(here.ledger.eventsOf(SOURCE)).to.have.length(2);
  });

  it("continues under a new source id: what the log lacks is moved once, what it holds is not", async () => {
    await backupAndGoOn();
    const restored = await here.open({ directory: backup(), parts: { ledger: silentLedger } });
    await record(restored, "x", "y");
    await restored.close();

    const source = "qn-police/r2";
    here.ledger.register(source, here.key);
    const recorder = await here.open({ source, directory: path.join(here.directory, "spool-r2") });
    const options = { oldDirectory: backup(), ledgerUrl: here.ledger.url, recorder };
    expect(await continueUnderNewSource(options)).to.deep.equal({
      oldSource: SOURCE,
      moved: 2,
      alreadyHeld: 1,
    });
    expect(await continueUnderNewSource(options)).to.include({ moved: 2 });
    await flushed(recorder);
    const moved = here.ledger.eventsOf(source);
    expect(moved.map(({ exchange }) => exchange)).to.deep.equal(
      ["x", "y"].map((id) => accessEvent(id).exchange),
    );
    expect(moved[0]).to.include({ "agent.id": "qn-justice:1042" });
  });

  it("records again under a new source id what the ledger lost, if it is told so", async () => {
    const first = await here.open();
    for (const id of ["a", "b", "c"]) {
      await record(first, id);
      await flushed(first);
    }
    await first.close();
    here.ledger.forget(SOURCE, 2);

    const source = "qn-police/r2";
    here.ledger.register(source, here.key);
    const recorder = await here.open({ source, directory: path.join(here.directory, "spool-r2") });
    const options = { oldDirectory: spool(), ledgerUrl: here.ledger.url, recorder };
    expect(await continueUnderNewSource(options)).to.include({ moved: 0 });
    const lost = { ...options, logLostEvents: true };
    for (let n = 0; n < 2; n++)
      expect(await continueUnderNewSource(lost)).to.include({ moved: 2, alreadyHeld: 0 });
    await flushed(recorder);
    const moved = here.ledger.eventsOf(source);
    expect(moved.map(({ exchange }) => exchange)).to.deep.equal(
      ["b", "c"].map((id) => accessEvent(id).exchange),
    );
  });
});

/** A ledger out of reach. */
const silentLedger = {
  submit: () => Promise.resolve({ kind: "outage", detail: "away", retryAfterSeconds: 0 } as const),
  held: () => Promise.resolve({ kind: "outage", detail: "away" } as const),
  showReceipt: () => Promise.resolve({ kind: "outage", detail: "away" } as const),
  anchoredSize: () => Promise.resolve(undefined),
  holds: () => Promise.resolve(undefined),
  evidence: () => Promise.resolve(undefined),
  erasures: () => Promise.resolve(undefined),
};
