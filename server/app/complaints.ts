import type { CatalogueHistory } from "../catalogue/history.ts";
import { complaintActs } from "../desk/complaint-acts.ts";
import { deadlinesAt, dueOf } from "../desk/complaint-deadlines.ts";
import { complaintRoutes } from "../desk/complaint-routes.ts";
import {
  type ComplaintRecord,
  type ComplaintRegister,
  complaintRegister,
  filingOf,
} from "../desk/complaints.ts";
import type { Desk } from "../desk/desk.ts";
import { halvesFinder } from "../desk/exchange-halves.ts";
import { sealActs } from "../desk/seal-acts.ts";
import { sealRoutes } from "../desk/seal-routes.ts";
import { sealRegister } from "../desk/seals.ts";
import { indexTags } from "../receive/index-tags.ts";
import type { Route } from "../route.ts";
import type { AppOptions } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

interface Surroundings {
  readonly records: Records;
  readonly desk: Desk;
  readonly read: Reading;
  readonly catalogues: CatalogueHistory;
}

export interface Complaining {
  readonly routes: readonly Route[];
  readonly complaints: ComplaintRegister;
  /** Until when answer and decision of a complaint are due, Unix seconds; undefined where no catalogue says it. */
  readonly dueAt: (
    record: ComplaintRecord,
  ) => Promise<{ readonly answer: number; readonly decision: number } | undefined>;
  /** Follows the log's complaints and seals. */
  readonly update: () => Promise<void>;
}

/** What people complain of, and what inspectors keep closed for a while. */
export function complaining({ clock, secrets }: AppOptions, around: Surroundings): Complaining {
  const { desk, catalogues } = around;
  const { store, derived: db, index } = around.records;
  const { follow, representation, closures, showing, leafIndex } = around.read;
  const complaints = complaintRegister({ follow, db, store, desk: desk.source });
  const seals = sealRegister({ follow, db });
  const tagOf = indexTags(secrets.pepper);
  const deadlines = deadlinesAt(catalogues);
  return {
    complaints,
    dueAt: async (record) => {
      const known = await deadlines(filingOf(record).index);
      if (known === undefined) return undefined;
      const { answer, decision } = dueOf(record, known, Math.floor(clock.now() / 1000));
      return { answer: answer.by, decision: decision.by };
    },
    routes: [
      ...complaintRoutes({
        acts: complaintActs({ desk, complaints, representation, closures, store, tagOf }),
        ...{ complaints, showing, store, leafIndex, clock },
        deadlinesAt: deadlines,
      }),
      ...sealRoutes({
        acts: sealActs({ desk, seals, store, halvesOf: halvesFinder({ index, store }), leafIndex, clock }),
        ...{ seals, store, clock },
      }),
    ],
    update: async () => {
      await complaints.update();
      await seals.update();
    },
  };
}
