import type { KeyObject } from "node:crypto";
import type { RecorderLog, SigningKey } from "../../recorder/index.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import type { Place } from "../exchange/serving.ts";
import type { Day } from "../population/calendar.ts";
import type { Document } from "../population/documents.ts";
import type { Occurrence } from "../population/timeline.ts";
import type { EmailOptions } from "../reach/email.ts";
import type { SmsOptions } from "../reach/sms.ts";
import type { Society } from "../registers/facts.ts";

/** The world around an agency: what its register was filled from, and what happens. */
export interface Surroundings {
  /** The same at every opening: the agency keeps only what it was told since. */
  readonly society: Society;
  readonly documents: readonly Document[];
  /** The day on which the register was filled; nothing before it is looked at. */
  readonly asOf: Day;
  /** What happens from one day on and before another, in order. */
  readonly happens: (from: Day, to: Day) => readonly Occurrence[];
  /** Whom the family of somebody who died is reached through, as they named them; undefined when they named nobody. */
  readonly kinOf: (id: string) => string | undefined;
  /** How somebody can be reached, as the agencies were told; undefined for somebody nobody knows. */
  readonly contactOf: (id: string) => Contact | undefined;
}

export interface Contact {
  readonly language: "vi" | "en";
  readonly phone?: string;
  readonly email?: string;
}

export interface AgencyOptions {
  /** Code of the agency, one of those that keep a register. */
  readonly code: string;
  /** Where it keeps everything; made if missing. One process at a time holds it. */
  readonly directory: string;
  readonly ledgerUrl: string;
  /** The sign-on service that gives the agency its tokens. */
  readonly issuer: string;
  readonly trust: TrustProfile;
  readonly recorderKey: SigningKey;
  /** What it signs on with. */
  readonly signOnKey: KeyObject;
  /** Base URL of each agency's services, by its code. */
  readonly urls: Readonly<Record<string, string>>;
  readonly inboxUrl: string;
  readonly sms?: SmsOptions;
  readonly email?: EmailOptions;
  readonly world: Surroundings;
  /** Lets the agency's own officers in; without it, nobody. */
  readonly staffToken?: string;
  readonly place: Place;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: RecorderLog;
  /** How long the recorder gathers events for a submission, in milliseconds; its own default without. */
  readonly lingerMs?: number;
}
