import { toBase64url } from "../../protocol/bytes.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { Catalogue } from "../../protocol/procedures.ts";
import type { Catalogues } from "../decide/catalogues.ts";
import type { ConsentRegister } from "../decide/consents.ts";
import type { ObjectionRegister } from "../decide/objections.ts";
import { consentActs } from "../desk/consent-acts.ts";
import { consentParties } from "../desk/consent-parties.ts";
import { consentRoutes } from "../desk/consent-routes.ts";
import type { PlaceOf } from "../desk/consent-view.ts";
import type { Desk } from "../desk/desk.ts";
import { mandateRoutes } from "../desk/mandate-routes.ts";
import { objectionActs } from "../desk/objection-acts.ts";
import { objectionRoutes } from "../desk/objection-routes.ts";
import { endOf } from "../disclose/mandates.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
import type { AboutLog, AppOptions } from "./parts.ts";
import type { Reading } from "./reading.ts";
import type { Records } from "./records.ts";

interface ConsentSurroundings {
  readonly about: AboutLog;
  readonly records: Records;
  readonly desk: Desk;
  readonly register: ConsentRegister;
  readonly objections: ObjectionRegister;
  readonly catalogues: Catalogues;
  readonly read: Pick<Reading, "representation">;
  /** How people reach the ledger, once that is known. */
  readonly baseUrl: () => string;
}

interface Consents {
  readonly routes: readonly Route[];
}

/** Consents, objections and mandates: what people say about the reading of their data, and who may say it for them. */
export function consenting({ config, clock }: AppOptions, around: ConsentSurroundings): Consents {
  const { about, records, desk, register, objections, catalogues, read, baseUrl } = around;
  const { store } = records;
  const { representation } = read;
  const parties = consentParties({ representation, consents: register });
  const catalogue = async (): Promise<Catalogue> => {
    const inForce = await catalogues.inForceAt(Infinity);
    if (inForce !== undefined) return inForce;
    throw new LedgerError(
      "unknown-catalogue",
      "No catalogue is recorded yet, so there is nothing to consent or to object to.",
    );
  };
  const acts = consentActs({ desk, parties, clock, catalogue, consents: register });
  const objecting = objectionActs({ desk, objections, parties, representation, catalogue });
  const placeOf: PlaceOf = async (index) => {
    const [payload] = await store.payloads(index, index + 1);
    const submission = await store.submissionOfIndex(index);
    if (payload === undefined || submission === undefined) throw new Error("the store lacks an act it holds");
    return { index, leafHash: toBase64url(leafHash(payload)), time: submission.time };
  };
  return {
    routes: [
      ...consentRoutes({
        ...{ acts, parties, representation, placeOf, clock, baseUrl, consents: register },
        ...{ log: about.name, operator: config.operator },
        catalogueAt: catalogues.inForceAt,
      }),
      ...objectionRoutes({ acts: objecting, objections, representation, placeOf }),
      ...mandateRoutes({ representation, endOf }),
    ],
  };
}
