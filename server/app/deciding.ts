import type { CatalogueHistory } from "../catalogue/history.ts";
import { type Catalogues, catalogues } from "../decide/catalogues.ts";
import { type ConsentRegister, consentRegister } from "../decide/consents.ts";
import { decisions } from "../decide/decisions.ts";
import { decisionRoutes } from "../decide/routes.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { Route } from "../route.ts";
import type { Sequencer } from "../sequence/sequencer.ts";
import { ed25519Signer } from "../signers.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

export interface Deciding {
  readonly routes: readonly Route[];
  readonly consents: ConsentRegister;
  readonly catalogues: Catalogues;
}

interface DecidingParts {
  readonly about: AboutLog;
  readonly records: Pick<Records, "store" | "derived">;
  readonly read: Pick<Reading, "follow" | "closures">;
  readonly history: CatalogueHistory;
  readonly sequencer: Pick<Sequencer, "requireOpen">;
  /** How this ledger is reached, once it listens. */
  readonly baseUrl: () => string;
}

/** Who may read what: the catalogues and the consents of the log, and the answers made of them. */
export function deciding(
  { clock, secrets }: AppOptions,
  { about, records, read, history, sequencer, baseUrl }: DecidingParts,
): Deciding {
  const consents = consentRegister({
    ...{ follow: read.follow, closures: read.closures, db: records.derived, store: records.store },
    tagOf: indexTags(secrets.pepper),
    rules: { desk: about.deskSource },
  });
  const known = catalogues(history);
  const answers = decisions({
    ...{ consents, catalogues: known, clock, log: about.id },
    signer: ed25519Signer(secrets.receipt),
    requireOpen: sequencer.requireOpen,
  });
  return { routes: decisionRoutes({ decisions: answers, baseUrl }), consents, catalogues: known };
}
