import { fromBase64url, fromUtf8, toBase64url, toHex } from "../../protocol/bytes.ts";
import {
  type ConsentAct,
  consentActIn,
  consentAfter,
  type ConsentRecord,
  isConsentActOf,
  peopleOfConsentAct,
} from "../../protocol/consent.ts";
import { type Decision, parseDecision } from "../../protocol/decision-jws.ts";
import { FormatError } from "../../protocol/errors.ts";
import { openFacets, parseEvent, payloadLeafHash } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { type PublicKey, verifyJws } from "../../protocol/jws.ts";
import { formatLogId, type LogId } from "../../protocol/log-id.ts";
import { isObjecting, objectionActIn, objectionName, type ObjectionPlace } from "../../protocol/objection.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { type Catalogue, parseCatalogue } from "../../protocol/procedures.ts";
import { parseSource, type Source, splitSource } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { cursorOf, type UseFinding } from "../../server/findings/finding.ts";
import { type FindingStep, saidIn } from "../../server/findings/states.ts";
import {
  findingFor,
  isPaired,
  isRepeated,
  type Judgement,
  judgeUse,
  withReader,
} from "../../server/findings/uses/rule.ts";
import { type Person, type RecordedUse, useIn } from "../../server/findings/uses/use.ts";
import type { Database } from "../../server/store/level-reader.ts";
import type { StoredEvent, StoreReader } from "../../server/store/store.ts";
import { fault } from "./event-audit.ts";
import { objectionTag } from "./secrets.ts";

/** Rows of the derived database (server/findings): findings about uses, how far they were derived, and what was said of findings. */
const USES = Buffer.from("kf");
const USES_PROGRESS = Buffer.from("K");
const STEPS = Buffer.from("nf");
const STEPS_PROGRESS = Buffer.from("N");
const EVENTS_AT_ONCE = 256;
/** The ledger looks no further at what else is recorded of one exchange. */
const MAX_OTHERS = 8;

/** What decisions of this log are signed with. */
export interface DecisionKeys {
  readonly log: LogId;
  readonly keys: readonly PublicKey[];
}

/**
 * Judges every access and action anew with the ledger's pure rules, from what can be read of them, and compares with what was found; and so what was
 * said of findings. Without the operator's pepper a finding stands where an objection that nobody can read any more may have been the one ignored.
 * @returns why they cannot be compared, or undefined once they were.
 * @throws AuditFault `findings` naming the first event that a finding is missing or wrong for.
 */
export async function compareUses(
  reader: StoreReader,
  derived: Database,
  decisions: DecisionKeys,
  pepper: Uint8Array | undefined,
): Promise<string | undefined> {
  const [progress, stepsRow] = await derived.getMany([USES_PROGRESS, STEPS_PROGRESS]);
  if (progress === undefined) {
    const { size } = await reader.head();
    return size === 0 ? undefined : "the ledger has not looked for any yet";
  }
  const terms = usesTerms(progress.toString());
  if (terms === undefined)
    return "another version of the ledger looked for them: start this one on the records first";
  const log = { ...(await readLog(reader, terms.index, terms.desk, decisions)), pepper };
  await compareFound(derived, wantedFindings(log, terms), log, terms);
  // Each is read in its own time.
  const stepsRead = stepsRow?.readUIntBE(0, 6) ?? 0;
  const ofSteps = stepsRead === terms.index ? log : await readLog(reader, stepsRead, terms.desk, decisions);
  await compareSteps(derived, ofSteps);
  return undefined;
}

/** The source through which people's acts are recorded, as the ledger noted it with its findings; undefined where it derived none. */
export async function deskIn(derived: Database): Promise<Source | undefined> {
  const [progress]: (Buffer | undefined)[] = await derived.getMany([USES_PROGRESS]);
  return progress && usesTerms(progress.toString())?.desk;
}

interface Terms {
  readonly index: number;
  readonly asOf: number;
  readonly graceSeconds: number;
  readonly desk: Source;
}

