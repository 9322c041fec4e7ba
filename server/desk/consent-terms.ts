import type { Catalogue, Procedure } from "../../protocol/procedures.ts";
import { momentMs } from "../../protocol/moment.ts";
import { LedgerError } from "../errors.ts";

/** What somebody is asked to consent to: one purpose, which is one procedure. */
export interface AskedTerms {
  readonly procedure: string;
  /** Codes of the agencies that are to receive. */
  readonly recipients: readonly string[];
  readonly personalData: readonly string[];
  /** Code of the agency that answers for the processing. */
  readonly controller: string;
}

/** What the person was told, and in which language. */
export interface ShownNotice {
  /** Version of the notice. */
  readonly notice: string;
  readonly language: "vi" | "en";
  /** Version of the catalogue that it explains. */
  readonly catalogue: string;
}

/** Whoever is asked for longer can no longer know what for: two years and a day. */
export const MAX_CONSENT_SECONDS = 731 * 24 * 60 * 60;

/**
 * Confirms that the catalogue in force asks for consent to exactly this: that it names the procedure, and that it releases all these categories to
 * each of these recipients with consent. Where the law is the basis there is nothing to consent to: who could not say no was never asked.
 * @returns the procedure.
 * @throws LedgerError `unknown-procedure`, `consent-not-needed` (member `legalBasis`), `outside-catalogue`.
 */
export function requireConsentNeeded(catalogue: Catalogue, terms: AskedTerms): Procedure {
  const procedure = catalogue.procedures.get(terms.procedure);
  if (procedure === undefined) {
    const message = "The catalogue in force names no such procedure. GET /v1/catalogue lists them.";
    throw new LedgerError("unknown-procedure", message);
  }
  for (const recipient of terms.recipients)
    requireRelease(catalogue, procedure, recipient, terms.personalData);
  const involved = new Set([
    ...procedure.leadAgencies,
    ...procedure.releases.flatMap(({ receivers }) => receivers),
  ]);
  if (!typesOf(catalogue, terms.controller).some((type) => involved.has(type)))
    throw outside(
      "The controller is none of the agencies that carry the procedure out or receive data in it.",
    );
  return procedure;
}

function requireRelease(
  catalogue: Catalogue,
  procedure: Procedure,
  recipient: string,
  personalData: readonly string[],
): void {
  const types = typesOf(catalogue, recipient);
  const releases = procedure.releases.filter(({ receivers }) =>
    types.some((type) => receivers.includes(type)),
  );
  const released = (withConsent: boolean): Set<string> =>
    new Set(
      releases
        .filter(({ consentNeeded }) => consentNeeded === withConsent)
        .flatMap((each) => each.personalData),
    );
  const [withConsent, byLaw] = [released(true), released(false)];
  for (const category of personalData) {
    if (withConsent.has(category)) continue;
    if (byLaw.has(category)) throw notNeeded(procedure);
    throw outside("The procedure releases not all of these categories to each of these recipients.");
  }
}

function typesOf({ members }: Catalogue, agency: string): readonly string[] {
  return members.get(agency) ?? [];
}

function notNeeded({ legalBasis }: Procedure): LedgerError {
  const bases = legalBasis.map(({ law, article }) =>
    article === undefined ? law : `${law} art. ${article}`,
  );
  const message =
    `The law is the basis for some of this (${bases.join("; ")}): no consent is asked for it, and none would change anything. ` +
    "Name only what the catalogue marks as needing consent.";
  return new LedgerError("consent-not-needed", message, { members: { legalBasis: bases } });
}

function outside(what: string): LedgerError {
  return new LedgerError(
    "outside-catalogue",
    `${what} GET /v1/catalogue says what the procedure may release, and which agencies there are.`,
  );
}

/** @throws LedgerError `catalogue-changed` (member `version`) when the person was shown another version than the one in force. */
export function requireCurrent(catalogue: Catalogue, shown: string): void {
  if (shown === catalogue.version) return;
  throw new LedgerError(
    "catalogue-changed",
    `The catalogue in force is ${catalogue.version}: show its text to the person, and ask again.`,
    { members: { version: catalogue.version } },
  );
}

/**
 * Confirms that a consent ends, and within the time for which somebody can know what they agreed to.
 * @param now milliseconds
 * @throws LedgerError `bad-request`.
 */
export function requireBounded(
  { validFrom, validUntil }: { readonly validFrom?: string | undefined; readonly validUntil: string },
  now: number,
): void {
  const from = validFrom === undefined ? now : Math.max(now, momentMs(validFrom));
  const until = momentMs(validUntil);
  if (until > from && until <= now + MAX_CONSENT_SECONDS * 1000) return;
  const days = MAX_CONSENT_SECONDS / 86_400;
  throw new LedgerError(
    "bad-request",
    `validUntil must lie in the future, after validFrom, and at most ${days} days ahead; renew the consent then.`,
  );
}
