import { fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, type ParsedEvent, parseEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isSource, type Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { equivocationIn } from "../../server/findings/equivocation.ts";
import { unmatchedExchange } from "../../server/findings/exchanges.ts";
import { cursorOf, type Finding } from "../../server/findings/finding.ts";
import { missedAnchor, missedIndex } from "../../server/findings/promises.ts";
import { silentSource } from "../../server/findings/silence.ts";
import { type Half, type Pair, pairWith } from "../../server/inspect/pairs.ts";
import type { Database } from "../../server/store/level-reader.ts";
import type { StoredAnchor, StoredSubmission, StoreReader } from "../../server/store/store.ts";
import { fault } from "./event-audit.ts";

/** Rows of the derived database (server/findings): findings in the order of time, and how far they were derived. */
const FINDINGS = 0x66;
const PROGRESS = 0x67;
const ANCHORS_AT_ONCE = 100;

/** How far the findings were derived, and under which terms. */
interface Derived {
  readonly index: number;
  readonly anchors: number;
  readonly ownSource: Source;
  readonly exempt: readonly Source[];
  readonly graceSeconds: number;
  readonly silenceSeconds: number;
}

/**
 * Derives the findings anew with the ledger's pure rules, as far as it had come, and compares.
 * @throws AuditFault `findings` naming the first event that one is missing or wrong for.
 */
export async function compareFindings(reader: StoreReader, derived: Database): Promise<void> {
  const [row] = await derived.getMany([Buffer.of(PROGRESS)]);
  const terms = row && derivedTerms(row.toString());
  if (terms === undefined) return;
  const wanted = new Map<string, Finding>();
  for (const finding of await fromAnchors(reader, terms)) wanted.set(cursorOf(finding), finding);
  const stored = await storedFindings(derived);
  const pairs = await fromLog(reader, terms, { stored, wanted });
  // Only these tell of a moment at which the ledger looked for missing halves, the oldest first.
  const waited = [...stored.values()].filter(
    ({ kind, state }) => kind === "unmatched-exchange" && state === "open",
  );
  const moment = Math.max(0, ...waited.map(({ since }) => since));
  await openExchanges(reader, terms, { pairs, stored, wanted, moment });
  for (const cursor of [...new Set([...wanted.keys(), ...stored.keys()])].sort()) {
    const [right, kept] = [wanted.get(cursor), stored.get(cursor)];
    if (isSame(right, kept)) continue;
    const known = right ?? kept;
    const what =
      kept === undefined ? "is missing" : right === undefined ? "follows from no record" : "is another";
    throw fault(
      "findings",
      known === undefined ? 0 : indexOf(known),
      `the finding ${known?.id ?? cursor} ${what}`,
    );
  }
}

/** The agency was known when the finding was derived, and is not once the event is erased. */
function isSame(right: Finding | undefined, kept: Finding | undefined): boolean {
  if (right?.kind !== "unmatched-exchange" || kept?.kind !== "unmatched-exchange" || "agency" in right)
    return JSON.stringify(right) === JSON.stringify(kept);
  const { agency: _agency, ...rest } = kept;
  return JSON.stringify(right) === JSON.stringify(rest);
}

function indexOf({ id }: Finding): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}

function derivedTerms(text: string): Derived | undefined {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) return undefined;
  const { terms, index, anchors } = value;
  const parts = typeof terms === "string" ? terms.split(" ") : [];
  const [grace, silence] = parts.slice(-2).map(Number);
  const [ownSource, ...exempt] = parts.slice(1, -2).filter(isSource);
  if (typeof index !== "number" || typeof anchors !== "number") return undefined;
  if (ownSource === undefined || grace === undefined || silence === undefined) return undefined;
  return { index, anchors, ownSource, exempt, graceSeconds: grace, silenceSeconds: silence };
}

/** One finding an anchor and promise: of the first submission that waited too long. */
async function fromAnchors(reader: StoreReader, { anchors, ownSource }: Derived): Promise<Finding[]> {
  const found: (Finding | undefined)[] = [];
  let [anchored, indexed] = [0, 0];
  const terms = { asOf: 0, operator: ownSource };
  for (let from = 0; from < anchors; from += ANCHORS_AT_ONCE) {
    for (const anchor of await reader.anchorsFrom({
      from,
      limit: Math.min(ANCHORS_AT_ONCE, anchors - from),
    })) {
      found.push(
        await firstMissed(reader, anchored, anchor.size, (each) => missedAnchor(each, anchor, terms)),
      );
      found.push(
        await firstMissed(reader, indexed, anchor.indexSize, (each) => missedIndex(each, anchor, terms)),
      );
      [anchored, indexed] = [Math.max(anchored, anchor.size), Math.max(indexed, anchor.indexSize)];
    }
  }
  return found.filter((finding) => finding !== undefined);
}

