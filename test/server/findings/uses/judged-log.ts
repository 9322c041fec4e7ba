import { fromBase64url } from "../../../../protocol/bytes.ts";
import type { Facets } from "../../../../protocol/facet-values.ts";
import { formatLogId } from "../../../../protocol/log-id.ts";
import { leafHash } from "../../../../protocol/merkle.ts";
import { pino } from "pino";
import { digestOf, loadCatalogue } from "../../../../server/catalogue/load.ts";
import { consentRegister } from "../../../../server/decide/consents.ts";
import { objectionRegister } from "../../../../server/decide/objections.ts";
import { closureRegister } from "../../../../server/disclose/closure-register.ts";
import type { UseFinding } from "../../../../server/findings/finding.ts";
import { type FindingStates, findingStates } from "../../../../server/findings/state-register.ts";
import { placeJudge } from "../../../../server/findings/uses/judge.ts";
import { type UseRegister, useRegister } from "../../../../server/findings/uses/register.ts";
import { USES_RANGE } from "../../../../server/findings/uses/rows.ts";
import { startReadingThread } from "../../../../server/findings/uses/thread.ts";
import { useReader } from "../../../../server/findings/uses/use-reader.ts";
import { followLog } from "../../../../server/integrate/log-follower.ts";
import { indexTags, pepperedTags } from "../../../../server/receive/index-tags.ts";
import { CATALOGUE } from "../../catalogue/folder.ts";
import { LOG, PEPPER, type RecordedLog, recordedLog } from "../../prove/recorded-log.ts";
import { DESK, RECEIPT_KEY } from "./uses.ts";

export const GRACE = 3600;

/** A log whose uses are judged, by the real catalogue, which is in force from a log index on. */
export interface JudgedLog extends RecordedLog {
  readonly uses: UseRegister;
  readonly states: FindingStates;
  /** Moves the time, Unix seconds. */
  readonly at: (seconds: number) => void;
  /** All findings about uses, when everything recorded is judged. */
  readonly found: () => Promise<UseFinding[]>;
  /** Orders events to be erased, as an officer does; their keys stay until `destroy`. Returns the index of the order. */
  readonly order: (...indexes: readonly number[]) => Promise<number>;
  readonly destroy: (...indexes: readonly number[]) => Promise<void>;
  /** Everything that is kept about uses. */
  readonly rows: () => Promise<string[]>;
  /** Forgets everything that is derived but the tiles, as if the ledger began anew. */
  readonly forget: () => Promise<void>;
}

/** Every table that the registers beneath keep, by first byte. */
const DERIVED = [0x6b, 0x4b, 0x6e, 0x4e, 0x64, 0x44, 0x6f, 0x4f, 0x63, 0x43];

export async function judgedLog({ catalogueFrom = 0 } = {}): Promise<JudgedLog> {
  const log = await recordedLog();
  const { store, derived: db } = log;
  const loaded = await loadCatalogue(CATALOGUE);
  const version = { version: loaded.version, digest: digestOf(loaded.file), index: catalogueFrom, time: 0 };
  const tagOf = indexTags(PEPPER);
  const logger = pino({ level: "silent" });
  let now = 0;
  const clock = { now: () => now * 1000 };

  function start(): { readonly uses: UseRegister; readonly states: FindingStates } {
    const follow = followLog({ store, db, log: logger });
    const closures = closureRegister({ follow, db, clock, log: logger });
    const consents = consentRegister({ follow, db, store, closures, tagOf, rules: { desk: DESK } });
    const objections = objectionRegister({
      ...{ follow, db, store, closures, hashOf: pepperedTags(PEPPER), rules: { desk: DESK } },
    });
    const name = formatLogId(LOG);
    const readUse = useReader(name, () => [RECEIPT_KEY]);
    const judge = placeJudge({
      catalogues: { versions: () => Promise.resolve([version]), file: () => Promise.resolve(loaded.file) },
      consentsOf: consents.recordedByDesk,
      objects: objections.objects,
      desk: DESK,
    });
    const uses = useRegister({
      ...{ store, db, judge, clock, graceSeconds: GRACE, desk: DESK },
      published: () => Infinity,
      leafIndex: async (leaf) => await log.tree().leafIndex(leaf),
      personTag: ({ scheme, id }) => Buffer.from(tagOf({ kind: "person", id: `${scheme}:${id}` }), "latin1"),
      useAt: async (index) => {
        const [event] = await store.events([index]);
        return event && readUse(event);
      },
      startThread: () => startReadingThread({ log: name }),
      keys: () => [RECEIPT_KEY],
    });
    return { uses, states: findingStates({ follow, db, store, desk: DESK }) };
  }

  let running = start();

  async function order(...indexes: readonly number[]): Promise<number> {
    const payloads = await Promise.all(indexes.map(async (index) => await store.payloads(index, index + 1)));
    const leaves = payloads.map(([payload]) =>
      Buffer.from(leafHash(payload ?? new Uint8Array())).toString("base64url"),
    );
    for (const leaf of leaves) fromBase64url(leaf);
    const erasure: Facets = {
      type: "erasure",
      erasure: { id: "e-1", leaves, authority: "qn-operator" },
      time: { occurred: "2026-11-22T08:00:00Z" },
    };
    return await log.append(DESK, [erasure], { time: now });
  }

  async function found(): Promise<UseFinding[]> {
    await running.uses.update();
    return await running.uses.list({ limit: 10_000 });
  }

  return {
    ...log,
    get uses() {
      return running.uses;
    },
    get states() {
      return running.states;
    },
    append: async (source, events, options) => await log.append(source, events, { time: now, ...options }),
    at: (seconds) => (now = seconds),
    found,
    order,
    destroy: async (...indexes) => await store.eraseKeys(indexes),
    rows: async () =>
      (await db.values({ ...USES_RANGE, limit: 10_000 })).map((value) => value.toString("latin1")),
    forget: async () => {
      await running.uses.close();
      for (const table of DERIVED) await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
      running = start();
    },
    close: async () => {
      await running.uses.close();
      await log.close();
    },
  };
}