function usesTerms(text: string): Terms | undefined {
  const value: unknown = JSON.parse(text);
  const { terms, index, asOf } = isJsonObject(value) ? value : {};
  const [format, grace, desk = ""] = typeof terms === "string" ? terms.split(" ") : [];
  if (format !== "uses/3" || typeof index !== "number" || typeof asOf !== "number") return undefined;
  return { index, asOf, graceSeconds: Number(grace), desk: parseSource(desk) };
}

/** A use that can be read, and was not ordered to be erased within what was read. */
interface Use {
  readonly index: number;
  readonly time: number;
  readonly leaf: string;
  readonly use: RecordedUse;
  readonly exchange: { readonly tag: string; readonly isReader: boolean } | undefined;
}

interface ReadLog {
  readonly uses: Use[];
  readonly acts: ConsentAct[];
  /** Consent acts of the desk that nobody can read or that were ordered to be erased: by person's tag. */
  readonly lost: Map<string, readonly number[]>;
  /** The first such act of anybody else: it may have ended a consent, for what was found while it could be read. */
  readonly ended: Map<string, number>;
  readonly objections: Objections;
  /** The first order to erase each event that is ordered to be. */
  readonly orders: Map<number, number>;
  readonly people: Map<number, readonly string[]>;
  /** The first record of each side, whether it can be read or not. */
  readonly firsts: Map<string, { reader?: number; provider?: number }>;
  readonly catalogues: { readonly index: number; readonly catalogue: Catalogue }[];
  readonly steps: Map<string, FindingStep[]>;
  readonly desk: Source;
  readonly pepper?: Uint8Array | undefined;
}

/** What people said about machines. Their tags tell it, also where an act was erased. */
interface Objections {
  /** By tag. */
  readonly acts: Map<string, readonly ObjectionPlace[]>;
  /** The tag of each person and procedure that an act can be read of. */
  readonly tags: Map<string, string>;
  /** Acts of which nobody can read what procedure they were about: the first of each person's tag. */
  readonly unreadable: Map<string, number>;
}

