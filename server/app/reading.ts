import type { AnchorStatus } from "../anchor/anchor-status.ts";
import type { Desk } from "../desk/desk.ts";
import { lookRecorder } from "../desk/looks.ts";
import { type ClosureRegister, closureRegister } from "../disclose/closure-register.ts";
import { mandateRegister } from "../disclose/mandate-register.ts";
import { type Representation, representation } from "../disclose/representation.ts";
import { type Showing, showing } from "../disclose/showing.ts";
import { type FollowLog, followLog } from "../integrate/log-follower.ts";
import { logRoutes } from "../integrate/routes.ts";
import { makeProver, type Prover } from "../prove/evidence.ts";
import { proofRoutes } from "../prove/routes.ts";
import { statementRoutes } from "../prove/statement-routes.ts";
import { statementSlots } from "../prove/statement-slots.ts";
import { statementMaker } from "../prove/statement.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { Route } from "../route.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Records } from "./records.ts";

export interface Reading {
  readonly routes: readonly Route[];
  /** Follows the log's seals, erasures and mandates. */
  readonly update: () => Promise<void>;
  readonly follow: FollowLog;
  readonly closures: ClosureRegister;
  readonly representation: Representation;
  readonly showing: Showing;
  readonly prover: Prover;
  /** The log index of a leaf; undefined when it is in no published checkpoint. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
}

/** The log, its events, their evidence, and people's statements. */
export function reading(
  { clock, log, secrets }: AppOptions,
  { about, records, desk, anchoring }: ReadingParts,
): Reading {
  const { store, derived, integrator, index } = records;
  const follow = followLog({ store, db: derived, log });
  const closures = closureRegister({ follow, db: derived, clock, log });
  const tagOf = indexTags(secrets.pepper);
  const mandates = mandateRegister({ follow, db: derived });
  const represented = representation({ index, mandates, readEvents: store.events, closures, tagOf, clock });
  const leafIndex = async (leafHash: Uint8Array) => await integrator.tree().leafIndex(leafHash);
  const recordLook = lookRecorder(desk);
  const shown = showing({ closures, representation: represented, leafIndex, recordLook, log });
  const prover = makeProver({ store, tree: integrator.tree, show: shown.showTo, anchoring });
  const makeStatement = statementMaker({
    ...{ store, index, representation: represented, showing: shown, prover },
    log: about.id,
  });
  return {
    routes: [
      ...logRoutes({ integrator, store }),
      ...proofRoutes({ prover, store }),
      ...statementRoutes({ makeStatement, representation: represented, takeSlot: statementSlots() }),
    ],
    update: async () => {
      await closures.update();
      await mandates.update();
    },
    ...{ follow, closures, representation: represented, showing: shown, prover, leafIndex },
  };
}

interface ReadingParts {
  readonly about: AboutLog;
  readonly records: Records;
  readonly desk: Desk;
  readonly anchoring: () => AnchorStatus;
}
