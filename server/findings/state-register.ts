import { toBase64url } from "../../protocol/bytes.ts";
import { openFacets } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
import type { StoreReader } from "../store/store.ts";
import { type Finding, isUseFinding } from "./finding.ts";
import { type FindingStep, saidIn, type StepSubject } from "./states.ts";

export interface FindingStatesOptions {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
  readonly store: Pick<StoreReader, "submissionOfIndex">;
  /** What officers and inspectors do is recorded by this source alone: what others record changes no finding. */
  readonly desk: Source;
}

/** What `inspection` events have said of findings. Derived from the records and kept in the derived database. */
export interface FindingStates {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** Resolves when everything recorded at the time of asking is read. @throws LedgerError `starting`. */
  caughtUp: () => Promise<number>;
  /** The steps of each of these findings, in log order. */
  stepsOf: (findings: readonly Finding[]) => Promise<readonly (readonly FindingStep[])[]>;
}

/** Letters of ours among the derived tables (integrate/derived.ts): steps by what they are about, what an event's steps are about, how far the log was read. */
const STATES_TABLE = 0x6e;
const PROGRESS_TABLE = 0x4e;
const STEPS = 0x66;
const ABOUT = 0x65;

export function findingStates({ follow, db, store, desk }: FindingStatesOptions): FindingStates {
  async function rowsAfter(events: readonly FollowedEvent[]): Promise<DerivedRow[]> {
    const changed = new Map<string, { readonly key: Buffer; readonly value: readonly unknown[] }>();
    const get = async (key: Buffer): Promise<readonly unknown[]> =>
      changed.get(key.toString("latin1"))?.value ?? listOf(await db.get(key));
    const put = (key: Buffer, value: readonly unknown[]): void =>
      void changed.set(key.toString("latin1"), { key, value });

    async function add(followed: FollowedEvent): Promise<void> {
      const { event, index, payload } = followed;
      if (event === undefined || event.payload.src !== desk) return;
      const said = saidIn(openFacets(event).inspection);
      if (said === undefined) return;
      const { time } = (await store.submissionOfIndex(index)) ?? {};
      if (time === undefined) throw new Error(`the records lack the submission of event ${index}`);
      const leaf = leafHash(payload);
      const step: FindingStep = { index, leaf: toBase64url(leaf), time, ...said.step };
      put(stepsKey(said.about), [...(await get(stepsKey(said.about))), step]);
      put(aboutKey(leaf), [said.about]);
    }

    /** What was said in an event that is erased is not known any more, here as in what is derived anew. */
    async function forget(leaf: Uint8Array): Promise<void> {
      for (const about of await get(aboutKey(leaf))) {
        if (!isSubject(about)) continue;
        const key = stepsKey(about);
        const gone = toBase64url(leaf);
        put(
          key,
          (await get(key)).filter((step) => !isJsonObject(step) || step["leaf"] !== gone),
        );
      }
    }

    for (const followed of events) {
      await add(followed);
      for (const leaf of erasedLeaves(followed.tags)) await forget(leaf);
    }
    return [...changed.values()].map(({ key, value }) => ({
      key,
      value: Buffer.from(JSON.stringify(value)),
    }));
  }

  const follower = follow({
    subject: "what became of findings",
    tables: [STATES_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.inspectionAct, TAG_KINDS.erases],
    rowsAfter,
  });

  return {
    ...follower,
    stepsOf: async (findings) => {
      const subjects = findings.map(subjectsOf);
      const rows = await db.getMany(subjects.flat().map(stepsKey));
      let at = 0;
      return subjects.map((list) =>
        list.flatMap(() => listOf(rows[at++]).filter(isStep)).sort((a, b) => a.index - b.index),
      );
    },
  };
}

function subjectsOf(finding: Finding): StepSubject[] {
  const own: StepSubject = `finding ${finding.id}`;
  return isUseFinding(finding) && finding.kind === "emergency-unreviewed"
    ? [own, `leaf ${finding.evidence.leaf}`]
    : [own];
}

function* erasedLeaves(tags: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < tags.length; at += TAG_BYTES)
    if (tags[at] === TAG_KINDS.erases) yield tags.subarray(at + 1, at + TAG_BYTES);
}

function stepsKey(subject: StepSubject): Buffer {
  return Buffer.concat([Buffer.of(STATES_TABLE, STEPS), Buffer.from(subject)]);
}

function aboutKey(leaf: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(STATES_TABLE, ABOUT), leaf]);
}

function listOf(row: Buffer | undefined): readonly unknown[] {
  const value: unknown = row === undefined ? [] : JSON.parse(row.toString());
  return Array.isArray(value) ? value : [];
}

function isSubject(value: unknown): value is StepSubject {
  return typeof value === "string" && (value.startsWith("finding ") || value.startsWith("leaf "));
}

/** The format of the derived database vouches for the rest. */
function isStep(value: unknown): value is FindingStep {
  return isJsonObject(value) && typeof value["index"] === "number";
}
