import type { Registry } from "prom-client";
import { showEvent, parseEvent } from "../../protocol/event.ts";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { AnchorStatus } from "../anchor/anchor-status.ts";
import type { Desk } from "../desk/desk.ts";
import { erasureChoice } from "../desk/erasure-choice.ts";
import { disputesAbout } from "../desk/erasure-disputes.ts";
import { erasureRoutes } from "../desk/erasure-routes.ts";
import { erasureDesk } from "../desk/erasure.ts";
import { lookRecorder } from "../desk/looks.ts";
import { sourceErasureRoutes } from "../desk/source-erasures.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import { eraserMetrics } from "../disclose/eraser-metrics.ts";
import { type EraserStatus, eraser } from "../disclose/eraser.ts";
import { type ErasureRegister, erasureRegister } from "../disclose/erasures.ts";
import type { Representation } from "../disclose/representation.ts";
import type { EventToShow, SeenEvent } from "../disclose/showing.ts";
import type { Caller } from "../identity/caller.ts";
import type { FollowLog } from "../integrate/log-follower.ts";
import { makeProver } from "../prove/evidence.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { Route } from "../route.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Complaining } from "./complaints.ts";
import type { Judging } from "./judging.ts";
import type { Records } from "./records.ts";

interface ErasingParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly desk: Desk;
  readonly keys: KeyDirectory;
  readonly follow: FollowLog;
  readonly closures: ClosureRegister;
  readonly representation: Representation;
  readonly complaints: Complaining["complaints"];
  readonly judging: Pick<Judging, "board" | "upToDate" | "restingOn">;
  /** What derives something from opened events, and how far it has read. */
  readonly readers: readonly (() => Promise<number>)[];
  readonly anchoring: () => AnchorStatus;
  readonly registry: Registry;
}

export interface Erasing {
  readonly routes: readonly Route[];
  readonly erasures: ErasureRegister;
  /** Executes the erasures that can be executed now. */
  readonly run: () => Promise<void>;
  readonly status: () => EraserStatus;
}

/** How events come to be erased: the officers' orders, their execution, and what the recorders are told of it. */
export function erasing({ config, secrets, clock, log }: AppOptions, parts: ErasingParts): Erasing {
  const { about, records, desk, keys, follow, closures, representation, readers, anchoring } = parts;
  const { complaints, judging } = parts;
  const { store, derived, integrator, index } = records;
  const erasures = erasureRegister({ follow, db: derived });
  const leafIndex = async (leaf: Uint8Array): Promise<number | undefined> =>
    await integrator.tree().leafIndex(leaf);
  const { run, status } = eraser({ store, erasures, closures, leafIndex, readers, clock, log });
  eraserMetrics(parts.registry, status);
  const tagOf = indexTags(secrets.pepper);
  const { operator } = config;
  const choice = erasureChoice({
    ...{ closures, store, index, representation, tagOf, operator },
    disputesAbout: disputesAbout({
      ...{ complaints, findings: judging.board, store },
      ...{ judged: judging.upToDate, restingOn: judging.restingOn },
    }),
  });
  const recordLook = lookRecorder(desk);
  const order = erasureDesk({ desk, choice, erasures, closures, complaints, recordLook, store });
  const prover = makeProver({ store, tree: integrator.tree, show: orderAlone, anchoring });
  return {
    routes: [
      ...erasureRoutes({ order, erasures, store, operator }),
      ...sourceErasureRoutes({
        ...{ erasures, keys, log: about.name, clock },
        evidenceOf: async (place) => await prover.evidenceAt(place, { role: "public" }),
      }),
    ],
    erasures,
    run,
    status,
  };
}

/** What the recorder of an erased event is shown of the order, and nothing of who was signed on. */
const SHOWN: readonly string[] = ["type", "erasure", "time"];

async function orderAlone(
  _caller: Caller,
  _what: string,
  { index, payload, disclosures }: EventToShow,
): Promise<SeenEvent> {
  if (disclosures === undefined) throw new Error(`the order ${index} can no longer be read`);
  const event = parseEvent(`${fromUtf8(payload)}~${disclosures}`);
  const text = showEvent(event, ({ name }) => SHOWN.includes(name));
  return await Promise.resolve({ text, leafHash: leafHash(payload), erased: false });
}
