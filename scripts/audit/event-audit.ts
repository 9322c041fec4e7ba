import { Ajv, type ValidateFunction } from "ajv";
import { equal, fromUtf8, toHex } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { openFacets, parseEvent, payloadLeafHash } from "../../protocol/event.ts";
import { FACETS_SCHEMAS } from "../../protocol/facet-schemas.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { EVENT_TYPES, type EventType } from "../../protocol/facets.ts";
import { type IndexKey, indexKeys } from "../../protocol/index-keys.ts";
import { parsePayload } from "../../protocol/payload.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { StoredEvent, StoreReader } from "../../server/store/store.ts";
import { AuditFault } from "../../verifier/audit/fault.ts";
import type { AuditCheckId } from "./checks.ts";
import { tagsOf } from "./secrets.ts";

/** One event as it was checked. */
export interface AuditedEvent {
  readonly index: number;
  readonly source: Source;
  readonly leafHash: Uint8Array;
  /** 33 bytes each. */
  readonly tags: readonly Uint8Array[];
  /** What the tags of kinds up to 15 stand for, in their order; undefined when the event was erased. */
  readonly keys: readonly IndexKey[] | undefined;
}

/** Reads events and checks each by itself: its disclosures, its facets, its tags. */
export class EventAudit {
  readonly #reader: StoreReader;
  readonly #pepper: Uint8Array | undefined;
  readonly #validators: ReadonlyMap<EventType, ValidateFunction<Facets>>;

  constructor(reader: StoreReader, pepper: Uint8Array | undefined) {
    this.#reader = reader;
    this.#pepper = pepper;
    const ajv = new Ajv({ strict: true, validateFormats: false, messages: false });
    this.#validators = new Map(EVENT_TYPES.map((type) => [type, ajv.compile<Facets>(FACETS_SCHEMAS[type])]));
  }

  /** The events `from .. to - 1`. @throws AuditFault. */
  async read(from: number, to: number): Promise<AuditedEvent[]> {
    const indexes = Array.from({ length: to - from }, (_, n) => from + n);
    const events = await this.#reader.events(indexes).catch(() => undefined);
    const audited: AuditedEvent[] = [];
    for (const index of indexes) {
      // One that cannot be decrypted spoils the page: then they are read one by one.
      const event = events === undefined ? await this.#readOne(index) : events[index - from];
      if (event === undefined) throw fault("disclosures", index, "the event is missing");
      audited.push(this.#check(index, event));
    }
    return audited;
  }

  async #readOne(index: number): Promise<StoredEvent | undefined> {
    try {
      return (await this.#reader.events([index]))[0];
    } catch (cause) {
      throw fault("disclosures", index, "its disclosures cannot be decrypted with its key", cause);
    }
  }

  #check(index: number, { payload, disclosures, tags }: StoredEvent): AuditedEvent {
    const payloadText = fromUtf8(payload);
    const { src } = parsePayload(payloadText);
    const audited = { index, source: src, leafHash: payloadLeafHash(payloadText), tags: split(tags) };
    if (disclosures === undefined) return { ...audited, keys: undefined };
    const facets = this.#open(index, `${payloadText}~${disclosures}`);
    this.#checkTags(index, src, facets, tags);
    return { ...audited, keys: indexKeys(src, facets) };
  }

  #open(index: number, text: string): Facets {
    try {
      const event = parseEvent(text);
      const facets: unknown = openFacets(event);
      if (this.#validators.get(event.type)?.(facets) === true) return facets;
      throw fault("disclosures", index, "its facets break the schema of its type");
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw fault("disclosures", index, `${cause.message} (${cause.code})`, cause);
    }
  }

  #checkTags(index: number, source: Source, facets: Facets, given: Uint8Array): void {
    if (this.#pepper === undefined) return;
    if (equal(tagsOf(this.#pepper, source, facets), given)) return;
    throw fault("tags", index, "its tags are not those of its facets");
  }
}

/** Erased events that no erasure was found for yet: by leaf hash in hexadecimal, the index. */
export type Unexplained = Map<string, number>;

/** Notes an event's part in erasures; erasures come after what they erase. */
export function followErasures(
  unexplained: Unexplained,
  { index, leafHash, keys, tags }: AuditedEvent,
): void {
  if (keys === undefined) unexplained.set(toHex(leafHash), index);
  for (const tag of tags) if (tag[0] === TAG_KINDS.erases) unexplained.delete(toHex(tag.subarray(1)));
}

/** The tags and marks that orders and the ledger's own events have for ever: no erasure can empty those (protocol/closing.ts). */
const NEVER_ERASED: ReadonlySet<number> = new Set([
  TAG_KINDS.seals,
  TAG_KINDS.lifts,
  TAG_KINDS.erases,
  TAG_KINDS.sealAct,
  TAG_KINDS.erasureAct,
  TAG_KINDS.catalogueAct,
]);
/** What the desk records and an erasure can empty: not looks into the ledger, not inspections. */
const ACTS: ReadonlySet<number> = new Set([
  TAG_KINDS.consentAct,
  TAG_KINDS.mandateAct,
  TAG_KINDS.complaintAct,
  TAG_KINDS.objectionMade,
  TAG_KINDS.objectionWithdrawn,
]);

/**
 * Whether an erased event is none that no erasure can empty, as far as its tags tell. `desk`: the source of looks into the ledger, if it is known.
 * @throws AuditFault `erasures`.
 */
export function requireErasable({ index, source, keys, tags }: AuditedEvent, desk: Source | undefined): void {
  if (keys !== undefined) return;
  const has = (kinds: ReadonlySet<number>): boolean => tags.some((tag) => kinds.has(tag[0] ?? 0));
  if (has(NEVER_ERASED))
    throw fault("erasures", index, "its key is gone, and it is an order or the machine's own, which stay");
  if (source === desk && !has(ACTS))
    throw fault(
      "erasures",
      index,
      "its key is gone, and it records an inspection or a look into the ledger, which stay",
    );
}

/** At the end every erased event must have its erasure. @throws AuditFault. */
export function requireExplained(unexplained: Unexplained): void {
  const [first] = [...unexplained.values()].sort((a, b) => a - b);
  if (first !== undefined) throw fault("erasures", first, "its key is gone, and no erasure names it");
}

export function fault(check: AuditCheckId, index: number, message: string, cause?: unknown): AuditFault {
  return new AuditFault(check, index, message, { cause });
}

function split(tags: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(tags.length / TAG_BYTES) }, (_, n) =>
    tags.subarray(n * TAG_BYTES, (n + 1) * TAG_BYTES),
  );
}
