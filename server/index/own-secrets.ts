import { createHmac } from "node:crypto";
import { type Bytes, equal, fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { shownIndexKeys } from "../../protocol/index-keys.ts";
import { LedgerError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { type EnrolmentParts, keyOf, storedTag } from "./enrolment.ts";
import { Slots } from "./slots.ts";

/** The secrets that the tags and keys in the records are made with, for the life of the log. */
export interface IndexSecrets {
  /** Public key of VRF_KEY, 32 bytes. */
  readonly vrfKey: Bytes;
  readonly pepper: Bytes;
  readonly vrf: EnrolmentParts["vrf"];
  readonly tagOf: EnrolmentParts["tagOf"];
}

export type BoundRecords = Pick<Store, "head" | "indexKeys" | "events" | "bound" | "bind" | "bindFirst">;

/** Events looked at to find one whose keys are known. */
const EVENTS_COMPARED = 256;
const KEYS_AT_ONCE = 4096;
/** Begins with a byte that is no kind of a tag: nothing else is ever hashed so. */
const PEPPER_TEXT = "\0minhbach pepper";

const VARIABLES = { vrf: "VRF_KEY", pepper: "PEPPER" } as const;

/**
 * Binds the records to these secrets the first time, and refuses others ever after: with another PEPPER a person's later events would make
 * a second list, with another VRF_KEY nobody would find theirs. Older records are compared with their own events first. Call it before
 * anything is written.
 *
 * `mayBindAnew`: records without any event or key take other secrets than they were bound to; nothing was made with those. Not where several servers write
 * them: one that has the secrets of before may be about to write.
 * @throws LedgerError `wrong-keys` naming the variable; `store-unavailable`, `disk-full`.
 */
export async function requireOwnSecrets(
  store: BoundRecords,
  secrets: IndexSecrets,
  { mayBindAnew }: { readonly mayBindAnew: boolean },
): Promise<void> {
  const fingerprints = {
    vrf: secrets.vrfKey,
    pepper: createHmac("sha256", secrets.pepper).update(PEPPER_TEXT).digest(),
  };
  const isEmpty = await holdsNothing(store);
  const unbound: (keyof typeof fingerprints)[] = [];
  const others: (keyof typeof fingerprints)[] = [];
  for (const name of ["pepper", "vrf"] as const) {
    const bound = await store.bound(name);
    if (bound !== undefined && equal(bound, fingerprints[name])) continue;
    if (bound !== undefined && !(isEmpty && mayBindAnew)) throw wrong(VARIABLES[name]);
    (bound === undefined ? unbound : others).push(name);
  }
  if (!isEmpty && unbound.length > 0) await compareWithLog(store, secrets);
  for (const name of others) await store.bind(name, fingerprints[name]);
  // Another server may have bound them to its own in the same moment.
  for (const name of unbound)
    if (!equal(await store.bindFirst(name, fingerprints[name]), fingerprints[name]))
      throw wrong(VARIABLES[name]);
}

/** The keys that the store holds, by their tags. */
export async function knownKeys(store: Pick<Store, "indexKeys">): Promise<Slots> {
  const known = new Slots();
  for (let from = 0; ; from += KEYS_AT_ONCE) {
    const rows = await store.indexKeys({ from, limit: KEYS_AT_ONCE });
    for (const { tag, key } of rows) known.add(tag, key);
    if (rows.length < KEYS_AT_ONCE) return known;
  }
}

async function holdsNothing(store: Pick<Store, "head" | "indexKeys">): Promise<boolean> {
  const { size } = await store.head();
  return size === 0 && (await store.indexKeys({ from: 0, limit: 1 })).length === 0;
}

/** The log's first events that still have their disclosures are tagged again, and the first key known among them is computed again. */
async function compareWithLog(store: BoundRecords, { vrf, tagOf }: IndexSecrets): Promise<void> {
  const known = await knownKeys(store);
  const { size } = await store.head();
  const indexes = Array.from({ length: Math.min(size, EVENTS_COMPARED) }, (_, index) => index);
  for (const event of await store.events(indexes)) {
    if (event?.disclosures === undefined) continue;
    const parsed = parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`);
    for (const key of shownIndexKeys(parsed.payload.src, openFacets(parsed))) {
      const tag = storedTag(key, tagOf);
      if (!Buffer.from(event.tags).includes(tag)) throw wrong("PEPPER");
      const slot = known.find(tag);
      if (key.kind === "consent" || slot < 0) continue;
      if (known.isKey(slot, await keyOf(key, vrf))) return;
      throw wrong("VRF_KEY");
    }
  }
}

function wrong(variable: (typeof VARIABLES)[keyof typeof VARIABLES]): LedgerError {
  return new LedgerError(
    "wrong-keys",
    `${variable} is not the one these records were made with, and going on would hide events from the people they are about. ` +
      `Restore the ${variable} of this log; it never changes while the log lives.`,
  );
}
