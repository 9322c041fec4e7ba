import { expect } from "chai";
import type { PlainEvent, Recorder } from "../../recorder/index.ts";
import type { Timing } from "../../recorder/timing.ts";
import type { App } from "../../server/app.ts";
import { onBothStores } from "./both-stores.ts";
import {
  ACCESS,
  type Deployed,
  deployed,
  fetchUntil,
  openDemoRecorder,
  POLICE,
  startLedger,
  tokenOf,
} from "./fixture.ts";

const JUSTICE = "qn-justice/r1";
const MINUTE = 60_000;

interface Found {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly source?: string;
  readonly agency?: string;
  readonly evidence: object;
}

/** Two agencies and their recorders, on a ledger whose time is set. */
onBothStores("both sides report", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: App;
  let police: Recorder;
  let justice: Recorder;
  /** How far the clock of ledger and recorders is ahead of the machine's. */
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;
  /** A pause is no longer than a moment, so that a recorder notices soon that the time was moved. */
  const timing: Timing = {
    now,
    random: () => 0.5,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(milliseconds, 5));
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };

  before(async () => {
    system = await deployed({ store });
    ledger = await startLedger(system, { clock: { now } });
    await fetchUntil(`${ledger.url}/ready`);
    const heartbeat = { intervalMs: 5 * MINUTE, software: "minhbach/test" };
    police = await openDemoRecorder(system, ledger.url, { heartbeat, parts: { timing } });
    justice = await openDemoRecorder(system, ledger.url, { source: JUSTICE, parts: { timing } });
  });
  after(async () => {
    await justice.close();
    await police.close();
    await ledger.close();
    await system.destroy();
  });

  async function record(recorder: Recorder, messageId: string): Promise<void> {
    const event: PlainEvent = { ...ACCESS, exchange: { ...ACCESS.exchange, messageId } };
    await recorder.record(event);
    await recorder.flush(AbortSignal.timeout(100_000));
  }

  async function findings(): Promise<Found[]> {
    const headers = await tokenOf(system, "inspector");
    const response = await fetch(`${ledger.url}/v1/findings`, { headers });
    return ((await response.json()) as { findings: Found[] }).findings;
  }

  async function openFindings(): Promise<Record<string, object>> {
    const response = await fetch(`${ledger.url}/v1/sources`);
    const { sources } = (await response.json()) as { sources: { source: string; openFindings: object }[] };
    return Object.fromEntries(sources.map(({ source, openFindings: open }) => [source, open]));
  }

  async function eventsOf(source: string): Promise<number> {
    const { next } = (await (await fetch(`${ledger.url}/v1/sources/${source}`)).json()) as { next: number };
    return next - 1;
  }

  /** Lets the time pass in steps of a heartbeat, each of which the ledger hears. */
  async function idleFor(minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 5) {
      const before = await eventsOf(POLICE);
      aheadMs += 5 * MINUTE;
      const deadline = performance.now() + 100_000;
      while ((await eventsOf(POLICE)) === before) {
        if (performance.now() > deadline) throw new Error("no heartbeat came");
      }
      // The next one is due five minutes after the receipt of this one.
      await police.flush(AbortSignal.timeout(100_000));
      const last = (await police.receiptOf(await eventsOf(POLICE)))?.index ?? 0;
      // Anchors are not what this is about: none may be overdue.
      await fetchUntil(`${ledger.url}/v1/events/${last}/evidence`);
    }
  }

  it("finds who does not, keeps quiet about who does, and settles what comes late", async () => {
    await record(police, "told-by-both");
    await record(justice, "told-by-both");
    await record(police, "told-by-one");
    await idleFor(10);
    expect(await findings()).to.deep.equal([]);

    await idleFor(60);
    const heartbeats = (await eventsOf(POLICE)) - 2;
    expect(heartbeats).to.equal(14);
    const [silent, unmatched, ...more] = await findings();
    expect(more).to.deep.equal([]);
    expect(silent).to.deep.include({ kind: "silent-source", source: JUSTICE, state: "open" });
    expect(unmatched).to.deep.include({
      kind: "unmatched-exchange",
      agency: "qn-justice",
      evidence: { index: 2, recorded: "client" },
      state: "open",
    });
    const ofLedger = { "qn-justice/r1": { "silent-source": 1, "unmatched-exchange": 1 }, "qn-police/r1": {} };
    expect(await openFindings()).to.deep.equal(ofLedger);

    await record(justice, "told-by-one");
    const settled = await findings();
    expect(settled.map(({ id, state }) => [id, state])).to.deep.equal([
      [silent?.id, "settled"],
      [unmatched?.id, "settled"],
    ]);
    expect(settled[1]?.evidence).to.deep.equal({
      index: 2,
      recorded: "client",
      otherIndex: 3 + heartbeats,
    });
    expect(await openFindings()).to.deep.equal({ "qn-justice/r1": {}, "qn-police/r1": {} });
  });

  it("shows the sources to everybody, page by page, and nothing about a person", async () => {
    const first = await fetch(`${ledger.url}/v1/sources?limit=1`);
    const text = await first.text();
    expect(text).not.to.include(ACCESS.subject.id).and.not.to.include("told-by");
    const page = JSON.parse(text) as { sources: Record<string, unknown>[]; next: string };
    expect(page.sources).to.have.length(1);
    expect(page.sources[0]).to.deep.include({ source: JUSTICE, next: 3, events: 2, submissions: 2 });
    expect(page.sources[0]?.["lastTime"]).to.be.closeTo(now() / 1000, 600);
    const rest = await fetch(`${ledger.url}/v1/sources?limit=1&after=${encodeURIComponent(page.next)}`);
    const { sources, next } = (await rest.json()) as { sources: Record<string, unknown>[]; next?: string };
    expect(sources.map(({ source }) => source)).to.deep.equal([POLICE]);
    // A full page may be the last one.
    if (next !== undefined) {
      const end = await fetch(`${ledger.url}/v1/sources?after=${encodeURIComponent(next)}`);
      expect(await end.json()).to.deep.include({ sources: [] });
    }
  });

  for (const [query, code] of [
    ["after=nobody", "source"],
    ["limit=0", "bad-request"],
    ["limit=1001", "bad-request"],
  ] as const) {
    it(`answers ${code} to ?${query}`, async () => {
      const response = await fetch(`${ledger.url}/v1/sources?${query}`);
      expect(response.status).to.equal(400);
      expect(await response.json()).to.deep.include({ code });
    });
  }
});