async function firstMissed(
  reader: StoreReader,
  from: number,
  to: StoredAnchor["size"],
  judge: (submission: StoredSubmission) => Finding | undefined,
): Promise<Finding | undefined> {
  for (let at = from; at < to;) {
    const submission = await reader.submissionOfIndex(at);
    if (submission === undefined) return undefined;
    const finding = judge(submission);
    if (finding !== undefined) return finding;
    at = submission.index + submission.count;
  }
  return undefined;
}

/** Equivocations, silences that ended, and exchanges whose second half came late. Returns what is known of every exchange. */
async function fromLog(
  reader: StoreReader,
  { index: end, ownSource, exempt, graceSeconds, silenceSeconds }: Derived,
  { stored, wanted }: Pick<OpenExchanges, "stored" | "wanted">,
): Promise<ReadonlyMap<string, Pair>> {
  const note = (finding: Finding | undefined): void => {
    if (finding !== undefined) wanted.set(cursorOf(finding), finding);
  };
  const last = new Map<Source, { readonly index: number; readonly time: number }>();
  const pairs = new Map<string, Pair>();
  for (let at = 0; at < end;) {
    const submission = await reader.submissionOfIndex(at);
    if (submission === undefined) break;
    const { source, index, count, time } = submission;
    const before = last.get(source);
    const next = { index, time };
    last.set(source, next);
    if (before !== undefined && !exempt.includes(source))
      note(silentSource(source, { last: before, next }, { asOf: time, limitSeconds: silenceSeconds }));
    for (const [n, tags] of (await reader.indexTags(index, index + count)).entries()) {
      if (source === ownSource)
        note(optional(await eventAt(reader, index + n), (event) => equivocationIn(event, index + n, time)));
      for (const [tag, half] of halvesIn(tags, { index: index + n, time })) {
        const known = pairs.get(tag);
        const pair = pairWith(known, half);
        if (pair === known) continue;
        pairs.set(tag, pair);
        if (pair.other === undefined || pair.other.time <= pair.first.time + graceSeconds) continue;
        const event = await eventAt(reader, pair.first.index);
        const terms = { asOf: pair.other.time, graceSeconds };
        const finding = unmatchedExchange(pair, event && openFacets(event), terms);
        // What an erased half said of its outcome is not known any more.
        if (finding !== undefined && (event !== undefined || stored.has(cursorOf(finding)))) note(finding);
      }
    }
    at = index + count;
  }
  return pairs;
}

function* halvesIn(tags: Uint8Array, at: Omit<Half, "side">): Generator<readonly [string, Half]> {
  for (let place = 0; place < tags.length; place += TAG_BYTES) {
    const kind = tags[place];
    if (kind !== TAG_KINDS.clientHalf && kind !== TAG_KINDS.providerHalf) continue;
    const name = Buffer.from(tags.subarray(place + 1, place + TAG_BYTES)).toString("latin1");
    yield [name, { ...at, side: kind === TAG_KINDS.clientHalf ? "client" : "provider" }];
  }
}

interface OpenExchanges {
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly stored: ReadonlyMap<string, Finding>;
  readonly wanted: Map<string, Finding>;
  /** The findings were derived at this moment or later. */
  readonly moment: number;
}

/** Halves that still wait: the ledger found them at a moment nobody wrote down, but not before the newest finding it has. */
async function openExchanges(
  reader: StoreReader,
  { graceSeconds }: Derived,
  { pairs, stored, wanted, moment }: OpenExchanges,
): Promise<void> {
  for (const pair of pairs.values()) {
    if (pair.other !== undefined) continue;
    const event = await eventAt(reader, pair.first.index);
    const asOf = pair.first.time + graceSeconds + 1;
    const finding = unmatchedExchange(pair, event && openFacets(event), { asOf, graceSeconds });
    if (finding === undefined) continue;
    if ((event !== undefined && finding.since < moment) || stored.has(cursorOf(finding)))
      wanted.set(cursorOf(finding), finding);
  }
}

async function storedFindings(derived: Database): Promise<Map<string, Finding>> {
  const stored = new Map<string, Finding>();
  for await (const [key, row] of derived.iterator({ gte: Buffer.of(FINDINGS), lt: Buffer.of(FINDINGS + 1) }))
    stored.set(key.subarray(1).toString(), JSON.parse(row.toString()) as Finding);
  return stored;
}

/** Undefined when the event's key was erased. */
async function eventAt(reader: StoreReader, index: number): Promise<ParsedEvent | undefined> {
  const [event] = await reader.events([index]);
  return event?.disclosures === undefined
    ? undefined
    : parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`);
}

function optional<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}
