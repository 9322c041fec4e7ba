import { cp, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { fromBase64url } from "../../protocol/bytes.ts";
import { parseErasureQuery } from "../../protocol/erasure-query.ts";
import { payloadOf } from "../../protocol/event.ts";
import { parseEvidence } from "../../protocol/evidence.ts";
import { leafOf } from "../../recorder/erasure-check.ts";
import type { Recorder, RecorderConfig } from "../../recorder/index.ts";
import { type ErasurePage, httpLedger } from "../../recorder/ledger.ts";
import { openSpoolDisk } from "../../recorder/spool-disk.ts";
import { accessEvent, eventually, flushed, premises, type Premises, SOURCE } from "./fixture.ts";

const ORDER = 99;

describe("recorder's erasures", () => {
  let here: Premises;
  /** What the ledger answers, by the number asked for. */
  let pages: (after: number) => ErasurePage | undefined;
  let asked: number[];
  let leaves: ReadonlySet<string> | string;

  beforeEach(async () => {
    here = await premises();
    asked = [];
    pages = () => ({ list: "first", events: [], orders: [] });
    leaves = new Set();
  });
  afterEach(() => here.close());

  async function open(config: Partial<RecorderConfig> = {}): Promise<Recorder> {
    const ledger = httpLedger({ url: here.ledger.url, source: SOURCE });
    return await here.open({
      erasurePollMs: 0,
      ...config,
      parts: {
        checkEvidence: async () => undefined,
        checkErasure: async () => leaves,
        ledger: {
          ...ledger,
          erasures: async (query) => {
            const { after } = parseErasureQuery(query).query;
            asked.push(after);
            return await Promise.resolve(pages(after));
          },
        },
      },
    });
  }

  async function record(recorder: Recorder, ...ids: string[]): Promise<string[]> {
    const texts: string[] = [];
    for (const id of ids) {
      const { seq } = await recorder.record(accessEvent(id));
      texts.push((await recorder.eventOf(seq)) ?? "");
    }
    await flushed(recorder);
    return texts;
  }

  /** Has the ledger say that these events were erased. */
  function erase(texts: readonly string[], seqs: readonly number[], list = "first"): void {
    const events = seqs.map((seq, at) => ({
      ...{ number: at + 1, seq, order: ORDER },
      leaf: leafOf(payloadOf(texts[seq - 1] ?? "")),
    }));
    leaves = new Set(events.map(({ leaf }) => leaf));
    pages = (after) => ({
      list,
      events: events.filter(({ number }) => number > after),
      orders: [{ order: ORDER, evidence: "{}" }],
    });
  }

  /** Whether the disclosure with this message id, or its salt, is in a file of the spool. */
  async function isOnDisk(text: string): Promise<boolean> {
    const disclosure = text.split("~")[3] ?? "";
    const plain = Buffer.from(fromBase64url(disclosure)).toString();
    const files = await readdir(path.join(here.directory, "spool"), { withFileTypes: true });
    for (const file of files) {
      // A file may be deleted while we look.
      const bytes = await readFile(path.join(file.parentPath, file.name)).catch(() => undefined);
      if (bytes?.includes(disclosure) === true || bytes?.includes(plain) === true) return true;
    }
    return false;
  }

  const isErased = (recorder: Recorder, seq: number): Promise<void> =>
    eventually(async () => {
      const evidence = await recorder.evidenceOf(seq);
      return evidence !== undefined && parseEvidence(evidence).event.disclosures.length === 0;
    }, `the disclosures of ${seq} are gone`);

  for (const keep of ["evidence", "everything"] as const) {
    it(`destroy the event and the disclosures of its evidence, in every file (keeping ${keep})`, async () => {
      const recorder = await open({ keep });
      const texts = await record(recorder, "a", "b", "c");
      here.ledger.anchoredSize = 3;
      await eventually(() => recorder.status().evidenceThrough === 3, "the evidence is kept");
      for (const text of texts) expect(await isOnDisk(text)).to.equal(true);
      const before = asked.length;
      erase(texts, [1, 3]);
      await isErased(recorder, 1);
      await isErased(recorder, 3);
      await eventually(() => asked.slice(before).includes(2), "it asks for what comes after");
      expect(await recorder.eventOf(1)).to.equal(undefined);
      const [first = "", second = "", third = ""] = texts;
      expect([await isOnDisk(first), await isOnDisk(second), await isOnDisk(third)]).to.deep.equal([
        false,
        true,
        false,
      ]);
      // What is left still proves that the event was recorded, and where.
      const { event, proof } = parseEvidence((await recorder.evidenceOf(3)) ?? "");
      expect([event.payloadText, proof.index]).to.deep.equal([payloadOf(third), 2]);
      expect(await recorder.receiptOf(1)).to.be.an("object");
      expect(recorder.status().erasureFault).to.equal(undefined);
      await recorder.close();
      expect(await isOnDisk(first)).to.equal(false);
      const again = await open({ keep });
      expect(await again.record(accessEvent("next"))).to.include({ seq: 4 });
      await eventually(() => asked.at(-1) === 2, "it goes on where it was");
    });
  }

  it("reach what was pruned already", async () => {
    const recorder = await open({ keep: "receipts" });
    const texts = await record(recorder, "a", "b");
    await eventually(async () => (await recorder.eventOf(2)) === undefined, "the events are pruned");
    expect(await isOnDisk(texts[0] ?? "")).to.equal(true);
    erase(texts, [1]);
    await eventually(async () => !(await isOnDisk(texts[0] ?? "")), "its bytes are gone");
  });

  it("reach what has no evidence yet, and let it be kept without disclosures", async () => {
    const other = await open();
    const others = await record(other, "a", "b");
    erase(others, [1]);
    await eventually(async () => (await other.eventOf(1)) === undefined, "the event is gone");
    here.ledger.anchoredSize = 2;
    await eventually(() => other.status().evidenceThrough === 2, "evidence is kept of both");
    const kept = await Promise.all([1, 2].map(async (seq) => (await other.evidenceOf(seq)) ?? ""));
    const shown = kept.map((text) => parseEvidence(text).event.disclosures.length > 0);
    expect(shown).to.deep.equal([false, true]);
    expect(await isOnDisk(others[0] ?? "")).to.equal(false);
  });

  it("answer an idempotency key as before, and never send an event again", async () => {
    const recorder = await open();
    const { seq } = await recorder.record(accessEvent("a"), { idempotencyKey: "k" });
    const text = (await recorder.eventOf(seq)) ?? "";
    await flushed(recorder);
    erase([text], [1]);
    await eventually(async () => (await recorder.eventOf(1)) === undefined, "the event is gone");
    const sent = here.ledger.bodies.length;
    expect(await recorder.record(accessEvent("a"), { idempotencyKey: "k" })).to.include({
      seq,
      created: false,
    });
    await record(recorder, "b");
    expect(here.ledger.bodies.slice(sent)).to.have.length(1);
    expect(here.ledger.equivocations).to.equal(0);
  });

  it("destroy nothing that the order does not prove, and say so", async () => {
    const recorder = await open();
    const texts = await record(recorder, "a", "b");
    here.ledger.anchoredSize = 2;
    await eventually(() => recorder.status().evidenceThrough === 2, "the evidence is kept");
    const hasFault = (part: string): Promise<void> =>
      eventually(() => recorder.status().erasureFault?.includes(part) === true, part);
    erase(texts, [1]);
    leaves = "qn-tax/r1 could not erase";
    await hasFault("could not erase");
    leaves = new Set(["another"]);
    await hasFault("does not name event 1");
    // The leaf of another event of ours.
    erase([texts[1] ?? "", ""], [1]);
    await hasFault("another one here");
    erase(texts, [1]);
    const good = pages;
    pages = (after) => {
      const page = good(after);
      return page && { ...page, orders: [] };
    };
    await hasFault("evidence is missing");
    expect(await isOnDisk(texts[0] ?? "")).to.equal(true);
    pages = good;
    await isErased(recorder, 1);
    await eventually(() => recorder.status().erasureFault === undefined, "the fault is over");
  });

  it("begin anew where the ledger made its list anew", async () => {
    const recorder = await open();
    const texts = await record(recorder, "a", "b");
    here.ledger.anchoredSize = 2;
    erase(texts, [1]);
    await isErased(recorder, 1);
    erase(texts, [2, 1], "second");
    await isErased(recorder, 2);
    await eventually(() => asked.at(-1) === 2, "it follows the new list");
  });

  it("are done again from what a kill left in the middle", async () => {
    const spool = path.join(here.directory, "spool");
    const copy = path.join(here.directory, "copy");
    const started = Promise.withResolvers<undefined>();
    const recorder = await open({});
    const texts = await record(recorder, "a", "b");
    here.ledger.anchoredSize = 2;
    await eventually(() => recorder.status().evidenceThrough === 2, "the evidence is kept");
    await recorder.close();
    const killed = await here.open({
      erasurePollMs: 0,
      parts: {
        checkEvidence: async () => undefined,
        checkErasure: async () => leaves,
        ledger: {
          ...httpLedger({ url: here.ledger.url, source: SOURCE }),
          erasures: async (query) => pages(parseErasureQuery(query).query.after),
        },
        openDisk: async () => ({
          ...(await openSpoolDisk(spool)),
          forget: async () => {
            // After the rows were written, before any byte is gone: what a kill would leave.
            await cp(spool, copy, { recursive: true, force: true });
            started.resolve(undefined);
            throw new Error("killed");
          },
        }),
      },
    });
    erase(texts, [1]);
    await started.promise;
    pages = () => undefined;
    await killed.close();
    const restarted = await open({ directory: copy });
    expect(await restarted.eventOf(1)).to.equal(undefined);
    erase(texts, [1]);
    await eventually(() => asked.at(-1) === 1, "it was followed to the end");
    await restarted.close();
    const files = await readdir(copy);
    const disclosure = (texts[0] ?? "").split("~")[3] ?? "-";
    for (const file of files)
      expect((await readFile(path.join(copy, file))).includes(disclosure), file).to.equal(false);
  });
});
