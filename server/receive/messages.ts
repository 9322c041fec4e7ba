import type { FormatCode } from "../../protocol/errors.ts";
import type { LedgerCode, ProblemMembers } from "../errors.ts";
import type { VerifiedSubmission } from "../sequence/verified.ts";
import type { RecorderKey } from "./keys.ts";

/** To a worker. Bodies are moved, not copied. */
export type ToWorker =
  | { readonly kind: "keys"; readonly keys: readonly RecorderKey[] }
  | { readonly kind: "verify"; readonly bodies: readonly Uint8Array[] };

/** From a worker: one outcome for each body of the oldest list it has not answered yet, in order. */
export type FromWorker = readonly Outcome[];

export type Outcome =
  | { readonly kind: "verified"; readonly submission: VerifiedSubmission }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly body: Uint8Array };

/** An error as it crosses from one thread to another. */
export type Refusal =
  | {
      readonly kind: "ledger";
      readonly code: LedgerCode;
      readonly message: string;
      readonly members: ProblemMembers;
    }
  | { readonly kind: "format"; readonly code: FormatCode; readonly message: string }
  | { readonly kind: "fault"; readonly message: string };
