import type { Registry } from "prom-client";
import type { LogKeyWatch } from "../anchor/log-keys.ts";
import type { CatalogueHistory } from "../catalogue/history.ts";
import type { ConsentRegister } from "../decide/consents.ts";
import type { ObjectionRegister } from "../decide/objections.ts";
import type { Desk } from "../desk/desk.ts";
import { findingActs } from "../findings/acts.ts";
import { useAnswers } from "../findings/answers.ts";
import { type FindingsBoard, findingsBoard } from "../findings/board.ts";
import { useMetrics } from "../findings/metrics.ts";
import { hiddenCursors } from "../findings/cursors.ts";
import type { Findings } from "../findings/register.ts";
import { findingsRoutes } from "../findings/routes.ts";
import { findingStates } from "../findings/state-register.ts";
import { placeJudge } from "../findings/uses/judge.ts";
import { useRegister } from "../findings/uses/register.ts";
import { cursorsOf } from "../findings/uses/rows.ts";
import { startReadingThread } from "../findings/uses/thread.ts";
import { useReader } from "../findings/uses/use-reader.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { Route } from "../route.ts";
import type { SequencerState } from "../sequence/sequencer.ts";
import type { AboutLog, AppOptions, Closing } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

interface JudgingParts {
  readonly about: AboutLog;
  readonly records: Pick<Records, "store" | "derived" | "integrator">;
  readonly read: Pick<Reading, "follow" | "closures" | "showing">;
  readonly consents: Pick<ConsentRegister, "recordedByDesk">;
  readonly objections: Pick<ObjectionRegister, "objects">;
  readonly history: CatalogueHistory;
  readonly findings: Findings;
  readonly logKeys: Pick<LogKeyWatch, "receiptKeys">;
  readonly desk: Desk;
  readonly sequencing: () => SequencerState;
  readonly registry: Registry;
  readonly closing: Closing;
}

export interface Judging {
  readonly routes: readonly Route[];
  readonly board: FindingsBoard;
  /** Judges what was recorded since the last time, and follows what is said of findings. */
  readonly update: () => Promise<void>;
  /** The same for somebody who waits, as far as that is soon done. Resolves with how many events of the log were looked at. */
  readonly upToDate: () => Promise<number>;
  /** Other records whose findings rest on this one. */
  readonly restingOn: (index: number) => Promise<readonly number[]>;
  /** How many events of the log were looked at. */
  readonly size: () => Promise<number>;
  /** Ends the judging under way at its next step; answers are given on. */
  readonly close: () => Promise<void>;
}

/** Whether what was done with people's data was allowed, and what inspectors and officers make of it. */
export function judging({ config, secrets, clock }: AppOptions, parts: JudgingParts): Judging {
  const { about, records, read, consents, objections, history, findings, logKeys, desk, registry, closing } =
    parts;
  const { store, derived: db, integrator } = records;
  const tagOf = indexTags(secrets.pepper);
  const graceSeconds = config.exchangeGraceSeconds;
  const readUse = useReader(about.name, logKeys.receiptKeys);
  const judge = placeJudge({
    catalogues: history,
    consentsOf: consents.recordedByDesk,
    objects: objections.objects,
    desk: about.deskSource,
  });
  const uses = useRegister({
    ...{ store, db, judge, graceSeconds, clock, desk: about.deskSource },
    published: () => integrator.checkpoint()?.size ?? 0,
    leafIndex: async (leafHash) => await integrator.tree().leafIndex(leafHash),
    personTag: ({ scheme, id }) => Buffer.from(tagOf({ kind: "person", id: `${scheme}:${id}` }), "latin1"),
    useAt: async (index) => {
      const [event] = await store.events([index]);
      return event && readUse(event);
    },
    startThread: () => startReadingThread({ log: about.name }),
    // What a decision was signed with in the past is known from the chain alone.
    keys: () => (parts.sequencing().kind === "starting" ? undefined : logKeys.receiptKeys()),
    onJudged: (answer) => metrics.judged(answer),
  });
  const metrics = useMetrics(registry, uses.status);
  closing.push(uses.close);
  const states = findingStates({ follow: read.follow, db, store, desk: about.deskSource });
  const timeOf = async (index: number): Promise<number | undefined> =>
    (await store.submissionOfIndex(index))?.time;
  const board = findingsBoard({
    ...{ findings, uses, states, cursorsOf, timeOf },
    cursors: hiddenCursors(secrets.pepper),
  });
  const answers = useAnswers({
    ...{ store, board, uses, readUse, judge, graceSeconds, showing: read.showing },
    now: () => Math.floor(clock.now() / 1000),
  });
  const acts = findingActs({ board, desk, store, closures: read.closures });
  return {
    routes: findingsRoutes({ board, acts, answers, store, readUse }),
    update: async () => {
      await states.update();
      await uses.update();
    },
    board,
    restingOn: uses.restingOn,
    upToDate: async () => {
      await states.caughtUp();
      return await uses.upToDate();
    },
    size: async () => (await uses.status()).size,
    close: uses.close,
  };
}