async function readLog(
  reader: StoreReader,
  size: number,
  desk: Source,
  { log, keys }: DecisionKeys,
): Promise<ReadLog> {
  const orders = await ordersIn(reader, size);
  const found: ReadLog = {
    ...{ uses: [], acts: [], lost: new Map(), people: new Map(), firsts: new Map(), catalogues: [] },
    ...{ orders: new Map(), ended: new Map(), steps: new Map(), desk },
    objections: { acts: new Map(), tags: new Map(), unreadable: new Map() },
  };
  const open = (text: string): Decision | undefined => decisionIn(text, formatLogId(log), keys);
  const ownSource = `${splitSource(desk).agency}/ledger`;
  for (let from = 0; from < size; from += EVENTS_AT_ONCE) {
    const indexes = Array.from({ length: Math.min(EVENTS_AT_ONCE, size - from) }, (_, n) => from + n);
    for (const [n, event] of (await reader.events(indexes)).entries()) {
      const index = from + n;
      const time = (await reader.submissionOfIndex(index))?.time ?? 0;
      if (event === undefined) continue;
      const tags = tagsOf(event.tags);
      const leafHash = payloadLeafHash(fromUtf8(event.payload));
      const first = orders.get(toHex(leafHash))?.find((order) => order > index);
      const isOrdered = first !== undefined;
      if (first !== undefined) found.orders.set(index, first);
      const exchange = tags.exchange;
      if (exchange !== undefined) {
        const first = found.firsts.get(exchange.tag) ?? {};
        found.firsts.set(
          exchange.tag,
          exchange.isReader ? { reader: index, ...first } : { provider: index, ...first },
        );
      }
      found.people.set(index, tags.people);
      noteObjection(found.objections, event, index);
      const isLost = event.disclosures === undefined || isOrdered;
      if (tags.kinds.has(TAG_KINDS.consentAct) && isLost) {
        const isDesk = parsePayload(fromUtf8(event.payload)).src === desk;
        for (const person of isDesk ? [] : tags.people)
          found.ended.set(person, found.ended.get(person) ?? index);
        for (const person of isDesk ? tags.people : [])
          found.lost.set(person, [...(found.lost.get(person) ?? []), index]);
      }
      if (event.disclosures === undefined) continue;
      const parsed = parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`);
      const facets = openFacets(parsed);
      const leaf = toBase64url(leafHash);
      // No order empties these.
      if (parsed.payload.src === desk) noteStep(found.steps, facets.inspection, { index, time, leaf });
      if (isOrdered) continue;
      const act = consentActIn(parsed, index);
      if (act !== undefined) found.acts.push(act);
      const use = useIn(parsed.payload.src, facets, open);
      if (use !== undefined) found.uses.push({ index, time, leaf, use, exchange });
      if (parsed.payload.src === ownSource)
        await noteCatalogue(reader, found.catalogues, facets.catalogue, index);
    }
  }
  return found;
}

function noteObjection(
  { acts, tags, unreadable }: Objections,
  { payload, disclosures, tags: ofEvent }: StoredEvent,
  index: number,
): void {
  const { objection, people } = tagsOf(ofEvent);
  if (objection === undefined) return;
  const { tag, state } = objection;
  const text = fromUtf8(payload);
  const source = parsePayload(text).src;
  acts.set(tag, [...(acts.get(tag) ?? []), { index, state, source }]);
  const act =
    disclosures === undefined ? undefined : objectionActIn(parseEvent(`${text}~${disclosures}`), index);
  if (act !== undefined) tags.set(objectionName(act.person, act.objection.procedure), tag);
  else for (const person of people) unreadable.set(person, unreadable.get(person) ?? index);
}

/** The orders that name each leaf, by its hash in hexadecimal. */
async function ordersIn(reader: StoreReader, size: number): Promise<Map<string, readonly number[]>> {
  const orders = new Map<string, readonly number[]>();
  for (let from = 0; from < size; from += EVENTS_AT_ONCE) {
    const page = await reader.indexTags(from, Math.min(from + EVENTS_AT_ONCE, size));
    for (const [n, tags] of page.entries())
      for (const leaf of tagsOf(tags).erases) orders.set(leaf, [...(orders.get(leaf) ?? []), from + n]);
  }
  return orders;
}

function noteStep(
  steps: ReadLog["steps"],
  inspection: unknown,
  { index, time, leaf }: Pick<FindingStep, "index" | "time" | "leaf">,
): void {
  const said = saidIn(inspection);
  if (said === undefined) return;
  steps.set(said.about, [...(steps.get(said.about) ?? []), { index, leaf, time, ...said.step }]);
}

async function noteCatalogue(
  reader: StoreReader,
  catalogues: ReadLog["catalogues"],
  facet: unknown,
  index: number,
): Promise<void> {
  const digest = isJsonObject(facet) ? facet["digest"] : undefined;
  if (typeof digest !== "string" || (await reader.attachmentIndex(fromBase64url(digest))) !== index) return;
  const file = await reader.attachment(index);
  if (file !== undefined) catalogues.push({ index, catalogue: parseCatalogue(file) });
}

function decisionIn(text: string, log: string, keys: readonly PublicKey[]): Decision | undefined {
  try {
    const { jws, decision } = parseDecision(text);
    return formatLogId(decision.log) === log && keys.some((key) => verifyJws(jws, key))
      ? decision
      : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** What must be found, and what may be: records that wait for a moment nobody wrote down, or are too many. */
interface Wanted {
  readonly must: Map<string, UseFinding>;
  readonly may: Map<string, readonly UseFinding[]>;
}

function wantedFindings(log: ReadLog, { index: size, asOf, graceSeconds }: Terms): Wanted {
  const wanted: Wanted = { must: new Map(), may: new Map() };
  const uses = new Map(log.uses.filter(({ index }) => index < size).map((each) => [each.index, each]));
  const others = new Map<string, number>();
  for (const each of uses.values()) {
    const { index, time, leaf, use, exchange } = each;
    const first = exchange === undefined ? {} : (log.firsts.get(exchange.tag) ?? {});
    const note = (
      judgement: Judgement,
      target: keyof Wanted,
      without: ReadonlySet<string> = new Set(),
    ): void => {
      for (const fault of judgement.faults) {
        if (judgement.catalogue === undefined || without.has(fault.kind)) continue;
        const finding = findingFor(fault, { index, time, leaf, catalogue: judgement.catalogue });
        const cursor = cursorOf(finding);
        if (target === "must") wanted.must.set(cursor, finding);
        else wanted.may.set(cursor, [...(wanted.may.get(cursor) ?? []), finding]);
      }
    };
    const isOwn = exchange === undefined || first.reader === index || (exchange.isReader && !use.imported);
    if (isOwn) {
      note(judged(log, use, each), "must");
      continue;
    }
    const count = (others.get(exchange.tag) ?? 0) + 1;
    others.set(exchange.tag, count);
    const target = count > MAX_OTHERS ? "may" : "must";
    if (count > MAX_OTHERS) note(judged(log, use, each), "may");
    if (first.reader === undefined || first.reader >= size) {
      note(judged(log, use, each), time < asOf - graceSeconds ? target : "may");
      continue;
    }
    const reader = uses.get(first.reader);
    if (reader === undefined) {
      if (index > (log.orders.get(first.reader) ?? Infinity)) note(judged(log, use, each), "must");
      continue;
    }
    const { decision: _decision, ...undecided } = reader.use;
    const isSame = isPaired(use, index, { ...first, time: reader.time });
    const at = isSame ? reader : each;
    const known = new Set<string>();
    if (isSame || isRepeated(use, reader.use))
      for (const { kind } of judged(log, reader.use, reader).faults) known.add(kind);
    const merged = withReader(use, at === reader ? reader.use : undecided);
    const judgement = judged(log, merged, at, use.people.length > 0 ? index : reader.index);
    note(judgement, target, known);
  }
  return wanted;
}

/** A use at a place; `people`: the event that names whom it is about. */
function judged(
  log: ReadLog,
  use: RecordedUse,
  at: { readonly index: number; readonly time: number },
  people = at.index,
): Judgement {
  const tags = log.people.get(people) ?? [];
  const inForce = log.catalogues.findLast(({ index }) => index <= at.index);
  return judgeUse(use, {
    catalogue: inForce?.catalogue,
    consentsOf: (person) => ({
      records: consentsOf(log, person, at.index),
      // Tags stand in the order of the people.
      isErased: (log.lost.get(tags[use.people.indexOf(person)] ?? "") ?? []).some(
        (index) => index < at.index,
      ),
    }),
    objects: (person) => objects(log, objectionName(person, use.procedure ?? ""), at.index),
    ...{ time: at.time, desk: log.desk },
  });
}

function objects({ objections, desk, pepper }: ReadLog, name: string, below: number): boolean {
  const tag = pepper === undefined ? objections.tags.get(name) : objectionTag(pepper, name);
  const acts = objections.acts.get(tag ?? "") ?? [];
  return isObjecting(
    acts.filter(({ index }) => index < below),
    { desk },
  );
}

function consentsOf({ acts, desk }: ReadLog, person: Person, below: number): ConsentRecord[] {
  const records = new Map<string, ConsentRecord>();
  for (const act of acts) {
    const of = { person, id: act.consent.id };
    if (act.index >= below || !isConsentActOf(act, of) || peopleOfConsentAct(act).length === 0) continue;
    records.set(of.id, consentAfter(records.get(of.id), act, { of, rules: { desk } }));
  }
  return [...records.values()];
}

/**
 * What was found by consents that somebody else than the desk had ended stands, although the act was erased since; and so does what was found by an
 * objection, which only the ledger's keyed hash still tells of, where the audit has no pepper to compute it.
 */
function mayStand(id: string, log: ReadLog): boolean {
  const [, machine] = /^objection-ignored:([0-9]+)$/.exec(id) ?? [];
  if (machine !== undefined && log.pepper === undefined)
    return (log.people.get(Number(machine)) ?? []).some(
      (person) => (log.objections.unreadable.get(person) ?? Infinity) < Number(machine),
    );
  const [, place] = /^consent-[a-z]+:([0-9]+)$/.exec(id) ?? [];
  if (place === undefined) return false;
  return (log.people.get(Number(place)) ?? []).some(
    (person) => (log.ended.get(person) ?? Infinity) < Number(place),
  );
}

async function compareFound(
  derived: Database,
  { must, may }: Wanted,
  log: ReadLog,
  { index: size }: Terms,
): Promise<void> {
  const stored = new Map<string, string>();
  for await (const [key, row] of derived.iterator({ gte: USES, lt: Buffer.from("kg") }))
    stored.set(key.subarray(USES.length).toString(), row.toString());
  for (const cursor of [...new Set([...must.keys(), ...stored.keys()])].sort()) {
    const kept = stored.get(cursor);
    const right = must.get(cursor) ?? may.get(cursor)?.[0];
    const allowed = [...(may.get(cursor) ?? []), right].map((each) => JSON.stringify(each));
    if (right !== undefined && kept !== undefined && allowed.includes(kept)) continue;
    const what =
      kept === undefined ? "is missing" : right === undefined ? "follows from no record" : "is another";
    const [, id = cursor] = /^\d+:(.*)$/.exec(cursor) ?? [];
    if (kept !== undefined && mayStand(id, log)) continue;
    throw fault("findings", Math.min(Number(/\d+$/.exec(id)?.[0] ?? 0), size), `the finding ${id} ${what}`);
  }
}

/** What officers and inspectors said of findings. */
async function compareSteps(derived: Database, { steps }: ReadLog): Promise<void> {
  const stored = new Map<string, string>();
  for await (const [key, row] of derived.iterator({ gte: STEPS, lt: Buffer.from("ng") })) {
    if (row.toString() !== "[]") stored.set(key.subarray(STEPS.length).toString(), row.toString());
  }
  for (const about of [...new Set([...steps.keys(), ...stored.keys()])].sort()) {
    const right = steps.get(about) ?? [];
    const kept = stored.get(about) ?? "[]";
    if (JSON.stringify(right) === kept) continue;
    throw fault("findings", right.at(-1)?.index ?? 0, `what was said of ${about} is not what the log says`);
  }
}

function tagsOf(tags: Uint8Array): {
  readonly kinds: ReadonlySet<number>;
  readonly people: readonly string[];
  readonly erases: readonly string[];
  readonly exchange: Use["exchange"];
  readonly objection: { readonly tag: string; readonly state: ObjectionPlace["state"] } | undefined;
} {
  const kinds = new Set<number>();
  const people: string[] = [];
  const erases: string[] = [];
  let exchange: Use["exchange"];
  let objection: ReturnType<typeof tagsOf>["objection"];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const kind = tags[at] ?? 0;
    const hex = toHex(tags.subarray(at + 1, at + TAG_BYTES));
    kinds.add(kind);
    if (kind === TAG_KINDS.person) people.push(hex);
    if (kind === TAG_KINDS.erases) erases.push(hex);
    if (kind === TAG_KINDS.clientHalf || kind === TAG_KINDS.providerHalf)
      exchange = { tag: hex, isReader: kind === TAG_KINDS.clientHalf };
    if (kind === TAG_KINDS.objectionMade) objection = { tag: hex, state: "made" };
    if (kind === TAG_KINDS.objectionWithdrawn) objection = { tag: hex, state: "withdrawn" };
  }
  return { kinds, people, erases, exchange, objection };
}
