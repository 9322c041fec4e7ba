import { openFacets, parseEvent } from "../../protocol/event.ts";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { type IndexKey, shownIndexKeys } from "../../protocol/index-keys.ts";
import { keyOf, storedTag } from "../../server/index/enrolment.ts";
import { Slots } from "../../server/index/slots.ts";
import type { VrfPool } from "../../server/index/vrf-pool.ts";
import type { IndexKeyRow, Store } from "../../server/store/store.ts";
import { EnrolError } from "./error.ts";
import type { RegisterLine } from "./register.ts";

export interface EnrolOptions {
  readonly store: Store;
  readonly vrf: VrfPool;
  readonly tagOf: (key: IndexKey) => string;
  /** Called with the bytes of the register that are done. */
  readonly onProgress: (bytes: number) => void;
}

export interface EnrolSummary {
  readonly enrolled: number;
  /** Had their key already. */
  readonly known: number;
  readonly faults: readonly { readonly line: number; readonly fault: string }[];
  readonly failed: number;
}

/** What is lost when the command is interrupted, and enough to keep all cores busy. */
const PERSONS_AT_ONCE = 2048;
const KEYS_AT_ONCE = 4096;
const FAULTS_SHOWN = 20;
/** Events looked at to find one whose keys are known. */
const EVENTS_COMPARED = 256;

/**
 * Computes and stores the index keys of all persons of a register who have none. Runs again from the beginning at no cost: who has a key is
 * passed over.
 * @throws EnrolError `wrong-secrets` when the keys that are stored are not what these secrets give.
 */
export async function enrol(
  register: AsyncIterable<RegisterLine>,
  options: EnrolOptions,
): Promise<EnrolSummary> {
  const { store, vrf, tagOf, onProgress } = options;
  const known = await knownTags(store);
  await compareWithLog(known, options);
  const faults: { line: number; fault: string }[] = [];
  const counts = { enrolled: 0, known: 0, failed: 0 };
  let waiting: { person: IndexKey; tag: Buffer }[] = [];

  async function storeWaiting(bytes: number): Promise<void> {
    const rows = await Promise.all(
      waiting.map(async ({ person, tag }): Promise<IndexKeyRow> => ({ tag, key: await keyOf(person, vrf) })),
    );
    if (rows.length > 0) await store.addIndexKeys(rows);
    counts.enrolled += rows.length;
    waiting = [];
    onProgress(bytes);
  }

  let done = 0;
  for await (const each of register) {
    done = each.bytes;
    if ("fault" in each) {
      counts.failed++;
      if (faults.length < FAULTS_SHOWN) faults.push({ line: each.line, fault: each.fault });
      continue;
    }
    const tag = storedTag(each.person, tagOf);
    if (known.find(tag) >= 0) {
      counts.known++;
      continue;
    }
    known.add(tag, NO_KEY);
    waiting.push({ person: each.person, tag });
    if (waiting.length >= PERSONS_AT_ONCE) await storeWaiting(done);
  }
  await storeWaiting(done);
  return { ...counts, faults };
}

const NO_KEY = new Uint8Array(32);

async function knownTags(store: Store): Promise<Slots> {
  const known = new Slots();
  for (let from = 0; ; from += KEYS_AT_ONCE) {
    const rows = await store.indexKeys({ from, limit: KEYS_AT_ONCE });
    for (const { tag, key } of rows) known.add(tag, key);
    if (rows.length < KEYS_AT_ONCE) return known;
  }
}

/** A key is stored for ever: one made with another secret would hide its person. So the log's first known keys are computed again. */
async function compareWithLog(known: Slots, { store, vrf, tagOf }: EnrolOptions): Promise<void> {
  const { size } = await store.head();
  const indexes = Array.from({ length: Math.min(size, EVENTS_COMPARED) }, (_, index) => index);
  for (const event of await store.events(indexes)) {
    if (event?.disclosures === undefined) continue;
    const parsed = parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`);
    for (const key of shownIndexKeys(parsed.payload.src, openFacets(parsed))) {
      const tag = storedTag(key, tagOf);
      if (!Buffer.from(event.tags).includes(tag)) {
        throw new EnrolError("wrong-secrets", "PEPPER is not the one this log's events were recorded with.");
      }
      const slot = known.find(tag);
      if (key.kind === "consent" || slot < 0) continue;
      if (known.isKey(slot, await keyOf(key, vrf))) return;
      throw new EnrolError("wrong-secrets", "VRF_KEY is not the one this log's index was made with.");
    }
  }
}
