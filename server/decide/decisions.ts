import { randomBytes } from "node:crypto";
import { toBase64url } from "../../protocol/bytes.ts";
import type { ConsentPerson, ConsentRecord } from "../../protocol/consent.ts";
import { catalogueGround, type DecisionQuestion, evaluate, type Verdict } from "../../protocol/decision.ts";
import { type Decision, DECISION_SECONDS, makeDecision } from "../../protocol/decision-jws.ts";
import type { LogId } from "../../protocol/log-id.ts";
import { signLater } from "../../protocol/sign-later.ts";
import type { Catalogue } from "../../protocol/procedures.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Signer } from "../sequence/receipts.ts";
import type { Catalogues } from "./catalogues.ts";
import type { ConsentRegister } from "./consents.ts";

export interface DecisionsOptions {
  readonly consents: Pick<ConsentRegister, "caughtUp" | "one" | "recordedByDesk">;
  /** Whether a person, by any of their numbers, objects to machines acting in a procedure, by the acts below a log index. */
  readonly objects: (
    person: ConsentPerson,
    procedure: string,
    asOf: { readonly below: number },
  ) => Promise<boolean>;
  readonly catalogues: Catalogues;
  /** Throws while the records may be older than what the chain and the receipts say: a withdrawal may be missing in them. */
  readonly requireOpen: () => void;
  readonly log: LogId;
  /** The log's receipt key. */
  readonly signer: Signer;
  readonly clock: Clock;
}

export interface SignedDecision {
  readonly decision: Decision;
  /** The decision as the access event discloses it. */
  readonly jws: string;
}

/** The decision point: answers questions by all that was recorded when they were asked. */
export interface Decisions {
  /**
   * The answer, signed. Nothing of it is recorded here: the access that relies on it discloses it, and a refusal is the asking agency's to record.
   * @throws LedgerError `starting` while the ledger reads the chain or which consents were given, `store-behind` when its records are older than what
   * it promised, `wrong-keys` when its signature would bind nobody, `no-catalogue` when no procedure is known: who cannot be told the newest
   * is told nothing, and certainly no yes.
   */
  readonly decide: (question: DecisionQuestion) => Promise<SignedDecision>;
}

const JTI_BYTES = 16;

export function decisions(options: DecisionsOptions): Decisions {
  const { consents, objects, catalogues, requireOpen, log, signer, clock } = options;

  /** Most questions rest on law alone: then nobody's consents are read. */
  async function consentsFor(
    question: DecisionQuestion,
    catalogue: Catalogue,
    below: number,
  ): Promise<readonly ConsentRecord[]> {
    const ground = catalogueGround(question, catalogue);
    if (!ground.allowed || ground.withConsent.length === 0) return [];
    const { subject, consent } = question;
    if (consent === undefined) return await consents.recordedByDesk(subject, { below });
    const record = await consents.one(subject, consent, { below });
    return record === undefined ? [] : [record];
  }

  /** Only machines are told, and only where they might read at all. */
  async function isObjected(
    question: DecisionQuestion,
    catalogue: Catalogue,
    below: number,
  ): Promise<boolean> {
    if (question.automated !== true || !catalogueGround(question, catalogue).allowed) return false;
    return await objects(question.subject, question.procedure, { below });
  }

  async function signed(
    question: DecisionQuestion,
    verdict: Verdict,
    by: { readonly catalogue: Catalogue; readonly size: number; readonly now: number },
  ): Promise<SignedDecision> {
    const { catalogue, size, now } = by;
    const { agency, action, subject, procedure, personalData, provider, automated, emergency } = question;
    const until = verdict.permit ? verdict.until : Infinity;
    const decision: Decision = {
      ...{ log, jti: toBase64url(randomBytes(JTI_BYTES)), iat: now },
      exp: Math.min(now + DECISION_SECONDS, until),
      ...{ subject, agency, procedure, personalData, action },
      ...{ decision: verdict.permit, reason: verdict.reason, obligations: verdict.obligations },
      catalogue: { version: catalogue.version, digest: catalogue.digest },
      size,
      ...(provider !== undefined && { provider }),
      ...(automated && { automated }),
      ...(verdict.permit && groundsOf(verdict)),
      ...(verdict.permit &&
        verdict.overrides !== undefined &&
        emergency !== undefined && {
          emergency: { reason: emergency.reason, overrides: verdict.overrides },
        }),
    };
    const jws = await signLater((sign) => makeDecision(decision, { ...signer, sign }), signer.sign);
    return { decision, jws };
  }

  return {
    decide: async (question) => {
      requireOpen();
      const size = await consents.caughtUp();
      const catalogue = await catalogues.inForceAt(size);
      if (catalogue === undefined) {
        throw new LedgerError(
          "no-catalogue",
          "No catalogue of procedures is in force, so nothing can be decided. Ask again when one is recorded (see /v1/catalogue).",
        );
      }
      const records = await consentsFor(question, catalogue, size);
      const word = { objects: await isObjected(question, catalogue, size) };
      // After the reading: what lapsed meanwhile has lapsed.
      const now = Math.floor(clock.now() / 1000);
      const verdict = evaluate(question, catalogue, records, now, word);
      return await signed(question, verdict, { catalogue, size, now });
    },
  };
}

function groundsOf({
  basis,
  consent,
}: Extract<Verdict, { permit: true }>): Pick<Decision, "basis" | "consent"> {
  return { ...(basis && { basis }), ...(consent !== undefined && { consent }) };
}
