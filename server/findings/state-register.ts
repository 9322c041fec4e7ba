import { toBase64url } from "../../protocol/bytes.ts";
import { openFacets } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
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

/** Letters of ours among the derived tables (integrate/derived.ts): steps by what they are about, how far the log was read. */
const STATES_TABLE = 0x6e;
const PROGRESS_TABLE = 0x4e;
const STEPS = 0x66;

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
      const step: FindingStep = { index, leaf: toBase64url(leafHash(payload)), time, ...said.step };
      put(stepsKey(said.about), [...(await get(stepsKey(said.about))), step]);
    }

    for (const followed of events) await add(followed);
    return [...changed.values()].map(({ key, value }) => ({
      key,
      value: Buffer.from(JSON.stringify(value)),
    }));
  }

  const follower = follow({
    subject: "what became of findings",
    tables: [STATES_TABLE],
    progressTable: PROGRESS_TABLE,
    // No erasure empties what the desk recorded of them (protocol/closing.ts), so an order takes nothing back.
    tagKinds: [TAG_KINDS.inspectionAct],
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

function stepsKey(subject: StepSubject): Buffer {
  return Buffer.concat([Buffer.of(STATES_TABLE, STEPS), Buffer.from(subject)]);
}

function listOf(row: Buffer | undefined): readonly unknown[] {
  const value: unknown = row === undefined ? [] : JSON.parse(row.toString());
  return Array.isArray(value) ? value : [];
}

/** The format of the derived database vouches for the rest. */
function isStep(value: unknown): value is FindingStep {
  return isJsonObject(value) && typeof value["index"] === "number";
}
