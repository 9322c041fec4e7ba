import type { IndexKey } from "../../protocol/index-keys.ts";
import { keyOf, storedTag } from "../../server/index/enrolment.ts";
import { knownKeys } from "../../server/index/own-secrets.ts";
import type { VrfPool } from "../../server/index/vrf-pool.ts";
import type { IndexKeyRow, Store } from "../../server/store/store.ts";
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
const FAULTS_SHOWN = 20;

/**
 * Computes and stores the index keys of all persons of a register who have none. Runs again from the beginning at no cost: who has a key is
 * passed over.
 * The records must be known to be made with these secrets (`requireOwnSecrets`).
 */
export async function enrol(
  register: AsyncIterable<RegisterLine>,
  options: EnrolOptions,
): Promise<EnrolSummary> {
  const { store, vrf, tagOf, onProgress } = options;
  const known = await knownKeys(store);
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
