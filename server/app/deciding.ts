import type { CatalogueHistory } from "../catalogue/history.ts";
import { type Catalogues, catalogues } from "../decide/catalogues.ts";
import { type ConsentRegister, consentRegister } from "../decide/consents.ts";
import { decisions } from "../decide/decisions.ts";
import { type ObjectionRegister, objectionRegister } from "../decide/objections.ts";
import { decisionRoutes } from "../decide/routes.ts";
import { indexTags, pepperedTags } from "../receive/index-tags.ts";
import type { Route } from "../route.ts";
import type { Sequencer } from "../sequence/sequencer.ts";
import { signerOf } from "../signers.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

export interface Deciding {
  readonly routes: readonly Route[];
  readonly consents: ConsentRegister;
  readonly objections: ObjectionRegister;
  readonly catalogues: Catalogues;
  /** Follows what people consent and object to. */
  readonly update: () => Promise<void>;
}

interface DecidingParts {
  readonly about: AboutLog;
  readonly records: Pick<Records, "store" | "derived">;
  readonly read: Pick<Reading, "follow" | "closures" | "representation">;
  readonly history: CatalogueHistory;
  readonly sequencer: Pick<Sequencer, "requireOpen">;
  /** How this ledger is reached, once it listens. */
  readonly baseUrl: () => string;
}

/** Who may read what: the catalogues, the consents and the objections of the log, and the answers made of them. */
export function deciding(
  { clock, secrets }: AppOptions,
  { about, records, read, history, sequencer, baseUrl }: DecidingParts,
): Deciding {
  const surroundings = {
    ...{ follow: read.follow, closures: read.closures, db: records.derived, store: records.store },
    rules: { desk: about.deskSource },
  };
  const consents = consentRegister({ ...surroundings, tagOf: indexTags(secrets.pepper) });
  const objections = objectionRegister({ ...surroundings, hashOf: pepperedTags(secrets.pepper) });
  const known = catalogues(history);
  const answers = decisions({
    ...{ consents, catalogues: known, clock, log: about.id },
    objects: async (person, procedure, asOf) => {
      // Whichever of their numbers a machine knows them by.
      for (const number of await read.representation.numbersOf(person, asOf))
        if (await objections.objects(number, procedure, asOf)) return true;
      return false;
    },
    signer: signerOf(secrets.receipt),
    requireOpen: sequencer.requireOpen,
  });
  return {
    routes: decisionRoutes({ decisions: answers, baseUrl }),
    ...{ consents, objections, catalogues: known },
    update: async () => {
      await consents.update();
      await objections.update();
    },
  };
}
