import { rm } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { payloadLeafHash, payloadOf } from "../../protocol/event.ts";
import { type IndexKey, indexKeys } from "../../protocol/index-keys.ts";
import { indexKey } from "../../protocol/index-tree.ts";
import { parseSource } from "../../protocol/source.ts";
import type { App } from "../../server/app.ts";
import { blindingSecret } from "../../server/index/entries.ts";
import { javascriptVrf } from "../../server/index/vrf.ts";
import { type MadeEvent, type MadeKey, naiveRoot } from "../server/index/naive-index.ts";
import { accessFacets } from "../server/receive/recorder.ts";
import { onBothStores } from "./both-stores.ts";
import { type Deployed, deployed, POLICE, signedSubmission, startLedger, submit } from "./fixture.ts";

interface Anchor {
  readonly size: number;
  readonly indexSize: number;
  readonly indexRoot: string;
}

onBothStores("the index root on the chain", function (store) {
  this.timeout(600_000);
  let system: Deployed;
  const events: MadeEvent[] = [];
  const keys = new Map<string, MadeKey>();

  before(async () => {
    system = await deployed({ store });
  });
  after(async () => await system.destroy());

  /** Records an event about each of these persons, in one submission. */
  async function record(ledger: App, persons: readonly number[]): Promise<void> {
    const facets = persons.map(accessFacets);
    const body = await signedSubmission(system, { source: POLICE, first: events.length + 1, facets });
    for (;;) {
      const { status } = await submit(ledger.url, body);
      if (status === 201) break;
      // The chain was not read yet.
      expect(status).to.equal(503);
    }
    for (const [at, event] of body.events.entries()) {
      const ids = indexKeys(parseSource(POLICE), facets[at] ?? accessFacets(0));
      events.push({ keys: ids.map(keyOf), leafHash: payloadLeafHash(payloadOf(event)) });
    }
  }

  /** A key as anybody with the log's secrets would compute it. */
  function keyOf({ kind, id }: IndexKey): MadeKey {
    const tag = kind === "consent" ? utf8(id) : javascriptVrf(system.secrets.vrf).output(id);
    const made = keys.get(id) ?? { tag: utf8(id), key: indexKey(kind, tag) };
    keys.set(id, made);
    return made;
  }

  /** All anchors, once the last one's index, and that in memory, cover everything. */
  async function indexed(ledger: App): Promise<readonly Anchor[]> {
    for (;;) {
      const health = (await (await fetch(`${ledger.url}/health`)).json()) as { events: { indexed: number } };
      const { anchors } = (await (await fetch(`${ledger.url}/v1/anchors`)).json()) as { anchors: Anchor[] };
      if (anchors.at(-1)?.indexSize === events.length && health.events.indexed === events.length)
        return anchors;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function expectRoots(ledger: App): Promise<void> {
    const anchors = await indexed(ledger);
    for (const { size, indexSize, indexRoot } of anchors) {
      expect(indexSize).to.be.at.most(size);
      expect(indexRoot).to.equal(toHex(naiveRoot(events, indexSize, blindingSecret(system.secrets.vrf))));
    }
    expect(anchors.map(({ indexSize }) => indexSize)).to.deep.equal(
      anchors.map(({ indexSize }) => indexSize).sort((a, b) => a - b),
    );
    const health = (await (await fetch(`${ledger.url}/health`)).json()) as { index: object };
    expect(health.index).to.deep.equal({ loaded: true, keys: keys.size, lagSeconds: 0 });
  }

  async function withLedger(use: (ledger: App) => Promise<void>): Promise<void> {
    const ledger = await startLedger(system);
    try {
      await use(ledger);
    } finally {
      await ledger.close();
    }
  }

  it("is that of the definition, and goes on growing after restarts, also without its database", async () => {
    await withLedger(async (ledger) => {
      await record(ledger, [1, 2, 1]);
      await expectRoots(ledger);
      await record(ledger, [3, 1]);
      await expectRoots(ledger);
      const metrics = await (await fetch(`${ledger.url}/metrics`)).text();
      expect(metrics).to.match(/^minhbach_indexed_events 5$/m);
      expect(metrics).to.match(/^minhbach_index_lag_events 0$/m);
      expect(metrics).to.match(/^minhbach_index_keys 5$/m);
    });
    await withLedger(async (ledger) => {
      await record(ledger, [4]);
      await expectRoots(ledger);
    });
    await rm(path.join(system.dataDir, "index"), { recursive: true });
    await withLedger(async (ledger) => {
      await expectRoots(ledger);
      await record(ledger, [1, 5]);
      await expectRoots(ledger);
    });
  });
});
