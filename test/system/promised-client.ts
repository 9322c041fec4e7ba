import { randomBytes, randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { fromUtf8, toHex, utf8 } from "../../protocol/bytes.ts";
import { makeEvent, payloadOf } from "../../protocol/event.ts";
import { frontierRoot } from "../../protocol/frontier.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import type { Source } from "../../protocol/source.ts";
import { makeSubmission, type SubmissionBody } from "../../protocol/submission.ts";
import type { LocalSigningKey } from "../../recorder/index.ts";
import type { Store, StoreReader } from "../../server/store/store.ts";
import type { Deployed } from "./fixture.ts";

const MAX_EVENTS = 60;
const RETRY_MS = 20;

/** What one source was promised, and what it does not know the fate of. */
export class PromisedClient {
  readonly source: Source;
  /** Sequence number -> leaf hash (hex) and promised index of every acknowledged event. */
  readonly acknowledged = new Map<number, { readonly leaf: string; readonly index: number }>();
  readonly #system: Deployed;
  readonly #key: LocalSigningKey;
  #next = 1;
  #unanswered: SubmissionBody | undefined;

  constructor(system: Deployed, source: Source, key: LocalSigningKey) {
    [this.#system, this.source, this.#key] = [system, source, key];
  }

  /** Sends one submission after the other, the unanswered one first and unchanged, until the ledger is gone. */
  async sendUntilKilled(url: string, onReceipt: () => void = () => undefined): Promise<void> {
    for (;;) {
      this.#unanswered ??= this.#nextSubmission();
      const response = await post(url, this.#unanswered);
      if (response === undefined) return;
      expect(response.status, response.text).to.be.oneOf([200, 201]);
      const { receipts } = JSON.parse(response.text) as { receipts: string[] };
      this.#accept(this.#unanswered, receipts);
      this.#unanswered = undefined;
      onReceipt();
    }
  }

  /** Sends one submission after the other to whichever server there is, the unanswered one first and unchanged, until told to stop. */
  async sendUntil(isOver: () => boolean, nextServer: () => string | undefined): Promise<void> {
    while (!isOver()) {
      this.#unanswered ??= this.#nextSubmission();
      const url = nextServer();
      const response = url === undefined ? undefined : await post(url, this.#unanswered);
      if (response === undefined || response.status === 503) {
        // As a recorder does: later, and elsewhere.
        await delay(RETRY_MS);
        continue;
      }
      expect(response.status, response.text).to.be.oneOf([200, 201]);
      const { receipts } = JSON.parse(response.text) as { receipts: string[] };
      this.#accept(this.#unanswered, receipts);
      this.#unanswered = undefined;
    }
  }

  #nextSubmission(): SubmissionBody {
    const { anchorRegistry: registry, chainId, logId } = this.#system.profile;
    const first = this.#next;
    const events = Array.from({ length: randomInt(1, MAX_EVENTS) }, (_, at) =>
      makeEvent({
        source: this.source,
        seq: first + at,
        facets: { type: "heartbeat", heartbeat: { waiting: at }, time: { occurred: "2026-11-22T08:00:00Z" } },
        random: (count) => new Uint8Array(randomBytes(count)),
      }),
    );
    const { alg, kid, sign } = this.#key;
    const log = { chainId, registry, logId };
    return makeSubmission({
      log,
      source: this.source,
      first,
      events,
      issuedAt: 1_800_000_000,
      alg,
      kid,
      sign,
    });
  }

  #accept({ events }: SubmissionBody, receipts: readonly string[]): void {
    for (const text of receipts) {
      const { receipt } = parseReceipt(text);
      expect(receipt.src).to.equal(this.source);
      for (let at = 0; at < receipt.count; at++) {
        const event = events[receipt.first + at - this.#next];
        if (event === undefined) throw new Error("a receipt for other events than were sent");
        const leaf = toHex(leafHash(utf8(payloadOf(event))));
        this.acknowledged.set(receipt.first + at, { leaf, index: receipt.index + at });
      }
    }
    this.#next += events.length;
  }
}

/** Holds a store against what clients were promised: no event lost, renumbered or duplicated. */
export async function expectPromisesKept(
  store: Store,
  clients: readonly PromisedClient[],
  when: string,
): Promise<void> {
  // A database may still be ending what a killed server asked of it.
  const snapshot = await store.snapshot();
  await expectKeptIn(snapshot, clients, when).finally(snapshot.close);
}

async function expectKeptIn(
  store: StoreReader,
  clients: readonly PromisedClient[],
  when: string,
): Promise<void> {
  const head = await store.head();
  const payloads = await store.payloads(0, head.size);
  expect(payloads.length, `${when}: a payload for every index`).to.equal(head.size);
  const leaves = payloads.map((payload) => leafHash(payload));
  expect(toHex(frontierRoot(head.frontier)), `${when}: the frontier`).to.equal(toHex(rootHash(leaves)));
  const next = new Map<Source, number>();
  for (const payload of payloads) {
    const { src, seq } = parsePayload(fromUtf8(payload));
    expect(seq, `${when}: no gap and no duplicate of ${src}`).to.equal(next.get(src) ?? 1);
    next.set(src, seq + 1);
  }
  for (const { source, acknowledged } of clients) {
    for (const [seq, { leaf, index }] of acknowledged) {
      const stored = leaves[index];
      expect(stored && toHex(stored), `${when}: ${source} ${seq} at index ${index}`).to.equal(leaf);
    }
    expect((await store.source(source))?.next ?? 1, when).to.equal(next.get(source) ?? 1);
  }
}

/** Undefined when the ledger is gone: whether it stored the submission is not known then. */
async function post(
  url: string,
  body: SubmissionBody,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const response = await fetch(`${url}/v1/submissions`, { method: "POST", body: JSON.stringify(body) });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}
